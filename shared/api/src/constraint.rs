//! What the fields of a request may be, and what AWS's framework says of one that is not so: before
//! any operation looks at it, and of all fields at once.

use std::fmt::Write;

use serde_json::Value;

use crate::{ApiError, leave_out_nulls};

/// A member of a request, or of a structure in it.
#[derive(Debug)]
pub(crate) struct Member {
    name: &'static str,
    is_required: bool,
    /// Whether messages leave out its value.
    is_sensitive: bool,
    kind: Kind,
}

/// What a value may be. Bounds include both ends.
#[derive(Debug)]
pub(crate) enum Kind {
    Text(Text),
    /// Text that becomes a payload. How long it may be is up to the engine.
    Data,
    /// One of these words.
    Enum(&'static [&'static str]),
    Integer {
        min: i64,
        max: i64,
    },
    Float {
        min: f64,
        max: f64,
    },
    Boolean,
    List(&'static List),
    Structure(&'static [Member]),
}

#[derive(Debug)]
pub(crate) struct Text {
    /// In characters.
    min: usize,
    /// In characters.
    max: usize,
    pattern: Option<Pattern>,
}

/// A regular expression, as AWS writes it, and the same as a function.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) text: &'static str,
    pub(crate) matches: fn(&str) -> bool,
}

#[derive(Debug)]
pub(crate) struct List {
    pub(crate) of: Kind,
    /// What AWS calls its elements.
    pub(crate) element: &'static str,
    pub(crate) min: usize,
    pub(crate) max: usize,
}

impl Member {
    pub(crate) const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            is_required: false,
            is_sensitive: false,
            kind,
        }
    }

    pub(crate) const fn required(self) -> Self {
        Self {
            is_required: true,
            ..self
        }
    }

    pub(crate) const fn sensitive(self) -> Self {
        Self {
            is_sensitive: true,
            ..self
        }
    }
}

impl Kind {
    /// A text of so many characters.
    pub(crate) const fn text(min: usize, max: usize) -> Self {
        Self::Text(Text {
            min,
            max,
            pattern: None,
        })
    }

    /// A text of so many characters, of a pattern.
    pub(crate) const fn pattern(min: usize, max: usize, pattern: Pattern) -> Self {
        Self::Text(Text {
            min,
            max,
            pattern: Some(pattern),
        })
    }
}

/// Reads the body of a request, and checks its members. `data_bytes_max` are the bytes that a payload
/// may have, if there is a limit.
///
/// # Errors
///
/// - `SerializationException`: it is no JSON object, or a member has another JSON type.
/// - `ValidationException`: it violates constraints. All of them are told, in the order of members.
pub(crate) fn read(
    members: &[Member],
    body: &[u8],
    data_bytes_max: Option<usize>,
) -> Result<Value, ApiError> {
    let mut request = match body.trim_ascii() {
        b"" => Value::Object(serde_json::Map::new()),
        body => serde_json::from_slice(body).map_err(ApiError::serialization)?,
    };
    leave_out_nulls(&mut request);
    check_structure_type("", &request, members)?;
    let mut check = Check {
        data_bytes_max,
        violations: Vec::new(),
    };
    check.structure(&request, members, "");
    let violations = check.violations;
    match violations.len() {
        0 => Ok(request),
        1 => Err(ApiError::validation(format!(
            "1 validation error detected: {}",
            violations[0]
        ))),
        count => Err(ApiError::validation(format!(
            "{count} validation errors detected: {}",
            violations.join("; ")
        ))),
    }
}

fn check_structure_type(at: &str, value: &Value, members: &[Member]) -> Result<(), ApiError> {
    let Value::Object(object) = value else {
        return Err(wrong_type(at, "an object", value));
    };
    for member in members {
        if let Some(value) = object.get(member.name) {
            check_type(&join(at, member.name), value, &member.kind)?;
        }
    }
    Ok(())
}

