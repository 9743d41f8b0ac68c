//! Payload templates, in both query languages.

use std::sync::Arc;

use serde_json::Value;

use super::{Parser, escape};
use crate::{
    data::{expression::Expression, template::Template},
    jsonata::{Jsonata, Offered},
};

/// Compiles a payload template of JSONPath. What is wrong is reported, and left out.
pub(super) fn json_path(parser: &mut Parser, value: &Value, at: &str) -> Template {
    match value {
        Value::Object(object) => {
            let members = object
                .iter()
                .filter_map(|(key, value)| json_path_member(parser, key, value, at));
            object_of(members.collect(), value)
        }
        Value::Array(elements) => {
            let compiled = elements
                .iter()
                .map(|element| json_path(parser, element, at));
            array_of(compiled.collect(), value)
        }
        scalar => Template::Literal(scalar.into()),
    }
}

fn json_path_member(
    parser: &mut Parser,
    key: &str,
    value: &Value,
    at: &str,
) -> Option<(Arc<str>, Template)> {
    let Some(name) = key.strip_suffix(".$") else {
        return Some((key.into(), json_path(parser, value, at)));
    };
    let Some(expression) = value
        .as_str()
        .and_then(|text| Expression::compile(text).ok())
    else {
        parser.invalid_expression(key, at);
        return None;
    };
    let field = key.into();
    Some((name.into(), Template::Computed { field, expression }))
}

/// Where a JSONata field stands: its JSON Pointer for diagnostics, the way to it from its state for
/// errors, and what `$states` has there.
pub(super) struct Place {
    pub(super) at: String,
    pub(super) location: String,
    pub(super) offered: Offered,
}

impl Place {
    fn member(&self, key: &str) -> Self {
        Self {
            at: format!("{}/{}", self.at, escape(key)),
            location: format!("{}/{key}", self.location),
            offered: self.offered,
        }
    }

    fn element(&self, index: usize) -> Self {
        Self {
            at: format!("{}[{index}]", self.at),
            location: format!("{}[{index}]", self.location),
            offered: self.offered,
        }
    }
}

/// Compiles a payload template of JSONata. What is wrong is reported, and left out.
pub(super) fn jsonata(parser: &mut Parser, value: &Value, place: &Place) -> Template {
    match value {
        Value::Object(object) => {
            let members = object.iter().map(|(key, value)| {
                let member = jsonata(parser, value, &place.member(key));
                (key.as_str().into(), member)
            });
            object_of(members.collect(), value)
        }
        Value::Array(elements) => {
            let compiled = elements
                .iter()
                .enumerate()
                .map(|(index, element)| jsonata(parser, element, &place.element(index)));
            array_of(compiled.collect(), value)
        }
        Value::String(text) => match jsonata_in(parser, text, place) {
            Some(jsonata) => Template::Computed {
                field: place.location.clone(),
                expression: Expression::Jsonata(jsonata),
            },
            None => Template::Literal(value.into()),
        },
        scalar => Template::Literal(scalar.into()),
    }
}

/// The expression in a string; `None` if the string is text, or if what is wrong has been reported.
pub(super) fn jsonata_in(parser: &mut Parser, string: &str, place: &Place) -> Option<Jsonata> {
    let text = match Jsonata::text_in(string) {
        Ok(text) => text?,
        Err(invalid) => {
            parser.invalid_jsonata(invalid, &place.at);
            return None;
        }
    };
    match Jsonata::compile(text, place.offered) {
        Ok(jsonata) => Some(jsonata),
        Err(findings) => {
            for invalid in findings {
                parser.invalid_jsonata(invalid, &place.at);
            }
            None
        }
    }
}

fn object_of(members: Vec<(Arc<str>, Template)>, value: &Value) -> Template {
    match members
        .iter()
        .all(|(_, member)| matches!(member, Template::Literal(_)))
    {
        true => Template::Literal(value.into()),
        false => Template::Object(members),
    }
}

fn array_of(elements: Vec<Template>, value: &Value) -> Template {
    match elements
        .iter()
        .all(|element| matches!(element, Template::Literal(_)))
    {
        true => Template::Literal(value.into()),
        false => Template::Array(elements),
    }
}
