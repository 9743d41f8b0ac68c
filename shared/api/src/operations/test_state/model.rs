//! Whether a mocked result is one that its API could have sent.
//!
//! The table in `results.json` has the results of the APIs that tasks call most; what it does not
//! name is not checked. In its notation a string is `string 1..64` or `A|B`, a number
//! `number 0..10`; `["string"]` is an array, `{ "*": … }` a map, `Name!` a member that must be there,
//! `@name` another entry. What the table does not say of a member may be anything.
//!
//! AWS: [Mock validation modes](https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html#mocking-service-integrations).

use std::sync::LazyLock;

use segno_asl::definition::{Pattern, Resource};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::ApiError;

/// How closely a mocked result is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Mode {
    /// What must be there is there, and what is there is right.
    #[default]
    Strict,
    /// What is there is right.
    Present,
    /// Not at all.
    None,
}

static RESULTS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("results.json")).expect("the table is an object")
});

/// Checks the mocked result of a task.
pub(super) fn check(resource: &Resource, mode: Mode, result: &Value) -> Result<(), ApiError> {
    match (mode, entry(resource)) {
        (Mode::None, _) | (_, None) => Ok(()),
        (mode, Some(shape)) => check_shape(shape, "result", result, mode).map_err(|what| {
            ApiError::validation(format!("Mock result schema validation error: {what}"))
        }),
    }
}

/// The entry of what a task calls. A task that waits for its token has the answer for a result, not
/// what the API sends; one that waits for a job has what the API that is polled sends.
fn entry(resource: &Resource) -> Option<&'static Value> {
    match resource {
        Resource::LambdaFunction { .. }
        | Resource::Activity { .. }
        | Resource::Service {
            pattern: Pattern::WaitForTaskToken,
            ..
        } => None,
        Resource::Service {
            service,
            action,
            pattern,
        } => RESULTS.get(&format!("{service}:{action}{}", pattern.suffix())),
    }
}

fn check_shape(shape: &Value, field: &str, value: &Value, mode: Mode) -> Result<(), String> {
    match shape {
        Value::Object(members) => check_object(members, field, value, mode),
        Value::Array(element) => match value {
            Value::Array(values) => values
                .iter()
                .try_for_each(|value| check_shape(&element[0], field, value, mode)),
            _ => Err(format!("Field '{field}' must be an array")),
        },
        Value::String(notation) => match notation.strip_prefix('@') {
            Some(name) => check_shape(&RESULTS[name], field, value, mode),
            None => check_scalar(notation, field, value),
        },
        _ => unreachable!("the table has nothing else"),
    }
}

fn check_object(
    members: &Map<String, Value>,
    field: &str,
    value: &Value,
    mode: Mode,
) -> Result<(), String> {
    let Value::Object(found) = value else {
        return Err(format!("Field '{field}' must be an object"));
    };
    if let Some(shape) = members.get("*") {
        return found
            .iter()
            .try_for_each(|(key, value)| check_shape(shape, key, value, mode));
    }
    for (name, shape) in members {
        let (name, is_required) = match name.strip_suffix('!') {
            Some(name) => (name, true),
            None => (name.as_str(), false),
        };
        match found.get(name).filter(|value| !value.is_null()) {
            Some(value) => check_shape(shape, name, value, mode)?,
            None if is_required && mode == Mode::Strict => {
                return Err(format!("Required field '{name}' is missing"));
            }
            None => {}
        }
    }
    Ok(())
}