fn check_type(at: &str, value: &Value, kind: &Kind) -> Result<(), ApiError> {
    let (is_so, wanted) = match kind {
        Kind::Text(_) | Kind::Data | Kind::Enum(_) => (value.is_string(), "a string"),
        Kind::Integer { .. } => (value.is_i64(), "an integer"),
        Kind::Float { .. } => (value.is_number(), "a number"),
        Kind::Boolean => (value.is_boolean(), "a boolean"),
        Kind::List(_) => (value.is_array(), "a list"),
        Kind::Structure(members) => return check_structure_type(at, value, members),
    };
    if !is_so {
        return Err(wrong_type(at, wanted, value));
    }
    if let (Kind::List(list), Value::Array(elements)) = (kind, value) {
        for (index, element) in elements.iter().enumerate() {
            check_type(&element_path(at, index), element, &list.of)?;
        }
    }
    Ok(())
}

fn wrong_type(at: &str, wanted: &str, value: &Value) -> ApiError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    let what = match at {
        "" => "the request".to_owned(),
        at => format!("'{at}'"),
    };
    ApiError::serialization(format!("{what} must be {wanted}, and is {found}"))
}

/// Looks for what a request violates.
struct Check {
    data_bytes_max: Option<usize>,
    violations: Vec<String>,
}

impl Check {
    fn structure(&mut self, value: &Value, members: &[Member], at: &str) {
        for member in members {
            let at = join(at, member.name);
            match value.get(member.name) {
                Some(value) => self.value(value, member, &member.kind, &at),
                None if member.is_required => self.violations.push(format!(
                    "Value null at '{at}' failed to satisfy constraint: Member must not be null"
                )),
                None => {}
            }
        }
    }

    fn value(&mut self, value: &Value, member: &Member, kind: &Kind, at: &str) {
        for constraint in self.violated(value, kind) {
            let shown = match member.is_sensitive {
                true => String::new(),
                false => format!(" '{}'", show(value, kind)),
            };
            self.violations.push(format!(
                "Value{shown} at '{at}' failed to satisfy constraint: Member must {constraint}"
            ));
        }
        match (kind, value) {
            (Kind::Structure(members), value) => self.structure(value, members, at),
            (Kind::List(list), Value::Array(elements)) => {
                for (index, element) in elements.iter().enumerate() {
                    self.value(element, member, &list.of, &element_path(at, index));
                }
            }
            _ => {}
        }
    }

    /// What a value itself violates, in the words of AWS's framework.
    fn violated(&self, value: &Value, kind: &Kind) -> Vec<String> {
        match (kind, value) {
            (Kind::Text(text), Value::String(value)) => violated_text(value, text),
            (Kind::Data, Value::String(value)) => {
                let max = self.data_bytes_max.filter(|max| value.len() > *max);
                let told =
                    |max| format!("have size less than or equal to {max} bytes in UTF-8 encoding");
                max.map(told).into_iter().collect()
            }
            (Kind::Enum(words), Value::String(value)) if !words.contains(&value.as_str()) => {
                let words = in_aws_order(words).join(", ");
                vec![format!("satisfy enum value set: [{words}]")]
            }
            (Kind::Integer { min, max }, Value::Number(number)) => {
                let value = number.as_i64().expect("its type was checked");
                violated_range(value, min, max)
            }
            (Kind::Float { min, max }, Value::Number(number)) => {
                let value = number.as_f64().expect("its type was checked");
                violated_range(value, min, max)
            }
            (Kind::List(list), Value::Array(elements)) => {
                violated_length(elements.len(), list.min, list.max)
            }
            _ => vec![],
        }
    }
}

fn violated_text(value: &str, text: &Text) -> Vec<String> {
    let mut violated = violated_length(value.chars().count(), text.min, text.max);
    if let Some(pattern) = &text.pattern
        && !(pattern.matches)(value)
    {
        violated.push(format!(
            "satisfy regular expression pattern: {}",
            pattern.text
        ));
    }
    violated
}

fn violated_length(length: usize, min: usize, max: usize) -> Vec<String> {
    match length {
        length if length < min => {
            vec![format!("have length greater than or equal to {min}")]
        }
        length if length > max => vec![format!("have length less than or equal to {max}")],
        _ => vec![],
    }
}

fn violated_range<T: PartialOrd + std::fmt::Display>(value: T, min: &T, max: &T) -> Vec<String> {
    if value < *min {
        vec![format!("have value greater than or equal to {min}")]
    } else if value > *max {
        vec![format!("have value less than or equal to {max}")]
    } else {
        vec![]
    }
}

