//! A step: load, advance, commit.

use std::time::Duration;

use segno_asl::definition::{Diagnostics, StateMachine};
use segno_interpreter::{
    advance,
    checkpoint::{AttemptId, Checkpoint, Status},
    command::Command,
    event::{Event, EventKind, Timestamp},
    history::{Detail, HistoryEvent},
    key::ExecutionKey,
    payload::Payloads,
    transition::{Corrupt, Transition},
};

use tokio::time::Instant;

use crate::{
    Backend, Clock, Engine, Invoker,
    catalog::{CatalogError, Machine},
    config::Stride,
    logs,
    queue::{Body, Cause, Message, QueueError},
    store::{Commit, End, EndStatus, Loaded, Shown, StoreError},
};

/// What a step is asked to do.
#[derive(Debug, Default)]
pub(crate) struct Request<'a> {
    /// The state machine that the execution runs, if that is known.
    pub(crate) machine: Option<&'a Machine>,
    /// What has happened, in order.
    pub(crate) told: Vec<Told>,
    /// The message that guards what is done, unless one of those brings something about that are told.
    pub(crate) cause: Option<Cause>,
    /// The message that asks for what is not told: answers, and what came due earlier.
    pub(crate) asked_by: Option<Cause>,
    /// Whether the store may know answers to tokens that the checkpoint does not.
    pub(crate) folds_answers: bool,
    /// Whether what came due earlier is taken over, even if nothing else happens.
    pub(crate) takes_over: bool,
    /// Who performs what comes due. A step that runs in a caller claims nothing.
    pub(crate) claims: Option<Claims<'a>>,
    /// Nothing is committed from then on: somebody else may be at it.
    pub(crate) until: Option<Instant>,
    /// Before anything is committed, somebody is asked to look at the execution after that time.
    pub(crate) look_after: Option<Duration>,
}

/// Something that has happened.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) event: EventKind,
    /// The message that says so. `None`: it happened here.
    pub(crate) by: Option<Cause>,
}

impl Told {
    pub(crate) fn by(by: Option<Cause>, event: EventKind) -> Self {
        Self { event, by }
    }

    /// What has happened here.
    pub(crate) fn here(event: EventKind) -> Self {
        Self::by(None, event)
    }
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
    /// Whether the execution begins with that, or goes on after a redrive.
    pub(crate) is_begun: bool,
    /// Whether the head row shows it already.
    pub(crate) is_shown: bool,
}

impl Stepped {
    fn unchanged(loaded: Loaded) -> Self {
        Self {
            loaded,
            commands: Vec::new(),
            is_committed: false,
            is_begun: false,
            is_shown: false,
        }
    }
}

/// What comes of what has happened.
pub(crate) enum Outlook {
    /// Nothing: it was late, or repeated.
    Unchanged(Loaded),
    /// This is to be committed.
    Commit(Prepared),
}

/// A commit that is to be made.
pub(crate) struct Prepared {
    number: u64,
    cause: Option<Cause>,
    transition: Transition,
    /// What must be known to log what happens.
    before: Option<Payloads>,
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

impl StepError {
    /// Whether it may go well next time.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Store(StoreError::Unreadable { .. })
            | Self::Catalog(CatalogError::Unreadable { .. }) => false,
            Self::UnknownExecution(_) | Self::Definition { .. } | Self::Corrupt(_) => false,
            Self::Store(StoreError::Conflict { .. } | StoreError::Unavailable(_))
            | Self::Catalog(_)
            | Self::Queue(_)
            | Self::Lapsed
            | Self::NoRandomness(_) => true,
        }
    }
}

/// After so many conflicts in a row a step waits a little, instead of racing.
const CONFLICTS_MAX: u32 = 2;

/// So often a commit is tried whose answer is lost.
const TRIES: u32 = 3;

