//! Whether a result is one that an API could have sent: what TestState asks of a mock.
//!
//! AWS: [Mock validation modes](https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html#mocking-service-integrations).

mod jobs;

use base64::{Engine, prelude::BASE64_STANDARD};
use segno_asl::definition::{Pattern, Resource};
use serde_json::{Map, Value};

use crate::{
    aws::{
        Service,
        model::{
            Shape, Structure, Target, capitalized,
            constraints::{Constraint, Constraints},
        },
    },
    models,
};

/// Checks the result of a task: what is there is right, and, if it must be complete, all that must be
/// there is. What no model knows may be anything.
///
/// # Errors
///
/// What is wrong with the first field that is, in AWS's words.
///
/// ```
/// use segno_asl::definition::Resource;
/// use segno_integrations::results::check;
///
/// let resource = Resource::parse("arn:aws:states:::aws-sdk:lambda:getFunction").unwrap();
/// let result = serde_json::json!({ "Configuration": { "MemorySize": 64 } });
/// let refused = check(&resource, &result, false);
/// assert_eq!(refused.unwrap_err(), "Field 'MemorySize' is less than the minimum value");
/// ```
pub fn check(resource: &Resource, result: &Value, must_be_complete: bool) -> Result<(), String> {
    let Some(expected) = expected(resource) else {
        return Ok(());
    };
    let check = Check {
        service: expected.service,
        constraints: Constraints::of(expected.service),
        any: expected.any,
        must_be_complete: must_be_complete && !expected.is_part,
    };
    match (expected.around, result) {
        (None, result) => check.value(expected.target, None, "result", result),
        (Some(name), Value::Object(members)) => match members.get(name) {
            Some(value) => check.value(expected.target, None, name, value),
            None => Ok(()),
        },
        (Some(_), _) => Err("Field 'result' must be an object".into()),
    }
}

/// What the result of a task is.
struct Expected {
    service: &'static Service,
    target: Target,
    /// Whether it is a part of a response. It is not known whether a mock is that part or all of the
    /// response, so nothing has to be there.
    is_part: bool,
    /// The member of the result that it is, if it is not all of it.
    around: Option<&'static str>,
    /// Members that the integration has made something else of.
    any: &'static [&'static str],
}

/// A task that waits for its token has the answer for a result, not what the API sends; one that waits
/// for a job has what the API that is polled sends.
fn expected(resource: &Resource) -> Option<Expected> {
    let Resource::Service {
        service,
        action,
        pattern,
    } = resource
    else {
        return None;
    };
    let call = format!("{service}:{action}");
    match pattern {
        Pattern::WaitForTaskToken => None,
        Pattern::RequestResponse => {
            let (service, operation) = models::operation(service, action)?;
            Some(Expected {
                service,
                target: operation.output,
                is_part: false,
                around: None,
                any: parsed(&call),
            })
        }
        Pattern::Sync | Pattern::Sync2 => {
            let job = jobs::of(service, action)?;
            Some(Expected {
                service: job.service,
                target: job.target,
                is_part: !job.part.path.is_empty(),
                around: job.part.around,
                any: if *pattern == Pattern::Sync2 {
                    &["Input", "Output"]
                } else {
                    &[]
                },
            })
        }
    }
}

/// The members of a result that are JSON where the API sends text.
fn parsed(call: &str) -> &'static [&'static str] {
    match call {
        "bedrock:invokeModel" => &["Body"],
        "lambda:invoke" => &["Payload"],
        _ => &[],
    }
}

struct Check {
    service: &'static Service,
    constraints: &'static Constraints,
    any: &'static [&'static str],
    must_be_complete: bool,
}

impl Check {
    fn value(
        &self,
        target: Target,
        constraint: Option<&Constraint>,
        field: &str,
        value: &Value,
    ) -> Result<(), String> {
        let what = match target {
            Target::Unit | Target::Document => return Ok(()),
            Target::Boolean if value.is_boolean() => return Ok(()),
            Target::Boolean => "must be a boolean",
            Target::Integer | Target::Long | Target::Float | Target::Double => {
                match value.as_f64() {
                    None => "must be a number",
                    Some(number) => match constraint.and_then(|bounds| outside(bounds, number)) {
                        None => return Ok(()),
                        Some(Outside::Below) => "is less than the minimum value",
                        Some(Outside::Above) => "exceeds the maximum value",
                    },
                }
            }
            Target::String | Target::Blob | Target::Stream | Target::Timestamp(_) => {
                let Value::String(text) = value else {
                    return Err(format!("Field '{field}' must be a string"));
                };
                match constraint.and_then(|constraint| of_text(target, constraint, text)) {
                    None => return Ok(()),
                    Some(what) => what,
                }
            }
            Target::Aggregate(_) => return self.aggregate(target, field, value),
        };
        Err(format!("Field '{field}' {what}"))
    }

    fn aggregate(&self, target: Target, field: &str, value: &Value) -> Result<(), String> {
        let of = |index| self.constraints.of_member(target, index);
        match (self.service.shape(target), value) {
            (Some(Shape::Structure(structure)), Value::Object(found)) => {
                self.structure(target, structure, found)
            }
            (Some(Shape::List { member, .. }), Value::Array(elements)) => elements
                .iter()
                .try_for_each(|element| self.value(member.target, of(0), field, element)),
            (Some(Shape::Map { value: member, .. }), Value::Object(found)) => found
                .iter()
                .try_for_each(|(key, value)| self.value(member.target, of(1), key, value)),
            (Some(Shape::List { .. }), _) => Err(format!("Field '{field}' must be an array")),
            (Some(Shape::Structure(_) | Shape::Map { .. }), _) => {
                Err(format!("Field '{field}' must be an object"))
            }
            (None, _) => Ok(()),
        }
    }

