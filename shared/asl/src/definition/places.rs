//! Where in its text a definition says what: JSON Pointers to places, and keys that come twice.
//!
//! Also the way from YAML to JSON. A definition that is only to run is not read here.

mod json;
mod yaml;

use std::ops::Range;

use serde_json::{Map, Value};

use super::{Diagnostic, Location, codes, location::keys};
use crate::limits;

/// Bytes of a text that are read: a definition may have comments, and be spread over many lines.
pub const TEXT_BYTES_MAX: usize = 4 * limits::DEFINITION_BYTES_MAX;

/// A definition as it is written.
#[derive(Debug)]
pub struct Document {
    /// What it says.
    pub value: Value,
    root: Node,
}

/// Why a text is no document, and the bytes of it that are to blame.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Why.
    pub message: String,
    /// Bytes of the text.
    pub place: Range<usize>,
}

impl Unreadable {
    fn new(message: impl Into<String>, place: Range<usize>) -> Self {
        let message = message.into();
        Self { message, place }
    }

    /// An error, with no location.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::unreadable(&self.message, None)
    }
}

/// A value with its place.
#[derive(Debug, Clone)]
struct Node {
    /// The whole of a scalar; where an object or array begins.
    place: Range<usize>,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Scalar(Value),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

#[derive(Debug, Clone)]
struct Member {
    name: String,
    /// Of the name.
    place: Range<usize>,
    value: Node,
}

impl Document {
    /// Reads JSON.
    ///
    /// # Errors
    ///
    /// The text is none.
    pub fn json(text: &str) -> Result<Self, Unreadable> {
        check_length(text)?;
        let root = json::read(text)?;
        let value = root.value();
        Ok(Self { value, root })
    }

    /// Reads YAML 1.2 with its core schema: the one document of the text, with anchors and aliases.
    ///
    /// # Errors
    ///
    /// The text is none, or says what JSON cannot.
    pub fn yaml(text: &str) -> Result<Self, Unreadable> {
        check_length(text)?;
        let root = yaml::read(text)?;
        let value = root.value();
        Ok(Self { value, root })
    }

    /// The bytes that a diagnostic at a JSON Pointer is about.
    ///
    /// A scalar is its own place; an object or array, which may be long, is that of its name. What is
    /// not there is at the nearest that is.
    pub fn place(&self, pointer: &str) -> Range<usize> {
        let mut node = &self.root;
        let mut place = self.root.place.clone();
        for segment in keys(pointer) {
            let found = match &node.kind {
                // The last of its name is the one that counts.
                Kind::Object(members) => members
                    .iter()
                    .rfind(|member| member.name == segment)
                    .map(|member| (&member.value, member.place.clone())),
                Kind::Array(elements) => segment
                    .parse()
                    .ok()
                    .and_then(|index: usize| elements.get(index))
                    .map(|element| (element, element.place.clone())),
                Kind::Scalar(_) => None,
            };
            let Some((inner, start)) = found else {
                return place;
            };
            place = match inner.kind {
                Kind::Scalar(_) => inner.place.clone(),
                Kind::Array(_) | Kind::Object(_) => start,
            };
            node = inner;
        }
        place
    }

    /// The bytes of the name at a JSON Pointer; of the value, where it has no name.
    pub fn name_place(&self, pointer: &str) -> Range<usize> {
        let (Some((parent, _)), Some(name)) = (pointer.rsplit_once('/'), keys(pointer).last())
        else {
            return self.place(pointer);
        };
        self.node(parent)
            .and_then(|node| match &node.kind {
                Kind::Object(members) => members.iter().rfind(|member| member.name == name),
                Kind::Array(_) | Kind::Scalar(_) => None,
            })
            .map_or_else(|| self.place(pointer), |member| member.place.clone())
    }

    fn node(&self, pointer: &str) -> Option<&Node> {
        let mut node = &self.root;
        for segment in keys(pointer) {
            node = match &node.kind {
                Kind::Object(members) => {
                    &members.iter().rfind(|member| member.name == segment)?.value
                }
                Kind::Array(elements) => elements.get(segment.parse::<usize>().ok()?)?,
                Kind::Scalar(_) => return None,
            };
        }
        Some(node)
    }

