//! Errors of AWS services, as the optimized integrations report them.

use segno_asl::errors::StateError;

/// An error that a service answered with.
pub(crate) struct ServiceError<'a> {
    /// Prefix of the error's name: `Lambda`.
    pub(crate) prefix: &'a str,
    /// The service as the cause names it: `AWSLambda`.
    pub(crate) service: &'a str,
    /// HTTP status.
    pub(crate) status: u16,
    /// The error's code: `ResourceNotFoundException`.
    pub(crate) code: &'a str,
    /// The service's message.
    pub(crate) message: &'a str,
    /// Id of the request.
    pub(crate) request_id: &'a str,
}

impl ServiceError<'_> {
    /// The error of the state. Codes that lack `Exception` get it.
    pub(crate) fn into_state_error(self) -> StateError {
        let suffix = if self.code.ends_with("Exception") {
            ""
        } else {
            "Exception"
        };
        let cause = format!(
            "{} (Service: {}; Status Code: {}; Error Code: {}; Request ID: {}; Proxy: null)",
            self.message, self.service, self.status, self.code, self.request_id
        );
        StateError::new(format!("{}.{}{suffix}", self.prefix, self.code), cause)
    }
}

/// A request that was not sent, or whose answer did not come.
pub(crate) fn client_error(prefix: &str, why: &dyn std::error::Error) -> StateError {
    let mut cause = format!("Unable to execute HTTP request: {why}");
    let mut source = why.source();
    while let Some(deeper) = source {
        cause.push_str(&format!(": {deeper}"));
        source = deeper.source();
    }
    StateError::new(format!("{prefix}.SdkClientException"), cause)
}
