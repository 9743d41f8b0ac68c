//! How deep a value is nested.

use serde_json::Value;

/// Whether at most so many arrays and objects are inside one another.
pub(crate) fn is_nested_within(value: &Value, levels: usize) -> bool {
    let fits = |inner| is_nested_within(inner, levels - 1);
    match value {
        Value::Array(elements) => levels > 0 && elements.iter().all(fits),
        Value::Object(members) => levels > 0 && members.values().all(fits),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}