/// The words in the order in which AWS's messages have them: that of a hash table with 32 buckets,
/// each of which begins with what came last, over the `hashCode` of Java.
fn in_aws_order(words: &[&'static str]) -> Vec<&'static str> {
    let bucket = |word: &&str| {
        let hash = word.encode_utf16().fold(0_u32, |hash, unit| {
            hash.wrapping_mul(31).wrapping_add(u32::from(unit))
        });
        hash % 32
    };
    let mut words: Vec<&str> = words.iter().rev().copied().collect();
    words.sort_by_key(bucket);
    words
}

/// A value as Java prints it.
fn show(value: &Value, kind: &Kind) -> String {
    match (kind, value) {
        (_, Value::String(text)) => text.clone(),
        (Kind::List(list), Value::Array(elements)) => {
            let shown = elements.iter().map(|element| match &list.of {
                Kind::Structure(members) => show_structure(element, members, list.element),
                kind => show(element, kind),
            });
            format!("[{}]", shown.collect::<Vec<_>>().join(", "))
        }
        (_, value) => value.to_string(),
    }
}

fn show_structure(value: &Value, members: &[Member], name: &str) -> String {
    let mut shown = format!("{name}(");
    for (index, member) in members.iter().enumerate() {
        let separator = if index > 0 { ", " } else { "" };
        let value = value.get(member.name).unwrap_or(&Value::Null);
        let value = show(value, &member.kind);
        write!(shown, "{separator}{}={value}", member.name).expect("a String takes everything");
    }
    shown + ")"
}

fn join(at: &str, name: &str) -> String {
    match at {
        "" => name.to_owned(),
        at => format!("{at}.{name}"),
    }
}

fn element_path(at: &str, index: usize) -> String {
    format!("{at}.{}.member", index + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    static WORDS: List = List {
        of: Kind::text(1, 3),
        element: "Word",
        min: 1,
        max: 2,
    };
    static PAIR: &[Member] = &[
        Member::new("left", Kind::text(1, 3)).required(),
        Member::new("right", Kind::Integer { min: 0, max: 9 }),
    ];
    static PAIRS: List = List {
        of: Kind::Structure(PAIR),
        element: "Pair",
        min: 0,
        max: 2,
    };
    static ALL: &[Member] = &[
        Member::new("name", Kind::text(1, 5)).required(),
        Member::new("secret", Kind::Data).sensitive(),
        Member::new("word", Kind::Enum(&["ONE", "TWO"])),
        Member::new(
            "ratio",
            Kind::Float {
                min: 0.0,
                max: 100.0,
            },
        ),
        Member::new("flag", Kind::Boolean),
        Member::new("words", Kind::List(&WORDS)),
        Member::new("pairs", Kind::List(&PAIRS)),
        Member::new("pair", Kind::Structure(PAIR)),
    ];

    fn refused(request: &Value) -> String {
        read(ALL, request.to_string().as_bytes(), Some(4))
            .unwrap_err()
            .to_string()
    }

    /// The one constraint that a request violates, which has a name otherwise.
    fn violation(mut request: Value) -> String {
        if request.get("name").is_none() {
            request["name"] = "n".into();
        }
        let refused = refused(&request);
        let message = refused.strip_prefix("ValidationException: 1 validation error detected: ");
        message.unwrap_or_else(|| panic!("{refused}")).to_owned()
    }

    #[test]
    fn what_is_within_its_bounds_is_read() {
        let request = json!({
            "name": "äöüßx", "secret": "four", "word": "TWO", "ratio": 100, "flag": false, "words": ["a", "abc"],
            "pairs": [{ "left": "a", "right": 9 }, { "left": "b" }], "unknown": [1],
        });
        let mut with_null = request.clone();
        with_null["pair"] = Value::Null;
        with_null["pairs"][1]["right"] = Value::Null;
        assert_eq!(
            read(ALL, with_null.to_string().as_bytes(), Some(4)).unwrap(),
            request
        );
        assert_eq!(read(PAIRS_ONLY, b" ", None).unwrap(), json!({}));
    }

    #[test]
    fn data_may_be_without_bounds() {
        let request = json!({ "name": "n", "secret": "longer than four" });
        assert!(read(ALL, request.to_string().as_bytes(), None).is_ok());
    }

    static PAIRS_ONLY: &[Member] = &[Member::new("pairs", Kind::List(&PAIRS))];

    #[test]
    fn each_constraint_has_the_words_of_aws() {
        let failed = "failed to satisfy constraint: Member must";
        for (request, message) in [
            (
                json!({ "name": null }),
                format!("Value null at 'name' {failed} not be null"),
            ),
            (
                json!({ "name": "" }),
                format!("Value '' at 'name' {failed} have length greater than or equal to 1"),
            ),
            (
                json!({ "name": "abcdef" }),
                format!("Value 'abcdef' at 'name' {failed} have length less than or equal to 5"),
            ),
            (
                json!({ "secret": "äöü" }),
                format!(
                    "Value at 'secret' {failed} have size less than or equal to 4 bytes in UTF-8 encoding"
                ),
            ),
            (
                json!({ "word": "one" }),
                format!("Value 'one' at 'word' {failed} satisfy enum value set: [ONE, TWO]"),
            ),
            (
                json!({ "ratio": 100.5 }),
                format!("Value '100.5' at 'ratio' {failed} have value less than or equal to 100"),
            ),
            (
                json!({ "pair": { "left": "a", "right": -1 } }),
                format!(
                    "Value '-1' at 'pair.right' {failed} have value greater than or equal to 0"
                ),
            ),
            (
                json!({ "pair": {} }),
                format!("Value null at 'pair.left' {failed} not be null"),
            ),
            (
                json!({ "words": [] }),
                format!("Value '[]' at 'words' {failed} have length greater than or equal to 1"),
            ),
            (
                json!({ "words": ["a", "long"] }),
                format!(
                    "Value 'long' at 'words.2.member' {failed} have length less than or equal to 3"
                ),
            ),
            (
                json!({ "pairs": [{ "left": "a", "right": 1 }, { "left": "b" }, { "left": "c" }] }),
                format!(
                    "Value '[Pair(left=a, right=1), Pair(left=b, right=null), Pair(left=c, right=null)]' at 'pairs' {failed} have length less than or equal to 2"
                ),
            ),
            (
                json!({ "pairs": [{ "left": "a" }, { "left": "long" }] }),
                format!(
                    "Value 'long' at 'pairs.2.member.left' {failed} have length less than or equal to 3"
                ),
            ),
        ] {
            assert_eq!(violation(request), message);
        }
    }

    #[test]
    fn all_violations_are_told_in_the_order_of_members() {
        let failed = "failed to satisfy constraint: Member must";
        assert_eq!(
            refused(&json!({ "pair": { "right": 10 }, "word": "THREE" })),
            format!(
                "ValidationException: 4 validation errors detected: Value null at 'name' {failed} not be null; \
                 Value 'THREE' at 'word' {failed} satisfy enum value set: [ONE, TWO]; \
                 Value null at 'pair.left' {failed} not be null; \
                 Value '10' at 'pair.right' {failed} have value less than or equal to 9"
            )
        );
    }

    #[test]
    fn words_are_listed_as_aws_lists_them() {
        let statuses = [
            "RUNNING",
            "SUCCEEDED",
            "FAILED",
            "TIMED_OUT",
            "ABORTED",
            "PENDING_REDRIVE",
        ];
        assert_eq!(
            in_aws_order(&statuses).join(", "),
            "SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING"
        );
    }

    #[test]
    fn another_json_type_is_told_before_any_constraint() {
        for (request, message) in [
            (
                json!({ "name": 7 }),
                "'name' must be a string, and is a number",
            ),
            (
                json!({ "name": "", "flag": "true" }),
                "'flag' must be a boolean, and is a string",
            ),
            (
                json!({ "pair": { "right": 1.5 } }),
                "'pair.right' must be an integer, and is a number",
            ),
            (
                json!({ "words": "a" }),
                "'words' must be a list, and is a string",
            ),
            (
                json!({ "words": [null] }),
                "'words.1.member' must be a string, and is null",
            ),
            (
                json!({ "pairs": [[]] }),
                "'pairs.1.member' must be an object, and is a list",
            ),
            (json!([]), "the request must be an object, and is a list"),
        ] {
            assert_eq!(
                refused(&request),
                format!("SerializationException: {message}")
            );
        }
        let error = read(ALL, b"{", None).unwrap_err();
        assert!(
            error.to_string().starts_with("SerializationException: EOF"),
            "{error}"
        );
    }
}
