//! What a commit's item says: its checkpoint, history events and payloads, and where the payloads are that
//! these refer to and that other commits have.

use std::collections::BTreeMap;

use segno_engine::queue::Cause;
use segno_interpreter::payload::{Payload, PayloadId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::failure::Unreadable;

/// Where a payload is that an execution has already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Place {
    /// In the commit of this number, or in what that refers to. The input is in that of number 0.
    Commit(u64),
    /// In the object of this name.
    Object(String),
}

/// One commit, as text. That of number 0 has the input, and nothing else.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Record {
    /// How many history events there are, with those of this commit.
    pub(crate) events: u64,
    /// Payloads of lower numbers are in this commit or in those before.
    pub(crate) payloads: u64,
    pub(crate) cause: Option<Cause>,
    /// Number of the last commit whose checkpoint is written whole.
    pub(crate) whole: u64,
    /// A [`Kept`], or what it differs in from that of the commit before.
    pub(crate) checkpoint: String,
    /// History events, a line each.
    pub(crate) history: String,
    /// Payloads that are here.
    pub(crate) texts: Vec<(PayloadId, Payload)>,
    /// Payloads that have the text of the input within them, and what is before and after that: what a
    /// first state sends is often its input and little else.
    pub(crate) around: Vec<(PayloadId, Around)>,
    /// Payloads of this commit that are objects.
    pub(crate) objects: Vec<(PayloadId, String)>,
    /// Payloads of other commits that the history events refer to.
    pub(crate) elsewhere: BTreeMap<PayloadId, Place>,
}

/// A text around that of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Around {
    before: String,
    after: String,
}

/// Bytes of an input below which a text is not taken apart.
const INPUT_BYTES_MIN: usize = 256;

impl Around {
    /// The text, if it has that of the input within it.
    pub(crate) fn of(text: &str, input: &Payload) -> Option<Self> {
        if text.len() < INPUT_BYTES_MIN || input.text_bytes() < INPUT_BYTES_MIN {
            return None;
        }
        let (before, after) = text.split_once(input.text())?;
        Some(Self {
            before: before.to_owned(),
            after: after.to_owned(),
        })
    }

    /// The whole text.
    pub(crate) fn with(&self, input: &Payload) -> Payload {
        Payload::stored([&self.before, input.text(), &self.after].concat())
    }
}

/// The checkpoint, and where the payloads are that it refers to and that other commits have.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept<'a> {
    #[serde(borrow)]
    pub(crate) checkpoint: &'a RawValue,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) payloads: BTreeMap<PayloadId, Place>,
}

/// What comes first, in a line of its own. After it come the checkpoint, the history events and the
/// payloads, of so many bytes each.
#[derive(Serialize, Deserialize)]
struct Header {
    events: u64,
    payloads: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<u64>,
    whole: u64,
    checkpoint: usize,
    history: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    texts: Vec<(PayloadId, usize)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    around: Vec<(PayloadId, usize, usize)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    objects: Vec<(PayloadId, String)>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    elsewhere: BTreeMap<PayloadId, Place>,
}

