//! Payloads: the JSON values that flow through an execution, shared and never copied.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use segno_asl::data::{number::to_json, value::Value};
use serde::{Deserialize, Serialize};

/// A JSON value with its text. Cloning shares it.
#[derive(Clone)]
pub struct Payload(Arc<Inner>);

struct Inner {
    value: Value,
    /// The text as it was received, or as it was rendered when it was first asked for.
    text: OnceLock<Box<str>>,
}

impl Payload {
    /// Parses JSON text, and keeps the text: what passes through unchanged is shown as it came.
    ///
    /// # Errors
    ///
    /// Where the text stops being JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let value = serde_json::from_str(text)?;
        Ok(Self(Arc::new(Inner {
            value,
            text: OnceLock::from(Box::from(text)),
        })))
    }

    /// The value.
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// The text: as received, else compact, with numbers as Java prints them.
    pub fn text(&self) -> &str {
        self.0.text.get_or_init(|| to_json(&self.0.value).into())
    }

    /// Bytes of the [`text`](Self::text), which need not be made to know them.
    pub fn text_bytes(&self) -> usize {
        match self.0.text.get() {
            Some(text) => text.len(),
            None => self.0.value.text_bytes(),
        }
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self(Arc::new(Inner {
            value,
            text: OnceLock::new(),
        }))
    }
}

impl From<serde_json::Value> for Payload {
    fn from(value: serde_json::Value) -> Self {
        Value::from(value).into()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.text() == other.text()
    }
}

/// Names a payload within its execution. Counted, not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PayloadId(pub u64);

/// Payloads by id: those that a checkpoint refers to, or those that a history needs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Payloads(BTreeMap<PayloadId, Payload>);

impl Payloads {
    /// The payload of this id, if it is here.
    pub fn get(&self, id: PayloadId) -> Option<&Payload> {
        self.0.get(&id)
    }

    /// Adds a payload under its id.
    pub fn insert(&mut self, id: PayloadId, payload: Payload) {
        self.0.insert(id, payload);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets all but those that `is_needed`.
    pub(crate) fn retain(&mut self, is_needed: impl Fn(PayloadId) -> bool) {
        self.0.retain(|id, _| is_needed(*id));
    }
}

impl Extend<(PayloadId, Payload)> for Payloads {
    fn extend<T: IntoIterator<Item = (PayloadId, Payload)>>(&mut self, payloads: T) {
        self.0.extend(payloads);
    }
}

impl FromIterator<(PayloadId, Payload)> for Payloads {
    fn from_iter<T: IntoIterator<Item = (PayloadId, Payload)>>(payloads: T) -> Self {
        Self(payloads.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn received_text_is_kept_and_computed_values_are_compact() {
        let received = Payload::parse("{ \"a\" : 1.50 }").unwrap();
        assert_eq!(received.text(), "{ \"a\" : 1.50 }");
        assert_eq!(received.text_bytes(), 14);
        let computed = Payload::from(received.value().clone());
        assert_eq!(computed.text_bytes(), 9);
        assert_eq!(computed.text(), r#"{"a":1.5}"#);
    }
}
