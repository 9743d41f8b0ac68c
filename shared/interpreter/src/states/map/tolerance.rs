//! How many failed iterations a Map state bears.

use segno_asl::{
    data::{path::Path, scope::Scope, value::Value},
    definition::{Map, Percentage},
    errors::EvaluationError,
    jsonata::{Expected, Jsonata},
};

use super::{no_number, number};
use crate::{checkpoint::FrameId, payload::PayloadId, transition::Draft};

/// `ToleratedFailureCount` and `ToleratedFailurePercentage`, as far as they are given. Either is
/// enough to fail the state.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tolerance {
    /// How many iterations may fail.
    pub count: Option<u64>,
    /// How many of a hundred may fail, from 0 to 100.
    pub percentage: Option<f64>,
}

impl Tolerance {
    /// Whether so many failed iterations are more than a given bound allows.
    pub fn is_exceeded(&self, failed: u64, total: u64) -> bool {
        let by_count = self.count.is_some_and(|count| failed > count);
        let by_percentage = self
            .percentage
            .is_some_and(|percentage| failed as f64 * 100.0 > percentage * total as f64);
        by_count || by_percentage
    }
}

/// What a Map state tolerates. In inline mode that is nothing, but the fields have to make sense.
pub(super) fn of(
    draft: &Draft<'_>,
    frame: FrameId,
    map: &Map,
    input: PayloadId,
) -> Result<Tolerance, EvaluationError> {
    let count = map.tolerated_count.as_ref();
    let count = count.map(|count| number(draft, frame, count, "ToleratedFailureCount", input));
    let percentage = map.tolerated_percentage.as_ref();
    let percentage = percentage.map(|percentage| match percentage {
        Percentage::Literal(percentage) => Ok(*percentage),
        Percentage::Path(path) => draft.reading(frame, input, |scope| {
            read_percentage(path, path.select(scope)?.as_ref())
        }),
        Percentage::Jsonata(jsonata) => {
            draft.reading(frame, input, |scope| evaluate_percentage(jsonata, scope))
        }
    });
    Ok(Tolerance {
        count: count.transpose()?,
        percentage: percentage.transpose()?,
    })
}

const PERCENTAGE: &str = "ToleratedFailurePercentage";

/// AWS takes a number in a string, too.
fn read_percentage(path: &Path, value: &Value) -> Result<f64, EvaluationError> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    let number = number.ok_or_else(|| no_number(PERCENTAGE, "float", path, value))?;
    within_bounds(number).ok_or_else(|| EvaluationError::runtime(out_of_bounds()))
}

fn evaluate_percentage(jsonata: &Jsonata, scope: &Scope<'_>) -> Result<f64, EvaluationError> {
    let value = jsonata.evaluate_as(Expected::Number, PERCENTAGE, scope)?;
    value
        .as_f64()
        .and_then(within_bounds)
        .ok_or_else(|| EvaluationError::query(out_of_bounds(), Some(PERCENTAGE.into())))
}

fn within_bounds(percentage: f64) -> Option<f64> {
    (0.0..=100.0).contains(&percentage).then_some(percentage)
}

fn out_of_bounds() -> String {
    format!("{PERCENTAGE} must be between 0 and 100.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_may_be_reached_but_not_exceeded() {
        let two = Tolerance {
            count: Some(2),
            percentage: None,
        };
        assert!(!two.is_exceeded(2, 3));
        assert!(two.is_exceeded(3, 3));
        let half = Tolerance {
            count: None,
            percentage: Some(50.0),
        };
        assert!(!half.is_exceeded(2, 4));
        assert!(half.is_exceeded(2, 3));
    }

    #[test]
    fn the_stricter_bound_counts_and_none_allows_all() {
        let both = Tolerance {
            count: Some(3),
            percentage: Some(10.0),
        };
        assert!(both.is_exceeded(1, 4));
        assert!(!Tolerance::default().is_exceeded(4, 4));
    }
}
