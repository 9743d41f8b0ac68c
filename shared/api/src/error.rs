//! The errors of the API, by AWS's names.
//!
//! AWS: [Common errors](https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html)
//! and those of each operation.

use std::fmt;

use segno_engine::{
    StepError,
    catalog::CatalogError,
    operations::{StartError, StateMachineError},
    store::StoreError,
};
use serde_json::json;

use crate::Response;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub struct ApiError {
    name: &'static str,
    message: String,
    /// A member of the error beside its message.
    detail: Option<(&'static str, String)>,
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
    ($($function:ident = $name:literal, $words:literal;)+) => {
        impl ApiError {
            $(
                pub(crate) fn $function(what: impl fmt::Display) -> Self {
                    Self::new($name, format!(concat!($words, ": '{}'"), what))
                }
            )+
        }
    };
}

quoting! {
    activity_already_exists = "ActivityAlreadyExists", "Activity Already Exists";
    activity_does_not_exist = "ActivityDoesNotExist", "Activity Does Not Exist";
    execution_already_exists = "ExecutionAlreadyExists", "Execution Already Exists";
    execution_does_not_exist = "ExecutionDoesNotExist", "Execution Does Not Exist";
    invalid_arn = "InvalidArn", "Invalid Arn";
    invalid_definition = "InvalidDefinition", "Invalid State Machine Definition";
    invalid_execution_input = "InvalidExecutionInput", "Invalid State Machine Execution Input";
    invalid_name = "InvalidName", "Invalid Name";
    invalid_output = "InvalidOutput", "Invalid Output";
    invalid_role_arn = "InvalidArn", "Invalid Role Arn";
    invalid_token = "InvalidToken", "Invalid Token";
    state_machine_already_exists = "StateMachineAlreadyExists", "State Machine Already Exists";
    state_machine_deleting = "StateMachineDeleting", "State Machine is being deleted";
    state_machine_does_not_exist = "StateMachineDoesNotExist", "State Machine Does Not Exist";
    task_does_not_exist = "TaskDoesNotExist", "Task Does Not Exist";
    task_timed_out = "TaskTimedOut", "Task Timed Out";
}

/// Why a request is not valid, as `ValidationException` names it.
///
/// AWS: [ValidationException](https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachineAlias.html#API_CreateStateMachineAlias_Errors).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reason {
    LabeledArn,
    MissingParameter,
    RoutingConfiguration,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Self::LabeledArn => "API_DOES_NOT_SUPPORT_LABELED_ARNS",
            Self::MissingParameter => "MISSING_REQUIRED_PARAMETER",
            Self::RoutingConfiguration => "INVALID_ROUTING_CONFIGURATION",
        }
    }
}

