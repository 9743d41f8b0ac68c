//! `States.Hash`.

use std::borrow::Cow;

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::{
    encoding::bounded,
    evaluation::{Failure, text},
};
use crate::data::{number::to_json, value::Value};

/// In lower-case hexadecimal. What is no string is hashed as its JSON text.
pub(super) fn hash(data: &Value, algorithm: &Value) -> Result<Value, Failure> {
    let data = match data {
        Value::String(text) => Cow::Borrowed(&**text),
        other => Cow::Owned(to_json(other)),
    };
    match digest(bounded(&data)?.as_bytes(), text(algorithm, 2)?) {
        Some(digest) => Ok(digest.into()),
        None => Err(Failure::new(
            "The algorithm must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512",
        )),
    }
}

/// The digest in lower-case hexadecimal; `None` for an algorithm that is not one of the five.
pub(crate) fn digest(data: &[u8], algorithm: &str) -> Option<String> {
    Some(match algorithm {
        "MD5" => hexadecimal(&Md5::digest(data)),
        "SHA-1" => hexadecimal(&Sha1::digest(data)),
        "SHA-256" => hexadecimal(&Sha256::digest(data)),
        "SHA-384" => hexadecimal(&Sha384::digest(data)),
        "SHA-512" => hexadecimal(&Sha512::digest(data)),
        _ => return None,
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::super::tests::{answers, evaluated, failure};

    #[test]
    fn there_are_five_algorithms() {
        // The digests of the empty text.
        for (algorithm, start) in [
            ("MD5", "d41d8cd98f00b204"),
            ("SHA-1", "da39a3ee5e6b4b0d"),
            ("SHA-256", "e3b0c44298fc1c14"),
            ("SHA-384", "38b060a751ac9638"),
            ("SHA-512", "cf83e1357eefb8bd"),
        ] {
            let call = format!("States.Hash('', '{algorithm}')");
            let digest = evaluated(&call, json!({})).unwrap();
            let digest = digest.as_str().unwrap();
            assert!(digest.starts_with(start), "{algorithm}: {digest}");
        }
    }

    #[test]
    fn what_is_no_string_is_hashed_as_json() {
        let of_text = evaluated("States.Hash('[1]', 'MD5')", json!({}));
        answers("States.Hash($, 'MD5')", json!([1]), of_text.unwrap());
    }

    #[test]
    fn another_algorithm_fails() {
        for algorithm in ["sha-256", "SHA256", "SHA-224", ""] {
            assert_eq!(
                failure(&format!("States.Hash($, '{algorithm}')"), json!("a")),
                "The algorithm must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512"
            );
        }
    }

    #[test]
    fn more_than_ten_thousand_characters_fail() {
        assert_eq!(
            failure("States.Hash($, 'MD5')", json!("a".repeat(10_001))),
            "The data has more than 10000 characters"
        );
    }
}
