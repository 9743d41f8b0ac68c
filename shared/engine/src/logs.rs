//! The log of a state machine: its history events, as far as its logging configuration asks for them.
//!
//! AWS: [Logging in CloudWatch Logs](https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html).

use std::pin::Pin;

use segno_interpreter::{
    checkpoint::Checkpoint,
    history::{Detail, ExecutionData, HistoryEvent},
    key::ExecutionKey,
    payload::Payloads,
    transition::Transition,
};
use serde_json::Value;

use crate::catalog::{LogLevel, Logging, Machine};

/// Where log entries go. It is tried once, and never holds up an execution.
pub trait Logs: Send + Sync + 'static {
    /// Takes an entry for the log groups of these ARNs.
    fn write(&self, log_groups: &[String], entry: Value);

    /// Whether there is a log group of this ARN, which ends with `:*`. Who cannot tell says yes:
    /// entries are tried only.
    fn has<'a>(&'a self, _log_group: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(std::future::ready(true))
    }
}

/// A future whose type is not told.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Logs nothing.
pub struct Unlogged;

impl Logs for Unlogged {
    fn write(&self, _log_groups: &[String], _entry: Value) {}
}

/// What must be known of an execution before a step to log what happens in it: the payloads that its
/// history may refer to, and that it may not need afterwards. `None` if nothing is logged.
pub(crate) fn before(machine: Option<&Machine>, checkpoint: &Checkpoint) -> Option<Payloads> {
    let level = machine?.revision.logging.level;
    (level != LogLevel::Off).then(|| checkpoint.payloads.clone())
}

/// Writes the history events of a transition that the configuration asks for.
pub(crate) fn write(
    logs: &dyn Logs,
    execution: &ExecutionKey,
    logging: &Logging,
    before: Payloads,
    transition: &Transition,
) {
    let mut payloads = before;
    payloads.extend(transition.payloads.iter().cloned());
    let data = match logging.include_execution_data {
        true => ExecutionData::Included,
        false => ExecutionData::Withheld,
    };
    let redrives = transition.checkpoint.redrives();
    let is_asked_for = |event: &&HistoryEvent| is_logged(logging.level, &event.detail);
    for event in transition.history.iter().filter(is_asked_for) {
        let entry = event.to_log_entry(&execution.arn, redrives, &payloads, data);
        logs.write(&logging.log_group_arns, entry);
    }
}

/// Whether events of this kind are logged at a level.
///
/// AWS: [Log levels](https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-log-level).
fn is_logged(level: LogLevel, detail: &Detail) -> bool {
    match level {
        LogLevel::Off => false,
        LogLevel::All => true,
        LogLevel::Fatal => detail.is_end() && !matches!(detail, Detail::ExecutionSucceeded { .. }),
        LogLevel::Error => {
            let name = detail.type_name();
            name == "FailStateEntered"
                || ["Failed", "Aborted", "TimedOut"]
                    .iter()
                    .any(|end| name.ends_with(end))
        }
    }
}

#[cfg(test)]
mod tests {
    use segno_asl::{definition::StateType, errors::StateError};

    use super::*;

    fn levels(detail: &Detail) -> [bool; 4] {
        [
            LogLevel::Off,
            LogLevel::Fatal,
            LogLevel::Error,
            LogLevel::All,
        ]
        .map(|level| is_logged(level, detail))
    }

    #[test]
    fn each_level_has_what_the_one_below_has() {
        let fatal = Detail::ExecutionFailed(StateError::timeout());
        assert_eq!(levels(&fatal), [false, true, true, true]);
        for error in [
            Detail::LambdaFunctionFailed(StateError::timeout()),
            Detail::StateAborted {
                state_type: StateType::Wait,
            },
            Detail::MapStateFailed,
        ] {
            assert_eq!(levels(&error), [false, false, true, true], "{error:?}");
        }
        for other in [Detail::LambdaFunctionStarted, Detail::MapStateSucceeded] {
            assert_eq!(levels(&other), [false, false, false, true], "{other:?}");
        }
    }
}
