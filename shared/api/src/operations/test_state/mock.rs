//! What the work of a state is said to come to.

use segno_asl::{
    data::value::Value,
    definition::{Map, Resource, State, StateKind},
    errors::StateError,
};
use segno_engine::operations::MockedWork;
use segno_interpreter::payload::Payload;
use serde::Deserialize;

use crate::{ApiError, ResultCheck};

/// `mock`. AWS:
/// [MockInput](https://docs.aws.amazon.com/step-functions/latest/apireference/API_MockInput.html).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mock {
    result: Option<String>,
    error_output: Option<ErrorOutput>,
    #[serde(default)]
    field_validation_mode: Mode,
}

/// How closely a mocked result is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Mode {
    /// What must be there is there, and what is there is right.
    #[default]
    Strict,
    /// What is there is right.
    Present,
    /// Not at all.
    None,
}

#[derive(Debug, Clone, Deserialize)]
struct ErrorOutput {
    error: Option<String>,
    cause: Option<String>,
}

/// One of the two that a mock can be.
enum Mocked<'a> {
    Result(&'a str),
    Error(StateError),
}

impl Mock {
    /// Checks what the state has no part in.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        self.mocked().map(drop)
    }

    /// What the work of a state comes to.
    pub(super) fn work(
        &self,
        state: &State,
        failed: u64,
        check: ResultCheck,
    ) -> Result<MockedWork, ApiError> {
        if state.work().is_none() {
            return Err(ApiError::validation(format!(
                "State type '{}' is not supported when a mock is specified",
                state.state_type().name()
            )));
        }
        let outcome = match self.mocked()? {
            Mocked::Error(error) => Err(error),
            Mocked::Result(text) => {
                let result = Payload::parse(text)
                    .map_err(|_| ApiError::validation("Mocked result must be valid JSON"))?;
                if let StateKind::Task(task) = &state.kind {
                    self.check_fields(&task.resource, text, check)?;
                }
                check_result(state, result.value())?;
                Ok(result)
            }
        };
        Ok(MockedWork {
            outcome,
            failed_iterations: failed,
        })
    }

    fn check_fields(
        &self,
        resource: &Resource,
        text: &str,
        check: ResultCheck,
    ) -> Result<(), ApiError> {
        let must_be_complete = match self.field_validation_mode {
            Mode::Strict => true,
            Mode::Present => false,
            Mode::None => return Ok(()),
        };
        let result = serde_json::from_str(text).map_err(ApiError::serialization)?;
        check(resource, &result, must_be_complete).map_err(|what| {
            ApiError::validation(format!("Mock result schema validation error: {what}"))
        })
    }

    fn mocked(&self) -> Result<Mocked<'_>, ApiError> {
        let refuse = |number| {
            Err(ApiError::validation(format!(
                "A test mock should have {number} one of the following fields: [result, errorOutput]."
            )))
        };
        match (&self.result, &self.error_output) {
            (Some(_), Some(_)) => refuse("only"),
            (None, None) => refuse("at least"),
            (Some(result), None) => Ok(Mocked::Result(result)),
            (None, Some(output)) if output.error.is_none() => Err(ApiError::validation(
                "The errorOutput of a test mock must have the field: [error].",
            )),
            (None, Some(output)) => {
                let ErrorOutput { error: name, cause } = output.clone();
                Ok(Mocked::Error(StateError { name, cause }))
            }
        }
    }
}

fn check_result(state: &State, result: &Value) -> Result<(), ApiError> {
    let refuse = |words: &str| Err(ApiError::validation(words));
    match &state.kind {
        StateKind::Map(map) if exports(map) => match result.is_object() {
            true => Ok(()),
            false => refuse("Mocked result must be a JSON object."),
        },
        StateKind::Parallel(_) | StateKind::Map(_) if !result.is_array() => {
            refuse("Mocked result must be an array.")
        }
        StateKind::Parallel(parallel)
            if result.as_array().map(<[Value]>::len) != Some(parallel.branches.len()) =>
        {
            refuse(
                "Mocked result must contain the same number of items as number of Parallel branches.",
            )
        }
        _ => Ok(()),
    }
}

