//! Paths that name one place in a document, and writing there: `ResultPath`.
//!
//! A reference path is a JSONPath of properties and single indexes only, so it has at most one
//! match and can say where a missing member belongs.
//!
//! Spec: [Reference Paths](https://states-language.net/spec.html#ref-paths).

use std::sync::Arc;

use crate::data::json_path::InvalidPath;
use crate::data::number;
use crate::data::value::{Object, Value};
use crate::limits::NESTING_LEVELS_MAX;

/// A compiled reference path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencePath {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Member(Arc<str>),
    Element(usize),
}

impl ReferencePath {
    /// Compiles `text`, which starts with `$`.
    ///
    /// Names are read as [`JsonPath`](crate::data::json_path::JsonPath) reads them, a backslash
    /// included, so what is written under a path is found under the same path.
    ///
    /// # Errors
    ///
    /// [`InvalidPath`] for a path that could match more than one place (`@ , : ?`, `*`, `..`), one
    /// into the context object (`$$`) or a variable (`$name`), and for what is no path at all.
    pub fn compile(text: &str) -> Result<ReferencePath, InvalidPath> {
        let rest = text
            .strip_prefix('$')
            .ok_or_else(|| refused(text, "must start with `$`"))?;
        if !(rest.is_empty() || rest.starts_with(['.', '['])) {
            return Err(refused(text, "must have `.` or `[` after `$`"));
        }
        let segments = segments(rest).map_err(|why| refused(text, why))?;
        Ok(ReferencePath {
            text: text.to_owned(),
            segments,
        })
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether this is `$`, the whole document.
    pub fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// `document` with `value` at this path. It shares all else with `document`.
    ///
    /// Missing members are created, as objects down to the last one. A replaced member keeps its
    /// place among its siblings and a new one goes last. Elements are replaced, never added.
    ///
    /// ```
    /// use segno_asl::data::reference_path::ReferencePath;
    /// use segno_asl::json;
    ///
    /// let path = ReferencePath::compile("$.order.total").unwrap();
    /// let output = path.write(&json!({ "id": 7 }), json!(42)).unwrap();
    /// assert_eq!(output, json!({ "id": 7, "order": { "total": 42 } }));
    /// ```
    ///
    /// # Errors
    ///
    /// AWS's words for a path that does not fit the document: a member of something other than an
    /// object, or an element that is not there. Also a result nested deeper than JSON can be read.
    pub fn write(&self, document: &Value, value: Value) -> Result<Value, String> {
        let levels = NESTING_LEVELS_MAX.checked_sub(self.segments.len());
        let is_too_deep = levels.is_none_or(|levels| value.levels() > levels);
        if !is_too_deep {
            let written = written(Some(document), &self.segments, value);
            return written.ok_or_else(|| self.does_not_fit(document));
        }
        match self.fits(document) {
            true => Err(format!(
                "Unable to apply ReferencePath {}: the output would be nested more than \
                 {NESTING_LEVELS_MAX} levels deep",
                self.text
            )),
            false => Err(self.does_not_fit(document)),
        }
    }

    fn does_not_fit(&self, document: &Value) -> String {
        format!(
            "Unable to apply ReferencePath {} to input {}",
            self.text,
            number::to_json(document)
        )
    }

    /// Whether every segment exists, or is a member that can be created.
    fn fits(&self, document: &Value) -> bool {
        let mut current = Some(document);
        for segment in &self.segments {
            current = match (segment, current) {
                (Segment::Member(name), Some(Value::Object(members))) => members.get(name),
                (Segment::Member(_), None) => None,
                (Segment::Element(index), Some(Value::Array(elements))) => {
                    match elements.get(*index) {
                        Some(element) => Some(element),
                        None => return false,
                    }
                }
                _ => return false,
            };
        }
        true
    }
}

/// The document, which may be missing, with `value` where the segments lead; `None` if they do not fit.
fn written(document: Option<&Value>, segments: &[Segment], value: Value) -> Option<Value> {
    let Some((segment, inner)) = segments.split_first() else {
        return Some(value);
    };
    Some(match (segment, document) {
        // What is in the place itself counts for nothing.
        (Segment::Member(name), Some(Value::Object(members))) if inner.is_empty() => {
            Value::Object(members.with(name.clone(), value))
        }
        (Segment::Member(name), Some(Value::Object(members))) => {
            let member = written(members.get(name), inner, value)?;
            Value::Object(members.with(name.clone(), member))
        }
        (Segment::Member(name), None) => {
            let member = written(None, inner, value)?;
            Value::Object(Object::from_iter([(name.clone(), member)]))
        }
        (Segment::Element(index), Some(Value::Array(elements))) => {
            let element = written(Some(elements.get(*index)?), inner, value)?;
            Value::Array(elements.with(*index, element))
        }
        _ => return None,
    })
}

fn refused(text: &str, why: &str) -> InvalidPath {
    InvalidPath::new(format!("the reference path `{text}` {why}"))
}

/// The segments of what follows `$`.
fn segments(mut rest: &str) -> Result<Vec<Segment>, &'static str> {
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let (segment, after) = if rest.starts_with('[') {
            bracketed(rest)?
        } else {
            // `$.['name']` and `$.list.[0]` are `$['name']` and `$.list[0]`.
            let after_dot = rest
                .strip_prefix('.')
                .ok_or("must have `.` or `[` after `]`")?;
            if after_dot.starts_with('[') {
                bracketed(after_dot)?
            } else {
                dotted(after_dot)?
            }
        };
        segments.push(segment);
        rest = after;
    }
    Ok(segments)
}

