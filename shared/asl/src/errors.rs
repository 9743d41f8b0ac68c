//! What can go wrong in an execution: data, not Rust errors.
//!
//! Spec: [Errors](https://states-language.net/spec.html#errors).

mod catcher;
mod name;
mod retrier;

pub use catcher::Catcher;
pub use name::{ErrorPattern, names};
pub use retrier::{Jitter, Retrier};

use serde::{Deserialize, Serialize};

use crate::data::value::Value;

/// The error of a state or of an execution, as `Retry`, `Catch` and DescribeExecution see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateError {
    /// What `ErrorEquals` is compared with. A Fail state without `Error` and SendTaskFailure
    /// without `error` leave it out.
    pub name: Option<String>,
    /// Text for people; often JSON. Timeouts have none.
    pub cause: Option<String>,
}

impl StateError {
    /// An error with a name and a cause.
    pub fn new(name: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            cause: Some(cause.into()),
        }
    }

    /// A timeout of a task or of an execution: `States.Timeout`, and no cause, as AWS has it.
    pub fn timeout() -> Self {
        Self {
            name: Some(names::TIMEOUT.into()),
            cause: None,
        }
    }

    /// More iterations of a Map state failed than it tolerates.
    pub fn exceeded_tolerated_failures() -> Self {
        let cause = "The specified tolerated failure threshold was exceeded";
        Self::new(names::EXCEED_TOLERATED_FAILURE_THRESHOLD, cause)
    }

    /// The error output that a catcher hands on: `{"Error": …, "Cause": …}`, in this order.
    ///
    /// AWS writes an absent cause of a timeout as `""`, and everything else that is absent as `null`.
    pub fn output(&self) -> Value {
        let is_timeout = self.name.as_deref() == Some(names::TIMEOUT);
        let cause = self.cause.clone().or_else(|| is_timeout.then(String::new));
        let members = [
            ("Error", Value::from(self.name.as_deref())),
            ("Cause", cause.into()),
        ];
        Value::Object(members.into_iter().collect())
    }
}

/// Why a field could not be evaluated, in AWS's words but without the sentence that says where:
/// the interpreter knows the state and the event at which it was entered, and adds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationError {
    /// One of [`names`].
    pub name: &'static str,
    /// What is wrong.
    pub detail: String,
    /// The field, as a slash path (`Arguments/FunctionName`), where the error has one.
    pub location: Option<String>,
}

impl EvaluationError {
    /// A failure of a path or of data: `States.Runtime`, which `States.ALL` does not catch.
    pub fn runtime(detail: impl Into<String>) -> Self {
        Self {
            name: names::RUNTIME,
            detail: detail.into(),
            location: None,
        }
    }

    /// A failure of JSONata or of what it came to: `States.QueryEvaluationError`.
    pub fn query(detail: impl Into<String>, location: Option<String>) -> Self {
        Self {
            name: names::QUERY_EVALUATION_ERROR,
            detail: detail.into(),
            location,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::*;

    #[test]
    fn a_caught_timeout_has_an_empty_cause() {
        assert_eq!(
            StateError::timeout().output(),
            json!({"Error": "States.Timeout", "Cause": ""})
        );
    }

    #[test]
    fn an_error_without_name_is_caught_as_null() {
        let error = StateError {
            name: None,
            cause: None,
        };
        assert_eq!(error.output(), json!({"Error": null, "Cause": null}));
    }
}
