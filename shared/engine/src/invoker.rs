//! What a Task calls.

use std::time::Duration;

use segno_asl::{
    definition::{Resource, StateName, Task},
    errors::{StateError, names},
};
use segno_interpreter::{
    checkpoint::AttemptId,
    event::{Outcome, Polled},
    key::ExecutionKey,
    payload::Payload,
};

use crate::catalog::Machine;

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

    /// Is told that an execution is about to start for which its caller wants a test case of mocks:
    /// what stands behind the `#` in the ARN of the state machine, as Step Functions Local has it.
    ///
    /// # Errors
    ///
    /// A sentence for the caller: there is no such test case here.
    fn prepare(&self, _machine: &Machine, _name: &str, test_case: &str) -> Result<(), String> {
        Err(format!(
            "there are no test cases here, and none `{test_case}`"
        ))
    }

    /// Performs one attempt. Dropping the future abandons it.
    fn invoke(&self, call: Call) -> impl Future<Output = Outcome> + Send;

    /// Whether what comes of [`invoke`](Invoker::invoke) is what the task comes to, although its state
    /// would wait for something else: for the answer to a token, the end of a job, the worker of an
    /// activity. A mock stands in for all of that.
    fn stands_in(&self, _call: &Call) -> bool {
        false
    }

    /// Whether nobody could tell that the attempt was performed twice: it only reads, or what it
    /// creates is recognised by a token of the attempt.
    fn is_repeatable(&self, _call: &Call) -> bool {
        false
    }

    /// Asks what has become of a job (`.sync`).
    ///
    /// The promise: it only reads. It may be asked twice for the same poll, and by two workers. What
    /// says nothing about the job, such as a service that throttles, is [`Polled::Running`]: it is asked
    /// again later. But no job runs for ever that the service does not know any more.
    fn poll(&self, job: Job) -> impl Future<Output = Polled> + Send {
        let error = unknown_job(&job);
        async { Polled::Ended(Err(error)) }
    }

    /// Cancels a job that nobody waits for any more. It may be over, or cancelled already.
    ///
    /// # Errors
    ///
    /// It may still run: this is tried a few times, and then it is left alone.
    fn cancel(&self, job: Job) -> impl Future<Output = Result<(), StateError>> + Send {
        let error = unknown_job(&job);
        async { Err(error) }
    }
}

/// One attempt of a task.
#[derive(Debug, Clone)]
pub struct Call {
    /// The execution it belongs to.
    pub execution_arn: String,
    /// ARN of its state machine.
    pub state_machine_arn: String,
    /// ARN of the role that the state machine runs under.
    pub role_arn: String,
    /// ARN of the role that `Credentials` of the state names: assumed by the machine's role.
    pub credentials_role_arn: Option<String>,
    /// The trace header that the execution was started with.
    pub trace_header: Option<String>,
    /// The state it is an attempt of.
    pub state: StateName,
    /// Which attempt of the execution it is.
    pub attempt: AttemptId,
    /// What is called.
    pub resource: Resource,
    /// What is sent.
    pub input: Payload,
    /// Names the attempt for ever: the same if it is performed again, and no other's. Services that
    /// recognise repeated requests by a token get this one.
    pub token: String,
    /// The execution that it starts, if it starts one.
    pub child: Option<ExecutionKey>,
    /// How long it may take, if the definition says so. The engine keeps that time.
    pub timeout: Option<Duration>,
}

/// A job that an attempt has started.
#[derive(Debug, Clone)]
pub struct Job {
    /// The call that started it. Of an attempt that is over, neither child nor time-out is known.
    pub call: Call,
    /// What the service answered to that.
    pub response: Payload,
    /// How many polls were in vain so far.
    pub polls: u32,
}

fn unknown_job(job: &Job) -> StateError {
    let cause = format!("Nothing here can ask about jobs of {}.", job.call.resource);
    StateError::new(names::RUNTIME, cause)
}
