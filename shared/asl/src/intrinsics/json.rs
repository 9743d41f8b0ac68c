//! `States.JsonMerge`, `States.JsonToString` and `States.StringToJson`.

use super::evaluation::{Failure, text, unexpected};
use crate::data::{
    number::to_json,
    value::{Object, Value},
};

/// The members of both, those of `second` taken before those of `first`. Objects in them are not
/// merged: AWS supports that only in the specification.
pub(super) fn merge(first: &Value, second: &Value, is_deep: &Value) -> Result<Value, Failure> {
    let (first, second) = (object(first, 1)?, object(second, 2)?);
    match is_deep {
        Value::Bool(false) => {}
        Value::Bool(true) => return Err(Failure::new("A deep merge is not supported")),
        other => return Err(unexpected(other, 3, "a boolean")),
    }
    let members = first.iter().chain(second);
    let merged: Object = members
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ok(merged.into())
}

/// The JSON text of a value.
pub(super) fn print(value: &Value) -> Value {
    to_json(value).into()
}

/// The value that a JSON text stands for.
pub(super) fn parse(json: &Value) -> Result<Value, Failure> {
    serde_json::from_str(text(json, 1)?)
        .map_err(|error| Failure(format!("The string is not JSON: {error}")))
}

fn object(value: &Value, position: usize) -> Result<&Object, Failure> {
    value
        .as_object()
        .ok_or_else(|| unexpected(value, position, "an object"))
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::super::tests::{answers, failure};

    #[test]
    fn the_second_object_wins() {
        answers(
            "States.JsonMerge($[0], $[1], false)",
            json!([{ "a": { "x": 1 }, "b": 2 }, { "c": 3, "a": { "y": 4 } }]),
            json!({ "a": { "y": 4 }, "b": 2, "c": 3 }),
        );
    }

    #[test]
    fn only_two_objects_are_merged_and_only_their_members() {
        assert_eq!(
            failure("States.JsonMerge($, 1, false)", json!({})),
            "Argument 2 must be an object, but was a number"
        );
        assert_eq!(
            failure("States.JsonMerge($, $, true)", json!({})),
            "A deep merge is not supported"
        );
        assert_eq!(
            failure("States.JsonMerge($, $, 'false')", json!({})),
            "Argument 3 must be a boolean, but was a string"
        );
    }

    #[test]
    fn a_value_is_printed_compactly() {
        answers(
            "States.JsonToString($)",
            json!({ "a": [1, 1e7, "\""], "b": null }),
            json!(r#"{"a":[1,1.0E7,"\""],"b":null}"#),
        );
    }

    #[test]
    fn a_text_is_parsed() {
        answers(
            "States.StringToJson($)",
            json!(r#" {"b": [1, 1.0], "a": null} "#),
            json!({ "b": [1, 1.0], "a": null }),
        );
    }

    #[test]
    fn what_is_no_json_text_fails() {
        for document in [json!(""), json!("{"), json!("1 2"), json!("[".repeat(200))] {
            let why = failure("States.StringToJson($)", document);
            assert!(why.starts_with("The string is not JSON: "), "{why}");
        }
        assert_eq!(
            failure("States.StringToJson($)", json!({})),
            "Argument 1 must be a string, but was an object"
        );
    }
}
