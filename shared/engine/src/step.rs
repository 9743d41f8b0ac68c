//! A step: load, advance, commit.

use std::sync::Arc;

use segno_asl::definition::{Diagnostics, StateMachine};
use segno_interpreter::{
    advance,
    checkpoint::{Checkpoint, Claim, Status},
    command::Command,
    event::{Event, EventKind, Seed},
    transition::{Corrupt, Transition},
};

use crate::{
    Clock, Engine, Invoker, Store,
    store::{End, StoreError},
};

/// What a step has done: what is known now, and what is owed.
#[derive(Debug)]
pub struct Stepped {
    /// The checkpoint after the commit.
    pub checkpoint: Checkpoint,
    /// What must be done now. Attempts to perform are claimed.
    pub commands: Vec<Command>,
    /// The state machine that the execution runs.
    pub machine: Arc<StateMachine>,
}

/// Why a step did not happen.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// There is no such execution.
    #[error("there is no execution `{0}`")]
    UnknownExecution(String),
    /// The definition that the execution was started with cannot be read any more.
    #[error("the definition of `{execution}` is not valid")]
    Definition {
        /// The execution.
        execution: String,
        /// What is wrong with it.
        #[source]
        source: Diagnostics,
    },
    /// Checkpoint and definition do not fit.
    #[error("the checkpoint does not fit the definition")]
    Corrupt(#[from] Corrupt),
    /// The store did not do what it was asked.
    #[error("the store did not take the step")]
    Store(#[from] StoreError),
    /// The operating system has no randomness.
    #[error("the operating system gives no randomness")]
    NoRandomness(#[from] getrandom::Error),
}

impl<S: Store, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Moves an execution forward by what has happened, in one commit. The attempts that come due are
    /// claimed in it. If another step was first, it loads again and applies the events to that.
    ///
    /// # Errors
    ///
    /// [`StepError`]. Nothing was committed, except that an unavailable store may have done it.
    pub async fn step(&self, execution: &str, events: &[EventKind]) -> Result<Stepped, StepError> {
        loop {
            match self.try_step(execution, events).await {
                Err(StepError::Store(StoreError::Conflict { .. })) => {}
                done => return done,
            }
        }
    }

    async fn try_step(&self, execution: &str, events: &[EventKind]) -> Result<Stepped, StepError> {
        let head = self.store().head(execution).await?;
        let head = head.ok_or_else(|| StepError::UnknownExecution(execution.to_owned()))?;
        let machine =
            self.compile(&head.machine.definition)
                .map_err(|source| StepError::Definition {
                    execution: execution.to_owned(),
                    source,
                })?;
        let loaded = self.store().load(execution).await?;
        let (number, checkpoint) = loaded.map_or_else(Default::default, |loaded| {
            (loaded.number, loaded.checkpoint)
        });

        let mut whole = Transition {
            checkpoint,
            history: vec![],
            payloads: vec![],
            commands: vec![],
            has_moved: false,
        };
        for kind in events {
            let event = Event {
                at: self.clock().now(),
                seed: seed()?,
                kind: kind.clone(),
            };
            append(&mut whole, |checkpoint| {
                advance(&machine, checkpoint, event)
            })?;
        }
        let attempts: Vec<_> = whole.checkpoint.due_attempts().collect();
        if !attempts.is_empty() {
            let kind = EventKind::AttemptsClaimed {
                attempts,
                claim: Claim::default(),
            };
            let event = Event {
                at: self.clock().now(),
                seed: seed()?,
                kind,
            };
            append(&mut whole, |checkpoint| {
                advance(&machine, checkpoint, event)
            })?;
        }
        if !whole.is_empty() {
            self.store().commit(execution, number + 1, &whole).await?;
            self.inner.observer.committed(execution, &whole);
        }
        if whole.checkpoint.status.is_closed() {
            self.publish(execution, &whole).await?;
        }
        Ok(Stepped {
            checkpoint: whole.checkpoint,
            commands: whole.commands,
            machine,
        })
    }

    /// Writes the end of an execution into its head row.
    async fn publish(&self, execution: &str, last: &Transition) -> Result<(), StoreError> {
        let status = &last.checkpoint.status;
        let (output, error) = match status {
            Status::Succeeded { output } => (last.checkpoint.payloads.get(*output).cloned(), None),
            Status::Failed(error) | Status::Aborted(error) => (None, Some(error.clone())),
            Status::NotStarted | Status::Running | Status::TimedOut => (None, None),
        };
        let at = last
            .history
            .last()
            .map_or_else(|| self.clock().now(), |event| event.at);
        self.store()
            .close_head(
                execution,
                End {
                    status: status.name(),
                    at,
                    output,
                    error,
                },
            )
            .await
    }
}

/// Appends the answer to one more event. Commands add up, but for the wake-up: the last one counts.
fn append(
    whole: &mut Transition,
    advance: impl FnOnce(Checkpoint) -> Result<Transition, Corrupt>,
) -> Result<(), Corrupt> {
    let next = advance(std::mem::take(&mut whole.checkpoint))?;
    whole.checkpoint = next.checkpoint;
    whole.history.extend(next.history);
    whole.payloads.extend(next.payloads);
    whole.commands.extend(next.commands);
    whole.has_moved |= next.has_moved;
    Ok(())
}

/// 256 bits from the operating system.
fn seed() -> Result<Seed, getrandom::Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(Seed(seed))
}
