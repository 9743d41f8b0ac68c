//! The Step Functions API: every operation at one address, routed by `X-Amz-Target`; the console; and state
//! machines as resources of CloudFormation.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use segno_lambda::{Environment, connect_with_keys, http, log, resource};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    log();
    let environment = Environment::read()?;
    let (api, keys) = connect_with_keys(&environment).await;
    let (api, keys, console) = (&api, keys.as_ref(), environment.console);
    run(service_fn(
        move |LambdaEvent { payload, .. }: LambdaEvent<Value>| async move {
            if resource::is_request(&payload) {
                let reach = environment.answers_reach;
                let objects = &**api.engine().invoker().tasks().services();
                let answered = resource::answer(api, objects, reach, payload).await;
                return answered.map_err(Error::from);
            }
            let request = serde_json::from_value(payload)?;
            let answered = http::answer(api, keys, console, &request).await;
            Ok(serde_json::to_value(answered)?)
        },
    ))
    .await
}
