//! What an expression can read: `$states` and the variables of the execution.

use jlens_core::reads::Read;
use serde_json::Value as Json;

use super::engine::Program;
use crate::data::{
    scope::{Produced, Scope},
    value::Value,
};

/// The members that `$states` can have, in the order in which it has them.
const MEMBERS: [&str; 4] = ["input", "result", "errorOutput", "context"];

/// A member of `$states`. The context object has to be made, so it is asked for only if it is read.
pub(super) fn member<'a>(scope: &Scope<'a>, name: &str) -> Option<&'a Value> {
    match (name, scope.surroundings.produced()) {
        ("input", _) => Some(scope.document),
        ("context", _) => Some(scope.surroundings.context()),
        ("result", Produced::Result(result)) => Some(result),
        ("errorOutput", Produced::ErrorOutput(error)) => Some(error),
        _ => None,
    }
}

/// All members of `$states`.
pub(super) fn members<'a>(scope: &Scope<'a>) -> impl Iterator<Item = (&'static str, &'a Value)> {
    MEMBERS
        .into_iter()
        .filter_map(|name| Some((name, member(scope, name)?)))
}

/// Whether a variable has taken the name of a function that the expression calls: then it is not known
/// what the expression reads.
pub(super) fn hide_a_function(program: &Program, scope: &Scope<'_>) -> bool {
    let mut functions = program.functions_named();
    functions.any(|name| scope.surroundings.variable(name).is_some())
}

/// A copy of what an expression reads, and of no more than that.
pub(super) fn copy(program: &Program, scope: &Scope<'_>) -> Vec<(String, Json)> {
    let is_known = !hide_a_function(program, scope);
    let copied = |read: Option<&Read>, value: &Value| match is_known {
        true => read.map(|read| cut(read, value)),
        false => Some(value.into()),
    };
    let mut variables: Vec<(String, Json)> = program
        .names()
        .filter_map(|name| {
            let value = scope.surroundings.variable(name)?;
            Some((name.to_owned(), copied(program.read_of(name), value)?))
        })
        .collect();
    let is_read = |name: &str| !is_known || program.reads_states(name);
    let states = MEMBERS
        .into_iter()
        .filter(|name| is_read(name))
        .filter_map(|name| {
            let copy = copied(program.read_of_states(name), member(scope, name)?)?;
            Some((name.to_owned(), copy))
        });
    variables.push(("states".to_owned(), Json::Object(states.collect())));
    variables
}

/// The part of a value that is read.
fn cut(read: &Read, value: &Value) -> Json {
    match (read, value) {
        (Read::Fields(fields), Value::Object(members)) => {
            let read = fields.iter().filter_map(|(name, read)| {
                let member = members.get(name)?;
                Some((name.clone(), cut(read, member)))
            });
            Json::Object(read.collect())
        }
        (Read::Fields(_), Value::Array(elements)) => {
            elements.iter().map(|element| cut(read, element)).collect()
        }
        (_, whole) => whole.into(),
    }
}
