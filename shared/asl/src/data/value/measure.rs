//! What values come to.

use std::iter::Sum;

use serde_json::Number;

use super::Value;
use crate::data::number::java_double;

/// Bytes of text that weigh as much as one value more.
pub(crate) const TEXT_BYTES: usize = 64;

/// What a value comes to. All but the levels are sums over its parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Measure {
    /// Bytes of its compact text.
    pub(super) text_bytes: usize,
    /// Values, each [`TEXT_BYTES`] of text counted as one more.
    pub(super) weight: usize,
    /// Doubles without a fraction.
    pub(super) whole_doubles: usize,
    /// Arrays and objects inside one another.
    pub(super) levels: usize,
}

impl Measure {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null | Value::Bool(true) => Self::scalar(4),
            Value::Bool(false) => Self::scalar(5),
            Value::Number(number) => Self {
                whole_doubles: usize::from(is_whole_double(number)),
                ..Self::scalar(number_bytes(number))
            },
            Value::String(text) => Self {
                weight: text_weight(text),
                ..Self::scalar(quoted_bytes(text))
            },
            Value::Array(elements) => elements.measure(),
            Value::Object(members) => members.measure(),
        }
    }

    /// What an element adds to its array. It is followed by a comma, and the last one by the bracket.
    pub(super) fn of_element(element: &Value) -> Self {
        let element = Self::of(element);
        Self {
            text_bytes: element.text_bytes.saturating_add(1),
            ..element
        }
    }

    pub(super) fn levels_of<'a>(parts: impl IntoIterator<Item = &'a Value>) -> usize {
        parts.into_iter().map(Value::levels).max().unwrap_or(0)
    }

    /// What a name adds to its object, with the punctuation around it.
    pub(super) fn of_name(name: &str) -> Self {
        let punctuation = 2;
        Self {
            text_bytes: quoted_bytes(name) + punctuation,
            weight: name.len() / TEXT_BYTES,
            ..Self::default()
        }
    }

    /// What a member adds to its object that has this name.
    pub(super) fn member(self, value: &Value) -> Self {
        self.plus(Self::of(value))
    }

    /// An array or object of these parts.
    pub(super) fn container(parts: Self, is_empty: bool) -> Self {
        let brackets = if is_empty { 2 } else { 1 };
        Self {
            text_bytes: parts.text_bytes.saturating_add(brackets),
            weight: parts.weight.saturating_add(1),
            levels: parts.levels + 1,
            ..parts
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            text_bytes: self.text_bytes.saturating_add(other.text_bytes),
            weight: self.weight.saturating_add(other.weight),
            whole_doubles: self.whole_doubles.saturating_add(other.whole_doubles),
            levels: self.levels.max(other.levels),
        }
    }

    /// With a part instead of another. Only where the deepest part gives way to one that is less deep
    /// the levels of all have to be counted.
    pub(super) fn replacing(
        self,
        replaced: Self,
        part: Self,
        count_levels: impl FnOnce() -> usize,
    ) -> Self {
        let is_shallower = replaced.levels == self.levels && part.levels < self.levels;
        let rest = Self {
            text_bytes: self.text_bytes.saturating_sub(replaced.text_bytes),
            weight: self.weight.saturating_sub(replaced.weight),
            whole_doubles: self.whole_doubles.saturating_sub(replaced.whole_doubles),
            levels: if is_shallower { 0 } else { self.levels },
        };
        let sum = rest.plus(part);
        match is_shallower {
            true => Self {
                levels: count_levels(),
                ..sum
            },
            false => sum,
        }
    }

    fn scalar(text_bytes: usize) -> Self {
        Self {
            text_bytes,
            weight: 1,
            ..Self::default()
        }
    }
}

impl Sum for Measure {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Self::plus)
    }
}

pub(super) fn text_weight(text: &str) -> usize {
    1 + text.len() / TEXT_BYTES
}

fn is_whole_double(number: &Number) -> bool {
    number.is_f64() && number.as_f64().is_some_and(|double| double.fract() == 0.0)
}

fn number_bytes(number: &Number) -> usize {
    let digits = |integer: u64| integer.checked_ilog10().map_or(1, |log| log as usize + 1);
    if let Some(integer) = number.as_u64() {
        digits(integer)
    } else if let Some(integer) = number.as_i64() {
        1 + digits(integer.unsigned_abs())
    } else {
        number
            .as_f64()
            .map_or(4, |double| java_double(double).len())
    }
}

/// Bytes of a string in JSON text: its own, the quotes, and what escapes add.
fn quoted_bytes(text: &str) -> usize {
    // A table, because it is asked of every byte of every name and text.
    let escapes = text
        .bytes()
        .map(|byte| usize::from(ESCAPE_BYTES[usize::from(byte)]));
    text.len() + 2 + escapes.sum::<usize>()
}

static ESCAPE_BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = escape_bytes(byte as u8);
        byte += 1;
    }
    table
};

/// Bytes that the escape of a character has more than the character.
const fn escape_bytes(byte: u8) -> u8 {
    match byte {
        b'"' | b'\\' | 0x08 | b'\t' | b'\n' | 0x0C | b'\r' => 1,
        0..0x20 => 5,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{data::number::to_json, json};

    #[test]
    fn the_bytes_are_those_of_the_text() {
        for value in [
            json!(null),
            json!([true, false, [], {}, [[]], ""]),
            json!([0, -1, 9, 10, 1_000, i64::MIN, u64::MAX]),
            json!([1e-5, -1e7, 0.0, 1.5, f64::MAX, f64::MIN_POSITIVE]),
            json!({ "é": [1e-5, "\u{1}", {}], "\"": { "\n\t\r\u{8}\u{c}\\": "漢字\u{7f}" } }),
        ] {
            assert_eq!(value.text_bytes(), to_json(&value).len(), "{value}");
        }
    }

    #[test]
    fn levels_weight_and_whole_doubles_are_counted() {
        let value = json!({ "a": [[1.0], 2, 3.5], "b": "x".repeat(130), "c".repeat(64): null });
        let measure = Measure::of(&value);
        assert_eq!(measure.levels, 3);
        assert_eq!(measure.whole_doubles, 1);
        assert_eq!(measure.weight, 1 + 5 + 3 + 2);
    }
}
