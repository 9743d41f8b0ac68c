//! What one read may cost.
//!
//! A document is at most a payload, but a path can multiply it: `$..*..*..*` visits a value once
//! for every way to it. No path that is of use comes near these bounds.

use std::cell::Cell;

use serde_json::Value;

use super::read::Failure;

/// Steps of one read. A step is a token followed, a criterion tested or 64 bytes compared.
const STEPS_MAX: usize = 10_000_000;

/// The [`weight`] of all that one read matches.
const MATCHES_WEIGHT_MAX: usize = 1_000_000;

/// Bytes of text that count as one.
pub(super) const TEXT_BYTES: usize = 64;

pub(super) struct Budget {
    steps: Cell<usize>,
    weight: Cell<usize>,
}

impl Budget {
    pub(super) fn new() -> Budget {
        Budget {
            steps: Cell::new(STEPS_MAX),
            weight: Cell::new(MATCHES_WEIGHT_MAX),
        }
    }

    pub(super) fn spend_steps(&self, steps: usize) -> Result<(), Failure> {
        spend(
            &self.steps,
            steps,
            "The path takes too many steps in this document",
        )
    }

    pub(super) fn spend_weight(&self, weight: usize) -> Result<(), Failure> {
        spend(
            &self.weight,
            weight,
            "The path matches too much of this document",
        )
    }
}

fn spend(left: &Cell<usize>, amount: usize, message: &str) -> Result<(), Failure> {
    let rest = left.get().checked_sub(amount);
    left.set(rest.ok_or_else(|| Failure::Invalid(message.to_owned()))?);
    Ok(())
}

/// The size of a copy: its values, and its text.
pub(super) fn weight(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len() / TEXT_BYTES,
        Value::Array(elements) => elements.iter().map(weight).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| name.len() / TEXT_BYTES + weight(value))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
