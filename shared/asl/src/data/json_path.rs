//! JSONPath as AWS runs it.
//!
//! AWS reads paths with Jayway JsonPath 2.0.0 over Jackson trees. That version differs from its
//! successors and from RFC 9535 in what it accepts, in what an absent member does, and in the
//! words of its errors, which end up in a Cause; all three are kept here. What a reader would not
//! expect is said where it happens and shown by a row of `tests/conformance/jsonpath/cases.json`.

mod budget;
mod compare;
mod criterion;
mod filter;
mod index;
mod parse;
mod pattern;
mod place;
mod read;
mod scan;

use std::borrow::Cow;
use std::fmt;

use self::filter::Filter;
use super::value::Value;

/// A compiled path.
#[derive(Debug, Clone)]
pub struct JsonPath {
    text: String,
    path: Path,
}

/// Why a path was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPath(String);

/// Why a path could not be read from a document. The message is Jayway's, and AWS quotes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The document has no such place.
    #[error("{0}")]
    NotFound(String),
    /// The path makes no sense for this document, or takes too long.
    #[error("{0}")]
    Invalid(String),
}

impl JsonPath {
    /// Compiles `text`, which starts with `$`: whoever reads `$$.x` or `$variable.x` takes the
    /// prefix off and reads the rest from the context object or the variable.
    ///
    /// # Errors
    ///
    /// [`InvalidPath`] if `text` is no path.
    pub fn compile(text: &str) -> Result<JsonPath, InvalidPath> {
        Ok(JsonPath {
            text: text.to_owned(),
            path: parse::path(text)?,
        })
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the path has at most one match: it has properties and single indexes only.
    pub fn is_definite(&self) -> bool {
        self.path.is_definite()
    }

    /// What the path finds in `document`: one value if the path
    /// [is definite](Self::is_definite), else an array of all matches, which may be empty.
    ///
    /// ```
    /// use segno_asl::data::json_path::JsonPath;
    /// use segno_asl::json;
    ///
    /// let document = json!({ "items": [{ "id": 1 }, { "id": 2 }] });
    /// let read = |text| JsonPath::compile(text).unwrap().read(&document).unwrap().into_owned();
    /// assert_eq!(read("$.items[1].id"), json!(2));
    /// assert_eq!(read("$.items[*].id"), json!([1, 2]));
    /// ```
    ///
    /// # Errors
    ///
    /// - [`PathError::NotFound`]: the document has no such place.
    /// - [`PathError::Invalid`]: the path asks for an element of what is no array, or the like.
    pub fn read<'a>(&self, document: &'a Value) -> Result<Cow<'a, Value>, PathError> {
        if let Some(found) = self.path.plainly(document) {
            return Ok(Cow::Borrowed(found));
        }
        let mut matches = read::matches(&self.path, document)?;
        if !self.is_definite() {
            return Ok(Cow::Owned(
                matches.into_iter().map(Cow::into_owned).collect(),
            ));
        }
        matches.pop().ok_or_else(|| {
            PathError::NotFound(format!(
                "No results for path: ${}",
                Fragments(&self.path.tokens)
            ))
        })
    }
}

impl InvalidPath {
    pub(crate) fn new(why: impl Into<String>) -> InvalidPath {
        InvalidPath(why.into())
    }
}

/// A path without its `$` or `@`.
#[derive(Debug, Clone)]
struct Path {
    tokens: Vec<Token>,
    /// How many tokens there are up to the last that may have many matches.
    definite_from: usize,
}

impl Path {
    fn new(tokens: Vec<Token>) -> Path {
        let indefinite = tokens.iter().rposition(|token| !token.is_definite());
        Path {
            tokens,
            definite_from: indefinite.map_or(0, |at| at + 1),
        }
    }

    fn is_definite(&self) -> bool {
        self.definite_from == 0
    }

    /// What the path finds if it has properties and indexes only, and all of them are there. It is
    /// what a read along the tokens finds, too, which also knows what to say of anything else.
    fn plainly<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        self.tokens
            .iter()
            .try_fold(document, |value, token| match token {
                Token::Property(name) => value.get(name),
                Token::Index(index) => value.as_array()?.get(usize::try_from(*index).ok()?),
                _ => None,
            })
    }
}

