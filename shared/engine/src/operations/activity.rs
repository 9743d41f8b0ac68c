//! Handing the attempts of activities to their workers.
//!
//! AWS: [GetActivityTask](https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html).

use std::time::Duration;

use segno_interpreter::{
    checkpoint::Wake,
    command::Command,
    event::EventKind,
    key::ExecutionKey,
    payload::Payload,
    token::{Secret, TaskToken},
};
use tokio::time::{Instant, timeout_at};

use crate::{
    Backend, Clock, Engine, Invoker, StepError,
    queue::{Body, Message},
    step::{Request, Stepped, Told},
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
        let head = self.store().head(&execution.arn).await?;
        let Some(head) = head.filter(|head| head.key == *execution) else {
            self.withdraw(offer).await;
            return Ok(None);
        };
        // The nudge arms the timers, should the caller be gone after the commit.
        let nudge = Message::recheck(execution.clone(), Body::Look);
        let delay = self.config().nudge_delay;
        let asked = Instant::now();
        self.store().send(vec![nudge.after(delay)]).await?;
        let secret = Secret(self.config().entropy.bytes()?);
        let token = TaskToken::new(execution.clone(), offer.attempt, secret);
        let machine = self.machine_of(&head).await?;
        let request = Request {
            machine: Some(&head.machine),
            told: vec![Told::here(EventKind::ActivityTaken {
                attempt: offer.attempt,
                worker_name,
                secret,
            })],
            until: Some(asked + delay / 2),
            ..Request::default()
        };
        let stepped = self.step(execution, &machine, None, &request).await?;
        // From here on the task is the worker's: what does not work now is done by the nudge.
        self.withdraw(offer).await;
        let checkpoint = &stepped.loaded.checkpoint;
        let input = checkpoint
            .attempt(offer.attempt)
            .filter(|(_, attempt)| attempt.token == Some(token.hash()))
            .and_then(|(_, attempt)| checkpoint.payloads.get(attempt.input))
            .cloned();
        self.wake_for(execution, &stepped).await;
        // If there is none, somebody else has it, or it is over.
        Ok(input.map(|input| ActivityTask { token, input }))
    }

    async fn withdraw(&self, offer: &Offer) {
        if let Err(error) = self.store().withdraw(offer).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "an attempt is still offered that is taken");
        }
    }

    /// Sends the wake-up that a step has armed.
    async fn wake_for(&self, execution: &ExecutionKey, stepped: &Stepped) {
        let armed = stepped.commands.iter().find_map(|command| match command {
            Command::Wake(wake) => Some(*wake),
            _ => None,
        });
        let Some(Wake { number, due }) = armed else {
            return;
        };
        let delay = self.clock().now().until(due);
        let message = Message::new(execution.clone(), Body::Wake { number });
        if let Err(error) = self.store().send(vec![message.after(delay)]).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "a wake-up is late");
        }
    }
}
