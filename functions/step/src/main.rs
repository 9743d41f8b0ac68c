//! Takes messages off the queue and moves executions; and, each minute, sends what waits in the table.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use segno_lambda::{Environment, connect, log, step};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    log();
    let api = connect(&Environment::read()?).await;
    let engine = api.engine();
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        let deadline = step::deadline(&event.context);
        step::answer(engine, event.payload, deadline)
            .await
            .map_err(Error::from)
    }))
    .await
}
