//! What an expression can see.

use super::value::Value;

/// What a path, a template or an expression reads from.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// `$`: the document that the field is about. For `Parameters` the effective input, for
    /// `ResultSelector` the result, for a catcher's `Assign` the error output. In JSONata always the
    /// state's input, `$states.input`.
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

    /// The time, in milliseconds since the Unix epoch.
    fn now(&self) -> i64 {
        0
    }

    /// What the state has come to, for JSONata: `$states.result` or `$states.errorOutput`.
    fn produced(&self) -> Produced<'_> {
        Produced::Nothing
    }
}

/// What a state has come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Produced<'a> {
    /// Nothing yet, or it is of a type that comes to nothing.
    Nothing,
    /// Its work is done, and this came of it.
    Result(&'a Value),
    /// Its work failed, and a catcher is handed this.
    ErrorOutput(&'a Value),
}

/// What random bits are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `States.UUID`
    Uuid,
    /// `States.MathRandom` without a seed of its own
    MathRandom,
    /// The seed of a JSONata expression with `$random`, `$shuffle` or `$uuid`
    JsonataRandom,
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
