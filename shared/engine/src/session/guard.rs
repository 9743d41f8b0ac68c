//! The messages of a session: what guards its work, for how long, and what becomes of it afterwards.

use std::time::Duration;

use segno_interpreter::{checkpoint::Checkpoint, event::EventKind};
use tokio::time::Instant;

use super::{Session, Turned};
use crate::{
    Backend, Clock, Invoker, StepError,
    queue::{Body, Cause, Message, Receipt, Received},
    store::Loaded,
};

/// How long what cannot be handled waits before it is tried again.
const POISON_DELAY: Duration = Duration::from_secs(60);

impl<S: Backend, I: Invoker, C: Clock> Session<S, I, C> {
    /// Whether a message is held that is received again, should this be the end.
    pub(super) fn is_guarded(&self) -> bool {
        !(self.held.is_empty() && self.unread.is_empty())
    }

    /// Whether what the checkpoint owes is to be done once more, and by which message.
    pub(super) fn rechecks(&self, received: &[Received], newest: &Loaded) -> Option<Cause> {
        let again = received.iter().rfind(|received| received.is_recheck());
        let guard = self.held.first().filter(|_| self.must_recheck);
        again
            .or(guard)
            .map(|message| message.cause)
            .or_else(|| self.named(received, newest))
            .or_else(|| {
                received
                    .first()
                    .filter(|_| self.must_recheck)
                    .map(|r| r.cause)
            })
    }

    /// A message that somebody else has brought the newest commit about with: it was delivered twice.
    fn named(&self, received: &[Received], newest: &Loaded) -> Option<Cause> {
        let cause = newest.cause.filter(|_| newest.number != self.committed)?;
        let mut messages = self.held.iter().chain(received);
        messages
            .any(|message| message.cause == cause)
            .then_some(cause)
    }

    /// Whoever commits for a message that was received before has somebody look once more, should this
    /// be the end as well: a queue that delivered it twice forgets it with the first deletion.
    pub(super) fn look_after(&self, received: &[Received], is_recheck: bool) -> Option<Duration> {
        let was_received = received.iter().any(|received| received.receives > 1);
        let is_named = is_recheck && !received.iter().any(Received::is_recheck);
        self.engine
            .store()
            .visibility()
            .filter(|_| was_received || is_named)
    }

    /// Takes messages into keeping: the last one that brought something about is the guard.
    pub(super) fn keep(&mut self, received: &[Received], turned: &Turned) {
        let Turned {
            stepped,
            is_recheck,
            asked_by,
            ..
        } = turned;
        self.held.extend_from_slice(received);
        let guard = match (stepped.is_committed, is_recheck) {
            (true, _) => stepped.loaded.cause,
            (false, true) => *asked_by,
            (false, false) => None,
        };
        let place = guard.and_then(|cause| self.held.iter().rposition(|h| h.cause == cause));
        if let Some(place) = place {
            self.held.swap(0, place);
        }
        if stepped.is_committed {
            self.committed = stepped.loaded.number;
        } else if !is_recheck {
            // That was found out only when somebody else's commit was in the way.
            let is_named = self.named(&[], &stepped.loaded).is_some();
            let is_start = received
                .iter()
                .any(|r| matches!(r.message.body, Body::Start(_)));
            self.must_recheck = is_named || is_start && is_entombed(&stepped.loaded.checkpoint);
        }
    }

