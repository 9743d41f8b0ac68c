//! Messages that the event source mapping of the queue hands over.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use segno_aws::QueueRecord;
use segno_engine::queue::{QueueError, Received};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout},
};

use crate::AwsEngine;

/// An invocation that takes longer receives further messages itself: waiting costs money, so it is shared.
const PATIENCE: Duration = Duration::from_secs(1);

/// Executions that an invocation has in hand at most.
const IN_HAND_MAX: usize = 100;

/// In the last minutes of an invocation no further messages are received.
const LAST_RECEIVE: Duration = Duration::from_secs(5 * 60);

/// What is left of an invocation when its calls must be over.
const MARGIN: Duration = Duration::from_secs(20);

/// Messages that are received at once.
const RECEIVE_MAX: usize = 10;

/// Moves the executions that these messages are about, until nothing is in hand. The invocation ends at
/// `deadline`.
///
/// # Errors
///
/// [`QueueError`]: nothing was done, and the messages come again.
pub async fn work(
    engine: &AwsEngine,
    event: &SqsEvent,
    deadline: Instant,
) -> Result<SqsBatchResponse, QueueError> {
    let begun = Instant::now();
    engine.stay_until(deadline - MARGIN);
    let records: Vec<QueueRecord<'_>> = event.records.iter().filter_map(record).collect();
    let received = engine.store().take_over(&records, begun).await?;
    let (sender, messages) = mpsc::unbounded_channel();
    let (in_hand, watched) = watch::channel(received.len());
    for message in received {
        // The receiver is in hand.
        let _ = sender.send(message);
    }
    let working = engine.work_off(messages, &in_hand);
    let receiving = receive_while_waiting(engine, sender, watched, deadline);
    tokio::join!(working, receiving);
    Ok(response(engine.store().hand_back()))
}

/// Receives further messages as long as the first ones wait for something.
async fn receive_while_waiting(
    engine: &AwsEngine,
    messages: mpsc::UnboundedSender<Received>,
    mut in_hand: watch::Receiver<usize>,
    deadline: Instant,
) {
    loop {
        let is_done = timeout(PATIENCE, in_hand.wait_for(|count| *count == 0))
            .await
            .is_ok();
        if is_done {
            return;
        }
        if let Err(error) = engine.store().delete_finished().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "finished messages stay");
        }
        let room = IN_HAND_MAX.saturating_sub(*in_hand.borrow());
        if room == 0 || Instant::now() + LAST_RECEIVE > deadline {
            continue;
        }
        match engine.store().poll(room.min(RECEIVE_MAX)).await {
            Ok(received) => {
                for message in received {
                    // The receiver lives as long as the sender.
                    let _ = messages.send(message);
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "no further messages");
            }
        }
    }
}

/// A record, as far as it matters. One without an id or a handle is none of SQS's.
fn record(message: &SqsMessage) -> Option<QueueRecord<'_>> {
    let receives = message.attributes.get("ApproximateReceiveCount");
    Some(QueueRecord {
        message_id: message.message_id.as_deref()?,
        receipt_handle: message.receipt_handle.as_deref()?,
        body: message.body.as_deref().unwrap_or_default(),
        receives: receives.and_then(|count| count.parse().ok()).unwrap_or(1),
        queue_arn: message.event_source_arn.as_deref().unwrap_or_default(),
    })
}

fn response(failed: Vec<String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for id in failed {
        response.add_failure(id);
    }
    response
}
