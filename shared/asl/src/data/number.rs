//! JSON text with numbers as Java prints them.
//!
//! AWS writes every payload with Jackson, so a double in an output, a Cause or `States.Format`
//! looks as `Double.toString` makes it: `1.00000005E7` where serde_json would print `10000000.5`.
//! Integers print in full. Parsing is serde_json's own.

use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};

/// A JSON value as compact text.
///
/// ```
/// let value = segno_asl::json!({ "price": 10_000_000.5, "count": 2 });
/// assert_eq!(segno_asl::data::number::to_json(&value), r#"{"price":1.00000005E7,"count":2}"#);
/// ```
pub fn to_json(value: &(impl Serialize + ?Sized)) -> String {
    let mut text = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut text, Jackson))
        .expect("JSON has string keys only, and a Vec accepts every write");
    String::from_utf8(text).expect("the serializer writes UTF-8")
}

/// `number` as Java's `Double.toString` prints it: the fewest digits that read back as the same
/// double, at least one of them after the point, with an exponent outside `0.001..10_000_000`.
///
/// Spec: [Double.toString](https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/lang/Double.html#toString(double)).
pub fn java_double(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    if number == 0.0 || (1e-3..1e7).contains(&number.abs()) {
        return format!("{number:?}");
    }
    let scientific = shortest_scientific(number);
    let (digits, exponent) = scientific
        .split_once('e')
        .expect("`{:e}` writes an exponent");
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}E{exponent}")
}

/// The shortest digits, but two where one would do: Java prefers the nearest number of two digits
/// (`4.9E-324`) to a farther one of one digit (`5E-324`).
fn shortest_scientific(number: f64) -> String {
    let shortest = format!("{number:e}");
    if shortest.contains('.') {
        return shortest;
    }
    let two_digits = format!("{number:.1e}");
    if two_digits.parse() == Ok(number) {
        two_digits
    } else {
        shortest
    }
}

/// Writes doubles and control characters in Jackson's way, and all else in serde_json's.
struct Jackson;

impl Formatter for Jackson {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, number: f64) -> io::Result<()> {
        writer.write_all(java_double(number).as_bytes())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        let short = match escape {
            CharEscape::AsciiControl(byte) => return write!(writer, "\\u{byte:04X}"),
            CharEscape::Quote => b"\\\"",
            CharEscape::ReverseSolidus => b"\\\\",
            CharEscape::Solidus => b"\\/",
            CharEscape::Backspace => b"\\b",
            CharEscape::FormFeed => b"\\f",
            CharEscape::LineFeed => b"\\n",
            CharEscape::CarriageReturn => b"\\r",
            CharEscape::Tab => b"\\t",
        };
        writer.write_all(short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::value::Value;
    use crate::json;

    #[track_caller]
    fn prints(number: f64, text: &str) {
        assert_eq!(java_double(number), text);
        assert_eq!(java_double(-number), format!("-{text}"));
        assert_eq!(text.parse(), Ok(number), "{text} reads back");
    }

    #[test]
    fn a_whole_double_keeps_one_digit_after_the_point() {
        prints(0.0, "0.0");
        prints(1.0, "1.0");
        prints(100.0, "100.0");
        prints(1000.0, "1000.0");
    }

    #[test]
    fn plain_notation_starts_at_a_thousandth() {
        prints(0.001, "0.001");
        prints(0.0012345, "0.0012345");
        prints(0.001_f64.next_down(), "9.999999999999998E-4");
        prints(1e-4, "1.0E-4");
        prints(0.000_012_5, "1.25E-5");
    }

    #[test]
    fn plain_notation_ends_before_ten_million() {
        prints(9_999_999.0, "9999999.0");
        prints(1e7_f64.next_down(), "9999999.999999998");
        prints(1e7, "1.0E7");
        prints(10_000_000.5, "1.00000005E7");
        prints(12_345_678.9, "1.23456789E7");
    }

    #[test]
    fn powers_of_ten_and_two_are_exact() {
        prints(1e10, "1.0E10");
        prints(1e22, "1.0E22");
        prints(1e23, "1.0E23");
        prints(2f64.powi(53), "9.007199254740992E15");
        prints(2f64.powi(-10), "9.765625E-4");
        prints(2f64.powi(64), "1.8446744073709552E19");
    }

    #[test]
    fn digits_are_the_fewest_that_read_back() {
        prints(0.1, "0.1");
        prints(0.1 + 0.2, "0.30000000000000004");
        prints(1.0 / 3.0, "0.3333333333333333");
        prints(2e23, "2.0E23");
        prints(8.41e21, "8.41E21");
    }

    #[test]
    fn the_ends_of_the_range_print() {
        prints(f64::MAX, "1.7976931348623157E308");
        prints(f64::MIN_POSITIVE, "2.2250738585072014E-308");
        prints(5e-324, "4.9E-324");
        prints(1e-323, "9.9E-324");
    }

    #[test]
    fn what_is_not_finite_has_a_name() {
        assert_eq!(java_double(f64::NAN), "NaN");
        assert_eq!(java_double(f64::INFINITY), "Infinity");
        assert_eq!(java_double(f64::NEG_INFINITY), "-Infinity");
    }

    #[test]
    fn integers_print_in_full() {
        let value = json!([0, -1, 10_000_000, i64::MIN, u64::MAX]);
        assert_eq!(
            to_json(&value),
            "[0,-1,10000000,-9223372036854775808,18446744073709551615]"
        );
    }

    #[test]
    fn doubles_are_rewritten_and_key_order_is_kept() {
        let value: Value =
            serde_json::from_str(r#"{ "z": 1e3, "a": [1.10, 1e-5, -0.0] }"#).unwrap();
        assert_eq!(to_json(&value), r#"{"z":1000.0,"a":[1.1,1.0E-5,-0.0]}"#);
    }

    #[test]
    fn only_quotes_backslashes_and_control_characters_are_escaped() {
        let value = json!("é 漢 \u{1F600} \u{2028} \u{7f} / \" \\ \n \t \r \u{8} \u{c} \u{1f}");
        let escapes = r#"\" \\ \n \t \r \b \f \u001F"#;
        assert_eq!(
            to_json(&value),
            format!("\"é 漢 \u{1F600} \u{2028} \u{7f} / {escapes}\"")
        );
    }
}
