//! The error of a call that nobody answered.

use segno_asl::errors::StateError;

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
