//! A part of a page that may change.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A part with what it says now.
pub(super) struct Part {
    pub(super) id: String,
    /// `None` if it may be large: a page asks for it when it is told that it has changed.
    pub(super) text: Option<String>,
    /// What it is the row of.
    pub(super) into: &'static str,
    /// Tells whether it has changed.
    pub(super) hash: u64,
}

impl Part {
    pub(super) fn new(id: impl Into<String>, text: String) -> Self {
        Self {
            id: id.into(),
            hash: hash(&text),
            text: Some(text),
            into: "",
        }
    }

    /// A row.
    pub(super) fn row(id: String, text: String, into: &'static str) -> Self {
        Self {
            into,
            ..Self::new(id, text)
        }
    }

    /// The same part, of which something is told by itself: another one of that is no change.
    pub(super) fn but_for(self, told: &str) -> Self {
        let text = self.text.as_deref().unwrap_or_default();
        Self {
            hash: hash(&text.replace(told, "")),
            ..self
        }
    }

    /// The box of all bars.
    pub(super) fn scale(view_box: String) -> Self {
        Self::new("scale", view_box)
    }

    pub(super) fn asked_for(id: &str, text: &str) -> Self {
        Self {
            id: id.to_owned(),
            hash: hash(text),
            text: None,
            into: "",
        }
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
