//! All that there is to say about a definition: errors and warnings, with suggestions.
//!
//! For whoever asks; a definition that is about to run is only [parsed](super::parse).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Diagnostic, parse, suggestions, warnings};

/// What a state machine is created as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MachineType {
    /// Runs for up to a year, each step once.
    #[default]
    Standard,
    /// Runs for up to five minutes, and waits for nobody.
    Express,
}

impl MachineType {
    /// As CreateStateMachine names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Express => "EXPRESS",
        }
    }
}

/// The errors of a definition, then its warnings.
///
/// ```
/// use segno_asl::definition::{MachineType, check};
///
/// let definition = r#"{ "StartAt": "Pry", "States": { "Try": { "Type": "Pass", "End": true } } }"#;
/// let found = check(definition, MachineType::Standard);
/// assert_eq!(found[0].message, "Missing 'Next' target: Pry");
/// assert_eq!(found[0].help.as_deref(), Some("did you mean `Try`?"));
/// ```
pub fn check(text: &str, machine_type: MachineType) -> Vec<Diagnostic> {
    match parse::read_json(text) {
        Ok(definition) => check_value(&definition, machine_type),
        Err(refused) => refused.0,
    }
}

/// The errors of a definition that has been read, then its warnings.
pub fn check_value(definition: &Value, machine_type: MachineType) -> Vec<Diagnostic> {
    let compiled = parse::compile_as(machine_type, definition);
    let mut found = compiled.err().map_or_else(Vec::new, |refused| refused.0);
    let is_sound = found.is_empty();
    suggestions::add(definition, &mut found);
    found.extend(parse::not_supported(definition));
    if is_sound {
        warnings::check_ways(definition, &mut found);
    }
    warnings::check(definition, &mut found);
    found
}
