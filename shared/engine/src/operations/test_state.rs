//! Entering one state, outside of any execution.

use std::time::Duration;

use segno_asl::{definition::StateMachine, errors::StateError, limits};
use segno_interpreter::{
    event::{Outcome, Timestamp},
    inspect::{self, Awaited, Entered, Entry, Inspected, Waiting},
    key::ExecutionKey,
};

use crate::{Backend, Clock, Engine, Invoker, invoker::Call};

/// What the work of a state is to come to, instead of being done.
#[derive(Debug, Clone)]
pub struct MockedWork {
    /// Its result or its error.
    pub outcome: Outcome,
    /// How many iterations of a Map state failed.
    pub failed_iterations: u64,
}

/// Why a state was not tested.
#[derive(Debug, thiserror::Error)]
pub enum Untested {
    /// The definition has no such state.
    #[error("the definition has no state of this name")]
    UnknownState,
    /// Branches and iterations do not run.
    #[error("the work of Parallel and Map states must be mocked")]
    NeedsMock,
    /// More iterations are to have failed than there are.
    #[error("more iterations failed than there are")]
    TooManyFailedIterations,
    /// The operating system has no randomness.
    #[error("the operating system gives no randomness")]
    NoRandomness(#[from] getrandom::Error),
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Enters one state and tells what became of it. Nothing is stored. Without a mock, a task is
    /// performed.
    ///
    /// # Errors
    ///
    /// [`Untested`].
    pub async fn test_state(
        &self,
        machine: &StateMachine,
        entry: Entry,
        mock: Option<MockedWork>,
    ) -> Result<Inspected, Untested> {
        let now = self.clock().now();
        let deadline = now.after(Duration::from_secs(limits::TEST_STATE_SECONDS_MAX));
        let (start, state) = (entry.start.clone(), entry.state.clone());
        let entered = inspect::enter(machine, entry, now, self.config().entropy.seed()?);
        let waiting = match entered.ok_or(Untested::UnknownState)? {
            Entered::Over(inspected) => return Ok(*inspected),
            Entered::Waits(waiting) => *waiting,
        };
        if let Some(mock) = mock {
            return self.end_mocked(waiting, mock);
        }
        match waiting.awaited() {
            Awaited::Time(until) => Ok(self.wait(waiting, until, deadline).await),
            Awaited::Attempt {
                resource,
                attempt,
                input,
            } => {
                let call = Call {
                    execution_arn: start.execution.arn.clone(),
                    state_machine_arn: start.state_machine_arn,
                    role_arn: start.role_arn,
                    credentials_role_arn: attempt.credentials_role_arn,
                    trace_header: None,
                    state,
                    attempt: attempt.id,
                    resource: resource.clone(),
                    input,
                    // Each test is an attempt of its own.
                    token: self.config().entropy.nonce()?.to_string(),
                    child: attempt.child,
                    timeout: attempt.timeout_seconds.map(Duration::from_secs),
                };
                let outcome = self.perform_until(&start.execution, call, deadline).await;
                Ok(waiting.end(self.clock().now(), outcome))
            }
            Awaited::Inner => Err(Untested::NeedsMock),
        }
    }

    fn end_mocked(&self, waiting: Waiting<'_>, mock: MockedWork) -> Result<Inspected, Untested> {
        let now = self.clock().now();
        match waiting.awaited() {
            Awaited::Inner if mock.failed_iterations > waiting.inner() => {
                Err(Untested::TooManyFailedIterations)
            }
            Awaited::Inner => Ok(waiting.end_inner(now, mock.failed_iterations, mock.outcome)),
            Awaited::Attempt { .. } | Awaited::Time(_) => Ok(waiting.end(now, mock.outcome)),
        }
    }

    /// Waits, but not longer than a test may take: what would be too long is not waited for at all.
    async fn wait(&self, waiting: Waiting<'_>, until: Timestamp, deadline: Timestamp) -> Inspected {
        if until > deadline {
            return waiting.end(deadline, Err(StateError::timeout()));
        }
        self.clock().pass_until(until).await;
        waiting.wake(self.clock().now())
    }

    async fn perform_until(
        &self,
        execution: &ExecutionKey,
        call: Call,
        deadline: Timestamp,
    ) -> Outcome {
        let now = self.clock().now();
        let own = call.timeout.map_or(deadline, |timeout| now.after(timeout));
        tokio::select! {
            outcome = self.perform(execution, call) => outcome,
            () = self.clock().sleep_until(own.min(deadline)) => Err(StateError::timeout()),
        }
    }
}
