//! A step: load, advance, commit.

use std::time::Duration;

use segno_asl::definition::{Diagnostics, StateMachine};
use segno_interpreter::{
    advance,
    checkpoint::{AttemptId, Checkpoint, Claim, Status},
    command::Command,
    event::{Event, EventKind, Timestamp},
    key::ExecutionKey,
    transition::{Corrupt, Transition},
};

use tokio::time::Instant;

use crate::{
    Backend, Clock, Engine, Invoker,
    catalog::{CatalogError, Machine},
    logs,
    queue::{Cause, QueueError},
    store::{Commit, End, EndStatus, Loaded, Shown, StoreError},
};

/// What a step is asked to do.
#[derive(Debug, Default)]
pub(crate) struct Request<'a> {
    /// The state machine that the execution runs, if that is known.
    pub(crate) machine: Option<&'a Machine>,
    /// What has happened, in order.
    pub(crate) events: Vec<EventKind>,
    /// The message that it happened by.
    pub(crate) cause: Option<Cause>,
    /// Whether the store may know answers to tokens that the checkpoint does not.
    pub(crate) folds_answers: bool,
    /// Whether what came due earlier is taken over, even if nothing else happens.
    pub(crate) takes_over: bool,
    /// Who performs what comes due. A step that runs in a caller claims nothing.
    pub(crate) claims: Option<Claims<'a>>,
    /// Nothing is committed from then on: somebody else may be at it.
    pub(crate) until: Option<Instant>,
}

/// Who performs attempts, and how many at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claims<'a> {
    pub(crate) holder: &'a str,
    pub(crate) room: usize,
}

/// What a step has done: what is known now, and what is owed.
#[derive(Debug)]
pub(crate) struct Stepped {
    /// The newest commit.
    pub(crate) loaded: Loaded,
    /// What must be done that did not have to be done before.
    pub(crate) commands: Vec<Command>,
    /// Whether there was anything to commit.
    pub(crate) is_committed: bool,
    /// Whether another step was first.
    pub(crate) is_beaten: bool,
    /// Whether the head row shows it already.
    pub(crate) is_shown: bool,
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
    /// What the definition is stored in did not do what it was asked.
    #[error("the definition could not be read")]
    Catalog(#[from] CatalogError),
    /// The queue did not do what it was asked.
    #[error("the queue did not take a message")]
    Queue(#[from] QueueError),
    /// It took so long that somebody else may be at it.
    #[error("the step took too long")]
    Lapsed,
    /// The operating system has no randomness.
    #[error("the operating system gives no randomness")]
    NoRandomness(#[from] getrandom::Error),
}

/// After so many conflicts in a row a step waits a little, instead of racing.
const CONFLICTS_MAX: u32 = 2;

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Moves an execution forward by what has happened, in one commit. `known` is its newest commit,
    /// as far as the caller knows; if another step was first, the events are applied to that.
    ///
    /// # Errors
    ///
    /// [`StepError`]. Nothing was committed, except that an unavailable store may have done it.
    pub(crate) async fn step(
        &self,
        execution: &ExecutionKey,
        machine: &StateMachine,
        known: Option<Loaded>,
        request: &Request<'_>,
    ) -> Result<Stepped, StepError> {
        let mut loaded = match known {
            Some(known) => known,
            None => self.load(execution).await?,
        };
        let mut conflicts = 0;
        loop {
            match self.try_step(execution, machine, loaded, request).await {
                Err(StepError::Store(StoreError::Conflict { .. })) => conflicts += 1,
                Err(error) => return Err(error),
                Ok(stepped) => {
                    let is_beaten = conflicts > 0;
                    return Ok(Stepped {
                        is_beaten,
                        ..stepped
                    });
                }
            }
            if conflicts > CONFLICTS_MAX {
                self.wait_out_of_turn().await?;
            }
            loaded = self.load(execution).await?;
        }
    }

    /// The newest commit; before the first one, a checkpoint of nothing.
    pub(crate) async fn load(&self, execution: &ExecutionKey) -> Result<Loaded, StoreError> {
        let loaded = self.store().load(execution).await?;
        Ok(loaded.unwrap_or_else(Loaded::nothing))
    }

    /// One to three seconds, so that those who are in each other's way get out of it.
    async fn wait_out_of_turn(&self) -> Result<(), StepError> {
        let [first, second, ..] = self.config().entropy.bytes()?;
        let spread = u64::from(u16::from_be_bytes([first, second])) % 2_000;
        let until = self
            .clock()
            .now()
            .after(Duration::from_millis(1_000 + spread));
        self.clock().sleep_until(until).await;
        Ok(())
    }

    async fn try_step(
        &self,
        execution: &ExecutionKey,
        machine: &StateMachine,
        loaded: Loaded,
        request: &Request<'_>,
    ) -> Result<Stepped, StepError> {
        let Loaded {
            number,
            cause,
            checkpoint,
        } = loaded;
        let now = self.clock().now();
        let events = self
            .with_answers(execution, &checkpoint, request, now)
            .await?;
        let before = logs::before(request.machine, &checkpoint);
        let mut whole = Whole::new(machine, checkpoint);
        for kind in events {
            whole.append(self.event(kind, now)?)?;
        }
        match request.claims {
            Some(claims) if request.takes_over || !whole.transition.is_empty() => {
                self.claim(&mut whole, claims, now)?;
            }
            _ => {}
        }
        let transition = whole.transition;
        if transition.is_empty() {
            return Ok(Stepped {
                loaded: Loaded {
                    number,
                    cause,
                    checkpoint: transition.checkpoint,
                },
                commands: Vec::new(),
                is_committed: false,
                is_beaten: false,
                is_shown: false,
            });
        }
        let number = number + 1;
        let shown = (!transition.history.is_empty())
            .then(|| Shown::of(number, &transition.checkpoint))
            .flatten();
        let commit = Commit {
            number,
            writer: self.config().entropy.nonce()?,
            cause: request.cause,
            transition: &transition,
            shown: shown.as_ref(),
        };
        if request.until.is_some_and(|until| Instant::now() >= until) {
            return Err(StepError::Lapsed);
        }
        let is_shown = self
            .store()
            .commit(execution, &commit)
            .await?
            .is_head_written;
        self.observer().committed(execution, &transition);
        if let (Some(machine), Some(before)) = (request.machine, before) {
            let (logs, logging) = (&*self.config().logs, &machine.revision.logging);
            logs::write(logs, execution, logging, before, &transition);
        }
        Ok(Stepped {
            loaded: Loaded {
                number,
                cause: request.cause,
                checkpoint: transition.checkpoint,
            },
            commands: transition.commands,
            is_committed: true,
            is_beaten: false,
            is_shown,
        })
    }

    /// Claims what has come due, as far as there is room.
    fn claim(
        &self,
        whole: &mut Whole<'_>,
        claims: Claims<'_>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let due = whole.transition.checkpoint.due_attempts();
        let attempts: Vec<AttemptId> = due.take(claims.room).collect();
        if !attempts.is_empty() {
            let kind = EventKind::AttemptsClaimed {
                attempts,
                claim: self.claim_of(claims.holder, now),
            };
            whole.append(self.event(kind, now)?)?;
        }
        Ok(())
    }

    /// The claim of a holder, from now on.
    pub(crate) fn claim_of(&self, holder: &str, now: Timestamp) -> Claim {
        Claim {
            holder: holder.to_owned(),
            until: now.after(self.config().claim_lifetime.unwrap_or_default()),
        }
    }

    fn event(&self, kind: EventKind, at: Timestamp) -> Result<Event, StepError> {
        let seed = self.config().entropy.seed()?;
        Ok(Event { at, seed, kind })
    }
}

impl Loaded {
    /// An execution without commits.
    pub(crate) fn nothing() -> Self {
        Self {
            number: 0,
            cause: None,
            checkpoint: Checkpoint::default(),
        }
    }
}

/// The answers to several events, as one transition.
struct Whole<'a> {
    machine: &'a StateMachine,
    transition: Transition,
}

impl<'a> Whole<'a> {
    fn new(machine: &'a StateMachine, checkpoint: Checkpoint) -> Self {
        Self {
            machine,
            transition: Transition {
                checkpoint,
                history: Vec::new(),
                payloads: Vec::new(),
                commands: Vec::new(),
                has_moved: false,
            },
        }
    }