fn check_scalar(notation: &str, field: &str, value: &Value) -> Result<(), String> {
    let (kind, bounds) = notation.split_once(' ').unwrap_or((notation, ".."));
    let (min, max) = bounds.split_once("..").expect("bounds are `min..max`");
    let (min, max) = (min.parse::<f64>().ok(), max.parse::<f64>().ok());
    let is_below = |number: f64| min.is_some_and(|min| number < min);
    let is_above = |number: f64| max.is_some_and(|max| number > max);
    let what = match (kind, value) {
        ("boolean", Value::Bool(_)) => return Ok(()),
        ("boolean", _) => "must be a boolean",
        ("number", value) => match value.as_f64() {
            None => "must be a number",
            Some(number) if is_below(number) => "is less than the minimum value",
            Some(number) if is_above(number) => "exceeds the maximum value",
            Some(_) => return Ok(()),
        },
        ("string", Value::String(text)) => {
            let length = text.chars().count() as f64;
            match () {
                () if is_below(length) => "is smaller than the minimum length",
                () if is_above(length) => "exceeds the maximum length",
                () => return Ok(()),
            }
        }
        (words, Value::String(text)) if words.split('|').any(|word| word == text) => return Ok(()),
        (_, Value::String(_)) => "is not an expected value",
        (_, _) => "must be a string",
    };
    Err(format!("Field '{field}' {what}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(resource: &str, mode: Mode, result: Value) -> Result<(), String> {
        let resource = Resource::parse(&format!("arn:aws:states:::{resource}")).unwrap();
        check(&resource, mode, &result).map_err(|error| error.to_string())
    }

    fn refusal(resource: &str, mode: Mode, result: Value) -> String {
        let refused = checked(resource, mode, result).unwrap_err();
        let words = "ValidationException: Mock result schema validation error: ";
        refused.strip_prefix(words).unwrap().to_owned()
    }

    /// Every notation of the table, and every reference, can be read.
    fn read(shape: &Value) {
        match shape {
            Value::Object(members) => members.values().for_each(read),
            Value::Array(elements) => {
                assert_eq!(elements.len(), 1);
                read(&elements[0]);
            }
            Value::String(notation) => match notation.strip_prefix('@') {
                Some(name) => assert!(RESULTS.contains_key(name), "{name}"),
                None => drop(check_scalar(notation, "x", &json!("x"))),
            },
            other => panic!("{other} is no shape"),
        }
    }

    #[test]
    fn the_table_can_be_read() {
        RESULTS.values().for_each(read);
        let kinds = |name: &str| name.rsplit(':').count();
        assert!(RESULTS.keys().filter(|name| kinds(name) > 1).count() > 10);
    }

    #[test]
    fn only_the_strict_mode_asks_for_what_must_be_there() {
        let start = "states:startExecution";
        assert_eq!(
            refusal(start, Mode::Strict, json!({})),
            "Required field 'ExecutionArn' is missing"
        );
        assert_eq!(
            refusal(start, Mode::Strict, json!({ "ExecutionArn": "a" })),
            "Required field 'StartDate' is missing"
        );
        assert!(checked(start, Mode::Present, json!({})).is_ok());
        assert!(checked(start, Mode::None, json!({ "ExecutionArn": 1 })).is_ok());
    }

    #[test]
    fn what_is_there_must_be_of_its_type_and_within_its_bounds() {
        for (resource, result, words) in [
            (
                "states:startExecution",
                json!({ "ExecutionArn": 1 }),
                "Field 'ExecutionArn' must be a string",
            ),
            (
                "lambda:invoke",
                json!({ "StatusCode": "200" }),
                "Field 'StatusCode' must be a number",
            ),
            (
                "events:putEvents",
                json!({ "Entries": {} }),
                "Field 'Entries' must be an array",
            ),
            (
                "events:putEvents",
                json!({ "Entries": [{ "EventId": "a" }, { "EventId": ["b"] }] }),
                "Field 'EventId' must be a string",
            ),
            (
                "aws-sdk:kms:encrypt",
                json!({ "CiphertextBlob": "" }),
                "Field 'CiphertextBlob' is smaller than the minimum length",
            ),
            (
                "aws-sdk:lambda:getFunction",
                json!({ "Configuration": { "MemorySize": 127 } }),
                "Field 'MemorySize' is less than the minimum value",
            ),
            (
                "aws-sdk:lambda:getFunction",
                json!({ "Configuration": { "MemorySize": 10241 } }),
                "Field 'MemorySize' exceeds the maximum value",
            ),
            (
                "aws-sdk:s3:getObject",
                json!({ "StorageClass": "Papyrus" }),
                "Field 'StorageClass' is not an expected value",
            ),
            (
                "aws-sdk:s3:getObject",
                json!({ "StorageClass": 1 }),
                "Field 'StorageClass' must be a string",
            ),
            (
                "dynamodb:putItem",
                json!({ "Attributes": { "a": { "L": [{ "M": { "b": { "BOOL": "x" } } }] } } }),
                "Field 'BOOL' must be a boolean",
            ),
        ] {
            assert_eq!(refusal(resource, Mode::Present, result), words);
        }
    }

    #[test]
    fn a_job_has_the_result_of_the_api_that_is_polled() {
        let missing = refusal(
            "states:startExecution.sync",
            Mode::Strict,
            json!({ "ExecutionArn": "a" }),
        );
        assert_eq!(missing, "Required field 'StateMachineArn' is missing");
        let output = json!({ "Output": { "any": "JSON" } });
        assert!(
            checked(
                "states:startExecution.sync:2",
                Mode::Present,
                output.clone()
            )
            .is_ok()
        );
        assert!(checked("states:startExecution.sync", Mode::Present, output).is_err());
    }

    #[test]
    fn unknown_fields_unknown_apis_and_answers_to_tokens_are_not_checked() {
        for (resource, result) in [
            ("events:putEvents", json!({ "random": "json" })),
            ("http:invoke", json!([])),
            ("sqs:sendMessage.waitForTaskToken", json!([1])),
        ] {
            assert!(
                checked(resource, Mode::Strict, result).is_ok(),
                "{resource}"
            );
        }
    }
}
