//! What the server has done since it began, as Prometheus reads it.
//!
//! Prometheus: [text format](https://prometheus.io/docs/instrumenting/exposition_formats/).

use std::fmt;

use segno_interpreter::{history::Detail, transition::Transition};
use segno_local::{Counter, write_counters};

/// The content type of the text format.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Executions by what became of them: what the metrics of `AWS/States` tell.
///
/// AWS: [Execution metrics](https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html#cloudwatch-step-functions-execution-metrics).
#[derive(Debug, Default)]
pub(super) struct Executions {
    started: Counter,
    redriven: Counter,
    succeeded: Counter,
    failed: Counter,
    timed_out: Counter,
    aborted: Counter,
    states_entered: Counter,
}

impl Executions {
    /// Counts what a commit tells.
    pub(super) fn count(&self, transition: &Transition) {
        for event in &transition.history {
            let counter = match event.detail {
                Detail::ExecutionStarted { .. } => &self.started,
                Detail::ExecutionRedriven { .. } => &self.redriven,
                Detail::ExecutionSucceeded { .. } => &self.succeeded,
                Detail::ExecutionFailed(_) => &self.failed,
                Detail::ExecutionTimedOut(_) => &self.timed_out,
                Detail::ExecutionAborted(_) => &self.aborted,
                Detail::StateEntered { .. } => &self.states_entered,
                _ => continue,
            };
            counter.add(1);
        }
    }
}

impl fmt::Display for Executions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_counters(
            f,
            &[
                (
                    "executions_started",
                    "Executions that began.",
                    self.started.get(),
                ),
                (
                    "executions_redriven",
                    "Times that an execution was redriven.",
                    self.redriven.get(),
                ),
                (
                    "executions_succeeded",
                    "Executions that succeeded.",
                    self.succeeded.get(),
                ),
                (
                    "executions_failed",
                    "Executions that failed.",
                    self.failed.get(),
                ),
                (
                    "executions_timed_out",
                    "Executions that ran out of time.",
                    self.timed_out.get(),
                ),
                (
                    "executions_aborted",
                    "Executions that were stopped.",
                    self.aborted.get(),
                ),
                (
                    "states_entered",
                    "States that were entered.",
                    self.states_entered.get(),
                ),
            ],
        )
    }
}
