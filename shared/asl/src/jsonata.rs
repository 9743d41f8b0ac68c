//! JSONata: the expressions between `{%` and `%}`, at the level of JSONata 2.0.6 that AWS runs.
//!
//! An expression has no input document. It reads `$states` and the variables of the execution, and
//! calls the functions of the language and those that AWS adds. What it may cost is bounded.
//!
//! AWS: [Transforming data with JSONata](https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html).

mod audit;
mod engine;
mod functions;
mod meter;
mod prelude;

use std::sync::Arc;

use serde_json::{Map, Value};

use self::engine::{Answer, Conditions, Program};
use crate::{
    data::{
        budget::Budget,
        number::to_json,
        scope::{Produced, Purpose, Scope, Surroundings},
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
        self.0
            .variables()
            .filter(|name| *name != "states" && !self.0.is_function(name))
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
        let variables = self.variables_in(scope);
        let answer = budget.timed(|| self.0.run(variables, &conditions));
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
                let value = match (member.as_str(), scope.surroundings.produced()) {
                    ("input", _) => scope.document,
                    ("context", _) => scope.surroundings.context(),
                    ("result", Produced::Result(result)) => result,
                    ("errorOutput", Produced::ErrorOutput(error)) => error,
                    _ => return None,
                };
                (value, names)
            }
            variable => (scope.surroundings.variable(variable)?, names),
        };
        let value = names
            .iter()
            .try_fold(value, |value, name| value.as_object()?.get(name))?;
        (!has_whole_double(value)).then_some(value)
    }

    /// What the expression reads, and no more than that: `$states` and the variables.
    fn variables_in(&self, scope: &Scope<'_>) -> Vec<(String, Value)> {
        let mut variables = Vec::new();
        let value_of = |name| Some((name, scope.surroundings.variable(name)?));
        let bound: Vec<(&str, &Value)> = self.0.names().filter_map(value_of).collect();
        // What a function would read is not known once a variable has taken its name.
        let is_known = !bound.iter().any(|(name, _)| self.0.is_function(name));
        for (name, value) in bound {
            let value = match is_known {
                true => self.0.read_of(name, value),
                false => Some(value.clone()),
            };
            variables.extend(value.map(|value| (name.to_owned(), value)));
        }
        variables.push(("states".into(), self.states(scope, is_known)));
        variables
    }

    /// `$states`. The context object is only asked for if it is read: it has to be made.
    fn states(&self, scope: &Scope<'_>, is_known: bool) -> Value {
        let surroundings = scope.surroundings;
        let produced = match surroundings.produced() {
            Produced::Nothing => None,
            Produced::Result(result) => Some(("result", result)),
            Produced::ErrorOutput(error) => Some(("errorOutput", error)),
        };
        let is_read = |member: &str| !is_known || self.0.reads_states(member);
        let input = is_read("input").then_some(("input", scope.document));
        let produced = produced.filter(|(member, _)| is_read(member));
        let context = is_read("context").then(|| ("context", surroundings.context()));
        let members = [input, produced, context].into_iter().flatten();
        let read = |(member, value): (&str, &Value)| {
            let value = match is_known {
                true => self.0.read_of_states(member, value),
                false => value.clone(),
            };
            (member.to_owned(), value)
        };
        members.map(read).collect::<Map<_, _>>().into()
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

/// Whether there is a double in it of which the engine would make an integer.
fn has_whole_double(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            number.is_f64() && number.as_f64().is_some_and(|f| f.fract() == 0.0)
        }
        Value::Array(elements) => elements.iter().any(has_whole_double),
        Value::Object(members) => members.values().any(has_whole_double),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
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
