//! How a filter compares two values.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Number;

use crate::data::{
    number::{java_double, to_json},
    value::Value,
};

/// Compares the right side of a criterion with the left, in this order: the right side is the one
/// that is converted if it is a string. `None` if the two can not be compared.
///
/// The string `null` is the same as null, and null comes before all else.
///
/// # Errors
///
/// Java's message for a right side that is compared with a number and is none. It fails the path.
pub(super) fn compare(right: &Value, left: &Value) -> Result<Option<Ordering>, String> {
    let ordering = match (right, left) {
        _ if is_nullish(right) || is_nullish(left) => {
            Some((!is_nullish(right)).cmp(&!is_nullish(left)))
        }
        (Value::String(right), Value::String(left)) => {
            Some(utf16_order(&right.replace(r"\'", "'"), left))
        }
        (Value::Number(right), Value::Number(left)) => number_order(right, left),
        (Value::String(right), Value::Number(left)) => match Decimal::of(left) {
            Some(left) => Some(Decimal::parse(right)?.cmp(&left)),
            None => None,
        },
        (Value::String(right), Value::Bool(left)) => {
            Some(right.eq_ignore_ascii_case("true").cmp(left))
        }
        (Value::Bool(right), Value::Bool(left)) => Some(right.cmp(left)),
        _ => None,
    };
    Ok(ordering)
}

/// `value` as Java's `toString` prints it: a string without quotes.
pub(super) fn as_text(value: &Value) -> Cow<'_, str> {
    value
        .as_str()
        .map_or_else(|| to_json(value).into(), Cow::Borrowed)
}

fn is_nullish(value: &Value) -> bool {
    value.is_null() || value == "null"
}

fn utf16_order(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

fn number_order(one: &Number, other: &Number) -> Option<Ordering> {
    match (one.as_i64(), other.as_i64()) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => Some(Decimal::of(one)?.cmp(&Decimal::of(other)?)),
    }
}

/// A decimal number of any size, as Java's `BigDecimal`, to be compared.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    /// Significant digits: none for zero, else neither the first nor the last is `0`.
    digits: String,
    /// The value is `0.digits × 10^exponent`; 0 for zero.
    exponent: i64,
}

impl Decimal {
    /// The digits that Java prints for `number`. `None` above `i64::MAX`: Jayway leaves such a
    /// number in its Jackson node, which is no number to it.
    fn of(number: &Number) -> Option<Decimal> {
        let text = match number.as_i64() {
            Some(integer) => integer.to_string(),
            None if number.is_u64() => return None,
            None => java_double(number.as_f64()?),
        };
        Decimal::parse(&text).ok()
    }

    /// Parses as `new BigDecimal(text)` does, with OpenJDK's messages.
    fn parse(text: &str) -> Result<Decimal, String> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (significand, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((significand, exponent)) => (significand, Some(exponent)),
            None => (unsigned, None),
        };
        let (whole, fraction) = significand.split_once('.').unwrap_or((significand, ""));
        let is_digit = |character: &char| character.is_ascii_digit();
        if let Some(stray) = whole.chars().chain(fraction.chars()).find(|c| !is_digit(c)) {
            return Err(stray_character(stray, unsigned));
        }
        if whole.is_empty() && fraction.is_empty() {
            return Err("No digits found.".to_owned());
        }
        let exponent = exponent.map_or(Ok(0), parse_exponent)?;
        Ok(Decimal::normal(
            text.starts_with('-'),
            whole,
            fraction,
            exponent,
        ))
    }

    fn normal(is_negative: bool, whole: &str, fraction: &str, exponent: i64) -> Decimal {
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        let leading_zeros = all.len() - digits.len();
        let digits = digits.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Decimal {
                is_negative: false,
                digits,
                exponent: 0,
            };
        }
        let exponent = exponent + whole.len() as i64 - leading_zeros as i64;
        Decimal {
            is_negative,
            digits,
            exponent,
        }
    }

    fn size_order(&self, other: &Decimal) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (false, false) => self
                .exponent
                .cmp(&other.exponent)
                .then_with(|| self.digits.cmp(&other.digits)),
            (self_is_zero, other_is_zero) => other_is_zero.cmp(&self_is_zero),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, false) => self.size_order(other),
            (true, true) => other.size_order(self),
            (self_is_negative, other_is_negative) => other_is_negative.cmp(&self_is_negative),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn parse_exponent(text: &str) -> Result<i64, String> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned.is_empty() {
        return Err("No exponent digits.".to_owned());
    }
    if !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("Not a digit.".to_owned());
    }
    let exponent: i32 = text.parse().map_err(|_| "Exponent overflow.".to_owned())?;
    Ok(exponent.into())
}