    /// A warning for each name that an object has already, with its place.
    pub fn duplicate_keys(&self) -> Vec<(Diagnostic, Range<usize>)> {
        let mut found = Vec::new();
        self.root.duplicate_keys(&Location::default(), &mut found);
        found
    }
}

/// Before anything else is done with it.
fn check_length(text: &str) -> Result<(), Unreadable> {
    match text.len() > TEXT_BYTES_MAX {
        true => {
            let message = format!("the text is longer than {TEXT_BYTES_MAX} bytes");
            Err(Unreadable::new(message, 0..0))
        }
        false => Ok(()),
    }
}

impl Node {
    fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::Array(elements) => elements.iter().map(Self::value).collect(),
            Kind::Object(members) => {
                let members = members
                    .iter()
                    .map(|member| (member.name.clone(), member.value.value()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    fn duplicate_keys(&self, at: &Location, found: &mut Vec<(Diagnostic, Range<usize>)>) {
        match &self.kind {
            Kind::Scalar(_) => {}
            Kind::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    element.duplicate_keys(&at.element(index), found);
                }
            }
            Kind::Object(members) => {
                let mut seen = std::collections::HashSet::new();
                for member in members {
                    let at = at.member(&member.name);
                    if !seen.insert(&member.name) {
                        let message = format!(
                            "the name '{}' comes twice here; only the last one counts",
                            member.name
                        );
                        let warning = Diagnostic::warning(codes::DUPLICATE_KEY, &at, message);
                        found.push((warning, member.place.clone()));
                    }
                    member.value.duplicate_keys(&at, found);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const JSON: &str = r#"{ "StartAt": "Ä", "States": { "Ä": { "Type": "Pass", "End": true } } }"#;
    const YAML: &str = "StartAt: Ä\nStates:\n  Ä:\n    Type: Pass\n    End: true\n";

    #[test]
    fn the_same_pointers_lead_to_the_same_words_in_json_and_yaml() {
        for (text, document) in [(JSON, Document::json(JSON)), (YAML, Document::yaml(YAML))] {
            let document = document.unwrap();
            assert_eq!(
                document.value,
                json!({ "StartAt": "Ä", "States": { "Ä": { "Type": "Pass", "End": true } } })
            );
            let word = |pointer| text[document.place(pointer)].trim_matches('"');
            assert_eq!(word("/StartAt"), "Ä");
            assert_eq!(word("/States/Ä/Type"), "Pass");
            assert_eq!(word("/States/Ä/End"), "true");
            assert_eq!(word("/States/Ä"), "Ä");
            assert_eq!(
                text[document.name_place("/States/Ä/End")].trim_matches('"'),
                "End"
            );
        }
    }

    #[test]
    fn a_place_is_whole_characters() {
        for text in ["Ä", "Ä: 1", "- Ä", "Ä:\n  - Ö: ü"] {
            let document = Document::yaml(text).unwrap();
            for pointer in ["", "/", "/0", "/Ä", "/Ä/0", "/Ä/0/Ö"] {
                assert!(
                    text.get(document.place(pointer)).is_some(),
                    "{text} {pointer}"
                );
            }
        }
    }

    #[test]
    fn what_is_missing_is_at_the_name_of_what_misses_it() {
        let document = Document::json(JSON).unwrap();
        assert_eq!(&JSON[document.place("/States/Ä/Next")], "\"Ä\"");
        assert_eq!(&JSON[document.place("/")], "{");
        assert_eq!(&JSON[document.place("")], "{");
    }

    #[test]
    fn a_name_that_comes_twice_is_reported_where_it_comes_again() {
        let json = r#"{ "a": 1, "b": { "c": 1, "c": 2 }, "a": 3 }"#;
        let yaml = "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n";
        for (text, document) in [(json, Document::json(json)), (yaml, Document::yaml(yaml))] {
            let document = document.unwrap();
            assert_eq!(document.value["a"], 3);
            let found: Vec<_> = document.duplicate_keys();
            assert_eq!(found[0].0.pointer, "/b/c");
            assert_eq!(found[1].0.pointer, "/a");
            assert_eq!(
                found[1].1.start,
                text.rfind('a').unwrap() - usize::from(text == json)
            );
        }
    }
}
