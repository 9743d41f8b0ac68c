//! What evaluating one field may cost.

use std::cell::Cell;

use crate::{errors::EvaluationError, limits};

/// What one field may still make while it is evaluated. See [`limits::EVALUATION_WEIGHT_MAX`].
pub(crate) struct Budget(Cell<usize>);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(Cell::new(limits::EVALUATION_WEIGHT_MAX))
    }

    /// Takes the weight of something that is about to be made, or has been.
    pub(crate) fn spend(&self, weight: usize) -> Result<(), EvaluationError> {
        let left = self.0.get().checked_sub(weight).ok_or_else(|| {
            EvaluationError::runtime("The field computes more data than an execution can hold")
        })?;
        self.0.set(left);
        Ok(())
    }
}
