//! A session: one execution in the hands of one worker, from the message that woke it until nothing
//! is left to do but wait.
//!
//! The messages it has received guard what it does: if the worker dies, they are received again, and
//! whoever receives them does what the checkpoint still owes. One is enough: the *guard*, the last one
//! that brought a commit about. All are deleted only after what was committed has been handed on.

mod claims;
mod events;
mod guard;
mod hand_on;
mod jobs;
mod perform;
mod tell;

pub(crate) use self::{
    events::started,
    perform::{Attempts, Ended},
};

use std::{collections::BTreeSet, future::pending, sync::Arc, time::Duration};

use segno_asl::definition::StateMachine;
use segno_interpreter::{
    checkpoint::AttemptId,
    event::{EventKind, Timestamp},
    key::ExecutionKey,
};
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep, sleep_until},
};

use self::{claims::Holder, jobs::Errands, tell::Telling};
use crate::{
    Backend, Clock, Engine, Invoker, StepError,
    queue::{Body, Cause, Received},
    step::{Claims, Request, Stepped, Told},
    store::{Head, Loaded},
};

/// How long a session waits before it tries again what a store or a queue did not do.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) struct Session<S, I, C> {
    engine: Engine<S, I, C>,
    execution: ExecutionKey,
    inbox: UnboundedReceiver<Received>,
    /// What was received, and nothing was done about yet.
    unread: Vec<Received>,
    /// What was received and is not deleted yet, the guard first.
    held: Vec<Received>,
    /// What is known of the execution.
    subject: Option<Subject>,
    /// Its newest commit. It is read again with each message: somebody else may have made another.
    loaded: Option<Loaded>,
    /// The number of the last commit that was made here.
    committed: u64,
    attempts: Attempts,
    /// What is asked and done about jobs.
    errands: Errands,
    /// Status changes that are being told.
    telling: Telling,
    holder: Holder,
    /// What has happened here, and is not committed yet.
    events: Vec<EventKind>,
    /// Attempts that are due, and that another worker was asked to take.
    passed_on: BTreeSet<AttemptId>,
    /// The wake-up that is to be sent when the session lets go.
    owed_wake: Option<u64>,
    /// Whether it is not known what was done of what the checkpoint owes.
    must_recheck: bool,
    /// Whether something is due, and there is room for it by now.
    has_room: bool,
    /// When messages and claims are renewed, if they run out.
    renewal: Option<Instant>,
}

/// What a session is about.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) head: Arc<Head>,
    pub(crate) machine: Arc<StateMachine>,
}

impl<S: Backend, I: Invoker, C: Clock> Session<S, I, C> {
    pub(crate) fn new(
        engine: Engine<S, I, C>,
        execution: ExecutionKey,
        inbox: UnboundedReceiver<Received>,
    ) -> Self {
        let renewal = engine
            .renewal_period()
            .map(|period| Instant::now() + period);
        Self {
            engine,
            execution,
            inbox,
            unread: Vec::new(),
            held: Vec::new(),
            subject: None,
            loaded: None,
            committed: 0,
            attempts: Attempts::default(),
            errands: Errands::default(),
            telling: Telling::default(),
            holder: Holder::default(),
            events: Vec::new(),
            passed_on: BTreeSet::new(),
            owed_wake: None,
            must_recheck: false,
            has_room: false,
            renewal,
        }
    }

    /// Goes on until nothing is left to do.
    pub(crate) async fn run(mut self) {
        loop {
            self.see_through().await;
            // Something may have come in at the last moment.
            match self.engine.leave(&self.execution, &mut self.inbox) {
                Some(received) => self.unread.push(received),
                None => return,
            }
        }
    }

    /// What did not work is tried again: calls that are being made go on meanwhile. What never will
    /// work is left.
    async fn see_through(&mut self) {
        while let Err(error) = self.go_on().await {
            if !error.is_passing() {
                return self.give_up(&error).await;
            }
            tracing::warn!(
                execution = self.execution.arn,
                error = &error as &dyn std::error::Error,
                "the execution stands still for a moment"
            );
            // How far it got is not known.
            self.must_recheck = true;
            self.loaded = None;
            sleep(PAUSE).await;
        }
    }

