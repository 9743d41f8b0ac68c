//! The states of a definition as they are written, at whatever depth.

use serde_json::{Map, Value};

use super::{QueryLanguage, parse::escape};

type Object = Map<String, Value>;

/// A `States` block and what it stands in: the machine, a branch, an item processor.
#[derive(Clone, Copy)]
pub(super) struct ScopeText<'a> {
    pub(super) at: &'a str,
    pub(super) object: &'a Object,
}

impl<'a> ScopeText<'a> {
    /// The states, each with its name.
    pub(super) fn states(self) -> impl Iterator<Item = (&'a String, &'a Object)> {
        let states = self.object.get("States").and_then(Value::as_object);
        states
            .into_iter()
            .flatten()
            .filter_map(|(name, state)| Some((name, state.as_object()?)))
    }

    /// JSON Pointer of a state.
    pub(super) fn at_state(self, name: &str) -> String {
        format!("{}/States/{}", self.at, escape(name))
    }
}

/// A state as it is written.
pub(super) struct StateText<'a> {
    pub(super) at: String,
    pub(super) object: &'a Object,
    pub(super) language: QueryLanguage,
}

impl StateText<'_> {
    pub(super) fn is_of_type(&self, name: &str) -> bool {
        self.object.get("Type").and_then(Value::as_str) == Some(name)
    }
}

/// Shows `visit` each scope, outer ones first.
pub(super) fn scopes(definition: &Value, visit: &mut dyn FnMut(ScopeText<'_>)) {
    scopes_in(definition, "", visit);
}

fn scopes_in(value: &Value, at: &str, visit: &mut dyn FnMut(ScopeText<'_>)) {
    let Value::Object(object) = value else {
        return;
    };
    let scope = ScopeText { at, object };
    visit(scope);
    for (name, state) in scope.states() {
        let at = scope.at_state(name);
        let branches = state.get("Branches").and_then(Value::as_array);
        for (index, branch) in branches.into_iter().flatten().enumerate() {
            scopes_in(branch, &format!("{at}/Branches/{index}"), visit);
        }
        for field in ["ItemProcessor", "Iterator"] {
            if let Some(processor) = state.get(field) {
                scopes_in(processor, &format!("{at}/{field}"), visit);
            }
        }
    }
}

/// Shows `visit` each state.
pub(super) fn states(definition: &Value, visit: &mut dyn FnMut(&StateText<'_>)) {
    let language_of = |object: &Object, otherwise| match object.get("QueryLanguage") {
        None => otherwise,
        Some(name) if name == "JSONPath" => QueryLanguage::JsonPath,
        Some(_) => QueryLanguage::Jsonata,
    };
    let machine = definition
        .as_object()
        .map_or(QueryLanguage::JsonPath, |object| {
            language_of(object, QueryLanguage::JsonPath)
        });
    scopes(definition, &mut |scope| {
        for (name, object) in scope.states() {
            visit(&StateText {
                at: scope.at_state(name),
                object,
                language: language_of(object, machine),
            });
        }
    });
}
