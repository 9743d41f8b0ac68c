//! Payload templates: literal JSON in which some values are computed.
//!
//! Spec: [Payload templates](https://states-language.net/spec.html#payload-template).

use serde_json::{Map, Value};

use super::{number::to_json, path::Path, scope::Scope};
use crate::errors::EvaluationError;

/// A compiled payload template.
#[derive(Debug, Clone)]
pub enum Template {
    /// JSON that is what it is.
    Literal(Value),
    /// An object with something to compute in it.
    Object(Vec<(String, Template)>),
    /// An array with something to compute in it.
    Array(Vec<Template>),
    /// A computed value.
    Path {
        /// The key as written, `.$` included: what error messages name.
        field: String,
        /// What it reads.
        path: Path,
    },
}

impl Template {
    /// The value with everything computed.
    ///
    /// # Errors
    ///
    /// The first failure, in document order.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, EvaluationError> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Object(members) => {
                let mut object = Map::with_capacity(members.len());
                for (key, member) in members {
                    object.insert(key.clone(), member.evaluate(scope)?);
                }
                Value::Object(object)
            }
            Self::Array(elements) => Value::Array(
                elements
                    .iter()
                    .map(|e| e.evaluate(scope))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Path { field, path } => read_for_field(path, field, scope)?,
        })
    }
}

/// What a path selects, or the failure that names the field it stands in.
///
/// # Errors
///
/// `States.Runtime`, quoting the input that has no such place. AWS quotes the document even where
/// the path reads the context object.
pub fn read_for_field(
    path: &Path,
    field: &str,
    scope: &Scope<'_>,
) -> Result<Value, EvaluationError> {
    path.read(scope).map(std::borrow::Cow::into_owned).map_err(|_| {
        EvaluationError::runtime(format!(
            "The JSONPath '{}' specified for the field '{field}' could not be found in the input '{}'",
            path.text(),
            to_json(scope.document),
        ))
    })
}