    async fn go_on(&mut self) -> Result<(), StepError> {
        loop {
            self.read();
            if self.has_lapsed() {
                self.lose_guard();
            }
            match self.is_guarded() {
                true if self.has_work() => {
                    self.turn().await?;
                    self.engine.recovery().has_looked(&self.execution);
                }
                true => {}
                false => self.send_on(Duration::ZERO).await?,
            }
            if self.has_work() {
                // Other executions get a turn in between.
                tokio::task::yield_now().await;
            } else if !self.wait().await {
                return self.let_go().await;
            }
        }
    }

    fn read(&mut self) {
        while let Ok(message) = self.inbox.try_recv() {
            self.unread.push(message);
        }
    }

    fn has_work(&self) -> bool {
        self.must_recheck
            || self.has_room
            || self.holder.is_renamed()
            || !self.events.is_empty()
            || self
                .unread
                .iter()
                .any(|received| !self.is_being_called(received))
    }

    /// The end of a child that its call has not told of yet can wait: the call is over in a moment, and
    /// a history tells of it first.
    fn is_being_called(&self, received: &Received) -> bool {
        match received.message.body {
            Body::ChildEnded { attempt, .. } => self.attempts.contains(attempt),
            _ => false,
        }
    }

    /// One step, and what it owes.
    async fn turn(&mut self) -> Result<(), StepError> {
        let (later, received) = std::mem::take(&mut self.unread)
            .into_iter()
            .partition(|received| self.is_being_called(received));
        self.unread = later;
        match self.step(&received).await {
            Ok(Some(turned)) => self.follow_up(received, turned).await,
            // There is no such execution yet, or its name belongs to another one.
            Ok(None) => self.dismiss(received).await,
            Err(error) => {
                self.unread.extend(received);
                match error {
                    // What was found out is sent on.
                    StepError::Lapsed => {
                        self.lose_guard();
                        Ok(())
                    }
                    error => Err(error),
                }
            }
        }
    }

    /// What has happened, as one commit. `None` if there is no such execution.
    async fn step(&mut self, received: &[Received]) -> Result<Option<Turned>, StepError> {
        let Some(subject) = self.subject(received).await? else {
            return Ok(None);
        };
        let loaded = self.newest(received).await?;
        let rechecks = self.rechecks(received, &loaded);
        let mut told = self.told(&subject, received, &loaded.checkpoint).await?;
        let (mut claimed_until, mut attempts_lost) = (None, 0);
        if rechecks.is_some() {
            let lost = self.lost(&subject, &loaded.checkpoint).await?;
            attempts_lost = lost.attempts();
            told.extend(
                lost.events
                    .into_iter()
                    .map(|event| Told::by(rechecks, event)),
            );
            claimed_until = lost.claimed_until;
        }
        let asks = |received: &&Received| received.is_recheck() || is_about_rest(received);
        let asked_by = rechecks.or(received.iter().rfind(asks).map(|received| received.cause));
        let config = self.engine.config();
        let holder = self.holder.name(&config.entropy)?.to_owned();
        let request = Request {
            machine: Some(&subject.head.machine),
            told,
            cause: self.held.first().map(|guard| guard.cause),
            asked_by,
            folds_answers: rechecks.is_some() || received.iter().any(is_answer),
            takes_over: rechecks.is_some()
                || self.has_room
                || received.is_empty()
                || received.iter().any(is_due),
            claims: Some(Claims {
                holder: &holder,
                room: self.attempts.room(config.attempts_max),
            }),
            until: self.lapses_at(received),
            look_after: self.look_after(received, rechecks.is_some()),
        };
        let begun = Instant::now();
        let machine = &subject.machine;
        let stepped = self
            .engine
            .step(&self.execution, machine, Some(loaded), &request);
        let stepped = stepped.await?;
        if attempts_lost > 0 && stepped.is_committed {
            let now = self.engine.clock().now();
            let observer = self.engine.observer();
            observer.lost(&self.execution, attempts_lost, now);
        }
        Ok(Some(Turned {
            subject,
            stepped,
            begun,
            is_recheck: rechecks.is_some(),
            asked_by,
            claimed_until,
        }))
    }

    /// The newest commit. What somebody was told may be about one that is not known here.
    async fn newest(&mut self, received: &[Received]) -> Result<Loaded, StepError> {
        let is_new = self.loaded.is_none() && self.held.is_empty() && !received.is_empty();
        match self.loaded.take() {
            Some(loaded) if received.is_empty() && !self.must_recheck => Ok(loaded),
            // If that is wrong, the commit conflicts.
            _ if is_new && received.iter().all(is_fresh_start) => Ok(Loaded::nothing()),
            _ => Ok(self.engine.load(&self.execution).await?),
        }
    }

