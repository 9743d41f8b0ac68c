//! Timestamps as Java's `Instant` prints them.

use aws_smithy_types::{DateTime, date_time::Format};

/// `2024-01-02T03:04:05Z`, with 3, 6 or 9 digits of a fraction if there is one; nothing if it is out of
/// the range of years with four digits.
pub(crate) fn instant(time: DateTime) -> Option<String> {
    let seconds = DateTime::from_secs(time.secs())
        .fmt(Format::DateTime)
        .ok()?;
    let fraction = match time.subsec_nanos() {
        0 => return Some(seconds),
        nanos if nanos % 1_000_000 == 0 => format!("{:03}", nanos / 1_000_000),
        nanos if nanos % 1_000 == 0 => format!("{:06}", nanos / 1_000),
        nanos => format!("{nanos:09}"),
    };
    let seconds = seconds.trim_end_matches('Z');
    Some(format!("{seconds}.{fraction}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_have_three_six_or_nine_digits() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:01Z"),
            (700_000_000, "1970-01-01T00:00:01.700Z"),
            (1_000, "1970-01-01T00:00:01.000001Z"),
            (1, "1970-01-01T00:00:01.000000001Z"),
        ] {
            let time = DateTime::from_secs_and_nanos(1, nanos);
            assert_eq!(instant(time).unwrap(), text);
        }
    }
}
