//! From text to a state machine, or to everything that is wrong with it.

mod choices;
mod distributed;
mod fields;
mod language;
mod maps;
mod retries;
mod states;
mod templates;
mod variables;

use std::{collections::HashSet, fmt, time::Duration};

use serde_json::Value;

use self::fields::Fields;
use super::{
    Diagnostic, Diagnostics, Location, MachineType, QueryLanguage, StateMachine, StateName, States,
    codes, express, scopes, transitions, visit,
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
/// All that is wrong with it; or what of it this version does not run.
pub fn parse_value(definition: &Value) -> Result<StateMachine, Diagnostics> {
    let machine = compile(definition)?;
    match not_supported(definition) {
        None => Ok(machine),
        Some(refused) => Err(Diagnostics(vec![refused])),
    }
}

/// Compiles a definition, whether this version runs all of it or not.
///
/// # Errors
///
/// All that is wrong with it.
pub fn compile(definition: &Value) -> Result<StateMachine, Diagnostics> {
    compile_as(MachineType::Standard, definition)
}

/// As [`compile`], and holds the definition to the rules of its type.
pub(super) fn compile_as(
    machine_type: MachineType,
    definition: &Value,
) -> Result<StateMachine, Diagnostics> {
    let Value::Object(object) = definition else {
        return Err(not_an_object());
    };
    let mut parser = Parser::new(language::of_machine(object));
    let machine = parser.machine(object);
    express::check(definition, machine_type, &mut parser.diagnostics);
    scopes::check(definition, &mut parser.diagnostics);
    transitions::check(definition, &mut parser.diagnostics);
    parser.finish(machine)
}

/// The first thing in a definition that AWS runs, and this version does not.
pub(super) fn not_supported(definition: &Value) -> Option<Diagnostic> {
    let mut found = None;
    visit::states(definition, &mut |state| {
        if let (None, Some(mode)) = (&found, state.distributed_mode()) {
            let message = "Distributed Map is not supported";
            found = Some(Diagnostic::error(codes::NOT_SUPPORTED, &mode, message));
        }
    });
    found
}

/// Reads and compiles a definition, whether this version runs all of it or not.
///
/// # Errors
///
/// All that is wrong with it.
pub fn compile_text(text: &str) -> Result<StateMachine, Diagnostics> {
    compile(&read_json(text)?)
}

/// What the state of a definition that is a single state is called.
pub const SINGLE_STATE_NAME: &str = "StateName";

/// Reads and compiles the definition of a single state: the machine that has only this one. Its
/// transitions may lead anywhere, for what they lead to is not part of it.
///
/// AWS: [TestState](https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html).
///
/// # Errors
///
/// All that is wrong with it.
///
/// ```
/// use segno_asl::definition::{SINGLE_STATE_NAME, compile_single_state};
///
/// let machine = compile_single_state(r#"{ "Type": "Pass", "Next": "Elsewhere" }"#).unwrap();
/// assert!(machine.state(SINGLE_STATE_NAME).is_some());
/// ```
pub fn compile_single_state(text: &str) -> Result<StateMachine, Diagnostics> {
    let state = read_json(text)?;
    if !state.is_object() {
        return Err(not_an_object());
    }
    let states = serde_json::Map::from_iter([(SINGLE_STATE_NAME.to_owned(), state)]);
    let machine = serde_json::Map::from_iter([
        ("StartAt".to_owned(), SINGLE_STATE_NAME.into()),
        ("States".to_owned(), Value::Object(states)),
    ]);
    let mut parser = Parser::new(QueryLanguage::JsonPath);
    let compiled = parser.machine(&machine);
    let definition = Value::Object(machine);
    scopes::check(&definition, &mut parser.diagnostics);
    transitions::check_inside(&definition, &mut parser.diagnostics);
    parser.finish(compiled)
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
        refusal(message, Some(location))
    })
}

/// Refuses a text that is longer than a definition may be.
pub(super) fn check_length(text: &str) -> Result<(), Diagnostics> {
    let max = limits::DEFINITION_BYTES_MAX;
    if text.len() > max {
        let message = format!("Definition must be at most {max} bytes");
        return Err(refusal(message, None));
    }
    Ok(())
}

fn not_an_object() -> Diagnostics {
    refusal("Definition must be a valid JSON object".into(), None)
}

fn refusal(message: String, location: Option<String>) -> Diagnostics {
    Diagnostics(vec![Diagnostic::unreadable(message, location)])
}

