//! Parameters as they are written, against the model of what they are sent to.

use aws_smithy_types::{DateTime, date_time::Format};
use segno_asl::definition::{Diagnostic, Location, QueryLanguage, codes, nearest, tokens};
use serde_json::{Map, Value};

use super::own;
use crate::aws::{
    Operation, Service,
    model::{Member, Shape, Structure, Target, capitalized},
};

/// The parameters of one call.
pub(super) struct Parameters<'a> {
    /// What messages call it: `dynamodb:getItem`.
    call: &'a str,
    is_optimized: bool,
    language: QueryLanguage,
    /// Where the parameters stand.
    root: &'a Location,
    pub(super) found: Vec<Diagnostic>,
}

/// How a key names a member.
enum Named<'a> {
    Rightly(&'a Member),
    /// Only capitals differ.
    Nearly(&'a Member),
}

impl<'a> Parameters<'a> {
    pub(super) fn new(
        call: &'a str,
        is_optimized: bool,
        language: QueryLanguage,
        root: &'a Location,
    ) -> Self {
        Self {
            call,
            is_optimized,
            language,
            root,
            found: Vec::new(),
        }
    }

    pub(super) fn check_operation(
        &mut self,
        service: &'static Service,
        operation: &Operation,
        given: &Map<String, Value>,
    ) {
        let Some(structure) = service.structure(operation.input) else {
            return; // an operation without input
        };
        let (others, optional) = match self.is_optimized {
            true => own::differences(self.call),
            false => (&[][..], &[][..]),
        };
        let mut own = given.clone();
        own.retain(|key, _| !others.contains(&self.name(key)));
        self.structure(service, structure, &own, self.root, optional);
    }

    /// Parameters of which only the outermost names are known.
    pub(super) fn check_own(&mut self, given: &Map<String, Value>) {
        let at = self.root;
        let Some(own) = own::parameters(self.call) else {
            return;
        };
        for key in given.keys().filter(|key| !is_open(key)) {
            let name = self.name(key);
            if !own.names().any(|own| own == name) {
                self.unknown(key, nearest(name, own.names()), at);
            }
        }
        let has = |name: &str| given.keys().any(|key| self.name(key) == name);
        let is_open = given.keys().any(|key| is_open(key));
        let missing = own.required.iter().filter(|name| !is_open && !has(name));
        for name in missing.copied().collect::<Vec<_>>() {
            self.missing(name, at);
        }
    }

    fn structure(
        &mut self,
        service: &'static Service,
        structure: &'static Structure,
        given: &Map<String, Value>,
        at: &Location,
        optional: &[&str],
    ) {
        let mut members: Vec<&str> = Vec::new();
        for (key, value) in given.iter().filter(|(key, _)| !is_open(key)) {
            let name = self.name(key);
            let Some(named) = self.named(structure, name, at) else {
                let names = structure.members.iter().map(|member| &*member.name);
                self.unknown(key, nearest(name, names), at);
                continue;
            };
            let (Named::Rightly(member) | Named::Nearly(member)) = named;
            if let Named::Nearly(member) = named {
                self.unknown(key, Some(&member.name), at);
            }
            members.push(&member.name);
            if !self.is_computed(key, value) {
                self.value(service, member.target, value, &at.member(key));
            }
        }
        if given.keys().any(|key| is_open(key)) {
            return;
        }
        for member in structure.members.iter().filter(|member| is_needed(member)) {
            if !members.contains(&&*member.name) && !optional.contains(&&*member.name) {
                self.missing(&member.name, at);
            }
        }
    }

    fn value(&mut self, service: &'static Service, target: Target, value: &Value, at: &Location) {
        if value.is_null() || tokens::is_open(value) && !value.is_array() {
            return;
        }
        if self.language == QueryLanguage::Jsonata && is_jsonata(value) {
            return;
        }
        let fits = match target {
            // Whatever is no string becomes its JSON text.
            Target::Unit | Target::String | Target::Blob | Target::Stream | Target::Document => {
                true
            }
            Target::Boolean => is_boolean(value),
            Target::Integer | Target::Long | Target::Float | Target::Double => is_number(value),
            Target::Timestamp(_) => is_timestamp(value),
            Target::Aggregate(_) => return self.aggregate(service, target, value, at),
        };
        if !fits {
            self.wrong_type(expected(target), value, at);
        }
    }

    fn aggregate(
        &mut self,
        service: &'static Service,
        target: Target,
        value: &Value,
        at: &Location,
    ) {
        match (service.shape(target), value) {
            (Some(Shape::Structure(structure)), Value::Object(given)) => {
                self.structure(service, structure, given, at, &[]);
            }
            (Some(Shape::List { member, .. }), Value::Array(elements)) => {
                for (index, element) in elements.iter().enumerate() {
                    self.value(service, member.target, element, &at.element(index));
                }
            }
            (Some(Shape::Map { value: member, .. }), Value::Object(given)) => {
                for (key, value) in given.iter().filter(|(key, _)| !is_open(key)) {
                    if !self.is_computed(key, value) {
                        self.value(service, member.target, value, &at.member(key));
                    }
                }
            }
            (Some(Shape::List { .. }), _) => self.wrong_type("an array", value, at),
            (Some(Shape::Structure(_) | Shape::Map { .. }), _) => {
                self.wrong_type("an object", value, at);
            }
            (None, _) => {}
        }
    }

    /// The name in a key, which may say that the value is a path.
    fn name<'k>(&self, key: &'k str) -> &'k str {
        match self.language {
            QueryLanguage::JsonPath => key.strip_suffix(".$").unwrap_or(key),
            QueryLanguage::Jsonata => key,
        }
    }

    fn is_computed(&self, key: &str, value: &Value) -> bool {
        self.language == QueryLanguage::JsonPath && key.ends_with(".$") && value.is_string()
    }

    /// The member that a name means.
    ///
    /// What the model has with a capital in front may be accepted. Optimized integrations are made of
    /// another SDK, which has other capitals within some names, and documents some nested ones without.
    fn named<'m>(&self, structure: &'m Structure, name: &str, at: &Location) -> Option<Named<'m>> {
        let members = || structure.members.iter();
        let is_right =
            |member: &&Member| *member.name == *name || capitalized(member.model_name) == name;
        if let Some(member) = members().find(is_right) {
            return Some(Named::Rightly(member));
        }
        let is_like = |member: &&Member| {
            member.name.eq_ignore_ascii_case(name) || member.model_name.eq_ignore_ascii_case(name)
        };
        let member = members().find(is_like)?;
        let is_capital = name.starts_with(|c: char| c.is_ascii_uppercase());
        Some(match self.is_optimized && (is_capital || at != self.root) {
            true => Named::Rightly(member),
            false => Named::Nearly(member),
        })
    }

    fn unknown(&mut self, key: &str, meant: Option<&str>, at: &Location) {
        let name = self.name(key);
        let message = format!("{} has no parameter `{name}`", self.place(at));
        let finding = Diagnostic::warning(codes::UNKNOWN_PARAMETER, &at.member(key), message);
        self.found
            .push(super::with_meant(finding, meant.map(str::to_owned)));
    }

    fn missing(&mut self, name: &str, at: &Location) {
        let message = format!("{} lacks `{name}`", self.place(at));
        let finding = Diagnostic::warning(codes::MISSING_PARAMETER, at, message);
        self.found.push(finding);
    }

    fn wrong_type(&mut self, expected: &str, value: &Value, at: &Location) {
        let message = format!("{} takes {expected} here, not {}", self.call, kind(value));
        let finding = Diagnostic::warning(codes::PARAMETER_TYPE, at, message);
        self.found.push(finding);
    }

    /// What the object there is: the call, or one of its parameters.
    fn place(&self, at: &Location) -> String {
        let (whole, root) = (at.to_string(), self.root.to_string());
        match whole.strip_prefix(&root).unwrap_or_default() {
            "" => self.call.to_owned(),
            inner => format!("`{}` of {}", inner.trim_start_matches('/'), self.call),
        }
    }
}

/// What a call cannot do without: tokens of idempotency are filled in.
fn is_needed(member: &Member) -> bool {
    member.flags.is_required() && !member.flags.is_idempotency_token()
}

fn is_open(key: &str) -> bool {
    tokens::is_open(&key.into())
}

fn is_jsonata(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.starts_with("{%") && text.ends_with("%}"))
}

fn is_boolean(value: &Value) -> bool {
    match value {
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => {
            text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
        }
        _ => false,
    }
}

fn is_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => text.trim().parse::<f64>().is_ok(),
        _ => false,
    }
}

fn is_timestamp(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => {
            is_number(value) || DateTime::from_str(text, Format::DateTimeWithOffset).is_ok()
        }
        _ => false,
    }
}

fn expected(target: Target) -> &'static str {
    match target {
        Target::Boolean => "a boolean",
        Target::Timestamp(_) => "a timestamp as in ISO 8601",
        _ => "a number",
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "this text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
