//! A session: one execution in the hands of one worker, from the message that woke it until nothing
//! is left to do but wait.
//!
//! The messages it has received guard what it does: if the worker dies, they are received again, and
//! whoever receives them does what the checkpoint still owes. So at least one is kept for as long as
//! calls are being made, and all are deleted only after what was committed has been handed on.

mod events;
mod hand_on;
mod perform;

pub(crate) use self::{events::started, perform::Attempts};

use std::{future::pending, sync::Arc};

use segno_asl::definition::StateMachine;
use segno_interpreter::{event::EventKind, key::ExecutionKey};
use tokio::{sync::mpsc::UnboundedReceiver, time::Instant};

use crate::{
    Backend, Clock, Engine, Invoker, StepError,
    queue::{Body, Receipt, Received},
    step::{Claims, Request},
    store::{Head, Loaded},
};

pub(crate) struct Session<S, I, C> {
    engine: Engine<S, I, C>,
    execution: ExecutionKey,
    /// Names the claims of this session: no other session ever has this name.
    holder: String,
    inbox: UnboundedReceiver<Received>,
    /// What was received and not looked at yet.
    unread: Vec<Received>,
    /// What was received and is not deleted yet, the guard first.
    held: Vec<Receipt>,
    held_since: Instant,
    /// What is known of the execution. It is read when it is needed, and again after a conflict.
    subject: Option<Subject>,
    loaded: Option<Loaded>,
    attempts: Attempts,
    /// What has happened here, and is not committed yet.
    events: Vec<EventKind>,
    /// The wake-up that was sent last.
    sent_wake: Option<u64>,
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
        holder: String,
        inbox: UnboundedReceiver<Received>,
    ) -> Self {
        Self {
            engine,
            execution,
            holder,
            inbox,
            unread: Vec::new(),
            held: Vec::new(),
            held_since: Instant::now(),
            subject: None,
            loaded: None,
            attempts: Attempts::default(),
            events: Vec::new(),
            sent_wake: None,
        }
    }

    /// Goes on until nothing is left to do. What cannot be done is tried again by whoever receives
    /// the messages once more.
    pub(crate) async fn run(mut self) {
        loop {
            if let Err(error) = self.go_on().await {
                self.give_up(&error).await;
            }
            // Something may have come in at the last moment.
            match self.engine.leave(&self.execution, &mut self.inbox) {
                Some(received) => self.unread.push(received),
                None => return,
            }
        }
    }

    async fn go_on(&mut self) -> Result<(), StepError> {
        loop {
            let received = self.read();
            self.turn(received).await?;
            if self.has_lapsed() {
                return self.abandon().await;
            }
            if !self.events.is_empty() {
                // Other executions get a turn in between.
                tokio::task::yield_now().await;
            } else if !self.wait().await {
                return self.let_go().await;
            }
        }
    }

    /// Takes what was received, and answers for it from now on.
    fn read(&mut self) -> Vec<Received> {
        while let Ok(message) = self.inbox.try_recv() {
            self.unread.push(message);
        }
        // The end of a child that its call has not told of yet can wait: the call is over in a moment,
        // and a history tells of it first.
        let (received, unread) = std::mem::take(&mut self.unread)
            .into_iter()
            .partition(|received| !self.is_being_called(received));
        self.unread = unread;
        let received: Vec<Received> = received;
        if self.held.is_empty() {
            self.held_since = Instant::now();
        }
        self.held
            .extend(received.iter().map(|received| received.receipt.clone()));
        received
    }

    fn is_being_called(&self, received: &Received) -> bool {
        match received.message.body {
            Body::ChildEnded { attempt, .. } => self.attempts.contains(attempt),
            _ => false,
        }
    }

    /// One step, and what it owes.
    async fn turn(&mut self, received: Vec<Received>) -> Result<(), StepError> {
        let Some(subject) = self.subject(&received).await? else {
            // There is no such execution yet, or its name belongs to another one.
            self.events.clear();
            return self.entomb(received).await;
        };
        let loaded = match self.loaded.take() {
            Some(loaded) if !received.iter().any(is_about_others) => loaded,
            None if received.iter().all(is_fresh_start) && !received.is_empty() => {
                Loaded::nothing()
            }
            _ => self.engine.load(&self.execution).await?,
        };
        let is_recheck = received.iter().any(|received| {
            received.is_recheck() || loaded.cause.is_some_and(|cause| cause == received.cause)
        });
        let mut events = std::mem::take(&mut self.events);
        for received in &received {
            events.extend(
                self.event_of(&subject, received, &loaded.checkpoint)
                    .await?,
            );
        }
        if is_recheck {
            events.extend(self.lost(&subject, &loaded.checkpoint).await?);
            self.look_again_later().await?;
        }
        let has_news = !self.held.is_empty() && received.is_empty();
        let request = Request {
            machine: Some(&subject.head.machine),
            takes_over: is_recheck || has_news || received.iter().any(is_due),
            until: self.lapses_at(),
            events,
            cause: received.first().map(|received| received.cause),
            folds_answers: is_recheck || received.iter().any(is_answer),
            claims: Some(Claims {
                holder: &self.holder,
                room: self.attempts.room(self.engine.config().attempts_max),
            }),
        };
        let begun = Instant::now();
        let machine = &subject.machine;
        let stepped = self
            .engine
            .step(&self.execution, machine, Some(loaded), &request)
            .await;
        if matches!(stepped, Err(StepError::Lapsed)) {
            // What was found out is sent on.
            self.events = request.events;
            return Ok(());
        }
        let stepped = stepped?;
        self.attempts
            .keep_claimed(&stepped.loaded.checkpoint, &self.holder);
        self.perform(&subject, &stepped, begun);
        self.hand_on(&subject, &stepped, is_recheck).await?;
        self.put_back_early(&received, &stepped.loaded.checkpoint)
            .await?;
        self.loaded = Some(stepped.loaded);
        self.delete_all_but_the_guard().await
    }

    /// Waits until something happens. `false` if nothing will, here.
    async fn wait(&mut self) -> bool {
        let checkpoint = self.loaded.as_ref().map(|loaded| &loaded.checkpoint);
        let wake = checkpoint.and_then(|checkpoint| checkpoint.wake);
        let is_open = checkpoint.is_some_and(|checkpoint| !checkpoint.status.is_closed());
        let is_idle = self.attempts.is_empty();
        if is_idle && !(is_open && self.engine.config().holds_on) {
            return !self.inbox.is_empty();
        }
        // A child moves its parent as little as a call does by letting time jump.
        let can_jump = is_idle && checkpoint.is_some_and(|c| c.children.is_empty());
        let clock = self.engine.clock();
        let timer = async {
            match wake {
                Some(wake) if can_jump => clock.pass_until(wake.due).await,
                Some(wake) => clock.sleep_until(wake.due).await,
                None => pending().await,
            }
        };
        let renewal = async {
            match self.engine.renewal_period() {
                Some(period) => tokio::time::sleep(period).await,
                None => pending().await,
            }
        };
        let mut is_renewal_due = false;
        tokio::select! {
            Some(received) = self.inbox.recv() => self.unread.push(received),
            Some(event) = self.attempts.next() => self.events.push(event),
            () = timer => {
                self.events.extend(wake.map(|wake| EventKind::Woken { number: wake.number }));
            }
            () = renewal => is_renewal_due = true,
        }
        if is_renewal_due {
            self.renew().await;
        }
        self.events.extend(self.attempts.others());
        true
    }
}

/// Whether a message is about what somebody else may have committed.
fn is_about_others(received: &Received) -> bool {
    match received.message.body {
        Body::Stop { .. } | Body::Redrive { .. } | Body::Look => true,
        Body::Start(_)
        | Body::Wake { .. }
        | Body::Due { .. }
        | Body::Ended { .. }
        | Body::Answered
        | Body::ChildEnded { .. } => received.is_recheck(),
    }
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
