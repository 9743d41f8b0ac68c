//! What names an execution for ever: its ARN, and the nonce of its start.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::{Digest, Sha256};

use crate::checkpoint::AttemptId;

/// Names one run for ever. An ARN can be used again once its execution has expired; the nonce tells
/// the new run from the old one, whose log may still be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExecutionKey {
    /// ARN of the execution.
    pub arn: String,
    /// Which start of that name.
    pub nonce: Nonce,
}

/// 128 bits that tell one start, or one writer, from another. Persisted as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce(pub [u8; 16]);

impl ExecutionKey {
    /// The key of the execution that an attempt of this one starts: a start that is repeated after a
    /// crash is recognised by its nonce.
    pub fn child(&self, attempt: AttemptId, arn: String) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.nonce.0);
        hash.update(attempt.number.to_be_bytes());
        hash.update(self.arn.as_bytes());
        Self {
            arn,
            nonce: Nonce::of(&hash.finalize()),
        }
    }
}

impl Nonce {
    /// The same for the same parts, and another one for any others.
    pub fn derived(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // Where one part ends and the next begins counts, too.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self::of(&hash.finalize())
    }

    /// The first 128 bits of a hash.
    fn of(hash: &[u8]) -> Self {
        Self(
            hash[..16]
                .try_into()
                .expect("a hash has more than 16 bytes"),
        )
    }

    /// Reads 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let number = u128::from_str_radix(text, 16).ok()?;
        (text.len() == 32).then(|| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for ExecutionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("a nonce has 32 hexadecimal digits"))
    }
}
