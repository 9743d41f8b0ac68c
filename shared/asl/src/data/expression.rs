//! What a field computes: one whose name ends in `.$`, or whose value stands between `{%` and `%}`.

use super::{
    budget::Budget, json_path::InvalidPath, number::to_json, path::Path, scope::Scope, value::Value,
};
use crate::{errors::EvaluationError, intrinsics::Call, jsonata::Jsonata};

/// A path or a call of an intrinsic function; in a JSONata state, a JSONata expression.
///
/// Spec: [Payload templates](https://states-language.net/spec.html#payload-template).
#[derive(Debug, Clone)]
pub enum Expression {
    /// `$.order.id`
    Path(Path),
    /// `States.Format('order {}', $.order.id)`
    Call(Call),
    /// `{% $states.input.order.id %}`
    Jsonata(Jsonata),
}

/// Why an expression was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidExpression(pub(crate) String);

impl From<InvalidPath> for InvalidExpression {
    fn from(error: InvalidPath) -> Self {
        Self(error.to_string())
    }
}

impl Expression {
    /// Compiles the text of a field: what does not start with `$` is a call.
    ///
    /// # Errors
    ///
    /// [`InvalidExpression`] says what is wrong with the text.
    pub fn compile(text: &str) -> Result<Self, InvalidExpression> {
        if text.trim_start().starts_with('$') {
            Ok(Self::Path(Path::compile(text)?))
        } else {
            Ok(Self::Call(Call::compile(text)?))
        }
    }

    /// The expression as the definition has it.
    pub fn text(&self) -> &str {
        match self {
            Self::Path(path) => path.text(),
            Self::Call(call) => call.text(),
            Self::Jsonata(jsonata) => jsonata.text(),
        }
    }

    /// The variables that it reads, those in arguments included.
    pub fn variables(&self) -> Vec<&str> {
        match self {
            Self::Path(path) => path.variable().into_iter().collect(),
            Self::Call(call) => call
                .paths()
                .into_iter()
                .filter_map(Path::variable)
                .collect(),
            Self::Jsonata(jsonata) => jsonata.variables().collect(),
        }
    }

    /// The value, for the field of this name: a key in JSONPath (`x.$`), a location in JSONata
    /// (`Arguments/x`).
    ///
    /// # Errors
    ///
    /// `States.QueryEvaluationError` in JSONata. Else `States.Runtime`, naming the field and quoting the input that has no such place (AWS quotes
    /// the document even where the path reads the context object), or naming the function.
    pub fn evaluate(&self, field: &str, scope: &Scope<'_>) -> Result<Value, EvaluationError> {
        self.evaluate_within(&Budget::new(), field, scope)
    }

    pub(super) fn evaluate_within(
        &self,
        budget: &Budget,
        field: &str,
        scope: &Scope<'_>,
    ) -> Result<Value, EvaluationError> {
        match self {
            Self::Path(path) => {
                let value = path.read(scope).map_err(|_| {
                    EvaluationError::runtime(format!(
                        "The JSONPath '{}' specified for the field '{field}' could not be found in the input '{}'",
                        path.text(),
                        to_json(scope.document),
                    ))
                })?;
                budget.spend(value.weight())?;
                Ok(value.into_owned())
            }
            Self::Call(call) => call.evaluate(budget, scope),
            Self::Jsonata(jsonata) => {
                let value = jsonata.evaluate_within(budget, field, scope)?;
                budget.spend(value.weight())?;
                Ok(value)
            }
        }
    }
}