/// Whether the results of a Map state go elsewhere: its own result says where.
fn exports(map: &Map) -> bool {
    let writer = map
        .distributed
        .as_ref()
        .and_then(|distributed| distributed.writer.as_ref());
    writer.is_some_and(|writer| writer.destination.is_some())
}

#[cfg(test)]
mod tests {
    use segno_asl::definition::{Resource, SINGLE_STATE_NAME, compile_single_state};
    use serde_json::{Value, json};

    use super::{Mock, MockedWork};

    fn refuse_unless_empty(_: &Resource, result: &Value, complete: bool) -> Result<(), String> {
        match result == &json!({}) {
            true => Ok(()),
            false => Err(format!("complete: {complete}")),
        }
    }

    fn mocked(definition: Value, mock: Value) -> Result<MockedWork, String> {
        let machine = compile_single_state(&definition.to_string()).unwrap();
        let mock: Mock = serde_json::from_value(mock).unwrap();
        let state = machine.state(SINGLE_STATE_NAME).unwrap();
        mock.check()
            .and_then(|()| mock.work(state, 0, refuse_unless_empty))
            .map_err(|error| error.to_string())
    }

    fn task() -> Value {
        let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
        json!({ "Type": "Task", "Resource": function, "End": true })
    }

    fn parallel() -> Value {
        let branch = json!({ "StartAt": "A", "States": { "A": { "Type": "Succeed" } } });
        let other = json!({ "StartAt": "B", "States": { "B": { "Type": "Succeed" } } });
        json!({ "Type": "Parallel", "Branches": [branch, other], "End": true })
    }

    #[test]
    fn a_mock_is_a_result_or_an_error() {
        let mock = json!({ "errorOutput": { "error": "E" } });
        let error = mocked(task(), mock).unwrap().outcome.unwrap_err();
        assert_eq!((error.name.as_deref(), error.cause), (Some("E"), None));
        for (mock, words) in [
            (
                json!({ "result": "{}", "errorOutput": { "error": "E" } }),
                "A test mock should have only one of the following fields: [result, errorOutput].",
            ),
            (
                json!({}),
                "A test mock should have at least one of the following fields: [result, errorOutput].",
            ),
            (
                json!({ "errorOutput": { "cause": "C" } }),
                "The errorOutput of a test mock must have the field: [error].",
            ),
            (json!({ "result": "{" }), "Mocked result must be valid JSON"),
        ] {
            let refused = mocked(task(), mock).unwrap_err();
            assert_eq!(refused, format!("ValidationException: {words}"));
        }
    }

    #[test]
    fn the_mode_says_what_is_looked_at() {
        let mock = |mode: &str| json!({ "result": "[]", "fieldValidationMode": mode });
        for (mode, complete) in [("STRICT", true), ("PRESENT", false)] {
            assert_eq!(
                mocked(task(), mock(mode)).unwrap_err(),
                format!(
                    "ValidationException: Mock result schema validation error: complete: {complete}"
                )
            );
        }
        assert!(mocked(task(), mock("NONE")).is_ok());
        assert!(mocked(task(), json!({ "result": "{}" })).is_ok());
    }

    #[test]
    fn only_states_with_work_can_be_mocked() {
        for (definition, name) in [
            (json!({ "Type": "Pass", "End": true }), "Pass"),
            (json!({ "Type": "Succeed" }), "Succeed"),
            (json!({ "Type": "Wait", "Seconds": 1, "End": true }), "Wait"),
        ] {
            let refused = mocked(definition, json!({ "result": "{}" })).unwrap_err();
            let words = format!("State type '{name}' is not supported when a mock is specified");
            assert_eq!(refused, format!("ValidationException: {words}"));
        }
    }

    #[test]
    fn a_parallel_state_has_a_result_of_each_branch() {
        assert!(mocked(parallel(), json!({ "result": "[1, 2]" })).is_ok());
        assert_eq!(
            mocked(parallel(), json!({ "result": "[1]" })).unwrap_err(),
            "ValidationException: Mocked result must contain the same number of items as number of \
             Parallel branches."
        );
        assert_eq!(
            mocked(parallel(), json!({ "result": "{}" })).unwrap_err(),
            "ValidationException: Mocked result must be an array."
        );
    }
}