/// Collects states and findings while the definition is walked.
struct Parser {
    /// The language of the states that do not say.
    language: QueryLanguage,
    /// The states around what is being read, from the outside.
    within: Vec<StateName>,
    states: States,
    names: HashSet<StateName>,
    labels: HashSet<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Parser {
    fn new(language: QueryLanguage) -> Self {
        Self {
            language,
            within: Vec::new(),
            states: States::default(),
            names: HashSet::new(),
            labels: HashSet::new(),
            diagnostics: Vec::new(),
        }
    }

    fn machine(&mut self, object: &serde_json::Map<String, Value>) -> Option<StateMachine> {
        let mut fields = Fields::new(object, Location::default(), self.language);
        fields.ignore(&["Comment"]);
        language::check(self, &mut fields);
        fields.word(self, "Version", &[("1.0", ())]);
        let timeout = fields.integer(self, "TimeoutSeconds", 0, limits::SECONDS_MAX);
        let start_at = self.scope(&mut fields);
        fields.finish(self);
        Some(StateMachine {
            start_at: start_at?,
            timeout: timeout
                .filter(|&seconds| seconds > 0)
                .map(Duration::from_secs),
            states: States::default(),
        })
    }

    /// A branch or an item processor.
    fn nested_scope(&mut self, mut fields: Fields<'_>) -> Option<StateName> {
        fields.ignore(&["Comment"]);
        let start_at = self.scope(&mut fields);
        fields.finish(self);
        start_at
    }

    /// Reads `StartAt` and `States`: the part that machines, branches and item processors share.
    fn scope(&mut self, fields: &mut Fields<'_>) -> Option<StateName> {
        fields.require(self, &["States", "StartAt"]);
        let start_at = fields.string(self, "StartAt").map(StateName::from);
        if let Some(states) = fields.object(self, "States") {
            let at = fields.at_field("States");
            if states.is_empty() {
                self.refuse(&at, "Value cannot be empty");
            }
            for (name, value) in states {
                self.state(name, value, at.member(name));
            }
        }
        start_at
    }

    fn state(&mut self, name: &str, value: &Value, at: Location) {
        let max = limits::STATE_NAME_CHARACTERS_MAX;
        if name.chars().count() > max {
            let message = format!(
                "Invalid State name: {name} exceeds the {max}-character limit allowed by the service"
            );
            self.error(codes::INVALID_STATE, &at, message);
        }
        let name = StateName::from(name);
        if !self.names.insert(name.clone()) {
            let message = format!("Duplicate State name: {name}");
            self.error(codes::DUPLICATE_STATE, &at, message);
        }
        let Some(object) = value.as_object() else {
            return self.expected(&at, "Object");
        };
        let language = language::of_state(object, self.language);
        self.within.push(name.clone());
        let state = states::parse(self, name.clone(), Fields::new(object, at, language));
        self.within.pop();
        if let Some(mut state) = state {
            state.parent = self.within.last().cloned();
            self.states.insert(name, state);
        }
    }

    fn finish(self, machine: Option<StateMachine>) -> Result<StateMachine, Diagnostics> {
        match machine {
            Some(machine) if self.diagnostics.is_empty() => Ok(StateMachine {
                states: self.states,
                ..machine
            }),
            _ => Err(Diagnostics(self.diagnostics)),
        }
    }

    fn error(&mut self, code: &'static str, at: &Location, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, at, message));
    }

    /// Reports what is not the language.
    fn refuse(&mut self, at: &Location, message: impl Into<String>) {
        self.error(codes::SCHEMA, at, message);
    }

    fn refuse_with_help(&mut self, at: &Location, message: &str, help: &dyn fmt::Display) {
        let error = Diagnostic::error(codes::SCHEMA, at, message);
        self.diagnostics.push(error.with_help(help));
    }

    /// Reports what is wrong with a field, where AWS does: at the object that has it.
    fn refuse_about(&mut self, at: &Location, field: &Location, message: impl Into<String>) {
        let error = Diagnostic::error(codes::SCHEMA, at, message);
        self.diagnostics.push(error.about(field));
    }

    fn expected(&mut self, at: &Location, kind: &str) {
        self.refuse(at, format!("Expected value of type {kind}"));
    }

    /// Reports a field that is neither a path nor a call.
    fn invalid_expression(
        &mut self,
        name: &str,
        at: &Location,
        field: &Location,
        why: &dyn fmt::Display,
    ) {
        let message = format!(
            "The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call"
        );
        let error = Diagnostic::error(codes::SCHEMA, at, message).about(field);
        self.diagnostics.push(error.with_help(why));
    }

    /// Reports what is wrong with an expression.
    fn invalid_jsonata(&mut self, invalid: InvalidJsonata, at: &Location) {
        match invalid {
            InvalidJsonata::Syntax(message) => self.error(codes::INVALID_JSONATA, at, message),
            InvalidJsonata::Unsupported(message) => {
                self.error(codes::UNSUPPORTED_JSONATA, at, message);
            }
        }
    }
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
