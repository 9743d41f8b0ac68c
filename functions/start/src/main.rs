//! Starts executions for everything that is no SDK: direct invocations, an HTTP route, and the events of
//! EventBridge, S3, SQS, DynamoDB's streams and schedules.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use segno_lambda::{Environment, connect, log, trigger};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    log();
    let environment = Environment::read()?;
    let api = connect(&environment).await;
    let (environment, api) = (&environment, &api);
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        let invocation = event.context.request_id;
        trigger::answer(api, environment, event.payload, &invocation)
            .await
            .map_err(Error::from)
    }))
    .await
}
