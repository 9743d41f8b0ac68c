//! What a value must look like.

use std::collections::BTreeSet;

use serde_json::Value;

/// What a value must look like.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// Just so.
    Exactly(Value),
    /// An array: of each item, what it must look like.
    Array(Vec<Pattern>),
    /// An object with these members, and others.
    Object(Vec<(String, Pattern)>),
    /// As any of these.
    AnyOf(Vec<Pattern>),
    /// What was caught: an error of one of these names.
    Caught(BTreeSet<String>),
    /// An array in which one item looks like the first, and all others like the second.
    One(Box<Pattern>, Box<Pattern>),
    /// What somebody answered: one of these.
    By(Vec<u64>),
}

impl Pattern {
    /// Whether a value looks like that.
    pub fn matches(&self, value: &Value) -> bool {
        match self {
            Self::Exactly(exactly) => exactly == value,
            Self::Array(patterns) => value.as_array().is_some_and(|items| {
                items.len() == patterns.len()
                    && patterns
                        .iter()
                        .zip(items)
                        .all(|(pattern, item)| pattern.matches(item))
            }),
            Self::Object(members) => members
                .iter()
                .all(|(name, pattern)| value.get(name).is_some_and(|v| pattern.matches(v))),
            Self::AnyOf(patterns) => patterns.iter().any(|pattern| pattern.matches(value)),
            Self::Caught(names) => value
                .get("Error")
                .and_then(Value::as_str)
                .is_some_and(|name| names.contains(name)),
            Self::One(one, others) => value.as_array().is_some_and(|items| {
                let ones = items.iter().filter(|item| one.matches(item)).count();
                let all = items
                    .iter()
                    .all(|item| one.matches(item) || others.matches(item));
                ones == 1 && all
            }),
            Self::By(answerers) => {
                super::functions::answerer(value).is_some_and(|by| answerers.contains(&by))
            }
        }
    }
}
