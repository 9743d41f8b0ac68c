//! What one read may cost.
//!
//! A document is at most a payload, but a path can multiply it: `$..*..*..*` visits a value once
//! for every way to it. No path that is of use comes near these bounds.

use std::cell::Cell;

use super::read::Failure;

/// Steps of one read. A step is a token followed, a criterion tested or 64 bytes compared.
const STEPS_MAX: usize = 10_000_000;

/// The [weight](crate::data::value::Value::weight) of all that one read matches.
const MATCHES_WEIGHT_MAX: usize = 1_000_000;

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

#[cfg(test)]
mod tests {
    use crate::json;

    use crate::data::{
        json_path::{JsonPath, PathError},
        value::Value,
    };

    fn nested(levels: u32) -> Value {
        (0..levels).fold(json!("text"), |inner, _| json!([inner]))
    }

    #[track_caller]
    fn gives_up(path: &str, document: &Value, why: &str) {
        match JsonPath::compile(path).unwrap().read(document) {
            Err(PathError::Invalid(message)) => assert!(message.contains(why), "{message}"),
            other => panic!("{path} reads {other:?}"),
        }
    }

    #[test]
    fn a_long_path_makes_no_deep_stack() {
        let document = json!({ "a": 1 });
        for part in [
            "[?(@.a)]",
            ".a",
            "[0]",
            "['a','b']",
            "[*]",
            "..a",
            "..[?(@.a)]",
        ] {
            let path = format!("${}", part.repeat(1_000_000 / part.len()));
            let _ = JsonPath::compile(&path).unwrap().read(&document);
        }
        gives_up(
            &format!("${}", "..[?(@.a)]".repeat(10_000)),
            &document,
            "branches more than",
        );
    }

    #[test]
    fn a_path_that_multiplies_the_document_is_stopped() {
        gives_up(
            &format!("${}..x", "..*".repeat(60)),
            &nested(120),
            "too many steps",
        );
        gives_up("$..*..*", &json!([[["x".repeat(64_000_000)]]]), "too much");
        gives_up("$[-2147483648:1]", &json!([1]), "too much");
    }
}