/// One step of a path. Displayed as in Jayway's messages.
#[derive(Debug, Clone)]
enum Token {
    /// `$` after the beginning: stays where it is, and messages count the path from here.
    Root,
    /// `.name` or `['name']`.
    Property(String),
    /// `['a','b']`: one object of those that exist. Also what is left of a misquoted name: none.
    Properties(Vec<String>),
    /// `[n]`. A negative index is never in an array.
    Index(i32),
    /// `[(@.length-n)]`, as the negative number that it adds.
    FromEnd(i32),
    /// `[n,m]`.
    Indexes(Vec<i32>),
    /// `[n:]`, from the end if negative.
    From(i32),
    /// `[:n]`, from the end if negative.
    To(i32),
    /// `[n:m]`, counted from the start even if negative.
    Between(i32, i32),
    /// `.*` or `[*]`.
    Wildcard,
    /// `..`
    Scan,
    /// `[?(…)]`.
    Filter(Filter),
}

impl Token {
    fn is_definite(&self) -> bool {
        match self {
            Token::Root
            | Token::Property(_)
            | Token::Properties(_)
            | Token::Index(_)
            | Token::FromEnd(_) => true,
            Token::Indexes(_)
            | Token::From(_)
            | Token::To(_)
            | Token::Between(..)
            | Token::Wildcard
            | Token::Scan
            | Token::Filter(_) => false,
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Root => f.write_str("$"),
            Token::Property(name) => write!(f, "['{name}']"),
            Token::Properties(names) => write!(f, "{}", Names(names)),
            Token::Index(index) => write!(f, "[{index}]"),
            Token::FromEnd(offset) => write!(f, "[@.size(){offset}]"),
            Token::Indexes(indexes) => {
                let indexes: Vec<_> = indexes.iter().map(i32::to_string).collect();
                write!(f, "[{}]", indexes.join(","))
            }
            Token::From(from) => write!(f, "[{from}:]"),
            Token::To(to) => write!(f, "[:{to}]"),
            Token::Between(from, to) => write!(f, "[{from}:{to}]"),
            Token::Wildcard => f.write_str("[*]"),
            Token::Scan => f.write_str(".."),
            Token::Filter(_) => f.write_str("[?]"),
        }
    }
}

/// `['a', 'b']`
struct Names<'t>(&'t [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<_> = self.0.iter().map(|name| format!("'{name}'")).collect();
        write!(f, "[{}]", quoted.join(", "))
    }
}

/// A path, or the rest of one.
struct Fragments<'t>(&'t [Token]);

