//! Handing on: what a commit owes is done, and only then are the messages deleted that guarded it.

use std::time::Duration;

use segno_asl::errors::StateError;
use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint},
    command::Command,
    event::{EventKind, Timestamp},
};
use tokio::time::Instant;

use super::{Session, Subject};
use crate::{
    Backend, Clock, Invoker, StepError,
    queue::{Body, Message, Receipt, Received},
    step::Stepped,
    store::{Offer, Shown},
};

/// How long a message waits that could not be handled.
const PUT_BACK_DELAY: Duration = Duration::from_secs(2);

impl<S: Backend, I: Invoker, C: Clock> Session<S, I, C> {
    /// Does what the step owes; all that the checkpoint owes, if what was done of it is not known.
    pub(super) async fn hand_on(
        &mut self,
        subject: &Subject,
        stepped: &Stepped,
        is_recheck: bool,
    ) -> Result<(), StepError> {
        let checkpoint = &stepped.loaded.checkpoint;
        // Where another step was first, what that one has handed on is not known either.
        let is_all_owed = is_recheck || stepped.is_beaten;
        let commands = match is_all_owed {
            true => checkpoint.commands(),
            false => stepped.commands.clone(),
        };
        if is_all_owed {
            self.sent_wake = None;
        }
        for command in commands {
            match command {
                // Claimed and begun already, or as soon as there is room.
                Command::Perform(_) => {}
                // Sent when the session lets go: until then it keeps the time itself.
                Command::Wake(_) => {}
                Command::Offer(attempt) => self.offer(subject, checkpoint, attempt).await?,
                Command::Continue(number) => self.events.push(EventKind::Continued { number }),
                Command::AbortChild(attempt) => self.abort_child(checkpoint, attempt).await?,
                Command::PublishStatus => self.publish(subject, stepped).await?,
            }
        }
        Ok(())
    }

    /// Offers an attempt to the workers of its activity, unless something here stands in for them.
    async fn offer(
        &mut self,
        subject: &Subject,
        checkpoint: &Checkpoint,
        id: AttemptId,
    ) -> Result<(), StepError> {
        let Some(call) = self.call(subject, checkpoint, id) else {
            return Ok(());
        };
        let activity = checkpoint
            .attempt(id)
            .and_then(|(_, attempt)| attempt.activity.clone());
        let Some(activity) = activity else {
            return Ok(());
        };
        let offer = Offer {
            activity,
            execution: self.execution.clone(),
            attempt: id,
        };
        if self.engine.invoker().stands_in(&call) {
            // The next step commits that, and begins the call.
            let (taken, _) = self.engine.taken(&offer, None)?;
            self.events.push(taken);
            self.attempts.expect(id);
            return Ok(());
        }
        self.engine.store().offer(&offer).await?;
        self.engine.offered();
        Ok(())
    }

    async fn abort_child(
        &self,
        checkpoint: &Checkpoint,
        attempt: AttemptId,
    ) -> Result<(), StepError> {
        let child = checkpoint
            .children
            .iter()
            .find(|child| child.attempt == attempt);
        if let Some(child) = child {
            let error = StateError {
                name: None,
                cause: None,
            };
            let message = Message::new(child.execution.clone(), Body::Stop { error });
            self.engine.store().send(vec![message.now()]).await?;
        }
        Ok(())
    }

    /// Tells the head row and the parent that the execution has ended.
    async fn publish(&self, subject: &Subject, stepped: &Stepped) -> Result<(), StepError> {
        let store = self.engine.store();
        if !stepped.is_shown
            && let Some(shown) = Shown::of(stepped.loaded.number, &stepped.loaded.checkpoint)
        {
            store.update_head(&self.execution, &shown).await?;
        }
        if let Some(parent) = &subject.head.parent {
            let body = Body::ChildEnded {
                attempt: parent.attempt,
                child: self.execution.clone(),
            };
            let message = Message::new(parent.execution.clone(), body);
            store.send(vec![message.now()]).await?;
        }
        self.engine.ended();
        Ok(())
    }

    /// A wake-up that came before its time is put back. That is all that is done for it.
    pub(super) async fn put_back_early(
        &mut self,
        received: &[Received],
        checkpoint: &Checkpoint,
    ) -> Result<(), StepError> {
        let Some(wake) = checkpoint.wake else {
            return Ok(());
        };
        for received in received {
            let body = &received.message.body;
            if *body
                == (Body::Wake {
                    number: wake.number,
                })
                && self.sent_wake != Some(wake.number)
            {
                let delay = self.engine.clock().now().until(wake.due);
                let message = Message {
                    is_recheck: received.is_recheck(),
                    ..received.message.clone()
                };
                self.engine.store().send(vec![message.after(delay)]).await?;
                self.sent_wake = Some(wake.number);
            }
        }
        Ok(())
    }

