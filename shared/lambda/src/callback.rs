//! Answers to task tokens: by HTTP, `POST /callbacks/{success|failure|heartbeat}`, or by invoking the
//! function with the same and an `action` beside it.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use segno_api::{Request, Response};
use serde_json::{Value, json};

use crate::{AwsApi, http};

/// Answers an invocation.
///
/// # Errors
///
/// A direct invocation that the API refuses, or that is none.
pub async fn answer(api: &AwsApi, event: Value) -> anyhow::Result<Value> {
    if event.get("requestContext").is_some() {
        let request: ApiGatewayV2httpRequest = serde_json::from_value(event)?;
        return Ok(serde_json::to_value(by_http(api, &request).await)?);
    }
    let action = event["action"].as_str().unwrap_or_default();
    let Some(target) = target(action) else {
        anyhow::bail!("`action` must be success, failure or heartbeat");
    };
    let body = request(&event).to_string();
    let response = api.handle(&Request::new(target, body.as_bytes())).await;
    let said: Value = serde_json::from_slice(&response.body)?;
    match response.error_type {
        None => Ok(said),
        Some(name) => anyhow::bail!("{name}: {}", said["message"].as_str().unwrap_or_default()),
    }
}

async fn by_http(api: &AwsApi, request: &ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
    let path = request.raw_path.as_deref().unwrap_or_default();
    let action = path.rsplit('/').next().unwrap_or_default();
    let sent = http::body(request).and_then(|body| serde_json::from_slice::<Value>(&body).ok());
    let (Some(target), Some(sent)) = (target(action), sent) else {
        let why = "a callback is a POST of JSON to /callbacks/success, /failure or /heartbeat";
        let body = json!({ "__type": "ValidationException", "message": why });
        return http::reply(&Response {
            status: 400,
            error_type: Some("ValidationException"),
            body: body.to_string().into_bytes(),
        });
    };
    let body = self::request(&sent).to_string();
    http::reply(&api.handle(&Request::new(target, body.as_bytes())).await)
}

fn target(action: &str) -> Option<&'static str> {
    Some(match action {
        "success" => "AWSStepFunctions.SendTaskSuccess",
        "failure" => "AWSStepFunctions.SendTaskFailure",
        "heartbeat" => "AWSStepFunctions.SendTaskHeartbeat",
        _ => return None,
    })
}

/// What the API is asked. An output may be JSON itself, not only text that is JSON.
fn request(sent: &Value) -> Value {
    let output = match &sent["output"] {
        Value::String(text) => Value::from(text.as_str()),
        Value::Null => Value::Null,
        json => Value::from(json.to_string()),
    };
    json!({
        "taskToken": sent["taskToken"],
        "output": output,
        "error": sent["error"],
        "cause": sent["cause"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_json_or_text_that_is_json() {
        for (sent, output) in [
            (json!({ "output": { "a": 1 } }), json!("{\"a\":1}")),
            (json!({ "output": "{\"a\":1}" }), json!("{\"a\":1}")),
            (json!({}), Value::Null),
        ] {
            assert_eq!(request(&sent)["output"], output);
        }
    }
}
