//! YAML, as far as JSON goes, with the place of each value.

use std::{collections::HashMap, ops::Range};

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::Value;

use super::{Kind, Member, Node, Unreadable};
use crate::{definition::tokens, limits};

/// Containers inside one another, as in JSON.
const DEPTH_MAX: usize = 127;

/// Values and bytes of scalars in all, those that aliases repeat included: a short text can stand for
/// a very long one.
const SIZE_MAX: usize = limits::DEFINITION_BYTES_MAX;

pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        offsets: Offsets::new(text),
        anchors: HashMap::new(),
        size: 0,
    };
    reader.document()
}

struct Reader<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    offsets: Offsets<'a>,
    /// What aliases stand for, and the size of that.
    anchors: HashMap<usize, (Node, usize)>,
    size: usize,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node, Unreadable> {
        let root = loop {
            let (event, place) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd => {
                    return Err(Unreadable::new("there is no document", place));
                }
                event => break self.node(event, place, 0)?,
            }
        };
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(root),
                (Event::DocumentStart(_), place) => {
                    return Err(Unreadable::new("there is a second document", place));
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Range<usize>), Unreadable> {
        match self.events.next() {
            Some(Ok((event, span))) => Ok((event, self.offsets.place(span))),
            Some(Err(error)) => {
                let at = self.offsets.of(error.marker().index());
                Err(Unreadable::new(error.info(), self.offsets.character(at)))
            }
            None => {
                let end = self.offsets.text.len();
                Err(Unreadable::new("the text ends too early", end..end))
            }
        }
    }

    fn node(
        &mut self,
        event: Event<'a>,
        place: Range<usize>,
        depth: usize,
    ) -> Result<Node, Unreadable> {
        if depth > DEPTH_MAX {
            return Err(Unreadable::new("nested too deeply", place));
        }
        let before = self.size;
        self.count(1, &place)?;
        let function = function(&event);
        let (anchor, kind) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.count(text.len(), &place)?;
                // The argument of a function is text.
                let tag = match &function {
                    Some(_) => Some("str"),
                    None => tag.as_ref().map(|tag| tag.suffix.as_str()),
                };
                (anchor, Kind::Scalar(scalar(&text, style, tag, &place)?))
            }
            Event::SequenceStart(anchor, _) => {
                let mut elements = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, place) => elements.push(self.node(event, place, depth + 1)?),
                    }
                }
                (anchor, Kind::Array(elements))
            }
            Event::MappingStart(anchor, _) => (anchor, Kind::Object(self.members(depth)?)),
            Event::Alias(anchor) => {
                let (node, size) = self.anchors.get(&anchor).cloned().ok_or_else(|| {
                    Unreadable::new("an alias inside what it stands for", place.clone())
                })?;
                self.count(size, &place)?;
                return Ok(Node { place, ..node });
            }
            _ => return Err(Unreadable::new("a value is missing", place)),
        };
        let place = match kind {
            Kind::Scalar(_) => place,
            Kind::Array(_) | Kind::Object(_) => self.offsets.character(place.start),
        };
        let mut node = Node { place, kind };
        if let Some(name) = function {
            let (place, value) = (node.place.clone(), node);
            let member = Member {
                name,
                place: place.clone(),
                value,
            };
            let kind = Kind::Object(vec![member]);
            node = Node { place, kind };
        }
        if anchor > 0 {
            let size = self.size - before;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    fn members(&mut self, depth: usize) -> Result<Vec<Member>, Unreadable> {
        let mut members = Vec::new();
        loop {
            let (event, place) = self.next()?;
            let name = match event {
                Event::MappingEnd => return Ok(members),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return Err(Unreadable::new("a key must be text", place)),
            };
            let (event, value_place) = self.next()?;
            let value = self.node(event, value_place, depth + 1)?;
            members.push(Member { name, place, value });
        }
    }

    fn count(&mut self, size: usize, place: &Range<usize>) -> Result<(), Unreadable> {
        self.size += size;
        if self.size > SIZE_MAX {
            return Err(Unreadable::new("too many values", place.clone()));
        }
        Ok(())
    }
}

/// The function of CloudFormation that a tag is short for: `!Sub` is `Fn::Sub`, `!Ref` is `Ref`.
///
/// AWS: [Intrinsic functions](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html).
fn function(event: &Event<'_>) -> Option<String> {
    const FUNCTIONS: &[&str] = &[
        "And",
        "Base64",
        "Cidr",
        "Equals",
        "FindInMap",
        "GetAZs",
        "GetAtt",
        "If",
        "ImportValue",
        "Join",
        "Length",
        "Not",
        "Or",
        "Select",
        "Split",
        "Sub",
        "ToJsonString",
        "Transform",
    ];
    let (Event::Scalar(.., tag) | Event::SequenceStart(_, tag) | Event::MappingStart(_, tag)) =
        event
    else {
        return None;
    };
    let tag = tag.as_ref().filter(|tag| tag.handle == "!")?;
    match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => Some(name.into()),
        name if FUNCTIONS.contains(&name) => Some(format!("Fn::{name}")),
        _ => None,
    }
}

