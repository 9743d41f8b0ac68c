//! Payload templates: literal JSON in which some values are computed.
//!
//! Spec: [Payload templates](https://states-language.net/spec.html#payload-template).

use std::sync::Arc;

use super::{
    budget::Budget,
    expression::Expression,
    scope::Scope,
    value::{Builder, Value},
};
use crate::{errors::EvaluationError, limits::NESTING_LEVELS_MAX};

/// A compiled payload template.
#[derive(Debug, Clone)]
pub enum Template {
    /// JSON that is what it is.
    Literal(Value),
    /// An object with something to compute in it. Its names differ.
    Object(Vec<(Arc<str>, Template)>),
    /// An array with something to compute in it.
    Array(Vec<Template>),
    /// A computed value.
    Computed {
        /// What error messages name: in JSONPath the key as written, `.$` included; in JSONata the
        /// way to the value, as in `Arguments/x`.
        field: String,
        /// What it computes.
        expression: Expression,
    },
}

impl Template {
    /// The value with everything computed.
    ///
    /// # Errors
    ///
    /// The first failure, in document order. Also a value that is nested deeper than JSON can be
    /// read, or larger than an execution could hold.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, EvaluationError> {
        let value = self.evaluate_within(&Budget::new(), scope)?;
        if value.levels() > NESTING_LEVELS_MAX {
            return Err(EvaluationError::runtime(format!(
                "The field computes data that is nested more than {NESTING_LEVELS_MAX} levels deep"
            )));
        }
        Ok(value)
    }

    fn evaluate_within(
        &self,
        budget: &Budget,
        scope: &Scope<'_>,
    ) -> Result<Value, EvaluationError> {
        Ok(match self {
            Self::Literal(value) => {
                budget.spend(value.weight())?;
                value.clone()
            }
            Self::Object(members) => {
                let mut object = Builder::with_capacity(members.len());
                for (key, member) in members {
                    object.push(key.clone(), member.evaluate_within(budget, scope)?);
                }
                Value::Object(object.finish())
            }
            Self::Array(elements) => Value::from(
                elements
                    .iter()
                    .map(|element| element.evaluate_within(budget, scope))
                    .collect::<Result<Vec<_>, _>>()?,
            ),
            Self::Computed { field, expression } => {
                expression.evaluate_within(budget, field, scope)?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::*;
    use crate::data::scope::Nowhere;

    fn evaluated(expression: &str, document: &Value) -> Result<Value, EvaluationError> {
        let template = Template::Computed {
            field: "x.$".into(),
            expression: Expression::compile(expression).unwrap(),
        };
        template.evaluate(&Scope {
            document,
            surroundings: &Nowhere,
        })
    }

    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!(1), |inner, _| json!([inner]))
    }

    #[test]
    fn what_could_not_be_read_back_is_refused() {
        assert!(evaluated("States.Array($)", &nested(126)).is_ok());
        let error = evaluated("States.Array($)", &nested(127)).unwrap_err();
        assert_eq!(
            error.detail,
            "The field computes data that is nested more than 127 levels deep"
        );
    }

    #[test]
    fn a_template_that_multiplies_its_input_is_stopped() {
        let document = json!("x".repeat(250_000));
        let element = Template::Computed {
            field: "x.$".into(),
            expression: Expression::compile("$").unwrap(),
        };
        let template = Template::Array(vec![element; 100_000]);
        let scope = Scope {
            document: &document,
            surroundings: &Nowhere,
        };
        let error = template.evaluate(&scope).unwrap_err();
        assert_eq!(
            error.detail,
            "The field computes more data than an execution can hold"
        );
    }
}
