//! From text to a state machine, or to everything that is wrong with it.

mod choices;
mod fields;
mod language;
mod retries;
mod states;
mod templates;

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use self::fields::Fields;
use super::{
    Diagnostic, Diagnostics, QueryLanguage, StateMachine, StateName, States, codes,
    validate::{self, Scope},
};
use crate::{data::json_text::JsonError, jsonata::InvalidJsonata, limits};

/// Parses and validates a definition.
///
/// # Errors
///
/// All that is wrong with it.
///
/// ```
/// let refused = segno_asl::definition::parse(r#"{"StartAt": "A"}"#).unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /",
/// );
/// ```
pub fn parse(text: &str) -> Result<StateMachine, Diagnostics> {
    parse_value(&read_json(text)?)
}

/// Validates a definition that has been read.
///
/// # Errors
///
/// All that is wrong with it.
pub fn parse_value(definition: &Value) -> Result<StateMachine, Diagnostics> {
    let Value::Object(object) = definition else {
        return Err(not_an_object());
    };
    let mut parser = Parser::new(language::of_machine(object));
    let machine = parser.machine(object);
    parser.finish(machine)
}

/// Reads the text of a definition, whatever it defines.
///
/// # Errors
///
/// It is too long, or no JSON.
pub(super) fn read_json(text: &str) -> Result<Value, Diagnostics> {
    check_length(text)?;
    if text.trim().is_empty() {
        return Err(not_an_object());
    }
    serde_json::from_str(text).map_err(|error| {
        let error = JsonError::of(text, &error);
        let location = error.location(text);
        let message = format!("{error}\n at {location}");
        refusal(location, message)
    })
}

/// Refuses a text that is longer than a definition may be.
pub(super) fn check_length(text: &str) -> Result<(), Diagnostics> {
    let max = limits::DEFINITION_BYTES_MAX;
    if text.len() > max {
        let message = format!("Definition must be at most {max} bytes");
        return Err(refusal(String::new(), message));
    }
    Ok(())
}

fn not_an_object() -> Diagnostics {
    refusal(
        String::new(),
        "Definition must be a valid JSON object".into(),
    )
}

fn refusal(location: String, message: String) -> Diagnostics {
    Diagnostics(vec![Diagnostic::error(
        codes::INVALID_JSON,
        location,
        message,
    )])
}

/// Collects states and findings while the definition is walked.
struct Parser {
    /// The language of the states that do not say.
    language: QueryLanguage,
    states: States,
    scopes: Vec<Scope>,
    diagnostics: Vec<Diagnostic>,
}

impl Parser {
    fn new(language: QueryLanguage) -> Self {
        Self {
            language,
            states: States::default(),
            scopes: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    fn machine(&mut self, object: &serde_json::Map<String, Value>) -> Option<StateMachine> {
        let mut fields = Fields::new(object, String::new(), self.language);
        fields.ignore(&["Comment", "Version"]);
        language::check(self, &mut fields);
        let timeout = fields
            .positive(self, "TimeoutSeconds")
            .map(Duration::from_secs);
        let start_at = self.scope(&mut fields);
        fields.finish(self);
        Some(StateMachine {
            start_at: start_at?,
            timeout,
            states: States::default(),
        })
    }

    /// Reads `StartAt` and `States`: the part that machines, branches and item processors share.
    fn scope(&mut self, fields: &mut Fields<'_>) -> Option<StateName> {
        let missing: Vec<&str> = ["States", "StartAt"]
            .into_iter()
            .filter(|name| !fields.has(name))
            .collect();
        if !missing.is_empty() {
            let at = fields.location();
            self.error(
                codes::SCHEMA,
                at,
                format!("These fields are required: [{}]", missing.join(", ")),
            );
        }
        let start_at = fields.string(self, "StartAt").map(StateName::from);
        let mut scope = Scope::new(fields.at(), start_at.clone());
        if let Some((states, at)) = fields.object(self, "States") {
            if states.is_empty() {
                self.error(codes::SCHEMA, at.clone(), "Value cannot be empty");
            }
            for (name, value) in states {
                self.state(name, value, &format!("{at}/{}", escape(name)), &mut scope);
            }
            self.scopes.push(scope);
        }
        start_at
    }

    fn state(&mut self, name: &str, value: &Value, at: &str, scope: &mut Scope) {
        if name.chars().count() > limits::STATE_NAME_CHARACTERS_MAX {
            let max = limits::STATE_NAME_CHARACTERS_MAX;
            self.error(
                codes::SCHEMA,
                at,
                format!("State name must be at most {max} characters"),
            );
        }
        let name = StateName::from(name);
        let Some(object) = value.as_object() else {
            scope.add_broken(name);
            return self.error(codes::SCHEMA, at, "Value must be an object");
        };
        let language = language::of_state(object, self.language);
        let fields = Fields::new(object, at.into(), language);
        match states::parse(self, name.clone(), fields) {
            Some(state) => {
                scope.add(&state, at);
                if self.states.insert(name.clone(), state).is_some() {
                    self.error(codes::SCHEMA, at, format!("Duplicate state name: {name}"));
                }
            }
            None => scope.add_broken(name),
        }
    }

    fn finish(mut self, machine: Option<StateMachine>) -> Result<StateMachine, Diagnostics> {
        for scope in &self.scopes {
            validate::transitions(scope, &mut self.diagnostics);
        }
        match machine {
            Some(machine) if self.diagnostics.is_empty() => Ok(StateMachine {
                states: self.states,
                ..machine
            }),
            _ => Err(Diagnostics(self.diagnostics)),
        }
    }

    fn error(&mut self, code: &'static str, at: impl Into<String>, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, at, message));
    }

    /// Reports a field that is neither a path nor a call, where AWS does: at the object that has it.
    fn invalid_expression(&mut self, field: &str, at: &str) {
        let message = format!(
            "The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call"
        );
        self.error(codes::SCHEMA, at, message);
    }

    /// Reports what is wrong with an expression.
    fn invalid_jsonata(&mut self, invalid: InvalidJsonata, at: &str) {
        match invalid {
            InvalidJsonata::Syntax(message) => self.error(codes::INVALID_JSONATA, at, message),
            InvalidJsonata::Unsupported(message) => {
                self.error(codes::UNSUPPORTED_JSONATA, at, message);
            }
        }
    }

    fn not_supported(&mut self, at: impl Into<String>, message: &str) {
        self.error(codes::NOT_SUPPORTED, at, message);
    }
}

/// Escapes a key for use in a JSON Pointer (RFC 6901).
pub(super) fn escape(key: &str) -> Arc<str> {
    key.replace('~', "~0").replace('/', "~1").into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(state: Value) -> String {
        let definition = json!({ "StartAt": "A", "States": { "A": state } });
        parse(&definition.to_string()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_neither_path_nor_call_is_reported_at_its_object() {
        for value in [json!("States.Nothing()"), json!("$."), json!("x"), json!(1)] {
            let parameters = json!({ "x.$": value });
            assert_eq!(
                refusal(json!({ "Type": "Pass", "Parameters": parameters, "End": true })),
                "SCHEMA_VALIDATION_FAILED: The value for the field 'x.$' must be a valid \
                 JSONPath or a valid intrinsic function call at /States/A/Parameters"
            );
        }
        assert_eq!(
            refusal(json!({ "Type": "Fail", "CausePath": "States.UUID(" })),
            "SCHEMA_VALIDATION_FAILED: The value for the field 'CausePath' must be a valid \
             JSONPath or a valid intrinsic function call at /States/A"
        );
    }
}
