//! Why a call did not succeed, in Step Functions' words.

use aws_smithy_types::{
    error::{ErrorMetadata, metadata::ProvideErrorMetadata},
    retry::{ErrorKind, ProvideErrorKind},
};
use segno_asl::errors::StateError;

use super::model::{Service, exception_name};

/// An error that a service answered with.
#[derive(Debug)]
pub(crate) struct ServiceError {
    metadata: ErrorMetadata,
    /// The modelled error that it is, by its name in the model.
    shape: Option<&'static str>,
    /// What the service called it, in the way of its older protocol if it had one.
    code: String,
    message: Option<String>,
    status: u16,
    request_id: Option<String>,
    extended_request_id: Option<String>,
}

/// What a response says of an error.
#[derive(Debug, Default)]
pub(crate) struct ErrorResponse {
    pub(crate) status: u16,
    /// The code in the body or in the header of the protocol.
    pub(crate) code: Option<String>,
    /// The code of awsQuery, where a service that once spoke it sends that along.
    pub(crate) query_code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) extended_request_id: Option<String>,
}

/// How the errors of a call are called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ErrorStyle {
    /// As in the AWS SDK for Java 2.x: `DynamoDb.ResourceNotFoundException`.
    Sdk,
    /// As in its version 1, with these names of the service: `DynamoDB.ResourceNotFoundException`.
    Optimized {
        /// `DynamoDB`
        prefix: &'static str,
        /// `AmazonDynamoDBv2`
        service: &'static str,
        /// What has no class of its own: `AmazonDynamoDBException`.
        base: &'static str,
    },
}

impl ServiceError {
    pub(crate) fn new(service: &Service, response: ErrorResponse) -> Self {
        let code = response.code.or_else(|| response.query_code.clone());
        let code = code.unwrap_or_default();
        let known = |is: &dyn Fn(&str, &str) -> bool| {
            let mut errors = service.errors.iter();
            errors.find(|error| is(error.name, error.code))
        };
        let shape = known(&|name, _| name == code)
            .or_else(|| known(&|_, wire_code| wire_code == code))
            .map(|error| error.name);
        let mut metadata = ErrorMetadata::builder().code(&code);
        if let Some(message) = &response.message {
            metadata = metadata.message(message);
        }
        Self {
            metadata: metadata.build(),
            shape,
            code: response.query_code.unwrap_or(code),
            message: response.message,
            status: response.status,
            request_id: response.request_id,
            extended_request_id: response.extended_request_id,
        }
    }

    /// Whether the same request may succeed a moment later.
    pub(crate) fn is_passing(&self) -> bool {
        self.status >= 500 || self.code.contains("Throttl") || self.code.contains("TooManyRequests")
    }

    /// The error of the state whose task it ended.
    pub(crate) fn to_state_error(&self, service: &Service, style: ErrorStyle) -> StateError {
        let exception = self.shape.map(exception_name);
        let message = self.message.as_deref().unwrap_or("null");
        let request_id = self.request_id.as_deref().unwrap_or("null");
        let Self { status, code, .. } = self;
        match style {
            ErrorStyle::Sdk => {
                let prefix = service.exception_prefix;
                let exception = exception.unwrap_or_else(|| format!("{prefix}Exception"));
                let extended = match &self.extended_request_id {
                    Some(id) => format!(", Extended Request ID: {id}"),
                    None => String::new(),
                };
                let cause = format!(
                    "{message} (Service: {prefix}, Status Code: {status}, Request ID: {request_id}{extended}) \
                     (SDK Attempt Count: 1)"
                );
                StateError::new(format!("{prefix}.{exception}"), cause)
            }
            ErrorStyle::Optimized {
                prefix,
                service,
                base,
            } => {
                let exception = exception.unwrap_or_else(|| base.to_owned());
                let cause = format!(
                    "{message} (Service: {service}; Status Code: {status}; Error Code: {code}; \
                     Request ID: {request_id}; Proxy: null)"
                );
                StateError::new(format!("{prefix}.{exception}"), cause)
            }
        }
    }
}

impl ErrorStyle {
    /// What the names of errors begin with.
    pub(crate) fn prefix(self, service: &Service) -> &'static str {
        match self {
            Self::Sdk => service.exception_prefix,
            Self::Optimized { prefix, .. } => prefix,
        }
    }
}

impl std::fmt::Display for ServiceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.status, self.code)
    }
}

impl std::error::Error for ServiceError {}

impl ProvideErrorMetadata for ServiceError {
    fn meta(&self) -> &ErrorMetadata {
        &self.metadata
    }
}

impl ProvideErrorKind for ServiceError {
    fn retryable_error_kind(&self) -> Option<ErrorKind> {
        None
    }

    fn code(&self) -> Option<&str> {
        self.metadata.code()
    }
}
