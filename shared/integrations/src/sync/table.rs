//! The table of jobs: how it is written, and what its paths mean.
//!
//! `$params.X` is what the task sent, `$start.X` what the start answered, `$.X` what the poll answered.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::Deserialize;
use serde_json::{Map, Value};

/// The jobs of an action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    /// The member of the start that names it: a start of the same name is not made again.
    pub(super) token: Option<String>,
    /// Whether the service forgets that after a while.
    #[serde(default)]
    pub(super) token_expires: bool,
    /// What the start is sent if the task does not say otherwise.
    #[serde(default)]
    pub(super) defaults: Map<String, Value>,
    /// What the answer to the start has besides.
    #[serde(default)]
    pub(super) response: Members,
    /// What asks about a job.
    pub(super) poll: Request,
    /// Where the answer has the status.
    pub(super) status: Path,
    pub(super) succeeded: Vec<String>,
    /// All that is in neither list is on its way.
    pub(super) failed: Vec<String>,
    /// The error of the poll by which a job ends well: what it was to delete is gone.
    pub(super) succeeded_by_error: Option<String>,
    /// What else must be so if a job has succeeded.
    pub(super) fails_unless: Option<All>,
    /// What of the answer is the result; all of it, if that is not said.
    result: Option<Template>,
    /// What the result has besides.
    #[serde(default)]
    merge: Members,
    /// What cancels a job; not all can be.
    pub(super) cancel: Option<Request>,
}

/// A call of another action of the service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) action: String,
    pub(super) parameters: Template,
}

/// A condition on all elements of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct All {
    each: Path,
    has: Map<String, Value>,
}

/// Values in which texts that begin with `$` are paths.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub(super) struct Template(Value);

/// Members of an object, and the paths that their values are at.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Members(BTreeMap<String, Path>);

/// Where a value is.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Path(String);

/// Where in the answer to a poll the result of a job is.
#[derive(Debug, Default)]
pub(crate) struct Part<'a> {
    /// The members that lead there; of a list, the first element.
    pub(crate) path: Vec<&'a str>,
    /// The member of the result that it is, if it is not all of it.
    pub(crate) around: Option<&'a str>,
}

/// What paths are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) parameters: &'a Value,
    pub(super) start: &'a Value,
    pub(super) poll: &'a Value,
}

/// The table: by service and action.
pub(super) fn jobs() -> &'static BTreeMap<String, Row> {
    static JOBS: OnceLock<BTreeMap<String, Row>> = OnceLock::new();
    JOBS.get_or_init(|| {
        serde_json::from_str(include_str!("jobs.json")).expect("a test reads the table")
    })
}

impl Row {
    /// The result of a job that is over.
    pub(super) fn result_of(&self, scope: Scope<'_>) -> Value {
        let mut result = match &self.result {
            None => super::without_metadata(scope.poll.clone()),
            // The status was found in there, so there is something.
            Some(template) => template.filled_in(scope).unwrap_or_default(),
        };
        self.merge.insert_into(&mut result, scope);
        result
    }

    /// Where the result of a job is.
    pub(super) fn result_part(&self) -> Part<'_> {
        let (around, path) = match self.result.as_ref().map(|template| &template.0) {
            Some(Value::String(path)) => (None, path),
            Some(Value::Object(members)) => match members.iter().next() {
                Some((name, Value::String(path))) => (Some(name.as_str()), path),
                _ => return Part::default(),
            },
            _ => return Part::default(),
        };
        let path = path.trim_start_matches("$.").split('.');
        Part {
            path: path.map(|name| name.trim_end_matches("[0]")).collect(),
            around,
        }
    }
}

impl Template {
    /// The value with what is at its paths; the first path at which there is nothing, if there is one.
    pub(super) fn filled_in(&self, scope: Scope<'_>) -> Result<Value, String> {
        fill_in(&self.0, scope)
    }
}

