//! Stopping an execution.

use segno_asl::errors::StateError;
use segno_interpreter::event::EventKind;

use crate::{Clock, Engine, Invoker, StepError, Store};

impl<S: Store, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Stops an execution, and abandons what it calls. One that is closed stays as it is.
    ///
    /// # Errors
    ///
    /// [`StepError`].
    pub async fn stop(&self, execution: &str, error: StateError) -> Result<(), StepError> {
        self.step(execution, &[EventKind::Stopped { error }])
            .await?;
        // Whoever drives it here looks again, and finds it closed.
        self.send(execution, EventKind::Woken { number: 0 });
        Ok(())
    }
}
