//! Task tokens: whoever has one may complete the attempt that it names.
//!
//! AWS: [Wait for a callback with a task token](https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    checkpoint::{AttemptId, FrameId},
    key::{ExecutionKey, Nonce},
};

/// A token: the address of an attempt, and 128 random bits that cannot be guessed.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskToken {
    /// Whose attempt it is.
    pub execution: ExecutionKey,
    /// Which attempt.
    pub attempt: AttemptId,
    secret: Secret,
}

/// What makes a token more than an address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(pub [u8; 16]);

/// What a checkpoint keeps of a secret: enough to recognise it, too little to answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(Nonce);

impl Secret {
    /// The first half of its SHA-256.
    pub fn hash(&self) -> SecretHash {
        let hash = Sha256::digest(self.0);
        SecretHash(Nonce(hash[..16].try_into().expect("a hash has 32 bytes")))
    }
}

impl TaskToken {
    /// A token for an attempt.
    pub fn new(execution: ExecutionKey, attempt: AttemptId, secret: Secret) -> Self {
        Self {
            execution,
            attempt,
            secret,
        }
    }

    /// What the checkpoint must keep for this token to be the attempt's.
    pub fn hash(&self) -> SecretHash {
        self.secret.hash()
    }

    /// Its text: URL-safe, without padding.
    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(48 + self.execution.arn.len());
        bytes.extend_from_slice(&self.secret.0);
        bytes.extend_from_slice(&self.execution.nonce.0);
        bytes.extend_from_slice(&self.attempt.frame.0.to_be_bytes());
        bytes.extend_from_slice(&self.attempt.number.to_be_bytes());
        bytes.extend_from_slice(self.execution.arn.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads the text of a token; `None` if it is none.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (secret, rest) = bytes.split_first_chunk::<16>()?;
        let (nonce, rest) = rest.split_first_chunk::<16>()?;
        let (frame, rest) = rest.split_first_chunk::<8>()?;
        let (number, arn) = rest.split_first_chunk::<8>()?;
        let arn = std::str::from_utf8(arn).ok()?;
        arn.starts_with("arn:").then(|| Self {
            execution: ExecutionKey {
                arn: arn.to_owned(),
                nonce: Nonce(*nonce),
            },
            attempt: AttemptId {
                frame: FrameId(u64::from_be_bytes(*frame)),
                number: u64::from_be_bytes(*number),
            },
            secret: Secret(*secret),
        })
    }
}

/// A token is a capability, so it is not printed.
impl std::fmt::Debug for TaskToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TaskToken({}, {:?}, …)", self.execution, self.attempt)
    }
}

/// So is what makes it one.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> TaskToken {
        let execution = ExecutionKey {
            arn: "arn:aws:states:us-east-1:123456789012:execution:order:one".into(),
            nonce: Nonce([9; 16]),
        };
        let attempt = AttemptId {
            frame: FrameId(3),
            number: 7,
        };
        TaskToken::new(execution, attempt, Secret([1; 16]))
    }

    #[test]
    fn a_token_reads_back_and_is_safe_in_a_url() {
        let text = token().encode();
        assert_eq!(TaskToken::decode(&text), Some(token()));
        assert!(
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        assert!(text.len() < 1_024);
    }

    #[test]
    fn what_was_not_made_here_is_no_token() {
        for text in ["", "a", "!", &"A".repeat(200), "AAAA"] {
            assert_eq!(TaskToken::decode(text), None, "{text}");
        }
    }

    #[test]
    fn neither_tokens_nor_secrets_are_printed() {
        let printed = format!("{:?} {:?}", token(), Secret([1; 16]));
        assert!(!printed.contains(&token().encode()) && !printed.contains("1, 1"));
    }
}
