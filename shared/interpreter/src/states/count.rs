//! Numbers that JSONata expressions come to.

use segno_asl::{
    data::{number::to_json, scope::Scope, value::Value},
    errors::EvaluationError,
    jsonata::{Expected, Jsonata},
};

/// The whole number that the expression of a field comes to.
pub(crate) fn count(
    jsonata: &Jsonata,
    field: &str,
    min: i64,
    scope: &Scope<'_>,
) -> Result<u64, EvaluationError> {
    let value = jsonata.evaluate_as(Expected::Number, field, scope)?;
    let number = whole_number(field, &value, min)?;
    Ok(u64::try_from(number).expect("no minimum is negative"))
}

/// A number without fraction that is not below the minimum of its field.
pub(crate) fn whole_number(field: &str, value: &Value, min: i64) -> Result<i64, EvaluationError> {
    let refuse = |what: &str| {
        let detail = format!("The {field} field {what}: {}", to_json(value));
        Err(EvaluationError::query(detail, Some(field.to_owned())))
    };
    match value.as_i64() {
        None => refuse("cannot be parsed as a long value"),
        Some(number) if number < 0 => refuse("is a negative value"),
        Some(number) if number < min => refuse("is not a positive integer"),
        Some(number) => Ok(number),
    }
}
