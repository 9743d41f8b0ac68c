//! `QueryLanguage`, and the fields that only one of the two languages has.

use serde_json::{Map, Value};

use super::{Parser, fields::Fields};
use crate::definition::{QueryLanguage, codes};

const JSONPATH_ONLY: &[&str] = &[
    "InputPath",
    "OutputPath",
    "Parameters",
    "Result",
    "ResultSelector",
    "ResultPath",
    "ItemsPath",
    "SecondsPath",
    "TimestampPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "MaxConcurrencyPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "ErrorPath",
    "CausePath",
    "Variable",
    "And",
    "Or",
    "Not",
];

const JSONATA_ONLY: &[&str] = &["Arguments", "Output", "Items", "Condition"];

/// The language of the states of a machine that do not say.
pub(super) fn of_machine(machine: &Map<String, Value>) -> QueryLanguage {
    of_state(machine, QueryLanguage::JsonPath)
}

/// The language of a state. What is neither of the two names is reported elsewhere, and counts as
/// JSONata, as on AWS.
pub(super) fn of_state(state: &Map<String, Value>, machine: QueryLanguage) -> QueryLanguage {
    match state.get("QueryLanguage") {
        None => machine,
        Some(language) if language == "JSONPath" => QueryLanguage::JsonPath,
        Some(_) => QueryLanguage::Jsonata,
    }
}

/// Reports a `QueryLanguage` that cannot stand where it does.
pub(super) fn check(parser: &mut Parser, fields: &mut Fields<'_>) {
    let Some(name) = fields.string(parser, "QueryLanguage") else {
        return;
    };
    if name != "JSONPath" && name != "JSONata" {
        let message =
            "The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]";
        parser.error(codes::SCHEMA, fields.at_field("QueryLanguage"), message);
    }
    if name == "JSONPath" && parser.language == QueryLanguage::Jsonata {
        let message =
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
        parser.error(codes::SCHEMA, fields.location(), message);
    }
}

/// Reports the fields of the other language.
pub(super) fn refuse_foreign(parser: &mut Parser, fields: &mut Fields<'_>) {
    let language = fields.language();
    let (foreign, other) = match language {
        QueryLanguage::JsonPath => (JSONATA_ONLY, QueryLanguage::Jsonata),
        QueryLanguage::Jsonata => (JSONPATH_ONLY, QueryLanguage::JsonPath),
    };
    let (language, other) = (language.name(), other.name());
    for field in foreign.iter().filter(|name| fields.has(name)) {
        let message = format!(
            "The QueryLanguage is set to '{language}', but field '{field}' is only supported for the '{other}' QueryLanguage"
        );
        parser.error(codes::SCHEMA, fields.location(), message);
    }
    fields.ignore(foreign);
}
