//! What the fuzz targets have in common.
//!
//! An input is text: an expression or a definition in its first line, and in the others the document
//! that it reads.

mod execution;

use segno_asl::data::{
    number::to_json,
    scope::{Purpose, Scope, Surroundings},
    value::Value,
};
use segno_asl::json;

pub use self::execution::run;

/// The first line of an input, and the document in the others; one of ours if they are no JSON.
pub fn parts(input: &str) -> (&str, Value) {
    let (line, rest) = input.split_once('\n').unwrap_or((input, ""));
    let document = serde_json::from_str(rest).unwrap_or_else(|_| {
        json!({ "n": 5, "d": 1.5, "s": "text", "items": [1, 2, { "a": [] }], "none": null,
                "orders": [{ "id": "a", "price": 2.0 }, { "id": "b", "price": 3 }] })
    });
    (line, document)
}

/// Evaluates something over a document, with some variables and a context object around it. What comes
/// of it must be what it says it is.
pub fn evaluated<E>(document: &Value, evaluate: impl FnOnce(&Scope<'_>) -> Result<Value, E>) {
    let surroundings = Execution {
        context: json!({ "Execution": { "Name": "fuzz", "Input": {} }, "State": { "Name": "A" } }),
        variables: json!({ "x": 3, "list": [1, [2], {}], "text": "t" }),
    };
    let scope = Scope {
        document,
        surroundings: &surroundings,
    };
    if let Ok(value) = evaluate(&scope) {
        assert_eq!(value.text_bytes(), to_json(&value).len());
    }
}

struct Execution {
    context: Value,
    variables: Value,
}

impl Surroundings for Execution {
    fn context(&self) -> &Value {
        &self.context
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }

    fn random(&self, _purpose: Purpose) -> u64 {
        7
    }
}
