//! Requests that come through API Gateway or a function URL.
//!
//! AWS: [Payload format 2.0](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use base64::{Engine, prelude::BASE64_STANDARD};
use segno_api::{ApiError, CONTENT_TYPE, Request, Response};

use crate::{
    AwsApi, KeyRing,
    console::{self, Opening},
};

/// The route of administrators. It is not known by the path: a function URL takes any, and IAM cannot tell
/// them apart there.
const ADMIN_ROUTE: &str = "POST /admin";

/// The operations of the route `/`: executions, tokens, activities, and what changes nothing. All others
/// are those of `/admin`.
const OPERATIONS: &[&str] = &[
    "RedriveExecution",
    "SendTaskFailure",
    "SendTaskHeartbeat",
    "SendTaskSuccess",
    "StartExecution",
    "StartSyncExecution",
    "StopExecution",
    "ValidateStateMachineDefinition",
];

/// What the names of operations begin with that only read.
const READS: &[&str] = &["Describe", "Get", "List"];

/// Answers a request: of a browser at the console, or of the Step Functions protocol.
pub async fn answer(
    api: &AwsApi,
    keys: Option<&KeyRing>,
    opening: Opening,
    request: &ApiGatewayV2httpRequest,
) -> ApiGatewayV2httpResponse {
    if let Some(path) = console::path(request) {
        return Box::pin(console::answer(api, opening, request, path)).await;
    }
    if console::is_link(request) {
        return reply(&console::link(api, opening, user(request)).await);
    }
    let Some(body) = body(request) else {
        let refused = ApiError::access_denied("the body is not base64, as it is said to be");
        return reply(&refused.into_response());
    };
    let caller = match caller(keys, request, &body).await {
        Ok(caller) => caller,
        Err(refused) => return reply(&refused.into_response()),
    };
    let sent = Request {
        target: target(request),
        caller: &caller,
        invocation_id: header(request, "amz-sdk-invocation-id"),
        body: &body,
    };
    reply(&api.handle(&sent).await)
}

/// Who sends a request, and may: somebody whom IAM has let in, or whoever has a key.
async fn caller(
    keys: Option<&KeyRing>,
    request: &ApiGatewayV2httpRequest,
    body: &[u8],
) -> Result<String, ApiError> {
    if let Some(user) = user(request) {
        check_route(request)?;
        return Ok(user.to_owned());
    }
    match keys {
        Some(keys) => keys.admit(request, body).await,
        None => Err(ApiError::missing_authentication_token(
            "Missing Authentication Token",
        )),
    }
}

/// Who signed the request, as API Gateway or the function URL has found out; `None` if it was not asked to.
fn user(request: &ApiGatewayV2httpRequest) -> Option<&str> {
    let authorizer = request.request_context.authorizer.as_ref()?;
    Some(
        authorizer
            .iam
            .as_ref()?
            .user_arn
            .as_deref()
            .unwrap_or_default(),
    )
}

/// Checks that the operation is one of the route.
fn check_route(request: &ApiGatewayV2httpRequest) -> Result<(), ApiError> {
    let is_admin = request.request_context.route_key.as_deref() == Some(ADMIN_ROUTE);
    match operation(request) {
        operation if is_admin || is_open(operation) => Ok(()),
        operation => Err(ApiError::access_denied(format!(
            "{operation} is for administrators: send it to the path /admin of API Gateway"
        ))),
    }
}

/// The bytes that were sent; `None` if they are not what the event says.
pub fn body(request: &ApiGatewayV2httpRequest) -> Option<Vec<u8>> {
    let text = request.body.as_deref().unwrap_or_default();
    match request.is_base64_encoded {
        true => BASE64_STANDARD.decode(text).ok(),
        false => Some(text.as_bytes().to_vec()),
    }
}

/// An answer of the API.
pub fn reply(response: &Response) -> ApiGatewayV2httpResponse {
    let mut reply = ApiGatewayV2httpResponse::default();
    reply.status_code = i64::from(response.status);
    let mut set = |name: &'static str, value: &'static str| {
        reply
            .headers
            .insert(name, http::HeaderValue::from_static(value));
    };
    set("content-type", CONTENT_TYPE);
    if let Some(name) = response.error_type {
        set("x-amzn-errortype", name);
    }
    let body = String::from_utf8_lossy(&response.body).into_owned();
    reply.body = Some(body.into());
    reply
}

fn is_open(operation: &str) -> bool {
    OPERATIONS.contains(&operation) || is_read(operation)
}

pub(crate) fn is_read(operation: &str) -> bool {
    READS.iter().any(|read| operation.starts_with(read))
}

fn target(request: &ApiGatewayV2httpRequest) -> &str {
    header(request, "x-amz-target").unwrap_or_default()
}

/// The operation that a request asks for.
pub(crate) fn operation(request: &ApiGatewayV2httpRequest) -> &str {
    let target = target(request);
    target.rsplit('.').next().unwrap_or(target)
}

pub(crate) fn header<'a>(request: &'a ApiGatewayV2httpRequest, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A request as it comes from a function URL, or, with another key of its route, from API Gateway.
    fn request(change: impl FnOnce(&mut Value)) -> ApiGatewayV2httpRequest {
        let event = include_str!("../../../events/api/function-url.json");
        let mut event = serde_json::from_str(event).expect("it is JSON");
        change(&mut event);
        serde_json::from_value(event).expect("it is a request")
    }

    async fn caller_of(request: &ApiGatewayV2httpRequest) -> Result<String, String> {
        let caller = caller(None, request, b"{}").await;
        caller.map_err(|error| error.to_string())
    }

    #[test]
    fn what_changes_state_machines_is_for_administrators() {
        for operation in ["StartExecution", "DescribeStateMachine", "ListExecutions"] {
            assert!(is_open(operation));
        }
        for operation in [
            "CreateStateMachine",
            "UpdateStateMachine",
            "DeleteStateMachine",
            "TagResource",
            "TestState",
            "",
        ] {
            assert!(!is_open(operation), "{operation}");
        }
    }

    #[tokio::test]
    async fn a_function_url_is_for_whom_iam_lets_in() {
        let caller = caller_of(&request(|_| ())).await;
        assert_eq!(caller.as_deref(), Ok("arn:aws:iam::123456789012:user/me"));
    }

    #[tokio::test]
    async fn a_function_url_is_not_for_administrators_whatever_its_path() {
        let create = |event: &mut Value| {
            event["headers"]["x-amz-target"] = "AWSStepFunctions.CreateStateMachine".into();
            event["rawPath"] = "/admin".into();
        };
        let refused = caller_of(&request(create))
            .await
            .expect_err("it is refused");
        assert!(
            refused.starts_with("AccessDeniedException: CreateStateMachine"),
            "{refused}"
        );
        let by_route = request(|event| {
            create(event);
            event["requestContext"]["routeKey"] = ADMIN_ROUTE.into();
        });
        assert!(caller_of(&by_route).await.is_ok());
    }

    #[tokio::test]
    async fn nobody_is_let_in_whom_iam_does_not_vouch_for() {
        for authorizer in [Value::Null, json!({}), json!({ "lambda": { "iam": {} } })] {
            let unsigned = request(|event| event["requestContext"]["authorizer"] = authorizer);
            let refused = caller_of(&unsigned).await.expect_err("it is refused");
            assert!(
                refused.starts_with("MissingAuthenticationToken"),
                "{refused}"
            );
        }
    }
}