impl Record {
    /// As it is stored, before it is compressed.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let header = Header {
            events: self.events,
            payloads: self.payloads,
            cause: self.cause.map(|cause| cause.0),
            whole: self.whole,
            checkpoint: self.checkpoint.len(),
            history: self.history.len(),
            texts: (self.texts.iter())
                .map(|(id, payload)| (*id, payload.text().len()))
                .collect(),
            around: (self.around.iter())
                .map(|(id, around)| (*id, around.before.len(), around.after.len()))
                .collect(),
            objects: self.objects.clone(),
            elsewhere: self.elsewhere.clone(),
        };
        let mut encoded = serde_json::to_vec(&header)?;
        encoded.push(b'\n');
        encoded.extend_from_slice(self.checkpoint.as_bytes());
        encoded.extend_from_slice(self.history.as_bytes());
        for (_, payload) in &self.texts {
            encoded.extend_from_slice(payload.text().as_bytes());
        }
        for (_, around) in &self.around {
            encoded.extend_from_slice(around.before.as_bytes());
            encoded.extend_from_slice(around.after.as_bytes());
        }
        Ok(encoded)
    }

    /// Reads what was stored.
    pub(crate) fn decode(encoded: &[u8]) -> Result<Self, Unreadable> {
        let encoded = std::str::from_utf8(encoded).map_err(|_| Unreadable::Parts)?;
        let (header, mut rest) = encoded.split_once('\n').ok_or(Unreadable::Parts)?;
        let header: Header = serde_json::from_str(header)?;
        let mut part = |bytes| {
            let (part, others) = rest.split_at_checked(bytes).ok_or(Unreadable::Parts)?;
            rest = others;
            Ok::<_, Unreadable>(part)
        };
        let checkpoint = part(header.checkpoint)?.to_owned();
        let history = part(header.history)?.to_owned();
        let mut texts = Vec::with_capacity(header.texts.len());
        for (id, bytes) in header.texts {
            texts.push((id, Payload::stored(part(bytes)?.to_owned())));
        }
        let mut around = Vec::with_capacity(header.around.len());
        for (id, before, after) in header.around {
            let before = part(before)?.to_owned();
            let after = part(after)?.to_owned();
            around.push((id, Around { before, after }));
        }
        if !rest.is_empty() {
            return Err(Unreadable::Parts);
        }
        Ok(Self {
            events: header.events,
            payloads: header.payloads,
            cause: header.cause.map(Cause),
            whole: header.whole,
            checkpoint,
            history,
            texts,
            around,
            objects: header.objects,
            elsewhere: header.elsewhere,
        })
    }

    /// A payload of this commit.
    pub(crate) fn found(&self, id: PayloadId) -> Option<Found<'_>> {
        let text = find(&self.texts, id).map(Found::Text);
        let around = || find(&self.around, id).map(Found::Around);
        let object = || find(&self.objects, id).map(|name| Found::Object(name));
        text.or_else(around).or_else(object)
    }

    /// Where a payload of this commit is, which has this number.
    pub(crate) fn place(&self, number: u64, id: PayloadId) -> Option<Place> {
        Some(match self.found(id)? {
            Found::Text(_) | Found::Around(_) => Place::Commit(number),
            Found::Object(name) => Place::Object(name.to_owned()),
        })
    }
}

/// A payload of a commit.
pub(crate) enum Found<'r> {
    Text(&'r Payload),
    Around(&'r Around),
    /// The name of its object.
    Object(&'r str),
}

/// The ids of a commit's payloads are counted, and so in order.
fn find<T>(payloads: &[(PayloadId, T)], id: PayloadId) -> Option<&T> {
    let at = payloads.binary_search_by_key(&id, |(id, _)| *id).ok()?;
    Some(&payloads[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packing;

    fn everything() -> Record {
        let text = |text: &str| Payload::stored(text.to_owned());
        Record {
            events: 12,
            payloads: 7,
            cause: Some(Cause(7)),
            whole: 3,
            checkpoint: r#"{"checkpoint":{"version":3},"payloads":{"0":0,"1":"executions/x/y"}}"#
                .into(),
            history: "{\"id\":11}\n{\"id\":12}\n".into(),
            texts: vec![
                (PayloadId(3), text("[\n \"ü\"\n] ")),
                (PayloadId(4), text("1")),
            ],
            around: vec![(
                PayloadId(6),
                Around {
                    before: "{\"a\":".into(),
                    after: "}".into(),
                },
            )],
            objects: vec![(PayloadId(2), "name".into())],
            elsewhere: BTreeMap::from([
                (PayloadId(0), Place::Commit(0)),
                (PayloadId(1), Place::Object("other".into())),
            ]),
        }
    }

    #[test]
    fn a_record_reads_back() {
        let encoded = everything().encode().unwrap();
        assert_eq!(Record::decode(&encoded).unwrap(), everything());
        let shorter = &encoded[..encoded.len() - 1];
        assert!(matches!(Record::decode(shorter), Err(Unreadable::Parts)));
        let longer = [&encoded[..], b"x"].concat();
        assert!(matches!(Record::decode(&longer), Err(Unreadable::Parts)));
    }

    /// The files of a version are never edited.
    #[test]
    fn what_version_1_wrote_is_read() {
        let text = packing::unpack(include_bytes!("../golden/v1/commit")).unwrap();
        assert_eq!(Record::decode(&text).unwrap(), everything());
        let checkpoint = everything().checkpoint;
        let kept: Kept<'_> = serde_json::from_str(&checkpoint).unwrap();
        assert_eq!(kept.checkpoint.get(), r#"{"version":3}"#);
        let places = [Place::Commit(0), Place::Object("executions/x/y".into())];
        assert!(kept.payloads.into_values().eq(places));
    }

    #[test]
    fn a_text_is_taken_apart_around_the_input() {
        let input = Payload::stored(format!("[{:?}]", "ü".repeat(200)));
        let text = format!("{{\"Payload\":{}}}", input.text());
        let around = Around::of(&text, &input).unwrap();
        assert_eq!((&*around.before, &*around.after), ("{\"Payload\":", "}"));
        assert_eq!(around.with(&input).text(), text);
        assert_eq!(Around::of(&text, &Payload::stored("[]")), None);
        assert_eq!(Around::of("{}", &input), None);
    }
}