    /// Appends the answer to one more event. What an earlier one owed may be done by a later one:
    /// only what the last checkpoint owes counts.
    fn append(&mut self, event: Event) -> Result<(), Corrupt> {
        let whole = &mut self.transition;
        let next = advance(self.machine, std::mem::take(&mut whole.checkpoint), event)?;
        whole.checkpoint = next.checkpoint;
        whole.history.extend(next.history);
        whole.payloads.extend(next.payloads);
        whole.has_moved |= next.has_moved;
        if !next.commands.is_empty() || !whole.commands.is_empty() {
            let owed = whole.checkpoint.commands();
            whole.commands.extend(next.commands);
            whole.commands.retain(|command| owed.contains(command));
        }
        Ok(())
    }
}

impl Shown {
    /// What the head row of an execution shows after a commit; `None` if it shows so from the start.
    pub(crate) fn of(commit: u64, checkpoint: &Checkpoint) -> Option<Self> {
        let end = end(checkpoint);
        (end.is_some() || checkpoint.redrives() > 0).then(|| Self {
            commit,
            end,
            redrives: checkpoint.redrives(),
            redriven_at: checkpoint.origin.as_ref().and_then(|o| o.redriven_at),
            is_redrivable: checkpoint.is_redrivable(),
        })
    }
}

/// What an execution ended with, if it has ended.
fn end(checkpoint: &Checkpoint) -> Option<End> {
    let (status, output, error) = match &checkpoint.status {
        Status::NotStarted | Status::Running => return None,
        Status::Succeeded { output } => (EndStatus::Succeeded, Some(*output), None),
        Status::Failed(error) => (EndStatus::Failed, None, Some(error.clone())),
        Status::Aborted(error) => (EndStatus::Aborted, None, Some(error.clone())),
        Status::TimedOut => (EndStatus::TimedOut, None, None),
    };
    Some(End {
        status,
        at: checkpoint.closed_at?,
        output,
        error,
    })
}
