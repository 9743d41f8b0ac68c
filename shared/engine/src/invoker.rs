//! What a Task calls.

use std::time::Duration;

use segno_asl::definition::{Resource, StateName, Task};
use segno_interpreter::{event::Outcome, payload::Payload};

/// Performs the attempts of tasks.
///
/// The promise: one [`invoke`](Invoker::invoke) is at most one request. Whatever goes wrong comes back
/// as the error that `Retry` and `Catch` are to see; trying again is theirs.
pub trait Invoker: Send + Sync + 'static {
    /// Whether a task can be performed here, and if not, what to do about it.
    ///
    /// # Errors
    ///
    /// A sentence for whoever wrote the definition or the command line.
    fn accepts(&self, state: &StateName, task: &Task) -> Result<(), String>;

    /// Performs one attempt. Dropping the future abandons it.
    fn invoke(&self, call: Call) -> impl Future<Output = Outcome> + Send;
}

/// One attempt of a task.
#[derive(Debug, Clone)]
pub struct Call {
    /// The execution it belongs to.
    pub execution_arn: String,
    /// The state it is an attempt of.
    pub state: StateName,
    /// What is called.
    pub resource: Resource,
    /// What is sent.
    pub input: Payload,
    /// How long it may take, if the definition says so. The engine keeps that time.
    pub timeout: Option<Duration>,
}
