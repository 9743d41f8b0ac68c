//! Typed reading of one JSON object. What has not been read in the end is not supported there.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{
    super::{QueryLanguage, codes},
    Parser, escape,
    templates::{self, Place},
};
use crate::{
    data::{expression::Expression, path::Path, reference_path::ReferencePath, template::Template},
    jsonata::{Jsonata, Offered},
    limits,
};

pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    at: String,
    language: QueryLanguage,
    /// The way from the state to this object, with a slash at its end: `Choices[0]/`.
    path: String,
    /// What `$states` has in `Assign` and `Output`.
    offered: Offered,
    seen: HashSet<&'a str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(object: &'a Map<String, Value>, at: String, language: QueryLanguage) -> Self {
        Self {
            object,
            at,
            language,
            path: String::new(),
            offered: Offered::Nothing,
            seen: HashSet::new(),
        }
    }

    /// One of the objects in an array field of this one.
    pub(super) fn element<'b>(
        &self,
        object: &'b Map<String, Value>,
        name: &str,
        index: usize,
    ) -> Fields<'b> {
        Fields {
            path: format!("{}{name}[{index}]/", self.path),
            ..Fields::new(object, format!("{}/{name}/{index}", self.at), self.language)
        }
    }

    pub(super) fn language(&self) -> QueryLanguage {
        self.language
    }

    pub(super) fn is_jsonata(&self) -> bool {
        self.language == QueryLanguage::Jsonata
    }

    /// Says what `$states` has in `Assign` and `Output`.
    pub(super) fn offer(&mut self, offered: Offered) {
        self.offered = offered;
    }

    /// JSON Pointer of the object; empty for the whole document.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    /// JSON Pointer of the object, as diagnostics have it.
    pub(super) fn location(&self) -> &str {
        if self.at.is_empty() { "/" } else { &self.at }
    }

    pub(super) fn at_field(&self, name: &str) -> String {
        format!("{}/{}", self.at, escape(name))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    pub(super) fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.value(name);
        }
    }

    /// The raw value; reading it marks the field as known.
    pub(super) fn value(&mut self, name: &str) -> Option<&'a Value> {
        let (key, value) = self.object.get_key_value(name)?;
        self.seen.insert(key);
        Some(value)
    }

    /// Reports every field that nothing has asked for.
    pub(super) fn finish(self, parser: &mut Parser) {
        for key in self
            .object
            .keys()
            .filter(|key| !self.seen.contains(key.as_str()))
        {
            parser.error(codes::SCHEMA, self.at_field(key), "Field is not supported");
        }
    }

    /// Reports a required field that is missing.
    pub(super) fn require(&self, parser: &mut Parser, name: &str) {
        if !self.has(name) {
            let message = format!("The field '{name}' is required but was missing");
            parser.error(codes::SCHEMA, self.location(), message);
        }
    }

    /// Reports if more than one of the names is there.
    pub(super) fn at_most_one(&self, parser: &mut Parser, names: &[&str]) {
        let present: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| self.has(name))
            .collect();
        if present.len() > 1 {
            let message = format!(
                "Only one of these fields is allowed: [{}]",
                present.join(", ")
            );
            parser.error(codes::SCHEMA, self.location(), message);
        }
    }

    fn typed<T>(
        &mut self,
        parser: &mut Parser,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let read = read(self.value(name)?);
        if read.is_none() {
            parser.error(
                codes::SCHEMA,
                self.at_field(name),
                format!("Expected value of type {expected}"),
            );
        }
        read
    }

    pub(super) fn string(&mut self, parser: &mut Parser, name: &str) -> Option<&'a str> {
        self.typed(parser, name, "String", Value::as_str)
    }

    pub(super) fn boolean(&mut self, parser: &mut Parser, name: &str) -> Option<bool> {
        self.typed(parser, name, "Boolean", Value::as_bool)
    }

    pub(super) fn number(&mut self, parser: &mut Parser, name: &str) -> Option<f64> {
        self.typed(parser, name, "Number", Value::as_f64)
    }

    pub(super) fn array(
        &mut self,
        parser: &mut Parser,
        name: &str,
    ) -> Option<(&'a [Value], String)> {
        let elements = self.typed(parser, name, "Array", Value::as_array)?;
        Some((elements.as_slice(), self.at_field(name)))
    }

    pub(super) fn object(
        &mut self,
        parser: &mut Parser,
        name: &str,
    ) -> Option<(&'a Map<String, Value>, String)> {
        let object = self.typed(parser, name, "Object", Value::as_object)?;
        Some((object, self.at_field(name)))
    }

    /// A whole number of at least 0.
    pub(super) fn natural(&mut self, parser: &mut Parser, name: &str) -> Option<u64> {
        self.whole(parser, name, 0, limits::SECONDS_BOUND)
    }

    /// A whole number of at least 1.
    pub(super) fn positive(&mut self, parser: &mut Parser, name: &str) -> Option<u64> {
        self.whole(parser, name, 1, limits::SECONDS_BOUND)
    }

    /// A whole number between two bounds, both included.
    pub(super) fn whole(
        &mut self,
        parser: &mut Parser,
        name: &str,
        min: u64,
        max: u64,
    ) -> Option<u64> {
        let number = self.typed(parser, name, "Integer", |value| {
            let whole = value.as_f64().filter(|f| f.fract() == 0.0)?;
            Some(value.as_i64().unwrap_or(whole as i64))
        })?;
        match u64::try_from(number) {
            Ok(number) if (min..=max).contains(&number) => Some(number),
            _ => {
                let message = format!("Value must be an integer between {min} and {max}");
                parser.error(codes::SCHEMA, self.at_field(name), message);
                None
            }
        }
    }

    /// A path, from any root.
    pub(super) fn path(&mut self, parser: &mut Parser, name: &str) -> Option<Path> {
        let text = self.string(parser, name)?;
        self.compile_path(parser, name, text)
    }

    fn compile_path(&self, parser: &mut Parser, name: &str, text: &str) -> Option<Path> {
        let compiled = Path::compile(text);
        if let Err(error) = &compiled {
            parser.error(
                codes::SCHEMA,
                self.at_field(name),
                format!("Value is not a valid JSONPath: {error}"),
            );
        }
        compiled.ok()
    }

    /// A path or a call of an intrinsic function.
    pub(super) fn expression(&mut self, parser: &mut Parser, name: &str) -> Option<Expression> {
        let compiled = Expression::compile(self.string(parser, name)?);
        if compiled.is_err() {
            parser.invalid_expression(name, self.location());
        }
        compiled.ok()
    }

    /// A path that may be `null`, and is `$` if absent.
    pub(super) fn path_or_null(&mut self, parser: &mut Parser, name: &str) -> Option<Path> {
        match self.value(name) {
            Some(Value::Null) => None,
            Some(_) => self.path(parser, name),
            None => Some(Path::compile("$").expect("`$` is a path")),
        }
    }

    /// `ResultPath`: a reference path that may be `null`, and is `$` if absent.
    pub(super) fn result_path(&mut self, parser: &mut Parser) -> Option<ReferencePath> {
        match self.value("ResultPath") {
            Some(Value::Null) => None,
            Some(_) => {
                let text = self.string(parser, "ResultPath")?;
                let compiled = ReferencePath::compile(text);
                if let Err(error) = &compiled {
                    let message = format!("Value is not a Reference Path: {error}");
                    parser.error(codes::SCHEMA, self.at_field("ResultPath"), message);
                }
                compiled.ok()
            }
            None => Some(ReferencePath::compile("$").expect("`$` is a reference path")),
        }
    }

    /// A payload template of any JSON type.
    pub(super) fn template(&mut self, parser: &mut Parser, name: &str) -> Option<Template> {
        let value = self.value(name)?;
        Some(match self.language {
            QueryLanguage::JsonPath => templates::json_path(parser, value, &self.at_field(name)),
            QueryLanguage::Jsonata => templates::jsonata(parser, value, &self.place(name)),
        })
    }

    /// The JSONata expression in a field, if the field is one.
    pub(super) fn jsonata(&mut self, parser: &mut Parser, name: &str) -> Option<Jsonata> {
        let text = self.jsonata_text(name)?;
        self.value(name);
        templates::jsonata_in(parser, text, &self.place(name))
    }

    /// Whether a field is a JSONata expression.
    pub(super) fn has_jsonata(&self, name: &str) -> bool {
        self.jsonata_text(name).is_some()
    }

    fn jsonata_text(&self, name: &str) -> Option<&'a str> {
        let text = self.object.get(name)?.as_str()?;
        let is_expression = text.starts_with("{%") || text.ends_with("%}");
        (self.is_jsonata() && is_expression).then_some(text)
    }

    /// The way to a field from the state.
    pub(super) fn field_location(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    fn place(&self, name: &str) -> Place {
        let offered = match name {
            "Assign" | "Output" => self.offered,
            _ => Offered::Nothing,
        };
        Place {
            at: self.at_field(name),
            location: self.field_location(name),
            offered,
        }
    }

    /// `Assign`: an object of variables.
    pub(super) fn assign(&mut self, parser: &mut Parser) -> Option<Template> {
        let (variables, at) = self.object(parser, "Assign")?;
        for key in variables.keys() {
            let name = match self.language {
                QueryLanguage::JsonPath => key.strip_suffix(".$").unwrap_or(key),
                QueryLanguage::Jsonata => key,
            };
            let at = format!("{at}/{}", escape(key));
            if name == "states" {
                parser.error(codes::SCHEMA, at, "The variable name 'states' is reserved");
            } else if name.chars().count() > limits::VARIABLE_NAME_CHARACTERS_MAX {
                let max = limits::VARIABLE_NAME_CHARACTERS_MAX;
                let message = format!("Variable name must be at most {max} characters");
                parser.error(codes::SCHEMA, at, message);
            }
        }
        self.template(parser, "Assign")
    }

    /// A payload template that must be an object; in JSONata an expression may stand for it.
    pub(super) fn object_template(&mut self, parser: &mut Parser, name: &str) -> Option<Template> {
        if !self.has_jsonata(name) {
            self.object(parser, name)?;
        }
        self.template(parser, name)
    }
}
