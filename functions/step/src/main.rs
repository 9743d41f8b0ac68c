//! Takes messages off the queue and moves executions; and, each minute, sends what waits in the table.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use segno_lambda::{Environment, Metrics, connect, log, step};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    log();
    let environment = Environment::read()?;
    let metrics = &Metrics::new(environment.stack.clone());
    let api = connect(&environment).await;
    let engine = api.engine();
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        let deadline = step::deadline(&event.context);
        step::answer(engine, metrics, event.payload, deadline)
            .await
            .map_err(Error::from)
    }))
    .await
}