/// How long a step waits before it tries that.
const PAUSE: Duration = Duration::from_secs(1);

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
            let outlook = self.prepare(execution, machine, loaded, request).await?;
            let prepared = match outlook {
                Outlook::Commit(prepared) => prepared,
                Outlook::Unchanged(loaded) => return Ok(Stepped::unchanged(loaded)),
            };
            if conflicts == 0 {
                self.have_looked(execution, request).await?;
            }
            match self.put(execution, prepared, request).await {
                Err(StepError::Store(StoreError::Conflict { .. })) => conflicts += 1,
                result => return result,
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
        tokio::time::sleep(Duration::from_millis(1_000 + spread)).await;
        Ok(())
    }

    /// Asks somebody to look at the execution, should this be the end.
    async fn have_looked(
        &self,
        execution: &ExecutionKey,
        request: &Request<'_>,
    ) -> Result<(), StepError> {
        if let Some(delay) = request.look_after {
            let look = Message::recheck(execution.clone(), Body::Look);
            self.store().send(vec![look.after(delay)]).await?;
        }
        Ok(())
    }

    /// What comes of what has happened, without committing it.
    pub(crate) async fn prepare(
        &self,
        execution: &ExecutionKey,
        machine: &StateMachine,
        loaded: Loaded,
        request: &Request<'_>,
    ) -> Result<Outlook, StepError> {
        let Loaded {
            number,
            cause,
            checkpoint,
        } = loaded;
        let now = self.clock().now();
        let told = self
            .with_answers(execution, &checkpoint, request, now)
            .await?;
        let before = logs::before(request.machine, &checkpoint);
        let mut whole = Whole::new(machine, checkpoint, request.cause);
        for Told { event, by } in told {
            whole.append(self.event(event, now)?, by)?;
        }
        while let Some(number) = whole.continuation(self.config().stride) {
            whole.append(self.event(EventKind::Continued { number }, now)?, None)?;
        }
        match request.claims {
            Some(claims) if request.takes_over || !whole.transition.is_empty() => {
                self.claim(&mut whole, claims, request.asked_by, now)?;
            }
            _ => {}
        }
        let Whole {
            transition,
            cause: by,
            ..
        } = whole;
        if transition.is_empty() {
            return Ok(Outlook::Unchanged(Loaded {
                number,
                cause,
                checkpoint: transition.checkpoint,
            }));
        }
        Ok(Outlook::Commit(Prepared {
            number: number + 1,
            cause: by,
            transition,
            before,
        }))
    }

    /// Commits. A commit whose answer is lost is made again by the same writer: then it is recognised.
    pub(crate) async fn put(
        &self,
        execution: &ExecutionKey,
        prepared: Prepared,
        request: &Request<'_>,
    ) -> Result<Stepped, StepError> {
        let Prepared {
            number,
            cause,
            transition,
            before,
        } = prepared;
        let shown = (!transition.history.is_empty())
            .then(|| Shown::of(number, &transition.checkpoint))
            .flatten();
        let commit = Commit {
            number,
            writer: self.config().entropy.nonce()?,
            cause,
            transition: &transition,
            shown: shown.as_ref(),
        };
        let mut tries = 1;
        let committed = loop {
            if request.until.is_some_and(|until| Instant::now() >= until) {
                return Err(StepError::Lapsed);
            }
            match self.store().commit(execution, &commit).await {
                Err(StoreError::Unavailable(_)) if tries < TRIES => tries += 1,
                committed => break committed?,
            }
            tokio::time::sleep(PAUSE).await;
        };
        self.observer().committed(execution, &transition);
        if let (Some(machine), Some(before)) = (request.machine, before) {
            let (logs, logging) = (&*self.config().logs, &machine.revision.logging);
            logs::write(logs, execution, logging, before, &transition);
        }
        Ok(Stepped {
            loaded: Loaded {
                number,
                cause,
                checkpoint: transition.checkpoint,
            },
            commands: transition.commands,
            is_committed: true,
            is_begun: transition.history.iter().any(is_beginning),
            is_shown: committed.is_head_written,
        })
    }

    /// Claims what has come due, as far as there is room.
    fn claim(
        &self,
        whole: &mut Whole<'_>,
        claims: Claims<'_>,
        asked_by: Option<Cause>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let due = whole.transition.checkpoint.due_attempts();
        let fitting = due.filter(|attempt| self.fits(attempt));
        let attempts: Vec<AttemptId> = fitting
            .map(|attempt| attempt.id)
            .take(claims.room)
            .collect();
        if !attempts.is_empty() {
            let kind = EventKind::AttemptsClaimed {
                attempts,
                claim: self.claim_of(claims.holder, now),
            };
            // What has happened before is what they came due by.
            let by = asked_by.filter(|_| whole.transition.is_empty());
            whole.append(self.event(kind, now)?, by)?;
        }
        Ok(())
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
    /// The last message that brought something about.
    cause: Option<Cause>,
}

impl<'a> Whole<'a> {
    fn new(machine: &'a StateMachine, checkpoint: Checkpoint, cause: Option<Cause>) -> Self {
        Self {
            machine,
            cause,
            transition: Transition {
                checkpoint,
                history: Vec::new(),
                payloads: Vec::new(),
                commands: Vec::new(),
                has_moved: false,
            },
        }
    }

    /// The number of the continuation that belongs to this commit, too.
    fn continuation(&self, stride: Stride) -> Option<u64> {
        let whole = &self.transition;
        let bytes = || -> usize { whole.payloads.iter().map(|(_, p)| p.text_bytes()).sum() };
        (!whole.is_empty() && whole.history.len() < stride.events && bytes() < stride.bytes)
            .then(|| whole.checkpoint.continuation())
            .flatten()
    }

    /// Appends the answer to one more event. What an earlier one owed may be done by a later one:
    /// only what the last checkpoint owes counts.
    fn append(&mut self, event: Event, by: Option<Cause>) -> Result<(), Corrupt> {
        let whole = &mut self.transition;
        let next = advance(self.machine, std::mem::take(&mut whole.checkpoint), event)?;
        if !next.is_empty() {
            self.cause = by.or(self.cause);
        }
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

/// Whether an execution runs from this event on.
fn is_beginning(event: &HistoryEvent) -> bool {
    matches!(
        event.detail,
        Detail::ExecutionStarted { .. } | Detail::ExecutionRedriven { .. }
    )
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
