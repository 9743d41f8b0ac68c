//! Handing the attempts of activities to their workers.
//!
//! AWS: [GetActivityTask](https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html).

use std::time::Duration;

use segno_interpreter::{
    checkpoint::AttemptId,
    event::EventKind,
    payload::Payload,
    token::{Secret, TaskToken},
};
use tokio::time::{Instant, timeout_at};

use crate::{
    Backend, Clock, Engine, Invoker, StepError,
    queue::{Body, Message},
    step::Request,
    store::Offer,
};

/// What a worker of an activity is handed.
#[derive(Debug, Clone)]
pub struct ActivityTask {
    /// What it answers with.
    pub token: TaskToken,
    /// The task's input.
    pub input: Payload,
}

/// Offers that are looked at in one go.
const OFFERS: usize = 10;

/// How often a worker that waits looks, should the offer have been made by another process.
const LOOK_PERIOD: Duration = Duration::from_secs(1);

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Hands the oldest attempt of an activity to a worker; waits for one, but no longer than
    /// `patience`.
    ///
    /// # Errors
    ///
    /// [`StepError`].
    pub async fn take_activity_task(
        &self,
        activity: &str,
        worker_name: Option<String>,
        patience: Duration,
    ) -> Result<Option<ActivityTask>, StepError> {
        let until = Instant::now() + patience;
        loop {
            let news = self.inner.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            for offer in self.store().offers(activity, OFFERS).await? {
                if let Some(task) = self.take(&offer, worker_name.clone()).await? {
                    return Ok(Some(task));
                }
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            let look = until.min(Instant::now() + LOOK_PERIOD);
            // Whether there was news or not, it is looked again.
            let _ = timeout_at(look, news).await;
        }
    }

    /// Takes one attempt. The claim is committed here, by the caller alone: should the caller be gone
    /// before, nothing has happened.
    async fn take(
        &self,
        offer: &Offer,
        worker_name: Option<String>,
    ) -> Result<Option<ActivityTask>, StepError> {
        let execution = &offer.execution;
        let Some(head) = self.store().head(&execution.arn).await? else {
            self.store().withdraw(offer).await?;
            return Ok(None);
        };
        // The nudge arms the timers, should the caller be gone after the commit.
        let nudge = Message::recheck(execution.clone(), Body::Look);
        let delay = self.config().nudge_delay;
        self.store().send(vec![nudge.after(delay)]).await?;
        let (taken, token) = self.taken(offer, worker_name)?;
        let machine = self.machine_of(&head).await?;
        let request = Request {
            machine: Some(&head.machine),
            events: vec![taken],
            until: Some(Instant::now() + delay / 2),
            ..Request::default()
        };
        let stepped = self.step(execution, &machine, None, &request).await?;
        self.store().withdraw(offer).await?;
        let checkpoint = &stepped.loaded.checkpoint;
        let input = checkpoint
            .attempt(offer.attempt)
            .filter(|(_, attempt)| attempt.token == Some(token.hash()))
            .and_then(|(_, attempt)| checkpoint.payloads.get(attempt.input));
        let Some(input) = input else {
            // Somebody else has it, or it is over.
            return Ok(None);
        };
        if let Some(wake) = checkpoint.wake {
            let delay = self.clock().now().until(wake.due);
            let number = wake.number;
            let message = Message::new(execution.clone(), Body::Wake { number });
            self.store().send(vec![message.after(delay)]).await?;
        }
        Ok(Some(ActivityTask {
            token,
            input: input.clone(),
        }))
    }

    /// That a worker takes an attempt, and the token it is handed.
    pub(crate) fn taken(
        &self,
        offer: &Offer,
        worker_name: Option<String>,
    ) -> Result<(EventKind, TaskToken), StepError> {
        let secret = Secret(self.config().entropy.bytes()?);
        let attempt: AttemptId = offer.attempt;
        let token = TaskToken::new(offer.execution.clone(), attempt, secret);
        let event = EventKind::ActivityTaken {
            attempt,
            worker_name,
            secret,
        };
        Ok((event, token))
    }

    /// An attempt is offered to the workers of its activity.
    pub(crate) fn offered(&self) {
        self.announce();
    }
}
