//! The context object that a caller makes up.
//!
//! AWS: [Context object](https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html).

use serde_json::{Map, Value};

use crate::ApiError;

/// What a field holds.
enum Kind {
    Anything,
    Text,
    Number,
    Object(&'static [(&'static str, Kind)]),
}

const FIELDS: &[(&str, Kind)] = &[
    (
        "Execution",
        Kind::Object(&[
            ("Id", Kind::Text),
            ("Input", Kind::Anything),
            ("Name", Kind::Text),
            ("RoleArn", Kind::Text),
            ("StartTime", Kind::Text),
            ("RedriveCount", Kind::Number),
            ("RedriveTime", Kind::Text),
        ]),
    ),
    (
        "State",
        Kind::Object(&[
            ("EnteredTime", Kind::Text),
            ("Name", Kind::Text),
            ("RetryCount", Kind::Number),
        ]),
    ),
    (
        "StateMachine",
        Kind::Object(&[("Id", Kind::Text), ("Name", Kind::Text)]),
    ),
    ("Task", Kind::Object(&[("Token", Kind::Text)])),
];

/// Reads the text of a context object.
pub(super) fn read(text: &str) -> Result<Map<String, Value>, ApiError> {
    let refuse =
        |what: String| ApiError::validation(format!("Invalid Context object provided: {what}"));
    let Ok(Value::Object(context)) = serde_json::from_str(text) else {
        return Err(refuse("it must be a JSON object".into()));
    };
    if context.contains_key("Map") {
        let what = "'Map' field is not supported when mocking a Context object";
        return Err(refuse(what.into()));
    }
    check(FIELDS, &context, "").map_err(refuse)?;
    Ok(context)
}

fn check(fields: &[(&str, Kind)], found: &Map<String, Value>, within: &str) -> Result<(), String> {
    for (name, value) in found {
        let Some((_, kind)) = fields.iter().find(|(known, _)| known == name) else {
            return Err(format!("Field '{name}' is not allowed"));
        };
        let wanted = match (kind, value) {
            (Kind::Object(fields), Value::Object(found)) => {
                check(fields, found, &format!("{within}{name}."))?;
                continue;
            }
            (Kind::Anything, _)
            | (Kind::Text, Value::String(_))
            | (Kind::Number, Value::Number(_)) => {
                continue;
            }
            (Kind::Object(_), _) => "an object",
            (Kind::Text, _) => "a string",
            (Kind::Number, _) => "a number",
        };
        return Err(format!("{within}{name} must be {wanted}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(context: Value) -> String {
        let refused = read(&context.to_string()).unwrap_err().to_string();
        let words = "ValidationException: Invalid Context object provided: ";
        refused.strip_prefix(words).unwrap().to_owned()
    }

    #[test]
    fn any_part_of_a_context_object_will_do() {
        for context in [
            json!({}),
            json!({ "Execution": { "Input": [1] }, "Task": { "Token": "t" } }),
            json!({ "State": { "Name": "A", "EnteredTime": "2025-01-15T10:30:01.500Z", "RetryCount": 1 } }),
        ] {
            assert_eq!(Value::Object(read(&context.to_string()).unwrap()), context);
        }
    }

    #[test]
    fn what_no_context_object_has_is_refused() {
        assert_eq!(
            refusal(json!({ "Pokedex": 1 })),
            "Field 'Pokedex' is not allowed"
        );
        assert_eq!(
            refusal(json!({ "Execution": { "Id": "a", "pokemon": "b" } })),
            "Field 'pokemon' is not allowed"
        );
        assert_eq!(
            refusal(json!({ "Map": { "Item": { "Index": 0 } } })),
            "'Map' field is not supported when mocking a Context object"
        );
    }

    #[test]
    fn what_is_of_another_type_is_named_with_the_way_to_it() {
        assert_eq!(
            refusal(json!({ "Execution": { "Id": 1 } })),
            "Execution.Id must be a string"
        );
        assert_eq!(
            refusal(json!({ "State": { "RetryCount": "1" } })),
            "State.RetryCount must be a number"
        );
        assert_eq!(refusal(json!({ "Task": "t" })), "Task must be an object");
        assert_eq!(refusal(json!([])), "it must be a JSON object");
    }
}