    /// Deletes what is finished with. As long as there is something to do, one message is kept.
    pub(super) async fn delete_all_but_the_guard(&mut self) {
        // What tells of a start guards that it is told.
        if !self.telling.is_empty() {
            return;
        }
        let is_idle = self.attempts.is_empty() && self.errands.is_empty();
        let goes_on = !is_idle || self.has_work();
        let Some(guard) = self.held.first().filter(|_| goes_on && !self.has_lapsed()) else {
            return;
        };
        // It may have been received twice: whichever receipt is deleted, it is gone.
        let cause = guard.cause;
        let (kept, finished): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|message| message.cause == cause);
        self.held = kept;
        if !finished.is_empty() {
            self.engine.delete(receipts(&finished)).await;
        }
    }

    /// Nothing is left to do but wait: the wake-up is sent, and the messages are deleted.
    pub(super) async fn let_go(&mut self) -> Result<(), StepError> {
        self.send_wake().await?;
        let held = std::mem::take(&mut self.held);
        if !self.has_lapsed_of(&held) {
            self.engine.delete(receipts(&held)).await;
        }
        Ok(())
    }

    /// When it is too late to commit for these messages, and for those that are held: somebody else may
    /// receive them soon.
    pub(super) fn lapses_at(&self, received: &[Received]) -> Option<Instant> {
        let margin = self.engine.store().visibility()? / 4;
        let messages = self.held.iter().chain(received);
        let first = messages.filter_map(|message| message.until).min()?;
        Some(first - margin)
    }

    /// Whether somebody else may receive the messages soon.
    pub(super) fn has_lapsed(&self) -> bool {
        let at = self.lapses_at(&self.unread);
        at.is_some_and(|at| Instant::now() >= at)
    }

    fn has_lapsed_of(&self, messages: &[Received]) -> bool {
        let at = self.lapses_at(messages);
        at.is_some_and(|at| Instant::now() >= at)
    }

    /// Leaves the messages to whoever receives them next. Calls that are being made go on: what comes of
    /// them is sent on.
    pub(super) fn lose_guard(&mut self) {
        self.held.clear();
        self.unread.clear();
        self.loaded = None;
        self.has_room = false;
        // The messages may be gone: somebody else had them, too.
        self.must_recheck = true;
    }

    /// What was found out and cannot be committed here is sent on, and whoever receives that looks at
    /// what is owed.
    pub(super) async fn send_on(&mut self, delay: Duration) -> Result<(), StepError> {
        if self.holder.is_renamed() {
            // Here it cannot be claimed anew.
            self.holder.let_go(&mut self.attempts);
            self.must_recheck = true;
        }
        // Whoever looks asks again about jobs, and cancels them again.
        self.must_recheck |= self.events.iter().any(is_about_job);
        let ended = self.events.iter().filter_map(|event| match event {
            EventKind::AttemptEnded { attempt, outcome } => Some(Body::Ended {
                attempt: *attempt,
                outcome: outcome.clone(),
            }),
            // Everything else is owed by the checkpoint.
            _ => None,
        });
        let to = |body| Message::new(self.execution.clone(), body);
        let mut messages: Vec<_> = ended.map(|body| to(body).after(delay)).collect();
        if self.must_recheck {
            let look = Message::recheck(self.execution.clone(), Body::Look);
            messages.push(look.after(delay));
        }
        if !messages.is_empty() {
            self.engine.store().send(messages).await?;
        }
        self.events.clear();
        self.must_recheck = false;
        self.owed_wake = None;
        Ok(())
    }

    /// What never will work is left to whoever receives the messages next: it may be a newer release.
    pub(super) async fn give_up(&mut self, error: &StepError) {
        tracing::error!(
            execution = self.execution.arn,
            error = error as &dyn std::error::Error,
            "the execution stands still"
        );
        self.holder.let_go(&mut self.attempts);
        self.errands.abandon_all();
        self.engine.recovery().has_looked(&self.execution);
        self.loaded = None;
        self.has_room = false;
        self.must_recheck = false;
        let mut messages = std::mem::take(&mut self.held);
        messages.append(&mut self.unread);
        let mut done = self.send_on(POISON_DELAY).await;
        if self.engine.store().visibility().is_none() {
            // Here messages do not come back by themselves.
            let again = messages.iter().map(|received| Message {
                is_recheck: true,
                ..received.message.clone()
            });
            let again = again.map(|message| message.after(POISON_DELAY)).collect();
            done = done.and(
                self.engine
                    .store()
                    .send(again)
                    .await
                    .map_err(StepError::from),
            );
            if done.is_ok() {
                self.engine.delete(receipts(&messages)).await;
            }
        }
        if let Err(error) = done {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "what was found out is lost");
        }
    }

    /// Keeps the messages and the claims of this session from running out.
    pub(super) async fn renew(&mut self) {
        let asked = Instant::now();
        self.renewal = self.engine.renewal_period().map(|period| asked + period);
        let store = self.engine.store();
        if let Some(visibility) = store
            .visibility()
            .filter(|_| self.is_guarded() && !self.has_lapsed())
        {
            let messages = || self.held.iter().chain(&self.unread);
            let receipts = messages()
                .map(|received| received.receipt.clone())
                .collect();
            match store.extend(receipts).await {
                Ok(()) => {
                    let until = Some(asked + visibility);
                    let messages = self.held.iter_mut().chain(&mut self.unread);
                    messages.for_each(|received| received.until = until);
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "messages are not kept");
                }
            }
        }
        // That may have taken long.
        self.renew_claims(Instant::now()).await;
    }
}

/// Whether an event tells what became of a poll, or of a job that was to be cancelled.
fn is_about_job(event: &EventKind) -> bool {
    matches!(
        event,
        EventKind::JobPolled { .. } | EventKind::JobCancelled { .. }
    )
}

/// Whether an execution was stopped before it began. Nobody has shown that yet: there was no head row.
fn is_entombed(checkpoint: &Checkpoint) -> bool {
    checkpoint.status.is_closed() && checkpoint.origin.is_none()
}

fn receipts(messages: &[Received]) -> Vec<Receipt> {
    messages
        .iter()
        .map(|received| received.receipt.clone())
        .collect()
}
