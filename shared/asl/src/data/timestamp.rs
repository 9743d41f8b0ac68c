//! Timestamps as the language writes them: RFC 3339 with an upper-case `T`, and `Z` or an offset.

use jiff::Timestamp;

/// Reads a timestamp: a date, `T`, a time with any number of fraction digits, and a zone. `None` if
/// the text is anything else, a time without zone included.
///
/// Spec: [Timestamps](https://states-language.net/spec.html#timestamps).
pub fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let has_strict_shape = bytes.get(10) == Some(&b'T')
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b':' | b'.' | b'T' | b'Z'));
    if !has_strict_shape {
        return None;
    }
    // The parser takes up to nine fraction digits; AWS takes any number, and ignores what is finer.
    let text = truncate_fraction(text);
    text.parse::<Timestamp>().ok()
}

/// Cuts a fraction of a second down to nine digits.
fn truncate_fraction(text: &str) -> String {
    let Some(dot) = text.find('.') else {
        return text.to_owned();
    };
    let digits = text[dot + 1..]
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    let keep = digits.min(9);
    format!("{}{}", &text[..=dot + keep], &text[dot + 1 + digits..])
}

/// Writes an instant as the context object has it: UTC, `Z`, milliseconds with trailing zeros cut.
pub fn format(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds)
        .unwrap_or(Timestamp::MAX)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_required() {
        assert!(parse("2016-12-05T21:29:29Z").is_some());
        assert!(parse("2016-12-05T21:29:29+02:00").is_some());
        assert!(parse("2016-12-05T21:29:29").is_none());
        assert!(parse("2016-12-05").is_none());
    }

    #[test]
    fn the_letter_between_date_and_time_is_an_upper_case_t() {
        assert!(parse("2016-12-05 21:29:29Z").is_none());
        assert!(parse("2016-12-05t21:29:29Z").is_none());
        assert!(parse("2016-12-05T21:29:29z").is_none());
    }

    #[test]
    fn any_number_of_fraction_digits_will_do() {
        let nine = parse("2016-12-05T21:29:29.123456789Z");
        assert!(nine.is_some());
        assert_eq!(parse("2016-12-05T21:29:29.1234567891234Z"), nine);
    }

    #[test]
    fn instants_are_written_in_utc() {
        assert_eq!(format(1_480_973_369_120), "2016-12-05T21:29:29.12Z");
    }
}
