//! Contents by hash.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// SHA-256 of a content, in URL-safe Base64 without padding: 43 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(String);

impl ContentHash {
    /// The hash of a content.
    ///
    /// ```
    /// use segno_engine::catalog::ContentHash;
    ///
    /// let hash = ContentHash::of(b"{}");
    /// assert_eq!(hash.as_str(), "RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o");
    /// ```
    pub fn of(content: &[u8]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(content)))
    }

    /// As a database names it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
