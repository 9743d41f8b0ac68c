//! The Step Functions API: every operation at one address, routed by `X-Amz-Target`.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use segno_lambda::{Environment, connect, http, log};

#[tokio::main]
async fn main() -> Result<(), Error> {
    log();
    let api = connect(&Environment::read()?).await;
    let api = &api;
    run(service_fn(
        move |event: LambdaEvent<ApiGatewayV2httpRequest>| async move {
            Ok::<_, Error>(http::answer(api, &event.payload).await)
        },
    ))
    .await
}
