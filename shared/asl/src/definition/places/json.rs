//! JSON, strictly, with the place of each value.

use jsonc_parser::{
    ParseOptions,
    ast::{self, ObjectPropName},
    common::Ranged,
    parse_to_ast,
};
use serde_json::Value;

use super::{Kind, Member, Node, Unreadable};
use crate::data::json_text::JsonError;

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    // What is JSON is for one parser to say: the one that definitions run with.
    // Not as `IgnoredAny`, which may be nested as deep as it likes.
    if let Err(refused) = serde_json::from_str::<Value>(text) {
        let error = JsonError::of(text, &refused);
        let end = offset(text, error.line, error.column);
        let start = text[..end]
            .char_indices()
            .next_back()
            .map_or(0, |(at, _)| at);
        return Err(Unreadable::new(short(&error.message), start..end));
    }
    let read = parse_to_ast(text, &Default::default(), &STRICT).map_err(|error| {
        let place = error.range();
        Unreadable::new(error.kind().to_string(), place.start..place.end)
    })?;
    read.value
        .map(|value| node(text, value))
        .ok_or_else(|| Unreadable::new("Definition must be a valid JSON object", 0..0))
}

/// A message without the text, which whoever reads it has before them.
fn short(message: &str) -> String {
    match (
        message.split_once(" (start marker at "),
        message.rsplit_once("; line: "),
    ) {
        (Some((what, _)), Some((_, place))) => {
            format!(
                "{what} (which begins in line {}",
                place.replace("])", ")").replace(": ", " ")
            )
        }
        _ => message.to_owned(),
    }
}

/// Bytes up to a line and a column, both counted from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let rest = &text[line_start..];
    line_start
        + rest
            .chars()
            .take(column - 1)
            .map(char::len_utf8)
            .sum::<usize>()
}

fn node(text: &str, value: ast::Value<'_>) -> Node {
    let range = value.range();
    let place = range.start..range.end;
    let kind = match value {
        ast::Value::Object(object) => Kind::Object(
            object
                .properties
                .into_iter()
                .map(|property| member(text, property))
                .collect(),
        ),
        ast::Value::Array(array) => Kind::Array(
            array
                .elements
                .into_iter()
                .map(|element| node(text, element))
                .collect(),
        ),
        ast::Value::StringLit(string) => Kind::Scalar(string.value.into_owned().into()),
        ast::Value::BooleanLit(literal) => Kind::Scalar(literal.value.into()),
        ast::Value::NullKeyword(_) => Kind::Scalar(Value::Null),
        ast::Value::NumberLit(_) => {
            let number = serde_json::from_str(&text[place.clone()]);
            Kind::Scalar(number.expect("the whole text is JSON"))
        }
    };
    let place = match kind {
        Kind::Scalar(_) => place,
        Kind::Array(_) | Kind::Object(_) => place.start..place.start + 1,
    };
    Node { place, kind }
}

fn member(text: &str, property: ast::ObjectProp<'_>) -> Member {
    let range = property.name.range();
    let name = match property.name {
        ObjectPropName::String(string) => string.value.into_owned(),
        ObjectPropName::Word(word) => word.value.to_owned(),
    };
    Member {
        name,
        place: range.start..range.end,
        value: node(text, property.value),
    }
}
