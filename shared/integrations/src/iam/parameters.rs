//! Parameters as far as a definition says what they are.

use segno_asl::definition::{QueryLanguage, visit::StateText};
use serde_json::Value;

/// What a definition says of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    Absent,
    Text(String),
    /// It is only known when the task runs, or when the definition is deployed.
    Computed,
}

pub(super) struct Parameters<'a> {
    language: QueryLanguage,
    value: Option<&'a Value>,
}

impl<'a> Parameters<'a> {
    pub(super) fn of(state: &StateText<'a>) -> Self {
        let field = match state.language {
            QueryLanguage::JsonPath => "Parameters",
            QueryLanguage::Jsonata => "Arguments",
        };
        Self {
            language: state.language,
            value: state.object.get(field),
        }
    }

    pub(super) fn of_value(language: QueryLanguage, value: &'a Value) -> Self {
        Self {
            language,
            value: Some(value),
        }
    }

    /// The members of a parameter.
    pub(super) fn within(&self, name: &str) -> Self {
        Self {
            language: self.language,
            value: self.value.and_then(|value| match value {
                Value::Object(members) => members.get(name),
                computed => Some(computed),
            }),
        }
    }

    /// The elements of a parameter that is an array.
    pub(super) fn elements(&self) -> Vec<Self> {
        let elements = self.value.and_then(Value::as_array);
        let of = |value| Self {
            language: self.language,
            value: Some(value),
        };
        elements.map_or_else(Vec::new, |elements| elements.iter().map(of).collect())
    }

    pub(super) fn given(&self, name: &str) -> Given {
        match self.value {
            None => Given::Absent,
            Some(Value::Object(members)) => match members.get(name) {
                Some(value) => self.read(value),
                None if members.contains_key(&format!("{name}.$")) => Given::Computed,
                None => Given::Absent,
            },
            Some(_) => Given::Computed,
        }
    }

    fn read(&self, value: &Value) -> Given {
        match value {
            Value::String(text)
                if self.language == QueryLanguage::Jsonata && text.starts_with("{%") =>
            {
                Given::Computed
            }
            Value::String(text) => Given::Text(text.clone()),
            Value::Null => Given::Absent,
            _ => Given::Computed,
        }
    }

    /// The names of the members, if the definition has them.
    pub(super) fn names(&self) -> Vec<&'a str> {
        let members = self.value.and_then(Value::as_object);
        members.map_or_else(Vec::new, |members| {
            members.keys().map(String::as_str).collect()
        })
    }

    /// All parameters, at any depth, whose name says that they are the ARN of a role.
    pub(super) fn roles(&self) -> Vec<Given> {
        let mut found = Vec::new();
        if let Some(value) = self.value {
            self.roles_in(value, &mut found);
        }
        found
    }

    fn roles_in(&self, value: &Value, found: &mut Vec<Given>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    let name = key.strip_suffix(".$").unwrap_or(key);
                    match (is_role(name), value) {
                        (true, Value::String(_)) if name != key => found.push(Given::Computed),
                        (true, Value::String(_)) => found.push(self.read(value)),
                        _ => self.roles_in(value, found),
                    }
                }
            }
            Value::Array(elements) => {
                elements
                    .iter()
                    .for_each(|element| self.roles_in(element, found));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Whether the value of such a parameter is a role that is handed on.
fn is_role(name: &str) -> bool {
    name.ends_with("RoleArn") || matches!(name, "JobFlowRole" | "Role" | "ServiceRole")
}