    /// What the step owes is done; then the messages may go that nothing depends on any more.
    async fn follow_up(
        &mut self,
        received: Vec<Received>,
        turned: Turned,
    ) -> Result<(), StepError> {
        self.events.clear();
        self.must_recheck = false;
        self.holder.claimed_anew();
        self.keep(&received, &turned);
        let checkpoint = &turned.stepped.loaded.checkpoint;
        let holder = self.holder.known().unwrap_or_default();
        self.attempts.keep_claimed(checkpoint, holder);
        self.errands.keep_owed(checkpoint);
        self.perform(&turned);
        self.tell(&received, &turned);
        // Only now it is known which calls are over.
        self.has_room = (turned.stepped.is_committed || turned.is_recheck)
            && self.attempts.room(self.engine.config().attempts_max) > 0
            && self.engine.has_fitting(&turned.stepped.loaded.checkpoint);
        self.hand_on(&turned).await?;
        self.put_back_early(&received, checkpoint).await?;
        self.pass_on_due(&received, checkpoint).await?;
        self.loaded = Some(turned.stepped.loaded);
        self.delete_all_but_the_guard().await;
        Ok(())
    }

    /// Waits until something happens. `false` if nothing will, here.
    async fn wait(&mut self) -> bool {
        let checkpoint = self.loaded.as_ref().map(|loaded| &loaded.checkpoint);
        let wake = checkpoint.and_then(|checkpoint| checkpoint.wake);
        let is_open = checkpoint.is_some_and(|checkpoint| !checkpoint.status.is_closed());
        let is_idle = self.attempts.is_empty() && self.errands.is_empty();
        if is_idle && self.telling.is_empty() && !(is_open && self.engine.config().holds_on) {
            return !self.inbox.is_empty();
        }
        // A child moves its parent as little as a call does by letting time jump, and so does a job.
        let can_jump =
            is_idle && checkpoint.is_some_and(|c| c.children.is_empty() && c.jobs.is_empty());
        let clock = self.engine.clock();
        let timer = async {
            match wake {
                Some(wake) if can_jump => clock.pass_until(wake.due).await,
                Some(wake) => clock.sleep_until(wake.due).await,
                None => pending().await,
            }
        };
        let renewal = async {
            match self.renewal {
                Some(at) => sleep_until(at).await,
                None => pending().await,
            }
        };
        let mut is_renewal_due = false;
        let mut ended = None;
        // In this order, so that whoever repeats a run sees the same.
        tokio::select! {
            biased;
            () = renewal => is_renewal_due = true,
            () = timer => {
                self.events.extend(wake.map(|wake| EventKind::Woken { number: wake.number }));
            }
            Some(event) = self.attempts.next() => ended = Some(event),
            Some(event) = self.errands.next() => self.events.push(event),
            Some(()) = self.telling.next() => {}
            Some(received) = self.inbox.recv() => self.unread.push(received),
        }
        if is_renewal_due {
            self.renew().await;
        }
        self.events.extend(self.errands.others());
        let others = self.attempts.others();
        for ended in ended.into_iter().chain(others) {
            self.took_note(ended);
        }
        true
    }
}

/// A step that was made, and what was known before it.
struct Turned {
    subject: Subject,
    stepped: Stepped,
    /// When the step began: claims hold from then on.
    begun: Instant,
    /// Whether it is not known what was done before of what the checkpoint owes.
    is_recheck: bool,
    /// The message that asks for more than an event of its own.
    asked_by: Option<Cause>,
    /// Somebody else has promised to perform attempts, until then.
    claimed_until: Option<Timestamp>,
}

/// Whether a message begins an execution that can hardly have a commit yet.
fn is_fresh_start(received: &Received) -> bool {
    matches!(received.message.body, Body::Start(_)) && !received.is_recheck()
}

/// Whether a message asks to perform what came due earlier.
fn is_due(received: &Received) -> bool {
    matches!(received.message.body, Body::Due { .. })
}

fn is_answer(received: &Received) -> bool {
    matches!(received.message.body, Body::Answered)
}

/// Whether a message is about what the store knows, and brings no event of its own.
fn is_about_rest(received: &Received) -> bool {
    is_due(received) || is_answer(received)
}
