//! Requests that come through API Gateway or a function URL.
//!
//! AWS: [Payload format 2.0](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use base64::{Engine, prelude::BASE64_STANDARD};
use segno_api::{CONTENT_TYPE, Request, Response};
use serde_json::json;

use crate::AwsApi;

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

/// Answers a request of the Step Functions protocol.
pub async fn answer(api: &AwsApi, request: &ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
    let target = header(request, "x-amz-target").unwrap_or_default();
    if !is_admin(request) && !is_open(target) {
        let why = format!(
            "{} is for administrators: send it to the path /admin",
            operation(target)
        );
        return reply(&refused(&why));
    }
    let Some(body) = body(request) else {
        return reply(&refused("the body is not base64, as it is said to be"));
    };
    let sent = Request {
        target,
        caller: caller(request),
        invocation_id: header(request, "amz-sdk-invocation-id"),
        body: &body,
    };
    reply(&api.handle(&sent).await)
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

fn refused(why: &str) -> Response {
    let name = "AccessDeniedException";
    Response {
        status: 400,
        error_type: Some(name),
        body: json!({ "__type": name, "message": why })
            .to_string()
            .into_bytes(),
    }
}

fn is_admin(request: &ApiGatewayV2httpRequest) -> bool {
    let path = request.raw_path.as_deref().unwrap_or_default();
    path.trim_end_matches('/').ends_with("/admin")
}

fn is_open(target: &str) -> bool {
    let operation = operation(target);
    OPERATIONS.contains(&operation) || READS.iter().any(|read| operation.starts_with(read))
}

fn operation(target: &str) -> &str {
    target.rsplit('.').next().unwrap_or(target)
}

/// Who signed the request, as API Gateway has found out.
fn caller(request: &ApiGatewayV2httpRequest) -> &str {
    let authorizer = request.request_context.authorizer.as_ref();
    let iam = authorizer.and_then(|authorizer| authorizer.iam.as_ref());
    iam.and_then(|iam| iam.user_arn.as_deref())
        .unwrap_or_default()
}

fn header<'a>(request: &'a ApiGatewayV2httpRequest, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_state_machines_is_for_administrators() {
        for operation in ["StartExecution", "DescribeStateMachine", "ListExecutions"] {
            assert!(is_open(&format!("AWSStepFunctions.{operation}")));
        }
        for operation in [
            "CreateStateMachine",
            "UpdateStateMachine",
            "DeleteStateMachine",
            "TagResource",
            "TestState",
            "",
        ] {
            assert!(
                !is_open(&format!("AWSStepFunctions.{operation}")),
                "{operation}"
            );
        }
    }
}
