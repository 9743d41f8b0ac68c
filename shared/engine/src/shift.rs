//! The shift of a worker that is not there for ever: it takes on only what it will see through.

use std::{future::pending, time::Duration};

use segno_asl::errors::StateError;
use segno_interpreter::{
    checkpoint::{Attempt, Checkpoint},
    event::Outcome,
};
use tokio::{
    sync::{mpsc::UnboundedReceiver, watch},
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{
    Backend, Clock, Engine, Invoker, invoker::Call, lock, nested::resource_prefix, queue::Received,
};

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// This worker is there until then. Attempts that may take longer are left to others.
    pub fn stay_until(&self, end: Instant) {
        *lock(&self.inner.shift_end) = Some(end);
    }

    /// Moves the executions of the messages that come in, until no more can come and nothing is in hand.
    /// `in_hand` tells how much is.
    pub async fn work_off(
        &self,
        mut messages: UnboundedReceiver<Received>,
        in_hand: &watch::Sender<usize>,
    ) {
        let mut running = JoinSet::new();
        let mut may_come = true;
        while may_come || !running.is_empty() {
            let ended = async {
                match running.is_empty() {
                    true => pending().await,
                    false => running.join_next().await,
                }
            };
            tokio::select! {
                received = messages.recv(), if may_come => match received {
                    Some(received) => self.route(received, &mut running),
                    None => may_come = false,
                },
                _ = ended => {}
            }
            let waiting = messages.len();
            in_hand.send_replace(running.len() + waiting);
        }
    }

    /// Whether this worker will be there long enough to see an attempt through.
    pub(crate) fn fits(&self, attempt: &Attempt) -> bool {
        let Some(end) = *lock(&self.inner.shift_end) else {
            return true;
        };
        let own = attempt.timeout_seconds.map(Duration::from_secs);
        let longest = own.into_iter().chain(self.config().call_time_max).min();
        longest.is_some_and(|longest| Instant::now() + longest <= end)
    }

    /// Whether something is due that this worker may perform.
    pub(crate) fn has_fitting(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.due_attempts().any(|attempt| self.fits(attempt))
    }

    /// Makes a call, but for no longer than any may take here.
    pub(crate) async fn call(&self, call: Call) -> Outcome {
        let Some(longest) = self.config().call_time_max else {
            return self.invoker().invoke(call).await;
        };
        let prefix = resource_prefix(&call.resource).to_owned();
        let called = timeout(longest, self.invoker().invoke(call)).await;
        called.unwrap_or_else(|_elapsed| {
            let cause = format!(
                "There was no answer within {} seconds, which is the longest that a call may take here.",
                longest.as_secs()
            );
            Err(StateError::new(format!("{prefix}.SdkClientException"), cause))
        })
    }
}
