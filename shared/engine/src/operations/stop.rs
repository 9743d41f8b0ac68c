//! Stopping an execution.

use std::time::Duration;

use segno_asl::errors::StateError;
use segno_interpreter::{event::EventKind, key::ExecutionKey, payload::PayloadId};

use crate::{
    Backend, Clock, Engine, Invoker, StepError,
    queue::{Body, Message},
    session::started,
    step::{Outlook, Request, Told},
    store::{End, Loaded, Shown, StoreError},
};

/// What an execution runs that is stopped before it was ever there.
const TOMBSTONE: &str = r#"{"StartAt":"Never","States":{"Never":{"Type":"Succeed"}}}"#;

/// An execution that is just beginning has begun by then.
const BEGIN_TIME: Duration = Duration::from_secs(2);

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Stops an execution, and abandons what it calls. One that is closed stays as it is. Gives how it
    /// ended.
    ///
    /// # Errors
    ///
    /// [`StepError`].
    pub async fn stop(&self, execution: &str, error: StateError) -> Result<End, StepError> {
        let unknown = || StepError::UnknownExecution(execution.to_owned());
        let head = self.store().head(execution).await?.ok_or_else(unknown)?;
        // The log decides, never the head row.
        let loaded = self.load(&head.key).await?;
        if let Some(end) = Shown::of(loaded.number, &loaded.checkpoint).and_then(|shown| shown.end)
        {
            return Ok(end);
        }
        // The message first: it hands on what the stop owes, should this be the end. It also tells the
        // session that has the execution in hand.
        let body = Body::Stop {
            error: error.clone(),
        };
        let message = Message::recheck(head.key.clone(), body);
        self.store().send(vec![message.now()]).await?;
        let machine = self.machine_of(&head).await?;
        let input = self.store().payload(&head.key, PayloadId(0)).await?;
        // One that has not begun has begun before it is stopped.
        let bounds = self.config().bounds;
        let start = input.map(|input| started(&head, input, bounds));
        let events = start.into_iter().chain([EventKind::Stopped { error }]);
        let request = Request {
            machine: Some(&head.machine),
            told: events.map(Told::here).collect(),
            ..Request::default()
        };
        let known = Some(loaded);
        let stepped = self.step(&head.key, &machine, known, &request).await?;
        let shown = Shown::of(stepped.loaded.number, &stepped.loaded.checkpoint);
        if let (Some(shown), false) = (&shown, stepped.is_shown) {
            self.store().update_head(&head.key, shown).await?;
        }
        self.announce();
        shown.and_then(|shown| shown.end).ok_or_else(unknown)
    }

    /// Stops an execution that has no head row: whoever starts it late finds its log closed. If somebody
    /// else has just begun it, it is stopped like any other.
    pub(crate) async fn entomb(
        &self,
        execution: &ExecutionKey,
        error: StateError,
    ) -> Result<(), StepError> {
        match self.store().head(&execution.arn).await? {
            None if self.is_entombed(execution, &error).await? => return Ok(()),
            // The name belongs to another one: this one never begins.
            Some(head) if head.key != *execution => return Ok(()),
            None | Some(_) => {}
        }
        let stop = Message::new(execution.clone(), Body::Stop { error });
        Ok(self.store().send(vec![stop.after(BEGIN_TIME)]).await?)
    }

    /// Closes the log of an execution before it has begun. Gives whether it is closed.
    async fn is_entombed(
        &self,
        execution: &ExecutionKey,
        error: &StateError,
    ) -> Result<bool, StepError> {
        let machine = self
            .compile(&TOMBSTONE.into())
            .map_err(|source| StepError::Definition {
                execution: execution.arn.clone(),
                source,
            })?;
        let error = error.clone();
        let request = Request {
            told: vec![Told::here(EventKind::Stopped { error })],
            ..Request::default()
        };
        let nothing = Loaded::nothing();
        let prepared = self.prepare(execution, &machine, nothing, &request).await?;
        let Outlook::Commit(prepared) = prepared else {
            return Ok(false);
        };
        match self.put(execution, prepared, &request).await {
            Err(StepError::Store(StoreError::Conflict { .. })) => {
                Ok(self.load(execution).await?.checkpoint.status.is_closed())
            }
            put => put.map(|_| true),
        }
    }
}
