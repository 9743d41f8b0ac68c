//! Error names, and which of them an `ErrorEquals` entry matches.

/// The names that the language reserves.
///
/// Spec: [Appendix A](https://states-language.net/spec.html#appendix-a).
pub mod names {
    /// Matches every error but [`RUNTIME`].
    pub const ALL: &str = "States.ALL";
    /// A task or an execution ran too long.
    pub const TIMEOUT: &str = "States.Timeout";
    /// A task went too long without a heartbeat.
    pub const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
    /// As a pattern: every known error but [`TIMEOUT`].
    pub const TASK_FAILED: &str = "States.TaskFailed";
    /// A path or the data it reads is at fault; ends the execution.
    pub const RUNTIME: &str = "States.Runtime";
    /// A payload is larger than the service takes.
    pub const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
    /// A Choice state without `Default` matched no rule.
    pub const NO_CHOICE_MATCHED: &str = "States.NoChoiceMatched";
    /// A JSONata expression failed.
    pub const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
    /// The items of a distributed Map state could not be read.
    pub const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";
    /// More iterations of a Map state failed than it tolerates.
    pub const EXCEED_TOLERATED_FAILURE_THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";
    /// An intrinsic function failed.
    pub const INTRINSIC_FAILURE: &str = "States.IntrinsicFailure";
}

/// One entry of `ErrorEquals`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPattern(pub String);

impl ErrorPattern {
    /// Whether an error of this name is meant. Names are compared exactly.
    ///
    /// No wildcard catches [`names::RUNTIME`]. `States.ALL` catches [`names::DATA_LIMIT_EXCEEDED`],
    /// whatever the guide says: AWS was recorded doing so. `States.TaskFailed` does not (by judgement).
    ///
    /// AWS: [Error names](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
    pub fn matches(&self, error: Option<&str>) -> bool {
        match self.0.as_str() {
            names::ALL => error != Some(names::RUNTIME),
            names::TASK_FAILED => error.is_some_and(|name| {
                !is_timeout(name) && !matches!(name, names::RUNTIME | names::DATA_LIMIT_EXCEEDED)
            }),
            names::TIMEOUT => error.is_some_and(is_timeout),
            exact => error == Some(exact),
        }
    }
}

/// A missed heartbeat is a timeout, too.
fn is_timeout(error: &str) -> bool {
    matches!(error, names::TIMEOUT | names::HEARTBEAT_TIMEOUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, error: &str) -> bool {
        ErrorPattern(pattern.into()).matches(Some(error))
    }

    #[test]
    fn all_leaves_out_what_no_wildcard_catches() {
        assert!(matches(names::ALL, "Anything"));
        assert!(matches(names::ALL, names::TIMEOUT));
        assert!(!matches(names::ALL, names::RUNTIME));
        assert!(matches(names::ALL, names::DATA_LIMIT_EXCEEDED));
    }

    #[test]
    fn task_failed_leaves_out_timeouts() {
        assert!(matches(names::TASK_FAILED, "Lambda.Unknown"));
        assert!(!matches(names::TASK_FAILED, names::TIMEOUT));
    }

    #[test]
    fn a_missed_heartbeat_is_a_timeout() {
        assert!(matches(names::TIMEOUT, names::HEARTBEAT_TIMEOUT));
        assert!(!matches(names::HEARTBEAT_TIMEOUT, names::TIMEOUT));
    }
}
