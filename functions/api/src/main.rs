//! The Step Functions API: every operation at one address, routed by `X-Amz-Target`.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use segno_lambda::{Environment, connect_with_keys, http, log};

#[tokio::main]
async fn main() -> Result<(), Error> {
    log();
    let (api, keys) = connect_with_keys(&Environment::read()?).await;
    let (api, keys) = (&api, keys.as_ref());
    run(service_fn(
        move |event: LambdaEvent<ApiGatewayV2httpRequest>| async move {
            Ok::<_, Error>(http::answer(api, keys, &event.payload).await)
        },
    ))
    .await
}
