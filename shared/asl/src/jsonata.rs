//! JSONata: the expressions between `{%` and `%}`, at the level of JSONata 2.0.6 that AWS runs.
//!
//! An expression has no input document. It reads `$states` and the variables of the execution, and
//! calls the functions of the language and those that AWS adds. What it may cost is bounded.
//!
//! AWS: [Transforming data with JSONata](https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html).

mod audit;
mod engine;
mod functions;
mod infinity;
mod lend;
mod meter;
mod prelude;
mod states;

use std::sync::Arc;

use self::engine::{Answer, Conditions, Program};
use crate::{
    data::{
        budget::Budget,
        number::to_json,
        scope::{Purpose, Scope, Surroundings},
        value::Value,
    },
    errors::EvaluationError,
};

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Jsonata(Arc<Program>);

/// What `$states` has beside `input` and `context`, where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// Nothing.
    Nothing,
    /// `result`: in `Assign` and `Output` of a Task, Parallel or Map state.
    Result,
    /// `errorOutput`: in `Assign` and `Output` of a catcher.
    ErrorOutput,
}

/// What a field expects of its expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are JSON's")]
pub enum Expected {
    Array,
    Boolean,
    Number,
    String,
}

/// Why an expression was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidJsonata {
    /// It is no JSONata.
    Syntax(String),
    /// It is JSONata, but not what a state machine can evaluate.
    Unsupported(String),
}

impl Jsonata {
    /// The expression in a string, which stands between `{%` and `%}`; `None` if the string is text.
    ///
    /// # Errors
    ///
    /// What opens and does not close, or the other way round, is neither.
    pub fn text_in(string: &str) -> Result<Option<&str>, InvalidJsonata> {
        match (string.strip_prefix("{%"), string.ends_with("%}")) {
            (None, false) => Ok(None),
            (Some(opened), true) if opened.len() >= 2 => {
                Ok(Some(opened[..opened.len() - 2].trim()))
            }
            _ => Err(InvalidJsonata::Syntax(
                "The expression must start with '{%' and end with '%}'".into(),
            )),
        }
    }

    /// Compiles the text between the delimiters.
    ///
    /// # Errors
    ///
    /// All that is wrong with it.
    pub fn compile(text: &str, offered: Offered) -> Result<Self, Vec<InvalidJsonata>> {
        let program =
            Program::compile(text).map_err(|error| vec![InvalidJsonata::Syntax(error)])?;
        let mut refused = audit::unsupported(&program);
        refused.extend(audit::not_offered(&program, offered));
        match refused.is_empty() {
            true => Ok(Self(Arc::new(program))),
            false => Err(refused
                .into_iter()
                .map(InvalidJsonata::Unsupported)
                .collect()),
        }
    }

    /// The expression, without delimiters.
    pub fn text(&self) -> &str {
        self.0.text()
    }

    /// The variables of the execution that it reads.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.execution_variables()
    }

    /// Its value, for the field at `location`.
    ///
    /// # Errors
    ///
    /// `States.QueryEvaluationError`, in AWS's words.
    pub fn evaluate(&self, location: &str, scope: &Scope<'_>) -> Result<Value, EvaluationError> {
        self.evaluate_within(&Budget::new(), location, scope)
    }

    /// Its value, if it is of the type that the field expects.
    ///
    /// # Errors
    ///
    /// As [`evaluate`](Self::evaluate), and if it is of another type.
    pub fn evaluate_as(
        &self,
        expected: Expected,
        location: &str,
        scope: &Scope<'_>,
    ) -> Result<Value, EvaluationError> {
        let value = self.evaluate(location, scope)?;
        let found = type_name(&value);
        if found == expected.name() {
            return Ok(value);
        }
        let (expected, value) = (expected.name(), to_json(&value));
        Err(self.failure(
            location,
            &format!(
                "returned an unexpected result type. Expected '{expected}', but was '{found}' for value: {value}"
            ),
        ))
    }

    pub(crate) fn evaluate_within(
        &self,
        budget: &Budget,
        location: &str,
        scope: &Scope<'_>,
    ) -> Result<Value, EvaluationError> {
        if let Some(value) = self.named(scope) {
            return Ok(value.clone());
        }
        let conditions = Conditions {
            now: scope.surroundings.now(),
            seed: self.seed(scope.surroundings),
            time: budget.time_left(),
        };
        let answer = budget.timed(|| self.0.run(scope, &conditions));
        match answer {
            Ok(Answer::Value(value)) => Ok(value),
            Ok(Answer::Nothing) => Err(self.failure(location, "returned nothing (undefined).")),
            Ok(Answer::Function) => {
                Err(self.failure(location, "returned an unsupported result type."))
            }
            Err(failure) => Err(self.failure(
                location,
                &format!("threw an error during evaluation{failure}"),
            )),
        }
    }

    /// The value of an expression that is nothing but names of objects in objects. It is what the
    /// engine would give, but that integers keep all their digits.
    fn named<'a>(&self, scope: &'a Scope<'_>) -> Option<&'a Value> {
        let (root, names) = self.0.plain_path()?.split_first()?;
        let (value, names) = match root.as_str() {
            "states" => {
                let (member, names) = names.split_first()?;
                (states::member(scope, member)?, names)
            }
            variable => (scope.surroundings.variable(variable)?, names),
        };
        let value = names
            .iter()
            .try_fold(value, |value, name| value.as_object()?.get(name))?;
        // Of a double without fraction the engine makes an integer.
        (!value.has_whole_double()).then_some(value)
    }

    fn seed(&self, surroundings: &dyn Surroundings) -> [u64; 4] {
        match self.0.names().any(functions::is_random) {
            true => std::array::from_fn(|_| surroundings.random(Purpose::JsonataRandom)),
            false => [0; 4],
        }
    }

    fn failure(&self, location: &str, what: &str) -> EvaluationError {
        let text = self.text();
        EvaluationError::query(
            format!("The JSONata expression '{text}' specified for the field '{location}' {what}"),
            Some(location.to_owned()),
        )
    }
}

impl Expected {
    fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
        }
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
