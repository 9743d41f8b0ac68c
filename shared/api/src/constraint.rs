//! What the fields of a request may be, and what AWS's framework says of one that is not so: before
//! any operation looks at it, and of all fields at once.

#[cfg(test)]
mod tests;
mod violations;

use serde_json::Value;

use self::violations::Check;
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

fn join(at: &str, name: &str) -> String {
    match at {
        "" => name.to_owned(),
        at => format!("{at}.{name}"),
    }
}

fn element_path(at: &str, index: usize) -> String {
    format!("{at}.{}.member", index + 1)
}
