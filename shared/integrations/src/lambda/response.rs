//! What a function's answer becomes.

use segno_asl::{data::number::to_json, errors::StateError};
use serde_json::{Map, Value};

use crate::{CallOutcome, services::response};

/// Lambda's response to Invoke.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// HTTP status: 200, or 202 of an asynchronous call.
    pub status: u16,
    /// Headers, in lower case, as they came.
    pub headers: Vec<(String, String)>,
    /// What the function answered: JSON text, empty if it was called asynchronously.
    pub payload: String,
    /// `X-Amz-Function-Error`: the payload is an error.
    pub is_function_error: bool,
}

/// The error of a function that does not say which.
const UNKNOWN_ERROR: &str = "Lambda.Unknown";

impl Invocation {
    /// A plain answer, of something that is not Lambda.
    pub fn answered(payload: String, is_function_error: bool) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            payload,
            is_function_error,
        }
    }

    /// The result of a task whose resource is the function's ARN.
    pub(crate) fn into_result(self) -> CallOutcome {
        if self.is_function_error {
            let name = error_type(&self.payload);
            return Err(StateError::new(name, self.payload));
        }
        // What is no JSON cannot be the result of a state.
        match serde_json::from_str::<serde::de::IgnoredAny>(&self.payload) {
            Ok(_) => Ok(self.payload),
            Err(_) if self.payload.is_empty() => Ok("null".into()),
            Err(error) => {
                let cause = format!("The function's response is not JSON: {error}");
                Err(StateError::new(UNKNOWN_ERROR, cause))
            }
        }
    }

    /// The result of `lambda:invoke`.
    pub(crate) fn into_response(self) -> CallOutcome {
        let (name, status) = (error_type(&self.payload), self.status);
        let request_id = self.header("x-amzn-requestid");
        let metadata = response::metadata(status, &self.headers, request_id);
        let version = self
            .header("x-amz-executed-version")
            .unwrap_or("$LATEST")
            .to_owned();
        let log_result = self.header("x-amz-log-result").map(str::to_owned);
        if self.is_function_error {
            let parsed = serde_json::from_str::<Value>(&self.payload);
            return Err(StateError::new(
                name,
                parsed.map_or(self.payload, |error| to_json(&error)),
            ));
        }
        let payload = match self.payload.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.into())),
        };
        let mut response = Map::new();
        response.insert("ExecutedVersion".into(), version.into());
        if let Some(log_result) = log_result {
            response.insert("LogResult".into(), log_result.into());
        }
        response.insert("Payload".into(), payload);
        response.extend(metadata);
        response.insert("StatusCode".into(), status.into());
        Ok(to_json(&Value::Object(response)))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// `errorType` of an error that a function answered with.
fn error_type(payload: &str) -> String {
    let payload: Option<Value> = serde_json::from_str(payload).ok();
    let name = payload
        .as_ref()
        .and_then(|error| error.get("errorType")?.as_str());
    name.unwrap_or(UNKNOWN_ERROR).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ERROR: &str = r#"{"errorMessage": "no", "errorType": "Declined"}"#;

    #[test]
    fn the_cause_of_an_error_is_raw_by_arn_and_compact_through_invoke() {
        let by_arn = Invocation::answered(ERROR.into(), true)
            .into_result()
            .unwrap_err();
        assert_eq!(by_arn, StateError::new("Declined", ERROR));
        let by_invoke = Invocation::answered(ERROR.into(), true)
            .into_response()
            .unwrap_err();
        let compact = r#"{"errorMessage":"no","errorType":"Declined"}"#;
        assert_eq!(by_invoke, StateError::new("Declined", compact));
    }

    #[test]
    fn invoke_answers_with_the_payload_parsed() {
        let result = Invocation::answered(r#"{"a": 1}"#.into(), false)
            .into_response()
            .unwrap();
        let result: Value = serde_json::from_str(&result).unwrap();
        assert_eq!(result["Payload"], json!({"a": 1}));
        assert_eq!(result["StatusCode"], 200);
        assert_eq!(result["ExecutedVersion"], "$LATEST");
    }

    #[test]
    fn an_answer_that_is_no_json_is_an_error() {
        let outcome = Invocation::answered("<html>".into(), false).into_result();
        assert_eq!(outcome.unwrap_err().name.as_deref(), Some(UNKNOWN_ERROR));
    }
}
