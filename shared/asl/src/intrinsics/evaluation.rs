//! From arguments to an answer: the one place that knows all the functions.

use std::borrow::Cow;

use super::{Argument, Function, Invocation, array, encoding, hash, json, math, string, unique};
use crate::data::{budget::Budget, number::to_json, scope::Scope, value::Value};

/// One evaluation of a call.
pub(super) struct Evaluation<'e, 'a> {
    pub(super) budget: &'e Budget,
    pub(super) scope: &'e Scope<'a>,
}

impl<'a> Evaluation<'_, 'a> {
    pub(super) fn invoke(&self, call: &Invocation) -> Result<Value, Failure> {
        let arguments = call
            .arguments
            .iter()
            .map(|argument| self.argument(argument))
            .collect::<Result<Vec<_>, _>>()?;
        let at = |index: usize| -> &Value { &arguments[index] };
        let value = match call.function {
            Function::Array => self.array(arguments)?,
            Function::ArrayContains => {
                // To compare is as much work as to copy.
                self.spend(at(0).weight())?;
                array::contains(at(0), at(1))?
            }
            Function::ArrayGetItem => array::item(at(0), at(1))?,
            Function::ArrayLength => array::length(at(0))?,
            Function::ArrayPartition => array::partition(at(0), at(1))?,
            Function::ArrayRange => array::range(at(0), at(1), at(2))?,
            Function::ArrayUnique => array::unique(at(0))?,
            Function::Base64Decode => encoding::decode(at(0))?,
            Function::Base64Encode => encoding::encode(at(0))?,
            Function::Format => self.format(&call.arguments[0], &arguments)?,
            Function::Hash => hash::hash(at(0), at(1))?,
            Function::JsonMerge => json::merge(at(0), at(1), at(2))?,
            Function::JsonToString => json::print(at(0)),
            Function::MathAdd => math::add(at(0), at(1))?,
            Function::MathRandom => {
                math::random(at(0), at(1), arguments.get(2), self.scope.surroundings)?
            }
            Function::StringSplit => string::split(at(0), at(1))?,
            Function::StringToJson => json::parse(at(0))?,
            Function::Uuid => unique::uuid(self.scope.surroundings),
        };
        self.spend(value.weight())?;
        Ok(value)
    }

    fn argument(&self, argument: &Argument) -> Result<Cow<'a, Value>, Failure> {
        let value = match argument {
            Argument::Literal(value) => Cow::Owned(value.clone()),
            Argument::Text(pieces) => Cow::Owned(pieces.join("{}").into()),
            Argument::Call(call) => return self.invoke(call).map(Cow::Owned),
            Argument::Path(path) => path.read(self.scope).map_err(|_| {
                Failure(format!(
                    "The JsonPath argument for the field '{}' could not be found in the input '{}'",
                    path.text(),
                    to_json(self.scope.document),
                ))
            })?,
        };
        if let Cow::Owned(made) = &value {
            self.spend(made.weight())?;
        }
        Ok(value)
    }

    fn array(&self, arguments: Vec<Cow<'a, Value>>) -> Result<Value, Failure> {
        // Before they are copied: a definition can name the same document very often.
        for argument in &arguments {
            self.spend(argument.weight())?;
        }
        Ok(arguments.into_iter().map(Cow::into_owned).collect())
    }

    /// In a template that is written in the definition, an escaped `{}` stands for itself.
    fn format(&self, template: &Argument, arguments: &[Cow<'a, Value>]) -> Result<Value, Failure> {
        let values = &arguments[1..];
        match template {
            Argument::Text(pieces) => {
                string::format(pieces.iter().map(|piece| &**piece), values, self.budget)
            }
            Argument::Literal(_) | Argument::Path(_) | Argument::Call(_) => {
                let template = text(&arguments[0], 1)?;
                string::format(template.split("{}"), values, self.budget)
            }
        }
    }

    fn spend(&self, weight: usize) -> Result<(), Failure> {
        spend(self.budget, weight)
    }
}

/// Why a function has no answer: a sentence for the Cause.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure(pub(super) String);

impl Failure {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

pub(super) fn spend(budget: &Budget, weight: usize) -> Result<(), Failure> {
    budget.spend(weight).map_err(|error| Failure(error.detail))
}

/// Argument number `position`, counted from 1, as a string.
pub(super) fn text(value: &Value, position: usize) -> Result<&str, Failure> {
    value
        .as_str()
        .ok_or_else(|| unexpected(value, position, "a string"))
}

/// Argument number `position`, counted from 1, as an array.
pub(super) fn array(value: &Value, position: usize) -> Result<&[Value], Failure> {
    match value {
        Value::Array(elements) => Ok(elements),
        _ => Err(unexpected(value, position, "an array")),
    }
}

pub(super) fn unexpected(value: &Value, position: usize, expected: &str) -> Failure {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Failure(format!(
        "Argument {position} must be {expected}, but was {found}"
    ))
}
