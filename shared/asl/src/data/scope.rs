//! What an expression can see.

use serde_json::Value;

/// What a path, a template or an expression reads from.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// `$`: the document that the field is about. For `Parameters` the effective input, for
    /// `ResultSelector` the result, for a catcher's `Assign` the error output.
    pub document: &'a Value,
    /// The execution around the state.
    pub surroundings: &'a dyn Surroundings,
}

impl<'a> Scope<'a> {
    /// The same surroundings, another document.
    pub fn with_document(self, document: &'a Value) -> Self {
        Self { document, ..self }
    }
}

/// The part of an execution that its states can read: the context object and the variables.
pub trait Surroundings {
    /// `$$`, the [context object](https://states-language.net/spec.html#context-object).
    fn context(&self) -> &Value;

    /// The variable of this name, from the innermost scope that has it.
    fn variable(&self, name: &str) -> Option<&Value>;

    /// The next 64 random bits for a use. Each use has a sequence of its own.
    fn random(&self, purpose: Purpose) -> u64;
}

/// What random bits are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `States.UUID`
    Uuid,
    /// `States.MathRandom` without a seed of its own
    MathRandom,
}

/// No execution at all: an empty context object, no variables, and zeros for random bits.
pub struct Nowhere;

impl Surroundings for Nowhere {
    fn context(&self) -> &Value {
        static EMPTY: Value = Value::Null;
        &EMPTY
    }

    fn variable(&self, _name: &str) -> Option<&Value> {
        None
    }

    fn random(&self, _purpose: Purpose) -> u64 {
        0
    }
}
