//! Handing on: what a commit owes is done, and only then are the messages deleted that guarded it.

use std::{collections::BTreeSet, time::Duration};

use segno_asl::errors::StateError;
use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint, Wake},
    command::Command,
    event::EventKind,
};

use super::{Session, Subject, Turned, is_due};
use crate::{
    Backend, Clock, Invoker, StepError,
    queue::{Body, Message, Received},
    step::Stepped,
    store::{Offer, Shown},
};

/// How soon it is looked again at a claim that is about to run out.
const LOOK_DELAY_MIN: Duration = Duration::from_secs(2);

/// How long it takes until another worker is asked to perform what did not fit here.
const NO_ROOM_DELAY: Duration = Duration::from_secs(5);

impl<S: Backend, I: Invoker, C: Clock> Session<S, I, C> {
    /// Does what the step owes; all that the checkpoint owes, if what was done of it is not known.
    pub(super) async fn hand_on(&mut self, turned: &Turned) -> Result<(), StepError> {
        let Turned {
            subject,
            stepped,
            is_recheck,
            ..
        } = turned;
        let checkpoint = &stepped.loaded.checkpoint;
        let commands = match is_recheck {
            true => checkpoint.commands(),
            false => stepped.commands.clone(),
        };
        if *is_recheck {
            self.look_when_claims_end(turned).await?;
            self.show_redrive(stepped).await?;
        }
        for command in commands {
            match command {
                // Claimed and begun already, or as soon as there is room.
                Command::Perform(_) => {}
                // Sent when the session lets go: until then it keeps the time itself.
                Command::Wake(Wake { number, .. }) => self.owed_wake = Some(number),
                Command::Offer(attempt) => self.offer(subject, checkpoint, attempt).await?,
                Command::Continue(number) => self.events.push(EventKind::Continued { number }),
                Command::AbortChild(attempt) => self.abort_child(checkpoint, attempt).await?,
                Command::Poll { attempt, .. } | Command::CancelJob(attempt) => {
                    self.run_errand(subject, checkpoint, command, attempt);
                }
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
        if self.engine.invoker().stands_in(&call) {
            // The next step commits that, and begins the call.
            let claimed = self.claim(vec![id])?;
            self.events.push(claimed);
            return Ok(());
        }
        let offer = Offer {
            activity,
            execution: self.execution.clone(),
            attempt: id,
        };
        self.engine.store().offer(&offer).await?;
        self.engine.announce();
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
        store.forget_wake(&self.execution).await;
        self.engine.announce();
        Ok(())
    }

    /// Whoever redrove the execution may be gone before its head row showed that.
    async fn show_redrive(&self, stepped: &Stepped) -> Result<(), StepError> {
        let checkpoint = &stepped.loaded.checkpoint;
        let shown = Shown::of(stepped.loaded.number, checkpoint);
        match shown.filter(|_| !checkpoint.status.is_closed() && !stepped.is_shown) {
            Some(shown) => Ok(self
                .engine
                .store()
                .update_head(&self.execution, &shown)
                .await?),
            None => Ok(()),
        }
    }

    /// A wake-up that came before its time is put back. That is all that is done for it.
    pub(super) async fn put_back_early(
        &mut self,
        received: &[Received],
        checkpoint: &Checkpoint,
    ) -> Result<(), StepError> {
        let Some(Wake { number, due }) = checkpoint.wake else {
            return Ok(());
        };
        let is_early = |received: &&Received| received.message.body == Body::Wake { number };
        if let Some(early) = received.iter().find(is_early) {
            let delay = self.engine.clock().now().until(due);
            let message = Message {
                is_recheck: early.is_recheck(),
                ..early.message.clone()
            };
            self.engine.store().send(vec![message.after(delay)]).await?;
            self.owed_wake = None;
        }
        Ok(())
    }

    /// Sends the wake-up, if that is owed.
    pub(super) async fn send_wake(&mut self) -> Result<(), StepError> {
        let wake = self.loaded.as_ref().and_then(|l| l.checkpoint.wake);
        if let Some(Wake { number, due }) = wake.filter(|w| self.owed_wake == Some(w.number)) {
            let delay = self.engine.clock().now().until(due);
            let message = Message::new(self.execution.clone(), Body::Wake { number });
            self.engine.store().send(vec![message.after(delay)]).await?;
        }
        self.owed_wake = None;
        Ok(())
    }

    /// What came due and does not fit in what is left of this worker's time, another one takes: one is
    /// asked for all of it. A message that asked for that already asks again a little later.
    pub(super) async fn pass_on_due(
        &mut self,
        received: &[Received],
        checkpoint: &Checkpoint,
    ) -> Result<(), StepError> {
        let due = checkpoint.due_attempts();
        let unfit: BTreeSet<AttemptId> = due
            .filter(|attempt| !self.engine.fits(attempt))
            .map(|attempt| attempt.id)
            .collect();
        let asked = received.iter().find(|received| is_due(received));
        let is_new = !unfit.is_subset(&self.passed_on);
        if let Some(attempt) = unfit.first().filter(|_| is_new || asked.is_some()) {
            let body = Body::Due { attempt: *attempt };
            let message = Message {
                is_recheck: asked.is_some_and(Received::is_recheck),
                ..Message::new(self.execution.clone(), body)
            };
            let delay = asked.map_or(Duration::ZERO, |_| NO_ROOM_DELAY);
            self.engine.store().send(vec![message.after(delay)]).await?;
        }
        self.passed_on = unfit;
        Ok(())
    }

    /// Somebody looks when the claims of somebody else have run out.
    async fn look_when_claims_end(&self, turned: &Turned) -> Result<(), StepError> {
        let Some(until) = turned.claimed_until else {
            return Ok(());
        };
        let delay = self.engine.clock().now().until(until).max(LOOK_DELAY_MIN);
        let look = Message::recheck(self.execution.clone(), Body::Look);
        Ok(self.engine.store().send(vec![look.after(delay)]).await?)
    }
}
