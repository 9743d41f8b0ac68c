//! What evaluating one field may cost.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use crate::{errors::EvaluationError, limits};

/// What one field may still make while it is evaluated (see [`limits::EVALUATION_WEIGHT_MAX`]), and
/// how long its JSONata expressions may still take.
pub(crate) struct Budget {
    weight: Cell<usize>,
    time: Cell<Duration>,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            weight: Cell::new(limits::EVALUATION_WEIGHT_MAX),
            time: Cell::new(Duration::from_secs(2 * limits::JSONATA_SECONDS_MAX)),
        }
    }

    /// Takes the weight of something that is about to be made, or has been.
    pub(crate) fn spend(&self, weight: usize) -> Result<(), EvaluationError> {
        let left = self.weight.get().checked_sub(weight).ok_or_else(|| {
            EvaluationError::runtime("The field computes more data than an execution can hold")
        })?;
        self.weight.set(left);
        Ok(())
    }

    /// How long the next expression may take.
    pub(crate) fn time_left(&self) -> Duration {
        self.time
            .get()
            .min(Duration::from_secs(limits::JSONATA_SECONDS_MAX))
    }

    /// Does something, and takes the time that it took.
    #[expect(
        clippy::disallowed_methods,
        reason = "a limit of time, which decides nothing but when a runaway expression is stopped"
    )]
    pub(crate) fn timed<T>(&self, evaluate: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let value = evaluate();
        self.time
            .set(self.time.get().saturating_sub(begin.elapsed()));
        value
    }
}
