//! Payloads: the JSON values that flow through an execution, shared and never copied.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use segno_asl::data::{number::to_json, value::Value};
use serde::{Deserialize, Serialize};

/// A JSON value with its text. Cloning shares it.
#[derive(Clone)]
pub struct Payload(Arc<Inner>);

/// One of the two is there, and makes the other when that is first asked for.
struct Inner {
    value: OnceLock<Value>,
    /// The text as it was received, as it was stored, or as it was rendered.
    text: OnceLock<Box<str>>,
}

impl Payload {
    /// Parses JSON text, and keeps the text: what passes through unchanged is shown as it came.
    ///
    /// # Errors
    ///
    /// Where the text stops being JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let value = parse(text)?;
        Ok(Self(Arc::new(Inner {
            value: OnceLock::from(value),
            text: OnceLock::from(Box::from(text)),
        })))
    }

    /// The payload whose [`text`](Self::text) this was. It is not parsed unless its value is asked for.
    pub fn stored(text: impl Into<Box<str>>) -> Self {
        Self(Arc::new(Inner {
            value: OnceLock::new(),
            text: OnceLock::from(text.into()),
        }))
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If it was [stored](Self::stored), and what was given as its text is not JSON.
    pub fn value(&self) -> &Value {
        self.0
            .value
            .get_or_init(|| parse(self.text()).expect("the text of a payload is JSON"))
    }

    /// The text: as received, else compact, with numbers as Java prints them.
    pub fn text(&self) -> &str {
        self.0.text.get_or_init(|| {
            // Without a text there is a value.
            let text = to_json(self.value());
            RENDERED.add(text.len());
            text.into()
        })
    }

    /// Bytes of the [`text`](Self::text), which need not be made to know them.
    pub fn text_bytes(&self) -> usize {
        match self.0.text.get() {
            Some(text) => text.len(),
            None => self.value().text_bytes(),
        }
    }
}

fn parse(text: &str) -> Result<Value, serde_json::Error> {
    PARSED.add(text.len());
    serde_json::from_str(text)
}

/// What was done to payloads in this process, again and again of the same kind.
#[derive(Debug, Default)]
pub struct Work {
    times: AtomicU64,
    bytes: AtomicU64,
}

/// Texts that were parsed.
pub static PARSED: Work = Work::new();

/// Values that were rendered.
pub static RENDERED: Work = Work::new();

impl Work {
    const fn new() -> Self {
        Self {
            times: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    fn add(&self, bytes: usize) {
        self.times.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// How often.
    pub fn times(&self) -> u64 {
        self.times.load(Ordering::Relaxed)
    }

    /// Bytes of text in all.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self(Arc::new(Inner {
            value: OnceLock::from(value),
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
///
/// Ids are counted, so a new one goes last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Payloads(Vec<(PayloadId, Payload)>);

impl Payloads {
    /// The payload of this id, if it is here.
    pub fn get(&self, id: PayloadId) -> Option<&Payload> {
        let at = self.place(id).ok()?;
        Some(&self.0[at].1)
    }

    /// Adds a payload under its id.
    pub fn insert(&mut self, id: PayloadId, payload: Payload) {
        match self.place(id) {
            Ok(at) => self.0[at].1 = payload,
            Err(at) => self.0.insert(at, (id, payload)),
        }
    }

    fn place(&self, id: PayloadId) -> Result<usize, usize> {
        match self.0.last() {
            Some((last, _)) if *last < id => Err(self.0.len()),
            _ => self.0.binary_search_by_key(&id, |(id, _)| *id),
        }
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
        self.0.retain(|(id, _)| is_needed(*id));
    }
}

impl Extend<(PayloadId, Payload)> for Payloads {
    fn extend<T: IntoIterator<Item = (PayloadId, Payload)>>(&mut self, payloads: T) {
        for (id, payload) in payloads {
            self.insert(id, payload);
        }
    }
}

impl FromIterator<(PayloadId, Payload)> for Payloads {
    fn from_iter<T: IntoIterator<Item = (PayloadId, Payload)>>(payloads: T) -> Self {
        // Sorted first, so that each goes last. The sort is stable: of two of one id the last counts.
        let mut payloads: Vec<_> = payloads.into_iter().collect();
        payloads.sort_by_key(|(id, _)| *id);
        let mut sorted = Self::default();
        sorted.extend(payloads);
        sorted
    }
}

/// Which ids are needed, of those below a bound.
pub(crate) struct Needed {
    /// Those below 128, a bit each: most executions have no others.
    first: u128,
    others: Vec<bool>,
}

impl Needed {
    const FIRST: usize = u128::BITS as usize;

    pub(crate) fn none_of(bound: PayloadId) -> Self {
        let bound = usize::try_from(bound.0).expect("ids are counted in memory");
        Self {
            first: 0,
            others: vec![false; bound.saturating_sub(Self::FIRST)],
        }
    }

    /// Whoever refers to an id that was never given to a payload finds none.
    pub(crate) fn note(&mut self, id: PayloadId) {
        let id = id.0 as usize;
        if id < Self::FIRST {
            self.first |= 1 << id;
        } else if let Some(is_needed) = self.others.get_mut(id - Self::FIRST) {
            *is_needed = true;
        }
    }

    pub(crate) fn has(&self, id: PayloadId) -> bool {
        let id = id.0 as usize;
        match id.checked_sub(Self::FIRST) {
            None => self.first >> id & 1 == 1,
            Some(other) => self.others.get(other).is_some_and(|is_needed| *is_needed),
        }
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

    #[test]
    fn a_text_that_is_nested_deeply_is_no_payload() {
        for levels in [200, 10_000, 1_000_000] {
            let (open, close) = ("[".repeat(levels), "]".repeat(levels));
            assert!(Payload::parse(&open).is_err());
            assert!(Payload::parse(&format!("{open}{close}")).is_err());
        }
    }

    #[test]
    fn what_was_noted_is_needed() {
        let mut needed = Needed::none_of(PayloadId(200));
        for id in [0, 127, 128, 199, 200, u64::MAX] {
            needed.note(PayloadId(id));
        }
        let found: Vec<u64> = (0..300).filter(|id| needed.has(PayloadId(*id))).collect();
        assert_eq!(found, [0, 127, 128, 199]);
        assert!(!Needed::none_of(PayloadId(3)).has(PayloadId(1)));
    }

    #[test]
    fn payloads_are_found_whatever_the_order_in_which_they_came() {
        let payload = |number: u64| Payload::from(Value::from(number));
        let numbered = |numbers: &[u64]| -> Payloads {
            let pairs = numbers.iter().map(|n| (PayloadId(n % 100), payload(*n)));
            pairs.collect()
        };
        let mut payloads = numbered(&[7, 3, 5, 103]);
        payloads.insert(PayloadId(4), payload(4));
        payloads.extend([(PayloadId(9), payload(9)), (PayloadId(1), payload(1))]);
        assert_eq!(payloads, numbered(&[1, 103, 4, 5, 7, 9]));
        assert_eq!(payloads.get(PayloadId(3)), Some(&payload(103)));
        assert_eq!(payloads.get(PayloadId(6)), None);
    }

    #[test]
    fn stored_text_is_the_text_and_gives_the_value() {
        let stored = Payload::stored("{ \"a\" : 1.50 }");
        assert_eq!(stored.text(), "{ \"a\" : 1.50 }");
        assert_eq!(to_json(&stored.value()["a"]), "1.5");
        assert_eq!(stored, Payload::parse("{ \"a\" : 1.50 }").unwrap());
    }
}
