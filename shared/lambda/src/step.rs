//! What invokes the function that moves executions: the queue, schedules, and an operator.

use std::{
    pin::Pin,
    time::{Duration, SystemTime},
};

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::Context;
use segno_engine::{Clock, clock::SystemClock};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{AwsEngine, Metrics, batch};

/// When the invocation ends.
pub fn deadline(context: &Context) -> Instant {
    let left = context.deadline().duration_since(SystemTime::now());
    Instant::now() + left.unwrap_or(Duration::ZERO)
}

/// Answers an invocation: behind a pointer, for what the compiler knows of it is nested deeper than it
/// lets anything be.
///
/// # Errors
///
/// What did not work: the messages come again, and so does the schedule.
pub fn answer<'a>(
    engine: &'a AwsEngine,
    metrics: &'a Metrics,
    event: Value,
    deadline: Instant,
) -> Pin<Box<dyn Future<Output = anyhow::Result<Value>> + Send + 'a>> {
    Box::pin(async move {
        match event.get("Records") {
            Some(_) => {
                let event: SqsEvent = serde_json::from_value(event)?;
                let response = batch::work(engine, &event, deadline).await?;
                Ok(serde_json::to_value(response)?)
            }
            None if event["restamp"] == true => {
                let stamped = engine.store().restamp(SystemClock.now()).await?;
                Ok(json!({ "stamped": stamped }))
            }
            None if event["recover"] == true => {
                let told = engine.recover().await?;
                Ok(json!({ "told": told }))
            }
            None => reconcile(engine, metrics).await,
        }
    })
}

/// Sends what waits in the table and whose time comes near, and what was received too often.
async fn reconcile(engine: &AwsEngine, metrics: &Metrics) -> anyhow::Result<Value> {
    let now = SystemClock.now();
    let reconciled = engine.store().reconcile(now).await?;
    let drained = engine.store().drain().await?;
    if drained.sent_back + drained.unreadable > 0 {
        tracing::error!(?drained, "there were dead letters");
    }
    let numbers = [
        ("WakesSent", reconciled.sent),
        ("WakesOverdue", reconciled.sent_again),
        ("DeadLetters", drained.sent_back + drained.unreadable),
    ];
    metrics.of_stack(&numbers, now);
    Ok(json!({
        "sent": reconciled.sent,
        "sentAgain": reconciled.sent_again,
        "drained": drained.sent_back,
    }))
}
