//! Payload templates, in both query languages.

use std::sync::Arc;

use serde_json::Value;

use super::{super::Location, Parser};
use crate::{
    data::{expression::Expression, template::Template},
    jsonata::{Jsonata, Offered},
};

/// Compiles a payload template of JSONPath. What is wrong is reported, and left out.
pub(super) fn json_path(parser: &mut Parser, value: &Value, field: &Location) -> Template {
    JsonPath { parser, field }.template(value, field)
}

struct JsonPath<'a> {
    parser: &'a mut Parser,
    /// The field that has the template: AWS names no other place.
    field: &'a Location,
}

impl JsonPath<'_> {
    fn template(&mut self, value: &Value, at: &Location) -> Template {
        match value {
            Value::Object(object) => {
                for key in object
                    .keys()
                    .filter(|key| object.contains_key(&format!("{key}.$")))
                {
                    let at = at.member(&format!("{key}.$"));
                    let message =
                        format!("The field '{key}' comes twice: as '{key}' and as '{key}.$'");
                    self.parser.refuse_about(self.field, &at, message);
                }
                let members = object
                    .iter()
                    .filter_map(|(key, value)| self.member(key, value, &at.member(key)));
                object_of(members.collect(), value)
            }
            Value::Array(elements) => {
                let compiled = elements
                    .iter()
                    .enumerate()
                    .map(|(index, element)| self.template(element, &at.element(index)));
                array_of(compiled.collect(), value)
            }
            scalar => Template::Literal(scalar.into()),
        }
    }

    fn member(&mut self, key: &str, value: &Value, at: &Location) -> Option<(Arc<str>, Template)> {
        let Some(name) = key.strip_suffix(".$") else {
            return Some((key.into(), self.template(value, at)));
        };
        let compiled = match value {
            Value::String(text) => Expression::compile(text).map_err(|why| why.to_string()),
            _ => Err("a name that ends in `.$` has text for its value".into()),
        };
        match compiled {
            Ok(expression) => {
                let field = key.into();
                Some((name.into(), Template::Computed { field, expression }))
            }
            Err(why) => {
                self.parser.invalid_expression(key, self.field, at, &why);
                None
            }
        }
    }
}

/// Where a JSONata field stands: in the definition, and from its state, as errors name it; and what
/// `$states` has there.
pub(super) struct Place {
    pub(super) at: Location,
    pub(super) location: String,
    pub(super) offered: Offered,
}

impl Place {
    fn member(&self, key: &str) -> Self {
        Self {
            at: self.at.member(key),
            location: format!("{}/{key}", self.location),
            offered: self.offered,
        }
    }

    fn element(&self, index: usize) -> Self {
        Self {
            at: self.at.element(index),
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
    let Ok(text) = Jsonata::text_in(string) else {
        let message = "JSONata string must start with {% and end with %}";
        parser.refuse(&place.at, message);
        return None;
    };
    match Jsonata::compile(text?, place.offered) {
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
