//! Stopping an execution.

use segno_asl::errors::StateError;
use segno_interpreter::{event::EventKind, key::ExecutionKey, payload::PayloadId};

use crate::{
    Backend, Clock, Engine, Invoker, StepError,
    queue::{Body, Message},
    session::started,
    step::Request,
    store::{End, Shown},
};

/// What an execution runs that is stopped before it was ever there.
const TOMBSTONE: &str = r#"{"StartAt":"Never","States":{"Never":{"Type":"Succeed"}}}"#;

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
        if let Some(end) = head.shown.end {
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
        let mut events = Vec::new();
        // One that has not begun has begun before it is stopped.
        let bounds = self.config().bounds;
        events.extend(input.map(|input| started(&head, input, bounds)));
        events.push(EventKind::Stopped { error });
        let request = Request {
            machine: Some(&head.machine),
            events,
            ..Request::default()
        };
        let stepped = self.step(&head.key, &machine, None, &request).await?;
        let shown = Shown::of(stepped.loaded.number, &stepped.loaded.checkpoint);
        if let (Some(shown), false) = (&shown, stepped.is_shown) {
            self.store().update_head(&head.key, shown).await?;
        }
        self.ended();
        shown.and_then(|shown| shown.end).ok_or_else(unknown)
    }

    /// Stops an execution that has no head row: whoever starts it late finds its log closed.
    pub(crate) async fn entomb(
        &self,
        execution: &ExecutionKey,
        error: StateError,
    ) -> Result<(), StepError> {
        let machine = self
            .compile(&TOMBSTONE.into())
            .map_err(|source| StepError::Definition {
                execution: execution.arn.clone(),
                source,
            })?;
        let request = Request {
            events: vec![EventKind::Stopped { error }],
            ..Request::default()
        };
        self.step(execution, &machine, None, &request).await?;
        Ok(())
    }
}
