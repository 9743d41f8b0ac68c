//! The errors of the API, by AWS's names.
//!
//! AWS: [Common errors](https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html)
//! and those of each operation.

use std::fmt;

use segno_engine::{StepError, catalog::CatalogError, operations::StartError, store::StoreError};
use serde_json::json;

use crate::Response;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub struct ApiError {
    name: &'static str,
    message: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

/// Makes a constructor for each error whose message is `<words>: '<what>'`.
macro_rules! quoting {
    ($($(#[$doc:meta])* $function:ident = $name:literal, $words:literal;)+) => {
        impl ApiError {
            $(
                $(#[$doc])*
                pub(crate) fn $function(what: impl fmt::Display) -> Self {
                    Self::new($name, format!(concat!($words, ": '{}'"), what))
                }
            )+
        }
    };
}

quoting! {
    invalid_output = "InvalidOutput", "Invalid Output";
    task_does_not_exist = "TaskDoesNotExist", "Task Does Not Exist";
    task_timed_out = "TaskTimedOut", "Task Timed Out";
    invalid_arn = "InvalidArn", "Invalid Arn";
    invalid_name = "InvalidName", "Invalid Name";
    invalid_token = "InvalidToken", "Invalid Token";
    invalid_definition = "InvalidDefinition", "Invalid State Machine Definition";
    invalid_execution_input = "InvalidExecutionInput", "Invalid State Machine Execution Input";
    state_machine_does_not_exist = "StateMachineDoesNotExist", "State Machine Does Not Exist";
    state_machine_already_exists = "StateMachineAlreadyExists", "State Machine Already Exists";
    execution_does_not_exist = "ExecutionDoesNotExist", "Execution Does Not Exist";
    execution_already_exists = "ExecutionAlreadyExists", "Execution Already Exists";
}

impl ApiError {
    fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// A constraint of the model that one value violates, in the words of AWS's framework.
    pub(crate) fn constraint(value: impl fmt::Display, field: &str, constraint: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: \
             Member must {constraint}"
        ))
    }

    pub(crate) fn type_not_supported(message: impl Into<String>) -> Self {
        Self::new("StateMachineTypeNotSupported", message)
    }

    pub(crate) fn unknown_operation(target: &str) -> Self {
        Self::new(
            "UnknownOperationException",
            format!("there is no operation `{target}`"),
        )
    }

    pub(crate) fn serialization(error: &serde_json::Error) -> Self {
        Self::new("SerializationException", error.to_string())
    }

    pub(crate) fn execution_not_redrivable(arn: &str, reason: &str) -> Self {
        Self::new(
            "ExecutionNotRedrivable",
            format!("Execution '{arn}' is not redrivable: {reason}"),
        )
    }

    pub(crate) fn internal(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        let message = "the request could not be served; the server's log says why".to_owned();
        Self {
            name: "InternalFailure",
            message,
            source: Some(Box::new(source)),
        }
    }

    /// Whether the server is at fault, not the caller.
    pub(crate) fn is_internal(&self) -> bool {
        self.source.is_some()
    }

    pub(crate) fn into_response(self) -> Response {
        let body = json!({ "__type": self.name, "message": self.message });
        Response {
            status: if self.is_internal() { 500 } else { 400 },
            error_type: Some(self.name),
            body: body.to_string().into_bytes(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        Self::internal(error)
    }
}

impl From<StepError> for ApiError {
    fn from(error: StepError) -> Self {
        match error {
            StepError::UnknownExecution(arn) => Self::execution_does_not_exist(arn),
            other => Self::internal(other),
        }
    }
}

impl From<StartError> for ApiError {
    fn from(error: StartError) -> Self {
        Self::internal(error)
    }
}