/// A scalar by the core schema.
fn scalar(
    text: &str,
    style: ScalarStyle,
    tag: Option<&str>,
    place: &Range<usize>,
) -> Result<Value, Unreadable> {
    if style != ScalarStyle::Plain || tag == Some("str") {
        return Ok(text.into());
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "-.inf" | "-.Inf" | "-.INF" | ".nan" | ".NaN"
        | ".NAN" => {
            return Err(Unreadable::new("JSON has no such number", place.clone()));
        }
        _ => number(text).unwrap_or_else(|| tokens::quote_whole(text).into()),
    })
}

fn number(text: &str) -> Option<Value> {
    let radix = |digits, radix| i64::from_str_radix(digits, radix).ok().map(Value::from);
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.contains(|c: char| c.is_ascii_digit())
        && unsigned
            .chars()
            .all(|c| c.is_ascii_digit() || ".eE+-".contains(c));
    if !is_number {
        return None;
    }
    if let Ok(integer) = text.parse::<i64>() {
        return Some(integer.into());
    }
    serde_json::Number::from_f64(text.parse().ok()?).map(Value::Number)
}

/// From characters, which the parser counts, to bytes. It asks in order, or nearly so.
struct Offsets<'a> {
    text: &'a str,
    /// The byte of every 64th character.
    marks: Vec<usize>,
}

impl<'a> Offsets<'a> {
    const STEP: usize = 64;

    fn new(text: &'a str) -> Self {
        let marks = text.char_indices().map(|(at, _)| at).step_by(Self::STEP);
        let marks = marks.collect();
        Self { text, marks }
    }

    fn of(&self, character: usize) -> usize {
        let Some(&start) = self.marks.get(character / Self::STEP) else {
            return self.text.len();
        };
        let rest = self.text[start..].chars().take(character % Self::STEP);
        start + rest.map(char::len_utf8).sum::<usize>()
    }

    fn place(&self, span: Span) -> Range<usize> {
        self.of(span.start.index())..self.of(span.end.index())
    }

    fn character(&self, at: usize) -> Range<usize> {
        let length = self.text[at..].chars().next().map_or(0, char::len_utf8);
        at..at + length
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::definition::places::Document;

    fn value(text: &str) -> serde_json::Value {
        Document::yaml(text).unwrap().value
    }

    #[test]
    fn scalars_are_those_of_the_core_schema() {
        let text = "a: 1\nb: -2.5\nc: 0x1f\nd: no\ne: 'true'\nf: ~\ng: 2016-03-14T01:59:00Z\nh: 1e3\ni: !!str 1\nj: $.a\n";
        assert_eq!(
            value(text),
            json!({ "a": 1, "b": -2.5, "c": 31, "d": "no", "e": "true", "f": null,
                    "g": "2016-03-14T01:59:00Z", "h": 1000.0, "i": "1", "j": "$.a" })
        );
    }

    #[test]
    fn a_tag_of_cloudformation_is_the_function_it_is_short_for() {
        let text = "a: !Ref Name\nb: !GetAtt F.Arn\nc: !Join ['-', [!Ref x, y]]\nd: !Sub\n  - '${k}'\n  - k: 1\ne: !Other 1\nf: !Sub ${x}\n";
        assert_eq!(
            value(text),
            json!({ "a": { "Ref": "Name" }, "b": { "Fn::GetAtt": "F.Arn" },
                    "c": { "Fn::Join": ["-", [{ "Ref": "x" }, "y"]] },
                    "d": { "Fn::Sub": ["${k}", { "k": 1 }] }, "e": 1, "f": { "Fn::Sub": "${x}" } })
        );
    }

    #[test]
    fn an_alias_stands_for_what_its_anchor_has() {
        let text = "a: &retry\n  - ErrorEquals: [States.ALL]\nb: *retry\n";
        assert_eq!(value(text)["b"], json!([{ "ErrorEquals": ["States.ALL"] }]));
    }

    #[test]
    fn aliases_of_aliases_do_not_fill_the_memory() {
        let mut text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
        for n in 1..9 {
            let aliases = vec![format!("*a{}", n - 1); 10].join(",");
            text += &format!("a{n}: &a{n} [{aliases}]\n");
        }
        let refused = Document::yaml(&text).unwrap_err();
        assert_eq!(refused.message, "too many values");
    }

    #[test]
    fn what_is_no_yaml_has_its_place() {
        let text = "a: [1, 2\nb: 3\n";
        let refused = Document::yaml(text).unwrap_err();
        assert!(refused.place.end <= text.len());
        for text in ["", "a: 1\n---\nb: 2\n", "? [a]\n: 1\n", "a: .inf\n"] {
            assert!(Document::yaml(text).is_err(), "{text}");
        }
    }
}