/// `name`, up to the next `.` or `[`, and what follows it.
fn dotted(text: &str) -> Result<(Segment, &str), &'static str> {
    let (name, after) = text.split_at(text.find(['.', '[']).unwrap_or(text.len()));
    if name.is_empty() {
        return Err("must have a name after every `.`");
    }
    // A path is read without the control characters that it ends with.
    if name.contains(|c: char| c <= ' ' || "@,:?*']".contains(c)) {
        return Err("may not have any of `@ , : ? * ' ]` or a space in a name outside brackets");
    }
    Ok((Segment::Member(name.into()), after))
}

/// `['name']` or `[0]`, and what follows it.
fn bracketed(text: &str) -> Result<(Segment, &str), &'static str> {
    let inner = text.strip_prefix('[').unwrap_or(text);
    let (inner, after) = inner.split_once(']').ok_or("must close every `[`")?;
    let inner = inner.trim_matches(' ');
    let segment = match inner
        .strip_prefix('\'')
        .and_then(|name| name.strip_suffix('\''))
    {
        Some(name) => Segment::Member(quoted(name)?.into()),
        None => Segment::Element(index(inner)?),
    };
    Ok((segment, after))
}

fn quoted(name: &str) -> Result<&str, &'static str> {
    if name.contains(['\'', '[']) {
        return Err("may have only one name in a pair of brackets, without `'`, `[` and `]`");
    }
    Ok(name)
}

