//! Jobs that tasks have started: the polls that ask about them, and the cancelling of those that nobody
//! waits for.
//!
//! Neither is claimed: both may be done twice. What is begun here was owed by a commit of this session,
//! or by one whose maker is gone.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint},
    command::Command,
    event::{EventKind, Polled},
};
use tokio::{
    sync::Semaphore,
    task::{AbortHandle, JoinError, JoinSet},
    time::{sleep, timeout},
};

use super::{Session, Subject};
use crate::{
    Backend, Clock, Engine, Invoker,
    invoker::{Call, Job},
};

/// How long a poll, or a try to cancel, may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// So often it is tried to cancel a job.
const CANCEL_TRIES: u32 = 3;

/// How long it takes until that is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// What is being done about jobs. Dropping it abandons that.
#[derive(Default)]
pub(crate) struct Errands {
    calls: JoinSet<(Command, EventKind)>,
    handles: BTreeMap<Command, AbortHandle>,
    /// As many at once as a worker makes calls.
    permits: Option<Arc<Semaphore>>,
}

impl Errands {
    pub(crate) fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    /// Waits for the next one to end; never, if there is none.
    pub(crate) async fn next(&mut self) -> Option<EventKind> {
        loop {
            let ended = self.calls.join_next().await?;
            if let Some(event) = self.ended(ended) {
                return Some(event);
            }
        }
    }

    /// What else has ended meanwhile.
    pub(crate) fn others(&mut self) -> Vec<EventKind> {
        let mut others = Vec::new();
        while let Some(ended) = self.calls.try_join_next() {
            others.extend(self.ended(ended));
        }
        others
    }

    fn ended(&mut self, ended: Result<(Command, EventKind), JoinError>) -> Option<EventKind> {
        let (command, event) = match ended {
            Ok(ended) => ended,
            Err(broken) if broken.is_panic() => self.broken(&broken)?,
            Err(_cancelled) => return None,
        };
        self.handles.remove(&command).map(|_| event)
    }

    /// One that panicked has found nothing out.
    fn broken(&self, broken: &JoinError) -> Option<(Command, EventKind)> {
        let mut handles = self.handles.iter();
        let (command, _) = handles.find(|(_, handle)| handle.id() == broken.id())?;
        tracing::error!(error = broken as &dyn std::error::Error, "a call panicked");
        let event = match *command {
            Command::Poll { attempt, number } => polled(attempt, number, Polled::Running),
            Command::CancelJob(attempt) => EventKind::JobCancelled { attempt },
            _ => return None,
        };
        Some((*command, event))
    }

    fn begin(
        &mut self,
        command: Command,
        errand: impl Future<Output = EventKind> + Send + 'static,
    ) {
        let handle = self.calls.spawn(async move { (command, errand.await) });
        self.handles.insert(command, handle);
    }

    /// What is no longer owed is not waited for.
    pub(super) fn keep_owed(&mut self, checkpoint: &Checkpoint) {
        if self.handles.is_empty() {
            return;
        }
        let owed = checkpoint.commands();
        self.handles.retain(|command, handle| {
            let is_owed = owed.contains(command);
            if !is_owed {
                handle.abort();
            }
            is_owed
        });
    }

    pub(super) fn abandon_all(&mut self) {
        self.calls.abort_all();
        self.handles.clear();
    }
}

impl<S: Backend, I: Invoker, C: Clock> Session<S, I, C> {
    /// Asks about a job, or cancels it. What is being done already is not begun again.
    pub(super) fn run_errand(
        &mut self,
        subject: &Subject,
        checkpoint: &Checkpoint,
        command: Command,
        attempt: AttemptId,
    ) {
        let Some(job) = Job::of(subject, checkpoint, attempt) else {
            return;
        };
        if self.errands.handles.contains_key(&command) {
            return;
        }
        let engine = self.engine.clone();
        let room = engine
            .config()
            .attempts_max
            .clamp(1, Semaphore::MAX_PERMITS);
        let permits = self
            .errands
            .permits
            .get_or_insert_with(|| Arc::new(Semaphore::new(room)));
        let permits = Arc::clone(permits);
        self.errands.begin(command, async move {
            let _permit = permits.acquire().await;
            match command {
                Command::Poll { number, .. } => polled(attempt, number, engine.poll(job).await),
                _ => {
                    engine.cancel(job).await;
                    EventKind::JobCancelled { attempt }
                }
            }
        });
    }
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// A poll without an answer has found nothing out.
    async fn poll(&self, job: Job) -> Polled {
        let (execution, state) = (job.call.execution_arn.clone(), job.call.state.clone());
        let polled = timeout(ANSWER_TIME_MAX, self.invoker().poll(job)).await;
        polled.unwrap_or_else(|_elapsed| {
            tracing::warn!(execution, %state, "a job was asked about, and there is no answer");
            Polled::Running
        })
    }

    /// Tries to cancel a job: whoever started it does not wait for it, nor for this.
    async fn cancel(&self, job: Job) {
        for tries in 1..=CANCEL_TRIES {
            let cancelled = timeout(ANSWER_TIME_MAX, self.invoker().cancel(job.clone())).await;
            let why = match cancelled {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.cause.unwrap_or_default(),
                Err(_elapsed) => "there is no answer".to_owned(),
            };
            let Call {
                execution_arn: execution,
                state,
                ..
            } = &job.call;
            tracing::warn!(execution, %state, tries, why, "a job is not cancelled");
            if tries < CANCEL_TRIES {
                sleep(PAUSE).await;
            }
        }
    }
}

impl Job {
    /// The job that an attempt has started; `None` if there is none any more.
    fn of(subject: &Subject, checkpoint: &Checkpoint, attempt: AttemptId) -> Option<Self> {
        let job = checkpoint.job(attempt)?;
        let response = checkpoint.payloads.get(job.response)?.clone();
        let Subject { head, machine } = subject;
        let call = Call::in_state(head, machine, checkpoint, &job.state, attempt, job.input)?;
        Some(Self {
            call: Call {
                credentials_role_arn: job.credentials_role_arn.clone(),
                ..call
            },
            response,
            polls: job.polls,
        })
    }
}

fn polled(attempt: AttemptId, number: u32, polled: Polled) -> EventKind {
    EventKind::JobPolled {
        attempt,
        number,
        polled,
    }
}