impl fmt::Display for Fragments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|token| write!(f, "{token}"))
    }
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::*;

    #[track_caller]
    fn compiled(text: &str) -> JsonPath {
        JsonPath::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[track_caller]
    fn reads(text: &str, document: Value, expected: Value) {
        let found = compiled(text).read(&document).map(Cow::into_owned);
        assert_eq!(found, Ok(expected), "{text} of {document}");
    }

    #[track_caller]
    fn is_not_found(text: &str, document: Value, message: &str) {
        let error = PathError::NotFound(message.to_owned());
        assert_eq!(
            compiled(text).read(&document),
            Err(error),
            "{text} of {document}"
        );
    }

    #[track_caller]
    fn is_invalid(text: &str, document: Value, message: &str) {
        let error = PathError::Invalid(message.to_owned());
        assert_eq!(
            compiled(text).read(&document),
            Err(error),
            "{text} of {document}"
        );
    }

    #[test]
    fn a_path_is_kept_as_it_was_written() {
        assert_eq!(compiled(" $.a[ 0 ]").text(), " $.a[ 0 ]");
    }

    #[test]
    fn properties_and_single_indexes_are_definite() {
        for text in [
            "$",
            "$.a",
            "$['a']['b','c']",
            "$[0]",
            "$[-1]",
            "$[(@.length-1)]",
            "$.a[1,]",
        ] {
            assert!(compiled(text).is_definite(), "{text}");
        }
    }

    #[test]
    fn what_may_match_often_is_not_definite() {
        for text in [
            "$.*",
            "$[*]",
            "$..a",
            "$[0,1]",
            "$[1:]",
            "$[:1]",
            "$[0:1].a",
            "$[?(@.a)]",
        ] {
            assert!(!compiled(text).is_definite(), "{text}");
        }
    }

    #[test]
    fn a_definite_path_reads_a_value_and_any_other_a_list() {
        reads("$.a", json!({ "a": [1] }), json!([1]));
        reads("$.a[*]", json!({ "a": [1] }), json!([1]));
        reads("$..a", json!({ "a": [1] }), json!([[1]]));
    }

    #[test]
    fn an_error_says_how_far_the_document_goes() {
        is_not_found("$.a", json!({}), "No results for path: $['a']");
        is_not_found("$.a.b", json!({}), "Missing property in path $['a']");
        is_not_found(
            "$.a.b",
            json!({ "a": 1 }),
            "Property ['b'] not found in path $['a']",
        );
        is_not_found("$.a[0]", json!({ "a": null }), "The path $['a'] is null");
        let context = "Filter: [0] can only be applied to arrays. Current context is: {}";
        is_invalid("$[0]", json!({}), context);
    }

    #[test]
    fn an_index_outside_the_array_reads_null() {
        reads("$[1]", json!([0]), json!(null));
        reads("$[-1]", json!([0]), json!(null));
        reads("$[0,1]", json!([0]), json!([0, null]));
    }

    #[test]
    fn a_one_sided_slice_counts_from_the_end() {
        reads("$[-1:]", json!([0, 1]), json!([1]));
        reads("$[:-1]", json!([0, 1]), json!([0]));
        reads("$[0:-1]", json!([0, 1]), json!([]));
    }

    #[test]
    fn an_array_wildcard_passes_over_what_is_missing_and_a_slice_does_not() {
        reads("$[*].a", json!([{ "a": 1 }, {}]), json!([1]));
        is_not_found(
            "$[0:].a",
            json!([{ "a": 1 }, {}]),
            "No results for path: $[1]['a']",
        );
        is_not_found(
            "$.*.a",
            json!({ "x": {} }),
            "No results for path: $['x']['a']",
        );
    }

    #[test]
    fn the_members_before_a_wildcard_may_be_missing() {
        reads("$.a.b[*]", json!({}), json!([]));
        is_not_found("$.a.b[0]", json!({}), "Missing property in path $['a']");
    }

    #[test]
    fn two_names_make_one_object() {
        reads(
            "$['a','b']",
            json!({ "b": 2, "c": 3, "a": 1 }),
            json!({ "a": 1, "b": 2 }),
        );
        let message = "Multi properties can only be used as path leafs: $['a', 'b']";
        is_invalid("$['a','b'].c", json!({}), message);
    }

    #[test]
    fn a_scan_goes_outside_in() {
        reads(
            "$..a",
            json!({ "b": { "a": 1 }, "a": { "a": 2 } }),
            json!([{ "a": 2 }, 1, 2]),
        );
        reads("$..*", json!([[1], 2]), json!([[1], 2, 1]));
    }

    #[test]
    fn a_filter_tests_elements_or_the_object_itself() {
        reads(
            "$[?(@.a == 1)]",
            json!([{ "a": 1 }, { "a": 2 }]),
            json!([{ "a": 1 }]),
        );
        reads("$[?(@.a == 1)]", json!({ "a": 1 }), json!([{ "a": 1 }]));
        let message = "Filter: [?] can not be applied to primitives. Current context is: 1";
        is_invalid("$[?(@.a)]", json!(1), message);
    }

    #[test]
    fn a_dollar_in_the_middle_starts_the_messages_anew() {
        reads("$[0]$[0]", json!([[1]]), json!(1));
        is_not_found("$[0]$.a", json!([[]]), "Property ['a'] not found in path $");
    }
}