fn stray_character(stray: char, number: &str) -> String {
    /// Digits that Java's compact form takes; it reads longer numbers with other words.
    const COMPACT_DIGITS_MAX: usize = 18;
    if stray == '.' {
        return "Character array contains more than one decimal point.".to_owned();
    }
    if number.encode_utf16().count() > COMPACT_DIGITS_MAX {
        return "Character array is missing \"e\" notation exponential mark.".to_owned();
    }
    format!(
        "Character {stray} is neither a decimal digit number, decimal point, nor \"e\" notation \
         exponential mark."
    )
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::*;

    #[track_caller]
    fn order(right: Value, left: Value) -> Option<Ordering> {
        compare(&right, &left).unwrap()
    }

    #[test]
    fn a_string_on_the_right_becomes_what_the_left_is() {
        assert_eq!(order(json!("1.0"), json!(1)), Some(Ordering::Equal));
        assert_eq!(order(json!("TRUE"), json!(true)), Some(Ordering::Equal));
        assert_eq!(order(json!("yes"), json!(true)), Some(Ordering::Less));
        assert_eq!(order(json!(1), json!("1")), None);
    }

    #[test]
    fn null_comes_first_and_the_string_null_is_null() {
        assert_eq!(order(json!("null"), json!(null)), Some(Ordering::Equal));
        assert_eq!(order(json!(null), json!([])), Some(Ordering::Less));
        assert_eq!(order(json!("x"), json!(null)), Some(Ordering::Greater));
    }

    #[test]
    fn arrays_and_objects_are_compared_with_nothing() {
        assert_eq!(order(json!([]), json!([])), None);
        assert_eq!(order(json!("{}"), json!({})), None);
    }

    #[test]
    fn strings_are_ordered_by_utf16_units() {
        assert_eq!(
            order(json!("\u{ff5e}"), json!("\u{1f600}")),
            Some(Ordering::Greater)
        );
        assert_eq!(order(json!(r"it\'s"), json!("it's")), Some(Ordering::Equal));
    }

    #[test]
    fn numbers_are_compared_as_the_decimals_that_java_prints() {
        let ascending = [
            "-1e400", "-2", "-1.5", "-1e-400", "0", "1e-9", "0.1", "00.11", "+2", "10", "1E1000",
        ];
        let decimals: Vec<_> = ascending
            .iter()
            .map(|text| Decimal::parse(text).unwrap())
            .collect();
        assert!(
            decimals.is_sorted_by(|one, other| one < other),
            "{decimals:?}"
        );
        for equal in [
            ["-0.0", "0"],
            ["1e2", "100.0"],
            [".5", "0.50"],
            ["5.", "5"],
            ["0e9", "0"],
        ] {
            assert_eq!(
                Decimal::parse(equal[0]),
                Decimal::parse(equal[1]),
                "{equal:?}"
            );
        }
        assert_eq!(
            order(
                json!(9_007_199_254_740_993_i64),
                json!(9_007_199_254_740_992.0)
            ),
            Some(Ordering::Greater)
        );
        assert_eq!(order(json!(-0.0), json!(0)), Some(Ordering::Equal));
    }

    #[test]
    fn an_integer_above_a_java_long_is_no_number() {
        assert_eq!(order(json!("1"), json!(u64::MAX)), None);
        assert_eq!(order(json!("1"), json!(i64::MAX)), Some(Ordering::Less));
    }

    #[test]
    fn what_is_no_number_fails_in_the_words_of_java() {
        let why = |text: &str| compare(&json!(text), &json!(1)).unwrap_err();
        assert!(why("x1").starts_with("Character x is neither a decimal digit number"));
        assert_eq!(
            why("1.2.3"),
            "Character array contains more than one decimal point."
        );
        assert_eq!(why(""), "No digits found.");
        assert_eq!(why("1e"), "No exponent digits.");
        assert_eq!(why("1ex"), "Not a digit.");
        assert_eq!(why("1e99999999999"), "Exponent overflow.");
        assert!(why("1234567890123456789x").starts_with("Character array is missing"));
    }
}
