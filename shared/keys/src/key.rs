//! A key, and the text that all keys are kept as.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use segno_asl::choice::{InvalidPattern, Pattern};
use serde::{Deserialize, Serialize};

/// What ids begin with: whoever finds one in a log knows whose it is.
const ID_PREFIX: &str = "SEGNO";

/// Letters and digits of an id, which is as long as those of IAM.
const ID_ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ID_RANDOM_BYTES: usize = 15;

/// Bytes of a secret: 40 characters of base64, as many as those of IAM have.
const SECRET_BYTES: usize = 30;

/// All keys of a stack.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Keys {
    /// In the order in which they were made.
    pub keys: Vec<Key>,
}

/// A key, and what may be done with it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// What requests name it by: `AWS_ACCESS_KEY_ID`.
    pub id: String,
    /// What requests are signed with: `AWS_SECRET_ACCESS_KEY`.
    pub secret: String,
    /// The operations that it is for.
    pub operations: Vec<Wildcard>,
    /// The names of the state machines that it is for.
    pub state_machines: Vec<Wildcard>,
    /// When it was made.
    pub created: Instant,
    /// When it ends; `None` if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Instant>,
}

/// A text that is not what keys are kept as. It is not told: it has secrets.
#[derive(Debug, thiserror::Error)]
#[error("the secret does not have Segno's keys: line {line}, column {column}")]
pub struct InvalidKeys {
    line: usize,
    column: usize,
}

impl Keys {
    /// Reads the text that keys are kept as.
    ///
    /// # Errors
    ///
    /// Where it is not that.
    pub fn read(text: &str) -> Result<Self, InvalidKeys> {
        serde_json::from_str(text).map_err(|error| InvalidKeys {
            line: error.line(),
            column: error.column(),
        })
    }

    /// The text that they are kept as.
    pub fn write(&self) -> String {
        serde_json::to_string(self).expect("keys are JSON")
    }

    /// The key with an id.
    pub fn find(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }
}

impl Key {
    /// A new key.
    ///
    /// # Errors
    ///
    /// The system has no randomness.
    pub fn new(
        operations: Vec<Wildcard>,
        state_machines: Vec<Wildcard>,
        created: SystemTime,
        term: Term,
    ) -> Result<Self, getrandom::Error> {
        let mut id = [0; ID_RANDOM_BYTES];
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut id)?;
        getrandom::fill(&mut secret)?;
        let id = id.map(|byte| char::from(ID_ALPHABET[usize::from(byte % 32)]));
        Ok(Self {
            id: format!("{ID_PREFIX}{}", String::from_iter(id)),
            secret: BASE64_STANDARD.encode(secret),
            operations,
            state_machines,
            created: Instant::of(created),
            expires: term.0.map(|term| Instant::of(created + term)),
        })
    }

    /// Whether an access key is one of Segno, not of IAM.
    pub fn is_id(text: &str) -> bool {
        text.starts_with(ID_PREFIX)
    }

    /// Whether it has ended.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|end| end <= Instant::of(now))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// A point in time, written as RFC 3339 has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant(Timestamp);

impl Instant {
    /// To the second: nobody asks when exactly.
    fn of(time: SystemTime) -> Self {
        let time = Timestamp::try_from(time).unwrap_or(Timestamp::MAX);
        Self(Timestamp::from_second(time.as_second()).unwrap_or(time))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> Self {
        instant.to_string()
    }
}

impl TryFrom<String> for Instant {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// How long a key lasts: `90d`, `12h`, or `never` for one that does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term(Option<Duration>);

impl FromStr for Term {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const USAGE: &str = "it must be a number of days or hours, as in 90d and 12h, or never";
        const HOURS_MAX: u64 = 100 * 365 * 24;
        if text == "never" {
            return Ok(Self(None));
        }
        let (number, hours) = match text.strip_suffix('d') {
            Some(days) => (days, 24),
            None => (text.strip_suffix('h').ok_or(USAGE)?, 1),
        };
        let number: u64 = number.parse().map_err(|_| USAGE)?;
        match number.checked_mul(hours) {
            Some(hours @ 1..=HOURS_MAX) => Ok(Self(Some(Duration::from_secs(hours * 3_600)))),
            _ => Err(USAGE),
        }
    }
}

/// A text with `*` in it for any characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Wildcard {
    text: String,
    pattern: Pattern,
}

impl Wildcard {
    /// Whether a whole text fits.
    pub fn matches(&self, text: &str) -> bool {
        self.pattern.matches(text)
    }

    /// Whether any text fits.
    pub fn is_any(&self) -> bool {
        self.text == "*"
    }
}

impl FromStr for Wildcard {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Wildcard {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let pattern = Pattern::compile(&text)?;
        Ok(Self { text, pattern })
    }
}

impl From<Wildcard> for String {
    fn from(wildcard: Wildcard) -> Self {
        wildcard.text
    }
}

impl fmt::Display for Wildcard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(term: &str) -> Key {
        let any = || vec!["*".parse().unwrap()];
        Key::new(any(), any(), SystemTime::UNIX_EPOCH, term.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_key_is_as_long_as_iam_has_them_and_no_other_is_like_it() {
        let (one, other) = (key("90d"), key("90d"));
        assert_eq!((one.id.len(), one.secret.len()), (20, 40));
        assert_ne!(one.id, other.id);
        assert_ne!(one.secret, other.secret);
    }

    #[test]
    fn keys_are_kept_as_they_are() {
        let keys = Keys {
            keys: vec![key("90d"), key("never")],
        };
        let text = keys.write();
        assert_eq!(Keys::read(&text).unwrap().write(), text);
        assert!(
            text.contains(r#""expires":"1970-04-01T00:00:00Z""#),
            "{text}"
        );
        assert_eq!(Keys::read(r#"{"keys":[]}"#).unwrap().keys.len(), 0);
    }

    #[test]
    fn what_is_wrong_with_the_text_is_told_without_the_text() {
        let error = Keys::read(r#"{"keys":["hidden"]}"#).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hidden"));
        assert!(!format!("{:?}", key("1h")).contains(&key("1h").secret));
    }

    #[test]
    fn a_key_ends_when_its_term_is_over() {
        let at = |hours: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(hours * 3_600);
        assert!(!key("2d").is_expired(at(47)));
        assert!(key("2d").is_expired(at(48)));
        assert!(!key("never").is_expired(at(1_000_000)));
    }

    #[test]
    fn a_term_is_some_days_or_hours() {
        for text in [
            "",
            "d",
            "0d",
            "-1d",
            "1w",
            "99999999999999999999d",
            "99999999d",
        ] {
            assert!(text.parse::<Term>().is_err(), "{text}");
        }
    }
}
