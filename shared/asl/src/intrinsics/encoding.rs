//! `States.Base64Encode` and `States.Base64Decode`.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::evaluation::{Failure, text};
use crate::{data::value::Value, limits::INTRINSIC_TEXT_CHARACTERS_MAX};

/// As Java's basic decoder: padding may be left out, and the bits that no byte needs are not looked
/// at.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn encode(data: &Value) -> Result<Value, Failure> {
    Ok(BASE64.encode(bounded(text(data, 1)?)?).into())
}

/// Bytes that are not UTF-8 become U+FFFD, as in a Java string: by judgement.
pub(super) fn decode(encoded: &Value) -> Result<Value, Failure> {
    let bytes = BASE64
        .decode(bounded(text(encoded, 1)?)?)
        .map_err(|error| Failure(format!("The data is not Base64: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into())
}

/// The text, if a function for encoding or hashing takes that much.
pub(super) fn bounded(text: &str) -> Result<&str, Failure> {
    if text.chars().nth(INTRINSIC_TEXT_CHARACTERS_MAX).is_none() {
        Ok(text)
    } else {
        Err(Failure(format!(
            "The data has more than {INTRINSIC_TEXT_CHARACTERS_MAX} characters"
        )))
    }
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::super::tests::{answers, evaluated, failure};

    #[test]
    fn text_is_encoded_as_utf_8_with_padding() {
        answers("States.Base64Encode($)", json!("é?"), json!("w6k/"));
        answers("States.Base64Encode($)", json!("a"), json!("YQ=="));
        answers("States.Base64Encode($)", json!(""), json!(""));
    }

    #[test]
    fn padding_may_be_left_out_when_decoding() {
        answers("States.Base64Decode($)", json!("YQ=="), json!("a"));
        answers("States.Base64Decode($)", json!("YQ"), json!("a"));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        answers("States.Base64Decode($)", json!("/w=="), json!("\u{fffd}"));
    }

    #[test]
    fn what_is_not_base64_fails() {
        let why = failure("States.Base64Decode($)", json!("a b"));
        assert!(why.starts_with("The data is not Base64: "), "{why}");
        assert_eq!(
            failure("States.Base64Encode($)", json!(1)),
            "Argument 1 must be a string, but was a number"
        );
    }

    #[test]
    fn ten_thousand_characters_are_taken() {
        for call in ["States.Base64Encode($)", "States.Base64Decode($)"] {
            assert!(evaluated(call, json!("a".repeat(10_000))).is_ok());
            assert_eq!(
                failure(call, json!("a".repeat(10_001))),
                "The data has more than 10000 characters"
            );
        }
        assert!(evaluated("States.Base64Encode($)", json!("é".repeat(10_000))).is_ok());
    }
}
