//! Driving an execution to its end: what a commit owes is done, and what comes of it is the next
//! event.

use std::{future::pending, time::Duration};

use segno_asl::definition::StateKind;
use segno_interpreter::{
    checkpoint::{AttemptId, Status, Wake},
    command::Command,
    event::{EventKind, Outcome},
    transition::Transition,
};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{Clock, Engine, Invoker, StepError, Store, invoker::Call, step::Stepped};

/// Is told of every commit, after it is durable.
pub trait Observer: Send + Sync + 'static {
    /// An execution has moved on.
    fn committed(&self, execution: &str, transition: &Transition);
}

/// Watches nothing.
pub struct Unobserved;

impl Observer for Unobserved {
    fn committed(&self, _execution: &str, _transition: &Transition) {}
}

/// What goes on outside for one execution.
#[derive(Default)]
struct Outside {
    /// The attempts that are being performed. Dropping them abandons them.
    attempts: JoinSet<(AttemptId, Outcome)>,
    wake: Option<Wake>,
}

impl<S: Store, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Runs an execution in this process until it is closed.
    ///
    /// # Errors
    ///
    /// [`StepError`] if a step cannot be made: the execution stays where its last commit left it.
    pub async fn drive(&self, execution: &str, first: EventKind) -> Result<Status, StepError> {
        let (sender, mut inbox) = mpsc::unbounded_channel();
        let inboxes = || {
            self.inner
                .inboxes
                .lock()
                .expect("nothing panics under the lock")
        };
        inboxes().insert(execution.to_owned(), sender);
        let status = self.drive_from(execution, first, &mut inbox).await;
        inboxes().remove(execution);
        status
    }

    /// Hands an event to an execution that runs in this process. `false` if it does not.
    pub fn send(&self, execution: &str, event: EventKind) -> bool {
        let inboxes = self
            .inner
            .inboxes
            .lock()
            .expect("nothing panics under the lock");
        inboxes
            .get(execution)
            .is_some_and(|inbox| inbox.send(event).is_ok())
    }

    async fn drive_from(
        &self,
        execution: &str,
        first: EventKind,
        inbox: &mut mpsc::UnboundedReceiver<EventKind>,
    ) -> Result<Status, StepError> {
        let mut outside = Outside::default();
        let mut events = vec![first];
        loop {
            let stepped = self.step(execution, &events).await?;
            if stepped.checkpoint.status.is_closed() {
                return Ok(stepped.checkpoint.status);
            }
            let mut goes_on = None;
            for command in &stepped.commands {
                match *command {
                    Command::Perform(attempt) => {
                        self.perform(execution, &stepped, attempt, &mut outside);
                    }
                    Command::Continue(number) => goes_on = Some(number),
                    Command::Wake(_)
                    | Command::Offer(_)
                    | Command::AbortChild(_)
                    | Command::PublishStatus => {}
                }
            }
            outside.wake = stepped.checkpoint.wake;
            events.clear();
            if let Some(number) = goes_on {
                // Other executions get a turn in between.
                tokio::task::yield_now().await;
                events.push(EventKind::Continued { number });
            } else {
                events = self.next_events(&mut outside, inbox).await;
            }
        }
    }

    /// Starts to perform a claimed attempt.
    fn perform(&self, execution: &str, stepped: &Stepped, id: AttemptId, outside: &mut Outside) {
        let Some(call) = call(execution, stepped, id) else {
            return;
        };
        let engine = self.clone();
        outside
            .attempts
            .spawn(async move { (id, engine.invoker().invoke(call).await) });
    }

    /// Waits until something happens, and takes everything that has happened with it.
    async fn next_events(
        &self,
        outside: &mut Outside,
        inbox: &mut mpsc::UnboundedReceiver<EventKind>,
    ) -> Vec<EventKind> {
        let is_idle = outside.attempts.is_empty();
        let wake = async {
            match outside.wake {
                Some(wake) if is_idle => self.clock().pass_until(wake.due).await,
                Some(wake) => self.clock().sleep_until(wake.due).await,
                None => pending().await,
            }
        };
        let mut events = Vec::new();
        tokio::select! {
            Some(event) = inbox.recv() => events.push(event),
            Some(ended) = outside.attempts.join_next() => events.extend(ended_event(ended)),
            () = wake => events.extend(outside.wake.map(|wake| EventKind::Woken { number: wake.number })),
        }
        while let Some(ended) = outside.attempts.try_join_next() {
            events.extend(ended_event(ended));
        }
        events
    }
}

/// What to call for an attempt; `None` if it is not the current one of its frame, or not claimed.
fn call(execution: &str, stepped: &Stepped, id: AttemptId) -> Option<Call> {
    let checkpoint = &stepped.checkpoint;
    let (state, attempt) = checkpoint.attempt(id)?;
    let StateKind::Task(task) = &stepped.machine.state(state)?.kind else {
        return None;
    };
    Some(Call {
        execution_arn: execution.to_owned(),
        state: state.clone(),
        resource: task.resource.clone(),
        input: checkpoint.payloads.get(attempt.input)?.clone(),
        timeout: attempt.timeout_seconds.map(Duration::from_secs),
    })
}

/// The event of an attempt that was performed. One whose task panicked has no outcome to tell: the
/// panic goes on in here.
fn ended_event(ended: Result<(AttemptId, Outcome), tokio::task::JoinError>) -> Option<EventKind> {
    match ended {
        Ok((attempt, outcome)) => Some(EventKind::AttemptEnded { attempt, outcome }),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_cancelled) => None,
    }
}
