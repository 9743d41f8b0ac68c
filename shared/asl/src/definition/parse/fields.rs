//! Typed reading of one JSON object. What has not been read in the end is not supported there.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{
    super::{Location, QueryLanguage},
    Parser,
    templates::{self, Place},
};
use crate::{
    data::{
        expression::Expression,
        path::{Path, Root},
        reference_path::ReferencePath,
        template::Template,
    },
    jsonata::{Jsonata, Offered},
};

pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    at: Location,
    language: QueryLanguage,
    /// The way from the state to this object, with a slash at its end: `Choices[0]/`.
    path: String,
    /// What `$states` has in `Assign` and `Output`.
    offered: Offered,
    seen: HashSet<&'a str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(
        object: &'a Map<String, Value>,
        at: Location,
        language: QueryLanguage,
    ) -> Self {
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
            ..Fields::new(object, self.at_field(name).element(index), self.language)
        }
    }

    /// The object in a field of this one.
    pub(super) fn inner(&mut self, parser: &mut Parser, name: &str) -> Option<Fields<'a>> {
        let object = self.object(parser, name)?;
        Some(Fields {
            path: format!("{}{name}/", self.path),
            ..Fields::new(object, self.at_field(name), self.language)
        })
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

    /// Where the object stands.
    pub(super) fn at(&self) -> &Location {
        &self.at
    }

    pub(super) fn at_field(&self, name: &str) -> Location {
        self.at.member(name)
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
        for key in self.object.keys() {
            if !self.seen.contains(key.as_str()) {
                self.not_supported(parser, key);
            }
        }
    }

    /// Reports a field that cannot stand here.
    pub(super) fn not_supported(&self, parser: &mut Parser, name: &str) {
        self.refuse(parser, name, format!("Field '{name}' is not supported"));
    }

    /// Reports what AWS says of the object, about one of its fields.
    pub(super) fn refuse(&self, parser: &mut Parser, name: &str, message: impl Into<String>) {
        parser.refuse_about(&self.at, &self.at_field(name), message);
    }

    /// Reports required fields that are missing.
    pub(super) fn require(&self, parser: &mut Parser, names: &[&str]) {
        let missing = names.iter().copied().filter(|name| !self.has(name));
        let missing: Vec<&str> = missing.collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            parser.refuse(&self.at, format!("These fields are required: [{missing}]"));
        }
    }

    /// Reports if more than one of the fields is there. All of them are known afterwards.
    pub(super) fn at_most_one(&mut self, parser: &mut Parser, names: &[&str]) {
        if self.count(names) > 1 {
            let names = names.join(", ");
            let message = format!("There should only be one of the following fields: [{names}]");
            parser.refuse(&self.at, message);
        }
        self.ignore(names);
    }

    /// Reports if not exactly one of the fields is there. All of them are known afterwards.
    pub(super) fn exactly_one(&mut self, parser: &mut Parser, names: &[&str]) {
        self.at_most_one(parser, names);
        if self.count(names) == 0 {
            let names = names.join(", ");
            let message =
                format!("This object should have only one of the following fields: [{names}]");
            parser.refuse(&self.at, message);
        }
    }

    pub(super) fn count(&self, names: &[&str]) -> usize {
        names.iter().filter(|name| self.has(name)).count()
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
            parser.expected(&self.at_field(name), expected);
        }
        read
    }

    pub(super) fn string(&mut self, parser: &mut Parser, name: &str) -> Option<&'a str> {
        self.typed(parser, name, "String", Value::as_str)
    }

    pub(super) fn boolean(&mut self, parser: &mut Parser, name: &str) -> Option<bool> {
        self.typed(parser, name, "Boolean", Value::as_bool)
    }

    /// One of the words, which are given with what they mean.
    pub(super) fn word<T: Copy>(
        &mut self,
        parser: &mut Parser,
        name: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.string(parser, name)?;
        let meant = words.iter().find(|(word, _)| *word == text);
        if meant.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let words = words.join(", ");
            let message = format!("Value should be one of the following: [{words}]");
            parser.refuse(&self.at_field(name), message);
        }
        meant.map(|(_, meaning)| *meaning)
    }

    pub(super) fn array(&mut self, parser: &mut Parser, name: &str) -> Option<&'a [Value]> {
        self.typed(parser, name, "Array", Value::as_array)
            .map(Vec::as_slice)
    }

    /// An array with at least one element.
    pub(super) fn filled_array(&mut self, parser: &mut Parser, name: &str) -> Option<&'a [Value]> {
        let elements = self.array(parser, name)?;
        if elements.is_empty() {
            parser.refuse(&self.at_field(name), "Value cannot be empty");
        }
        Some(elements)
    }

    /// An array of at least one object.
    pub(super) fn objects(&mut self, parser: &mut Parser, name: &str) -> Vec<Fields<'a>> {
        let elements = self.filled_array(parser, name).unwrap_or_default();
        self.elements(parser, name, elements)
    }

    /// The objects in an array field.
    pub(super) fn elements(
        &self,
        parser: &mut Parser,
        name: &str,
        elements: &'a [Value],
    ) -> Vec<Fields<'a>> {
        let mut objects = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            match element {
                Value::Object(object) => objects.push(self.element(object, name, index)),
                _ => parser.expected(&self.at_field(name).element(index), "Object"),
            }
        }
        objects
    }

    pub(super) fn object(
        &mut self,
        parser: &mut Parser,
        name: &str,
    ) -> Option<&'a Map<String, Value>> {
        self.typed(parser, name, "Object", Value::as_object)
    }

    /// A number of any kind.
    pub(super) fn number(&mut self, parser: &mut Parser, name: &str) -> Option<f64> {
        self.typed(parser, name, "Number", Value::as_f64)
    }

    /// A number between two bounds, both included.
    pub(super) fn float(
        &mut self,
        parser: &mut Parser,
        name: &str,
        min: f64,
        max: f64,
    ) -> Option<f64> {
        let number = self.number(parser, name)?;
        self.within(parser, name, number, min, max)
    }

    /// A whole number between two bounds, both included.
    pub(super) fn integer(
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
        let bound = |bound| i64::try_from(bound).unwrap_or(i64::MAX);
        let number = self.within(parser, name, number, bound(min), bound(max))?;
        u64::try_from(number).ok()
    }

    fn within<T: PartialOrd + std::fmt::Debug>(
        &self,
        parser: &mut Parser,
        name: &str,
        number: T,
        min: T,
        max: T,
    ) -> Option<T> {
        let message = if number < min {
            format!("Minimum value is {min:?}")
        } else if number > max {
            format!("Maximum value is {max:?}")
        } else {
            return Some(number);
        };
        parser.refuse(&self.at_field(name), message);
        None
    }

    /// A path, from any root.
    fn path(&mut self, parser: &mut Parser, name: &str) -> Option<Path> {
        let compiled = Path::compile(self.string(parser, name)?);
        if let Err(why) = &compiled {
            let message = "Value must be a valid JSONPath.";
            parser.refuse_with_help(&self.at_field(name), message, why);
        }
        compiled.ok()
    }

    /// A path to a single place, from any root.
    pub(super) fn reference(&mut self, parser: &mut Parser, name: &str) -> Option<Path> {
        let text = self.string(parser, name)?;
        let compiled = Path::compile(text).and_then(|path| path.into_reference());
        if let Err(why) = &compiled {
            self.no_reference(parser, name, text, &why);
        }
        compiled.ok()
    }

    /// A path to a single place in the input or a variable.
    pub(super) fn reference_to_data(&mut self, parser: &mut Parser, name: &str) -> Option<Path> {
        let path = self.reference(parser, name)?;
        if *path.root() == Root::Context {
            let why = "the context object is not read here";
            self.no_reference(parser, name, path.text(), &why);
            return None;
        }
        Some(path)
    }

    fn no_reference(
        &self,
        parser: &mut Parser,
        name: &str,
        text: &str,
        why: &dyn std::fmt::Display,
    ) {
        let message = match text.starts_with('$') {
            true => "Value is not a Reference Path",
            false => "Value is not a Reference Path: Reference path didn't start with '$'",
        };
        parser.refuse_with_help(&self.at_field(name), message, why);
    }

    /// A path or a call of an intrinsic function.
    pub(super) fn expression(&mut self, parser: &mut Parser, name: &str) -> Option<Expression> {
        let compiled = Expression::compile(self.string(parser, name)?);
        if let Err(why) = &compiled {
            parser.invalid_expression(name, &self.at, &self.at_field(name), why);
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
        const NAME: &str = "ResultPath";
        match self.value(NAME) {
            Some(Value::Null) => None,
            Some(_) => {
                let text = self.string(parser, NAME)?;
                let compiled = ReferencePath::compile(text);
                if let Err(why) = &compiled {
                    self.no_reference(parser, NAME, text, why);
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

    /// A payload template that must be an object; in JSONata an expression may stand for it.
    pub(super) fn object_template(&mut self, parser: &mut Parser, name: &str) -> Option<Template> {
        if !self.has_jsonata(name) {
            self.object(parser, name)?;
        }
        self.template(parser, name)
    }

    /// Reports members that the object in a field has to have, and has not. What only an execution
    /// will know is not looked at.
    pub(super) fn require_in(&self, parser: &mut Parser, name: &str, members: &[&str]) {
        let Some(Value::Object(object)) = self.object.get(name) else {
            return;
        };
        let is_there = |member: &str| {
            let is_computed = || object.contains_key(&format!("{member}.$"));
            object.contains_key(member) || (!self.is_jsonata() && is_computed())
        };
        for member in members.iter().filter(|member| !is_there(member)) {
            let message = format!("The field '{member}' is required but was missing");
            parser.refuse(&self.at_field(name), message);
        }
    }
}