fn fill_in(template: &Value, scope: Scope<'_>) -> Result<Value, String> {
    Ok(match template {
        Value::String(path) if path.starts_with('$') => {
            let found = find(path, scope).filter(|value| !value.is_null());
            found.ok_or_else(|| path.clone())?.clone()
        }
        Value::Array(elements) => {
            let filled_in = elements.iter().map(|element| fill_in(element, scope));
            Value::Array(filled_in.collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let filled_in = members
                .iter()
                .map(|(name, member)| Ok((name.clone(), fill_in(member, scope)?)));
            Value::Object(filled_in.collect::<Result<_, String>>()?)
        }
        literal => literal.clone(),
    })
}

impl Members {
    /// Adds the members whose values are there.
    pub(super) fn insert_into(&self, object: &mut Value, scope: Scope<'_>) {
        let Value::Object(object) = object else {
            return;
        };
        for (name, path) in &self.0 {
            if let Some(value) = path.find(scope) {
                object.insert(name.clone(), value.clone());
            }
        }
    }
}

impl All {
    /// Whether every element has these members, if there are any elements.
    pub(super) fn holds(&self, scope: Scope<'_>) -> bool {
        let elements = self.each.find(scope).and_then(Value::as_array);
        let has = |element: &Value| self.has.iter().all(|(name, value)| &element[name] == value);
        elements.is_none_or(|elements| elements.iter().all(has))
    }
}

impl Path {
    pub(super) fn find<'a>(&self, scope: Scope<'a>) -> Option<&'a Value> {
        find(&self.0, scope)
    }
}

fn find<'a>(path: &str, scope: Scope<'a>) -> Option<&'a Value> {
    let (root, rest) = path.split_once('.')?;
    let root = match root {
        "$params" => scope.parameters,
        "$start" => scope.start,
        "$" => scope.poll,
        _ => return None,
    };
    let pointer = rest.replace(['.', '['], "/").replace(']', "");
    root.pointer(&format!("/{pointer}"))
}

#[cfg(test)]
impl Path {
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
impl Template {
    pub(super) fn of(value: Value) -> Self {
        Self(value)
    }

    /// The names of its members.
    pub(super) fn members(&self) -> impl Iterator<Item = &String> {
        self.0.as_object().into_iter().flat_map(Map::keys)
    }

    /// Every path that it has.
    pub(super) fn paths(&self) -> Vec<String> {
        fn paths(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::String(path) if path.starts_with('$') => found.push(path.clone()),
                Value::Array(elements) => elements.iter().for_each(|value| paths(value, found)),
                Value::Object(members) => members.values().for_each(|value| paths(value, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        paths(&self.0, &mut found);
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_can_be_read_and_means_something() {
        for (name, row) in jobs() {
            let statuses = row.succeeded.iter().chain(&row.failed);
            let mut seen = std::collections::BTreeSet::new();
            for status in statuses {
                assert!(seen.insert(status), "{name}: {status} is two things");
            }
            let can_succeed = !row.succeeded.is_empty() || row.succeeded_by_error.is_some();
            assert!(can_succeed, "{name} never succeeds");
            assert!(row.token.is_some() || !row.token_expires, "{name}");
        }
    }

    #[test]
    fn paths_are_of_the_task_the_start_or_the_poll() {
        let (parameters, start) = (json!({ "Name": "n" }), json!({ "Tasks": [{ "Arn": "a" }] }));
        let poll = json!({ "Job": { "Status": "DONE" } });
        let scope = Scope {
            parameters: &parameters,
            start: &start,
            poll: &poll,
        };
        let template = json!({ "N": "$params.Name", "A": ["$start.Tasks[0].Arn"], "S": "$.Job.Status", "L": 1 });
        let filled_in = json!({ "N": "n", "A": ["a"], "S": "DONE", "L": 1 });
        assert_eq!(Template(template).filled_in(scope), Ok(filled_in));
        let missing = Template(json!(["$start.Tasks[1].Arn"])).filled_in(scope);
        assert_eq!(missing, Err("$start.Tasks[1].Arn".into()));
    }
}