fn index(digits: &str) -> Result<usize, &'static str> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("may have only `'name'` or a non-negative index in brackets");
    }
    // An array index is a Java `int`.
    let index: i32 = digits
        .parse()
        .map_err(|_| "must have an index below 2147483648")?;
    Ok(index.unsigned_abs() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{data::json_path::JsonPath, json};

    #[track_caller]
    fn path(text: &str) -> ReferencePath {
        ReferencePath::compile(text).unwrap()
    }

    #[track_caller]
    fn written(text: &str, document: Value) -> String {
        number::to_json(&path(text).write(&document, json!("new")).unwrap())
    }

    #[track_caller]
    fn conflicts(text: &str, document: Value) {
        let cause = format!("Unable to apply ReferencePath {text} to input {document}");
        assert_eq!(path(text).write(&document, json!("new")), Err(cause));
    }

    #[test]
    fn the_root_replaces_the_document() {
        assert!(path("$").is_root());
        assert_eq!(written("$", json!({ "a": 1 })), r#""new""#);
    }

    #[test]
    fn a_missing_member_is_created_last() {
        assert!(!path("$.b").is_root());
        assert_eq!(
            written("$.b", json!({ "z": 1, "a": 2 })),
            r#"{"z":1,"a":2,"b":"new"}"#
        );
    }

    #[test]
    fn a_replaced_member_keeps_its_place() {
        assert_eq!(
            written("$.b", json!({ "c": 1, "b": {}, "a": 2 })),
            r#"{"c":1,"b":"new","a":2}"#
        );
    }

    #[test]
    fn missing_objects_on_the_way_are_created() {
        assert_eq!(
            written("$.a.b.c", json!({ "a": { "z": 1 } })),
            r#"{"a":{"z":1,"b":{"c":"new"}}}"#
        );
    }

    #[test]
    fn an_existing_element_is_replaced() {
        assert_eq!(
            written("$.list[1]", json!({ "list": [1, 2] })),
            r#"{"list":[1,"new"]}"#
        );
        assert_eq!(written("$[0].a", json!([{}])), r#"[{"a":"new"}]"#);
    }

    #[test]
    fn an_element_is_never_added() {
        conflicts("$.list[2]", json!({ "list": [1, 2] }));
        conflicts("$.list[0]", json!({}));
        conflicts("$.a.b[0].c", json!({ "a": {} }));
    }

    #[test]
    fn a_member_needs_an_object() {
        conflicts("$.a", json!("text"));
        conflicts("$.a", json!([1]));
        conflicts("$.a.b", json!({ "a": null }));
        conflicts("$['0']", json!(["x"]));
    }

    #[test]
    fn an_element_needs_an_array() {
        conflicts("$[0]", json!({ "0": 1 }));
        conflicts("$.a[0]", json!({ "a": "text" }));
    }

    #[test]
    fn brackets_and_dots_name_the_same_place() {
        for text in [
            "$.a.b[0]",
            "$['a']['b'][0]",
            "$.['a'].b.[0]",
            "$[ 'a' ].b[ 0 ]",
        ] {
            assert_eq!(path(text).segments, path("$.a.b[0]").segments, "{text}");
        }
    }

    #[test]
    fn quotes_take_what_dots_do_not() {
        assert_eq!(
            written("$['a b.c@d,e:f?g*']", json!({})),
            r#"{"a b.c@d,e:f?g*":"new"}"#
        );
        assert_eq!(written("$['']", json!({})), r#"{"":"new"}"#);
        assert_eq!(written(r"$.a\.b", json!({})), r#"{"a\\":{"b":"new"}}"#);
    }

    #[test]
    fn what_is_written_is_found_under_the_same_path() {
        for text in [
            "$.a",
            "$.a.b",
            "$['a b'].c",
            "$['']",
            r"$.a\.b",
            r"$['a\b']",
            "$.$a",
            "$.a-b(c)",
            "$.list[1].x",
            "$.list.[ 0 ]",
        ] {
            let document = path(text)
                .write(&json!({ "list": [0, {}] }), json!("new"))
                .unwrap();
            let found = JsonPath::compile(text)
                .unwrap()
                .read(&document)
                .unwrap()
                .into_owned();
            assert_eq!(found, json!("new"), "{text}");
        }
    }

    #[test]
    fn what_could_match_twice_or_elsewhere_is_refused() {
        for text in [
            "",
            "a",
            "$$",
            "$$.a",
            "$variable",
            "$variable.a",
            "$.",
            "$.a.",
            "$..a",
            "$.a..b",
            "$.*",
            "$[*]",
            "$.a[1,2]",
            "$.a[0:1]",
            "$.a[-1]",
            "$.a[+1]",
            "$.a[]",
            "$.a[",
            "$.a[0",
            "$.a[0]b",
            "$.a[?(@.b)]",
            "$.a[(@.length-1)]",
            "$['a','b']",
            "$[\"a\"]",
            "$.a b",
            "$.a\t",
            "$.a\u{1}.b",
            "$.a@b",
            "$.a,b",
            "$.a:b",
            "$.a?",
            "$.a*",
            "$.it's",
            "$['it's']",
            "$['a[0]']",
            "$.a[2147483648]",
            "$[']",
        ] {
            assert!(ReferencePath::compile(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_output_stays_readable_json() {
        let deep = |levels| (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }));
        assert!(path("$.a.b").write(&json!({}), deep(125)).is_ok());
        assert!(path("$.a.b").write(&json!({}), deep(126)).is_err());
        assert!(
            path(&format!("${}", ".a".repeat(200_000)))
                .write(&json!({}), json!(1))
                .is_err()
        );
    }
}