impl ApiError {
    fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            message: message.into(),
            detail: None,
            source: None,
        }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    pub(crate) fn invalid(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            detail: Some(("reason", reason.name().to_owned())),
            ..Self::validation(message)
        }
    }

    /// A state that TestState takes no definition of.
    pub(crate) fn untestable(message: impl Into<String>) -> Self {
        Self::new("InvalidDefinition", message)
    }

    pub(crate) fn missing_required_parameter(message: impl Into<String>) -> Self {
        Self::new("MissingRequiredParameter", message)
    }

    /// Whoever sends it may not do that.
    pub fn access_denied(message: impl Into<String>) -> Self {
        Self::new("AccessDeniedException", message)
    }

    /// It is not signed.
    pub fn missing_authentication_token(message: impl Into<String>) -> Self {
        Self::new("MissingAuthenticationTokenException", message)
    }

    /// It is not signed as it should be.
    pub fn incomplete_signature(message: impl Into<String>) -> Self {
        Self::new("IncompleteSignatureException", message)
    }

    /// Its signature is not that of what it is signed with.
    pub fn invalid_signature(message: impl Into<String>) -> Self {
        Self::new("InvalidSignatureException", message)
    }

    /// What it is signed with is not known.
    pub fn unrecognized_client(message: impl Into<String>) -> Self {
        Self::new("UnrecognizedClientException", message)
    }

    /// What it is signed with has ended.
    pub fn expired_token(message: impl Into<String>) -> Self {
        Self::new("ExpiredTokenException", message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new("ConflictException", message)
    }

    pub(crate) fn quota_exceeded(message: impl Into<String>) -> Self {
        Self::new("ServiceQuotaExceededException", message)
    }

    pub(crate) fn invalid_logging(why: &str) -> Self {
        Self::new(
            "InvalidLoggingConfiguration",
            format!("Invalid Logging Configuration: {why}"),
        )
    }

    pub(crate) fn invalid_encryption(why: &str) -> Self {
        Self::new(
            "InvalidEncryptionConfiguration",
            format!("Invalid Encryption Configuration: {why}"),
        )
    }

    pub(crate) fn type_not_supported() -> Self {
        Self::new(
            "StateMachineTypeNotSupported",
            "This operation is not supported by this type of state machine",
        )
    }

    /// What a request refers to is not there.
    pub(crate) fn reference_not_found(arn: &str) -> Self {
        Self::not_found(
            arn,
            "Request references a resource that does not exist.".to_owned(),
        )
    }

    /// What a request is about is not there.
    pub(crate) fn resource_not_found(arn: &str) -> Self {
        Self::not_found(arn, format!("Resource not found: '{arn}'"))
    }

    fn not_found(arn: &str, message: String) -> Self {
        Self {
            detail: Some(("resourceName", arn.to_owned())),
            ..Self::new("ResourceNotFound", message)
        }
    }

    pub(crate) fn too_many_tags(arn: &str, max: usize) -> Self {
        Self {
            detail: Some(("resourceName", arn.to_owned())),
            ..Self::new(
                "TooManyTags",
                format!("A resource has at most {max} tags: '{arn}'"),
            )
        }
    }

    pub(crate) fn unknown_operation(target: &str) -> Self {
        Self::new(
            "UnknownOperationException",
            format!("there is no operation `{target}`"),
        )
    }

    pub(crate) fn serialization(why: impl fmt::Display) -> Self {
        Self::new("SerializationException", why.to_string())
    }

    pub(crate) fn execution_not_redrivable(arn: &str, reason: &str) -> Self {
        Self::new(
            "ExecutionNotRedrivable",
            format!("Execution '{arn}' is not redrivable: {reason}"),
        )
    }

    pub(crate) fn internal(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        let message = "the request could not be served; the server's log says why";
        Self {
            source: Some(Box::new(source)),
            ..Self::new("InternalFailure", message)
        }
    }

    /// The store does not do what it is asked. Whoever asks may see to it: on a laptop it is their disk.
    pub fn unavailable(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        let message = match source.source() {
            Some(why) => format!("{source}: {why}"),
            None => source.to_string(),
        };
        Self {
            source: Some(Box::new(source)),
            ..Self::new("ServiceUnavailable", message)
        }
    }

    /// Whether the server is at fault, not the caller.
    pub(crate) fn is_internal(&self) -> bool {
        self.source.is_some()
    }

    /// AWS's models give two errors a status of their own.
    fn status(&self) -> u16 {
        match self.name {
            "ServiceUnavailable" => 503,
            _ if self.is_internal() => 500,
            "ConflictException" => 409,
            "ServiceQuotaExceededException" => 402,
            _ => 400,
        }
    }

    /// The answer that tells it.
    pub fn into_response(self) -> Response {
        let status = self.status();
        let mut body = json!({ "__type": self.name, "message": self.message });
        if let Some((name, value)) = self.detail {
            body[name] = value.into();
        }
        Response {
            status,
            error_type: Some(self.name),
            body: body.to_string().into_bytes(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::unavailable(error),
            error => Self::internal(error),
        }
    }
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        match error {
            // The one limit that AWS does not have: it is told as what it is.
            CatalogError::TooLarge { .. } => Self::quota_exceeded(error.to_string()),
            CatalogError::Unavailable(_) => Self::unavailable(error),
            error => Self::internal(error),
        }
    }
}

impl From<StateMachineError> for ApiError {
    fn from(error: StateMachineError) -> Self {
        match error {
            StateMachineError::Catalog(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<StepError> for ApiError {
    fn from(error: StepError) -> Self {
        match error {
            StepError::UnknownExecution(arn) => Self::execution_does_not_exist(arn),
            StepError::Store(error) => error.into(),
            StepError::Catalog(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<StartError> for ApiError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Store(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_a_store_that_cannot_write_is_told_why() {
        let error = StoreError::Unavailable("the disk of the store is full".into());
        let response = ApiError::from(StartError::Store(error)).into_response();
        let body: serde_json::Value = serde_json::from_slice(&response.body).expect("it is JSON");
        assert_eq!(response.status, 503);
        assert_eq!(
            body,
            json!({ "__type": "ServiceUnavailable",
                "message": "the store does not answer: the disk of the store is full" })
        );
    }
}
