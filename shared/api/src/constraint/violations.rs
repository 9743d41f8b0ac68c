//! What the members of a request violate, in the words of AWS's framework.

use std::fmt::Write;

use serde_json::Value;

use super::{Kind, Member, Text, element_path, join};

/// Looks for what a request violates.
pub(super) struct Check {
    pub(super) data_bytes_max: Option<usize>,
    pub(super) violations: Vec<String>,
}

impl Check {
    pub(super) fn structure(&mut self, value: &Value, members: &[Member], at: &str) {
        for member in members {
            let at = join(at, member.name);
            match value.get(member.name) {
                Some(value) => self.value(value, member, &member.kind, &at),
                None if member.is_required => self.violations.push(format!(
                    "Value null at '{at}' failed to satisfy constraint: Member must not be null"
                )),
                None => {}
            }
        }
    }

    fn value(&mut self, value: &Value, member: &Member, kind: &Kind, at: &str) {
        for constraint in self.violated(value, kind) {
            let shown = match member.is_sensitive {
                true => String::new(),
                false => format!(" '{}'", show(value, kind)),
            };
            self.violations.push(format!(
                "Value{shown} at '{at}' failed to satisfy constraint: Member must {constraint}"
            ));
        }
        match (kind, value) {
            (Kind::Structure(members), value) => self.structure(value, members, at),
            (Kind::List(list), Value::Array(elements)) => {
                for (index, element) in elements.iter().enumerate() {
                    self.value(element, member, &list.of, &element_path(at, index));
                }
            }
            _ => {}
        }
    }

    /// What a value itself violates, in the words of AWS's framework.
    fn violated(&self, value: &Value, kind: &Kind) -> Vec<String> {
        match (kind, value) {
            (Kind::Text(text), Value::String(value)) => violated_text(value, text),
            (Kind::Data, Value::String(value)) => {
                let max = self.data_bytes_max.filter(|max| value.len() > *max);
                let told =
                    |max| format!("have size less than or equal to {max} bytes in UTF-8 encoding");
                max.map(told).into_iter().collect()
            }
            (Kind::Enum(words), Value::String(value)) if !words.contains(&value.as_str()) => {
                let words = in_aws_order(words).join(", ");
                vec![format!("satisfy enum value set: [{words}]")]
            }
            (Kind::Integer { min, max }, Value::Number(number)) => {
                let value = number.as_i64().expect("its type was checked");
                violated_range(value, min, max)
            }
            (Kind::Float { min, max }, Value::Number(number)) => {
                let value = number.as_f64().expect("its type was checked");
                violated_range(value, min, max)
            }
            (Kind::List(list), Value::Array(elements)) => {
                violated_length(elements.len(), list.min, list.max)
            }
            _ => vec![],
        }
    }
}

fn violated_text(value: &str, text: &Text) -> Vec<String> {
    let mut violated = violated_length(value.chars().count(), text.min, text.max);
    if let Some(pattern) = &text.pattern
        && !(pattern.matches)(value)
    {
        violated.push(format!(
            "satisfy regular expression pattern: {}",
            pattern.text
        ));
    }
    violated
}

fn violated_length(length: usize, min: usize, max: usize) -> Vec<String> {
    match length {
        length if length < min => {
            vec![format!("have length greater than or equal to {min}")]
        }
        length if length > max => vec![format!("have length less than or equal to {max}")],
        _ => vec![],
    }
}

fn violated_range<T: PartialOrd + std::fmt::Display>(value: T, min: &T, max: &T) -> Vec<String> {
    if value < *min {
        vec![format!("have value greater than or equal to {min}")]
    } else if value > *max {
        vec![format!("have value less than or equal to {max}")]
    } else {
        vec![]
    }
}

/// The words in the order in which AWS's messages have them: that of a hash table with 32 buckets,
/// each of which begins with what came last, over the `hashCode` of Java.
fn in_aws_order(words: &[&'static str]) -> Vec<&'static str> {
    let bucket = |word: &&str| {
        let hash = word.encode_utf16().fold(0_u32, |hash, unit| {
            hash.wrapping_mul(31).wrapping_add(u32::from(unit))
        });
        hash % 32
    };
    let mut words: Vec<&str> = words.iter().rev().copied().collect();
    words.sort_by_key(bucket);
    words
}

/// A value as Java prints it.
fn show(value: &Value, kind: &Kind) -> String {
    match (kind, value) {
        (_, Value::String(text)) => text.clone(),
        (Kind::List(list), Value::Array(elements)) => {
            let shown = elements.iter().map(|element| match &list.of {
                Kind::Structure(members) => show_structure(element, members, list.element),
                kind => show(element, kind),
            });
            format!("[{}]", shown.collect::<Vec<_>>().join(", "))
        }
        (_, value) => value.to_string(),
    }
}

fn show_structure(value: &Value, members: &[Member], name: &str) -> String {
    let mut shown = format!("{name}(");
    for (index, member) in members.iter().enumerate() {
        let separator = if index > 0 { ", " } else { "" };
        let value = value.get(member.name).unwrap_or(&Value::Null);
        let value = show(value, &member.kind);
        write!(shown, "{separator}{}={value}", member.name).expect("a String takes everything");
    }
    shown + ")"
}

#[cfg(test)]
mod tests {
    use super::in_aws_order;

    #[test]
    fn words_are_listed_as_aws_lists_them() {
        let statuses = [
            "RUNNING",
            "SUCCEEDED",
            "FAILED",
            "TIMED_OUT",
            "ABORTED",
            "PENDING_REDRIVE",
        ];
        assert_eq!(
            in_aws_order(&statuses).join(", "),
            "SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING"
        );
    }
}
