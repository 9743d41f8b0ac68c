//! Redriving an execution.
//!
//! AWS: [RedriveExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html).

use segno_interpreter::event::{EventKind, Timestamp};

use crate::{
    Backend, Clock, Engine, Invoker, StepError,
    queue::{Body, Message, QueueError},
    step::{Request, Told},
    store::{Shown, StoreError},
};

/// Why an execution was not redriven.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// It runs, it has succeeded, or there is nothing that could be tried again.
    #[error("the execution cannot be redriven")]
    NotRedrivable,
    /// A step could not be made.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue did not take the message.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Tries again what failed. Gives the time of the redrive.
    ///
    /// # Errors
    ///
    /// [`RedriveError`].
    pub async fn redrive(&self, execution: &str) -> Result<Timestamp, RedriveError> {
        let unknown = || StepError::UnknownExecution(execution.to_owned());
        let head = self.store().head(execution).await?.ok_or_else(unknown)?;
        // The log decides, never the head row.
        let loaded = self.load(&head.key).await?;
        if !loaded.checkpoint.is_redrivable() {
            return Err(RedriveError::NotRedrivable);
        }
        let number = loaded.checkpoint.redrives() + 1;
        let message = Message::recheck(head.key.clone(), Body::Redrive { number });
        self.store().send(vec![message.now()]).await?;
        let machine = self.machine_of(&head).await?;
        let request = Request {
            machine: Some(&head.machine),
            told: vec![Told::here(EventKind::Redriven { number })],
            ..Request::default()
        };
        let stepped = self
            .step(&head.key, &machine, Some(loaded), &request)
            .await?;
        let checkpoint = &stepped.loaded.checkpoint;
        let shown = Shown::of(stepped.loaded.number, checkpoint);
        if let (Some(shown), false) = (&shown, stepped.is_shown) {
            self.store().update_head(&head.key, shown).await?;
        }
        let redriven_at = shown.and_then(|shown| shown.redriven_at);
        redriven_at.ok_or(RedriveError::NotRedrivable)
    }
}
