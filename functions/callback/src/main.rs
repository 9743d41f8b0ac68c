//! Answers to task tokens: success, failure and heartbeat, by HTTP and by direct invocation.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use segno_lambda::{Environment, callback, connect, log};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    log();
    let api = connect(&Environment::read()?).await;
    let api = &api;
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        callback::answer(api, event.payload)
            .await
            .map_err(Error::from)
    }))
    .await
}