    /// Deletes what is finished with. As long as calls are being made, one message is kept.
    pub(super) async fn delete_all_but_the_guard(&mut self) -> Result<(), StepError> {
        if self.attempts.is_empty() && self.events.is_empty() || self.held.len() < 2 {
            return Ok(());
        }
        let finished: Vec<Receipt> = self.held.drain(1..).collect();
        Ok(self.engine.store().delete(finished).await?)
    }

    /// Nothing is left to do but wait: the wake-up is sent, and the messages are deleted.
    pub(super) async fn let_go(&mut self) -> Result<(), StepError> {
        let wake = self.loaded.as_ref().and_then(|l| l.checkpoint.wake);
        if let Some(wake) = wake.filter(|wake| self.sent_wake != Some(wake.number)) {
            let delay = self.engine.clock().now().until(wake.due);
            let body = Body::Wake {
                number: wake.number,
            };
            let message = Message::new(self.execution.clone(), body);
            self.engine.store().send(vec![message.after(delay)]).await?;
            self.sent_wake = Some(wake.number);
        }
        if self.has_lapsed() {
            return self.abandon().await;
        }
        let held = std::mem::take(&mut self.held);
        Ok(self.engine.store().delete(held).await?)
    }

    /// Somebody looks when a claim of somebody else has run out.
    pub(super) async fn look_when(&self, until: Timestamp) -> Result<(), StepError> {
        let delay = self.engine.clock().now().until(until);
        self.send_look(delay.max(PUT_BACK_DELAY)).await
    }

    /// What is done for a message that was received before is looked at again, should this session die
    /// as well: the queue may have delivered the message twice, and count it once.
    pub(super) async fn look_again_later(&self) -> Result<(), StepError> {
        match self.engine.store().visibility() {
            Some(visibility) => self.send_look(visibility).await,
            None => Ok(()),
        }
    }

    async fn send_look(&self, delay: Duration) -> Result<(), StepError> {
        let message = Message::recheck(self.execution.clone(), Body::Look);
        Ok(self.engine.store().send(vec![message.after(delay)]).await?)
    }

    /// When somebody else may receive the messages.
    pub(super) fn lapses_at(&self) -> Option<Instant> {
        let visibility = self.engine.store().visibility()?;
        Some(self.held_since + visibility)
    }

    /// Whether somebody else may have received them by now.
    pub(super) fn has_lapsed(&self) -> bool {
        self.lapses_at().is_some_and(|at| Instant::now() >= at)
    }

    /// Leaves the messages to whoever receives them next, and sends on what was found out.
    pub(super) async fn abandon(&mut self) -> Result<(), StepError> {
        self.held.clear();
        self.loaded = None;
        self.attempts.abandon_all();
        let ended = std::mem::take(&mut self.events).into_iter();
        let messages = ended.filter_map(|event| match event {
            EventKind::AttemptEnded { attempt, outcome } => {
                let body = Body::Ended { attempt, outcome };
                Some(Message::new(self.execution.clone(), body).now())
            }
            _ => None,
        });
        Ok(self.engine.store().send(messages.collect()).await?)
    }

    /// What could not be done is tried again later.
    pub(super) async fn give_up(&mut self, error: &StepError) {
        tracing::error!(
            execution = self.execution.arn,
            error = error as &dyn std::error::Error,
            "the execution stands still for a moment"
        );
        self.attempts.abandon_all();
        self.loaded = None;
        self.events.clear();
        if self.has_lapsed() {
            self.held.clear();
            return;
        }
        let again = self.send_look(PUT_BACK_DELAY).await;
        // Where messages come back by themselves, nothing was lost by that.
        if again.is_ok() {
            let held = std::mem::take(&mut self.held);
            let deleted = self.engine.store().delete(held).await;
            warn_of(deleted, "a message stays");
        }
    }

    /// Keeps the messages and the claims of this session from running out.
    pub(super) async fn renew(&mut self) {
        if self.has_lapsed() {
            return;
        }
        let asked = Instant::now();
        let store = self.engine.store();
        if store.visibility().is_some() && store.extend(self.held.clone()).await.is_ok() {
            self.held_since = asked;
        }
        if let Some(lifetime) = self.engine.config().claim_lifetime {
            let until = self.engine.clock().now().after(lifetime);
            let renewed = store.renew_claims(&self.holder, until).await;
            warn_of(renewed, "claims run out");
        }
    }
}

/// What goes wrong here is mended by whoever receives the messages next.
fn warn_of(result: Result<(), impl std::error::Error + 'static>, what: &str) {
    if let Err(error) = result {
        tracing::warn!(error = &error as &dyn std::error::Error, "{what}");
    }
}