    fn structure(
        &self,
        target: Target,
        structure: &Structure,
        found: &Map<String, Value>,
    ) -> Result<(), String> {
        for (index, member) in structure.members.iter().enumerate() {
            // An optimized integration may have other capitals than the rest: `BOOL`.
            let of_model = capitalized(member.model_name);
            let name = match found.contains_key(&*of_model) {
                true => &*of_model,
                false => &*member.name,
            };
            match found.get(name).filter(|value| !value.is_null()) {
                Some(_) if self.any.contains(&name) => {}
                Some(value) => {
                    let constraint = self.constraints.of_member(target, index);
                    self.value(member.target, constraint, name, value)?;
                }
                None if member.flags.is_required() && self.must_be_complete => {
                    return Err(format!("Required field '{name}' is missing"));
                }
                None => {}
            }
        }
        Ok(())
    }
}

fn of_text(target: Target, constraint: &Constraint, text: &str) -> Option<&'static str> {
    if !constraint.values.is_empty() {
        let is_known = constraint.values.contains(&text);
        return (!is_known).then_some("is not an expected value");
    }
    let length = match target {
        Target::Blob | Target::Stream => match BASE64_STANDARD.decode(text) {
            Ok(bytes) => bytes.len(),
            Err(_) => text.len(),
        },
        _ => text.chars().count(),
    };
    Some(match outside(constraint, length as f64)? {
        Outside::Below => "is smaller than the minimum length",
        Outside::Above => "exceeds the maximum length",
    })
}

enum Outside {
    Below,
    Above,
}

fn outside(bounds: &Constraint, number: f64) -> Option<Outside> {
    if bounds.min.is_some_and(|min| number < min) {
        return Some(Outside::Below);
    }
    bounds
        .max
        .is_some_and(|max| number > max)
        .then_some(Outside::Above)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(resource: &str, must_be_complete: bool, result: &Value) -> Result<(), String> {
        let resource = Resource::parse(&format!("arn:aws:states:::{resource}")).unwrap();
        check(&resource, result, must_be_complete)
    }

    fn refusal(resource: &str, result: &Value) -> String {
        checked(resource, false, result).unwrap_err()
    }

    #[test]
    fn only_what_must_be_complete_is_asked_for_what_is_missing() {
        let start = "states:startExecution";
        let missing = |result| checked(start, true, &result).unwrap_err();
        assert_eq!(
            missing(json!({})),
            "Required field 'ExecutionArn' is missing"
        );
        assert_eq!(
            missing(json!({ "ExecutionArn": "a" })),
            "Required field 'StartDate' is missing"
        );
        assert_eq!(checked(start, false, &json!({})), Ok(()));
    }

    #[test]
    fn what_is_there_is_of_its_type_and_within_its_bounds() {
        for (resource, result, words) in [
            (
                "states:startExecution",
                json!({ "ExecutionArn": 1 }),
                "Field 'ExecutionArn' must be a string",
            ),
            (
                "states:startExecution",
                json!({ "StartDate": true }),
                "Field 'StartDate' must be a string",
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
                "aws-sdk:lambda:getFunction",
                json!({ "Configuration": { "Architectures": ["arm64", "z80"] } }),
                "Field 'Architectures' is not an expected value",
            ),
            (
                "aws-sdk:s3:getObject",
                json!({ "StorageClass": 1 }),
                "Field 'StorageClass' must be a string",
            ),
            (
                "aws-sdk:s3:getObject",
                json!({ "Metadata": { "a": 1 } }),
                "Field 'a' must be a string",
            ),
            (
                "dynamodb:putItem",
                json!({ "Attributes": { "a": { "L": [{ "M": { "b": { "BOOL": "x" } } }] } } }),
                "Field 'BOOL' must be a boolean",
            ),
        ] {
            assert_eq!(refusal(resource, &result), words);
        }
    }

    #[test]
    fn a_job_has_the_result_of_the_api_that_is_polled() {
        let sync = "states:startExecution.sync";
        let missing = checked(sync, true, &json!({ "ExecutionArn": "a" }));
        assert_eq!(
            missing.unwrap_err(),
            "Required field 'StateMachineArn' is missing"
        );
        let output = json!({ "Output": { "any": "JSON" } });
        assert_eq!(
            checked("states:startExecution.sync:2", false, &output),
            Ok(())
        );
        assert_eq!(refusal(sync, &output), "Field 'Output' must be a string");
        for (resource, result, words) in [
            (
                "batch:submitJob.sync",
                json!({ "Status": "DONE" }),
                "Field 'Status' is not an expected value",
            ),
            (
                "codebuild:startBuild.sync",
                json!({ "Build": { "BuildNumber": "1" } }),
                "Field 'BuildNumber' must be a number",
            ),
        ] {
            assert_eq!(refusal(resource, &result), words);
            assert_eq!(checked(resource, true, &json!({})), Ok(()));
        }
    }

    #[test]
    fn unknown_fields_unknown_apis_and_answers_to_tokens_are_not_checked() {
        for (resource, result) in [
            ("events:putEvents", json!({ "random": "json" })),
            ("lambda:invoke", json!({ "Payload": { "any": "JSON" } })),
            ("http:invoke", json!([])),
            ("aws-sdk:nosuchservice:doIt", json!([])),
            ("sqs:sendMessage.waitForTaskToken", json!([1])),
        ] {
            let checked = checked(resource, true, &result);
            assert_eq!(checked, Ok(()), "{resource}");
        }
    }
}
