//! `QueryLanguage`, and the fields that only one of the two languages has.

use serde_json::{Map, Value};

use super::{Parser, fields::Fields};
use crate::definition::QueryLanguage;

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
    "MaxInputBytesPerBatchPath",
    "MaxItemsPath",
    "MaxItemsPerBatchPath",
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
    const NAME: &str = "QueryLanguage";
    let languages = [QueryLanguage::JsonPath, QueryLanguage::Jsonata];
    let languages = languages.map(|language| (language.name(), language));
    let language = fields.word(parser, NAME, &languages);
    if language == Some(QueryLanguage::JsonPath) && parser.language == QueryLanguage::Jsonata {
        let message =
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
        fields.refuse(parser, NAME, message);
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
        fields.refuse(parser, field, message);
    }
    fields.ignore(foreign);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::definition::parse;

    fn refusal(definition: Value) -> String {
        parse(&definition.to_string()).unwrap_err().to_string()
    }

    fn refusal_of(state: Value) -> String {
        refusal(json!({ "QueryLanguage": "JSONata", "StartAt": "A", "States": { "A": state } }))
    }

    #[test]
    fn a_state_may_not_leave_the_jsonata_of_its_machine() {
        assert_eq!(
            refusal_of(json!({ "Type": "Succeed", "QueryLanguage": "JSONPath" })),
            "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for \
             whole state machine at /States/A"
        );
    }

    #[test]
    fn a_language_has_one_of_two_names() {
        assert_eq!(
            refusal_of(json!({ "Type": "Succeed", "QueryLanguage": "jsonata" })),
            "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [JSONPath, JSONata] at \
             /States/A/QueryLanguage"
        );
    }

    #[test]
    fn a_field_of_the_other_language_is_refused() {
        assert_eq!(
            refusal_of(json!({ "Type": "Pass", "InputPath": "$.x", "End": true })),
            "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'InputPath' is \
             only supported for the 'JSONPath' QueryLanguage at /States/A"
        );
        let state = json!({ "Type": "Pass", "Output": 1, "End": true });
        assert_eq!(
            refusal(json!({ "StartAt": "A", "States": { "A": state } })),
            "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is \
             only supported for the 'JSONata' QueryLanguage at /States/A"
        );
    }

    #[test]
    fn the_states_inside_a_jsonata_state_speak_the_language_of_the_machine() {
        let inner = json!({ "Type": "Pass", "Output": 1, "End": true });
        let processor = json!({ "StartAt": "P", "States": { "P": inner } });
        let map = json!({
            "Type": "Map", "QueryLanguage": "JSONata", "ItemProcessor": processor, "End": true
        });
        let refused = refusal(json!({ "StartAt": "A", "States": { "A": map } }));
        assert!(
            refused.ends_with("at /States/A/ItemProcessor/States/P"),
            "{refused}"
        );
    }

    #[test]
    fn a_processor_has_no_language_of_its_own() {
        let processor = json!({
            "QueryLanguage": "JSONata", "StartAt": "P", "States": { "P": { "Type": "Succeed" } }
        });
        assert_eq!(
            refusal_of(json!({ "Type": "Map", "ItemProcessor": processor, "End": true })),
            "SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported at \
             /States/A/ItemProcessor"
        );
    }

    #[test]
    fn an_invalid_expression_is_reported_where_it_stands() {
        let output = json!({ "v": ["ok", "{% phone %}"], "w": "{% 1 + %}" });
        assert_eq!(
            refusal_of(json!({ "Type": "Pass", "Output": output, "End": true })),
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at \
             /States/A/Output/v[1], INVALID_JSONATA_EXPRESSION: Unexpected end of expression at \
             /States/A/Output/w"
        );
    }

    #[test]
    fn the_result_is_only_there_when_the_work_is_done() {
        let task = |field: &str| {
            let resource = "arn:aws:lambda:us-east-1:123456789012:function:f";
            let mut task = json!({ "Type": "Task", "Resource": resource, "End": true });
            task[field] = json!({ "x": "{% $states.result %}" });
            let definition = json!({
                "QueryLanguage": "JSONata", "StartAt": "A", "States": { "A": task }
            });
            parse(&definition.to_string()).is_ok()
        };
        assert!(task("Output") && task("Assign") && !task("Arguments"));
        let pass = json!({ "Type": "Pass", "Output": "{% $states.result %}", "End": true });
        assert!(refusal_of(pass).starts_with("UNSUPPORTED_JSONATA_EXPRESSION"));
    }
}
