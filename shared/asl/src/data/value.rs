//! JSON values that are shared: cloning one costs the same whatever it holds, and one that differs
//! from another in one place shares everything else with it.
//!
//! What a value comes to (how long its text is, how deep it is nested) is counted when it is made,
//! from what its parts come to. So it is known at once, also of a value that was made by writing
//! something small into something large.

mod array;
mod convert;
mod measure;
mod object;
mod serialize;

use std::{
    fmt,
    hash::{Hash, Hasher},
    ops::Index,
    sync::Arc,
};

use serde_json::Number;

use self::measure::Measure;
pub(crate) use self::measure::TEXT_BYTES;
pub use self::{
    array::Array,
    object::{Builder, Object},
};
use super::number::to_json;

/// A JSON value. Displayed as its text ([`to_json`]).
#[derive(Clone, Default)]
#[expect(missing_docs, reason = "the names are JSON's")]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(Arc<str>),
    Array(Array),
    Object(Object),
}

/// A [`Value`] in the notation of `serde_json::json!`.
///
/// ```
/// let order = segno_asl::json!({ "id": 7, "lines": [] });
/// assert_eq!(order["id"], segno_asl::json!(7));
/// ```
#[macro_export]
macro_rules! json {
    ($($json:tt)+) => {
        $crate::data::value::Value::from(::serde_json::json!($($json)+))
    };
}

impl Value {
    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }

    /// Whether it is a string.
    pub fn is_string(&self) -> bool {
        matches!(self, Self::String(_))
    }

    /// Whether it is a boolean.
    pub fn is_boolean(&self) -> bool {
        matches!(self, Self::Bool(_))
    }

    /// Whether it is an array.
    pub fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The integer, if it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// The integer, if it is one that fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_number()?.as_u64()
    }

    /// The number as the nearest double, if it is a number.
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number()?.as_f64()
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The member of this name, if it is an object that has one.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_object()?.get(name)
    }

    /// Bytes of its text, as [`to_json`] writes it.
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Array(elements) => elements.measure().text_bytes,
            Self::Object(members) => members.measure().text_bytes,
            scalar => Measure::of(scalar).text_bytes,
        }
    }

    /// What a copy of all of it would hold: values, each 64 bytes of text counted as one more.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => 1,
            Self::String(text) => measure::text_weight(text),
            Self::Array(elements) => elements.measure().weight,
            Self::Object(members) => members.measure().weight,
        }
    }

    /// How many arrays and objects are inside one another.
    pub(crate) fn levels(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => 0,
            Self::Array(elements) => elements.measure().levels,
            Self::Object(members) => members.measure().levels,
        }
    }

    /// Whether there is a double in it that has no fraction, such as `1.0`.
    pub(crate) fn has_whole_double(&self) -> bool {
        Measure::of(self).whole_doubles > 0
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_json(self))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Objects are equal whatever the order of their members; `1` and `1.0` are not.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Number(one), Self::Number(other)) => one == other,
            (Self::String(one), Self::String(other)) => one == other,
            (Self::Array(one), Self::Array(other)) => one == other,
            (Self::Object(one), Self::Object(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl PartialEq<serde_json::Value> for Value {
    fn eq(&self, other: &serde_json::Value) -> bool {
        use serde_json::Value as Json;
        match (self, other) {
            (Self::Null, Json::Null) => true,
            (Self::Bool(one), Json::Bool(two)) => one == two,
            (Self::Number(one), Json::Number(two)) => one == two,
            (Self::String(one), Json::String(two)) => **one == **two,
            (Self::Array(one), Json::Array(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one == two)
            }
            (Self::Object(one), Json::Object(two)) => {
                let is_in = |(name, two): (&String, _)| one.get(name).is_some_and(|one| one == two);
                one.len() == two.len() && two.iter().all(is_in)
            }
            _ => false,
        }
    }
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Null => {}
            Self::Bool(boolean) => boolean.hash(state),
            Self::Number(number) => number.hash(state),
            Self::String(text) => text.hash(state),
            Self::Array(elements) => elements.hash(state),
            Self::Object(members) => members.hash(state),
        }
    }
}

static NULL: Value = Value::Null;

/// The member of this name, or `null`.
impl Index<&str> for Value {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&NULL)
    }
}

/// The element at this index, or `null`.
impl Index<usize> for Value {
    type Output = Value;

    fn index(&self, index: usize) -> &Value {
        let elements = self.as_array().unwrap_or_default();
        elements.get(index).unwrap_or(&NULL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_null() {
        let value = json!({ "a": [1] });
        assert_eq!(value["a"][0], json!(1));
        assert!(value["a"][1].is_null() && value["b"]["c"].is_null());
    }

    #[test]
    fn objects_are_equal_in_any_order_and_numbers_by_type() {
        let hash = |value: &Value| {
            let mut hasher = std::collections::hash_map::DefaultHasher::new();
            value.hash(&mut hasher);
            hasher.finish()
        };
        let (one, other) = (json!({ "a": 1, "b": [2] }), json!({ "b": [2], "a": 1 }));
        assert_eq!(one, other);
        assert_eq!(hash(&one), hash(&other));
        assert_ne!(json!({ "a": 1 }), json!({ "a": 1.0 }));
        assert_ne!(json!({ "a": 1 }), json!({ "b": 1 }));
    }
}
