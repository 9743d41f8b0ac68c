//! What can run, but hardly as meant. None of it stops a definition.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{
    Diagnostic, Location, Pattern, QueryLanguage, Resource, codes,
    suggestions::nearest,
    visit::{self, ScopeText, StateText},
};
use crate::data::path::Path;

/// The error names of the language and of the service.
///
/// AWS: [Error names](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
const ERROR_NAMES: &[&str] = &[
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
];

/// Adds warnings about single states to `found`.
pub(super) fn check(definition: &Value, found: &mut Vec<Diagnostic>) {
    visit::states(definition, &mut |state| {
        error_names(state, found);
        task_token(state, found);
        if state.language == QueryLanguage::JsonPath {
            literals(state, found);
        }
    });
}

fn error_names(state: &StateText<'_>, found: &mut Vec<Diagnostic>) {
    let entries = ["Retry", "Catch"]
        .into_iter()
        .flat_map(|field| state.elements(field));
    for (entry, at) in entries {
        let names = entry.get("ErrorEquals").and_then(Value::as_array);
        for (index, name) in names.into_iter().flatten().enumerate() {
            let Some(name) = name.as_str() else { continue };
            if !name.starts_with("States.") || is_error_name(name) {
                continue;
            }
            let at = at.member("ErrorEquals").element(index);
            let message = format!("there is no error named {name}");
            let meant = nearest(name, ERROR_NAMES.iter().copied());
            found.push(Diagnostic {
                help: meant.map(|meant| format!("did you mean `{meant}`?")),
                ..Diagnostic::warning(codes::UNKNOWN_ERROR_NAME, &at, message)
            });
        }
    }
}

fn is_error_name(name: &str) -> bool {
    ERROR_NAMES.contains(&name) || name.starts_with("States.Http.StatusCode.")
}

fn task_token(state: &StateText<'_>, found: &mut Vec<Diagnostic>) {
    let pattern = match state.text("Resource").and_then(Resource::parse) {
        Some(Resource::Service { pattern, .. }) => pattern,
        _ => return,
    };
    let has_timeout = [
        "TimeoutSeconds",
        "TimeoutSecondsPath",
        "HeartbeatSeconds",
        "HeartbeatSecondsPath",
    ]
    .into_iter()
    .any(|field| state.object.contains_key(field));
    if pattern == Pattern::WaitForTaskToken && !has_timeout {
        let message = "the state has neither TimeoutSeconds nor HeartbeatSeconds: \
                       without an answer to its token it waits as long as the execution may run";
        let at = state.at.member("Resource");
        found.push(Diagnostic::warning(codes::NO_TIMEOUT, &at, message));
    }
}

/// Paths that are taken for text.
fn literals(state: &StateText<'_>, found: &mut Vec<Diagnostic>) {
    for field in ["Parameters", "ResultSelector", "ItemSelector", "Assign"] {
        if let Some(template) = state.object.get(field) {
            no_dollar(template, &state.at.member(field), found);
        }
    }
    if state.is_of_type("Pass")
        && let Some(result) = state.object.get("Result")
        && has_path(result)
    {
        let message = "Result is not evaluated: the paths in it stay text";
        let at = state.at.member("Result");
        let warning = Diagnostic::warning(codes::PASS_RESULT_IS_STATIC, &at, message);
        let help = "a path is read in `Parameters`, under a name that ends in `.$`";
        found.push(warning.with_help(help));
    }
}

fn no_dollar(template: &Value, at: &Location, found: &mut Vec<Diagnostic>) {
    match template {
        Value::Object(members) => {
            for (key, value) in members {
                let at = at.member(key);
                match value {
                    Value::String(text) if !key.ends_with(".$") && is_path(text) => {
                        let message = format!("the value of '{key}' is a path, but stays text");
                        let warning = Diagnostic::warning(codes::NO_DOLLAR, &at, message);
                        found.push(warning.with_help(format_args!("did you mean `{key}.$`?")));
                    }
                    inner => no_dollar(inner, &at, found),
                }
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                no_dollar(value, &at.element(index), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn has_path(value: &Value) -> bool {
    match value {
        Value::String(text) => is_path(text),
        Value::Array(values) => values.iter().any(has_path),
        Value::Object(members) => members.values().any(has_path),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `$` alone may be money; a variable may be anything. What begins like this is a path.
fn is_path(text: &str) -> bool {
    ["$.", "$[", "$$."]
        .iter()
        .any(|root| text.starts_with(root))
        && Path::compile(text).is_ok()
}

/// Adds warnings about the ways through a definition that has no errors.
pub(super) fn check_ways(definition: &Value, found: &mut Vec<Diagnostic>) {
    visit::scopes(definition, &mut |scope| {
        dead_ends(scope, found);
        circles(scope, found);
    });
}

/// The states of a scope, by their names.
struct Ways<'a>(HashMap<&'a str, StateText<'a>>);

impl<'a> Ways<'a> {
    fn of(scope: &ScopeText<'a>) -> Self {
        Self(scope.states().map(|state| (state.name, state)).collect())
    }

    /// The states that a way leads to from one of these.
    fn behind(&self, first: Vec<&'a str>) -> HashSet<&'a str> {
        reached(first, |name| {
            let targets = self.0.get(name).map(|state| state.targets());
            let targets = targets.into_iter().flatten();
            targets.map(|(name, _)| name).collect()
        })
    }

    /// The states from which a way leads to an end.
    fn alive(&self) -> HashSet<&'a str> {
        let mut leading_to: HashMap<&str, Vec<&'a str>> = HashMap::new();
        for state in self.0.values() {
            for (to, _) in state.targets() {
                leading_to.entry(to).or_default().push(state.name);
            }
        }
        let ends = self.0.values().filter(|state| state.is_end());
        let ends = ends.map(|state| state.name).collect();
        reached(ends, |name| leading_to.remove(name).unwrap_or_default())
    }
}

/// All that steps lead to, each of which is asked for once.
fn reached<'a>(
    mut next: Vec<&'a str>,
    mut step: impl FnMut(&str) -> Vec<&'a str>,
) -> HashSet<&'a str> {
    let mut reached = HashSet::new();
    while let Some(name) = next.pop() {
        if reached.insert(name) {
            next.extend(step(name));
        }
    }
    reached
}

/// Reports the states where an execution gets caught: the start, or the first behind a state from
/// which there still is a way to an end.
fn dead_ends(scope: &ScopeText<'_>, found: &mut Vec<Diagnostic>) {
    let ways = Ways::of(scope);
    let alive = ways.alive();
    let start = scope.object.get("StartAt").and_then(Value::as_str);
    let leads_on = ways.0.values().filter(|state| alive.contains(state.name));
    let entered = leads_on.flat_map(|state| state.targets());
    let entered: HashSet<&str> = entered.map(|(name, _)| name).chain(start).collect();
    let is_caught = |name| entered.contains(name) && !alive.contains(name);
    for state in scope.states().filter(|state| is_caught(state.name)) {
        let message = format!(
            "there is no way from the state \"{}\" to an end",
            state.name
        );
        found.push(Diagnostic::warning(
            codes::NO_WAY_TO_AN_END,
            &state.at,
            message,
        ));
    }
}

/// Reports states that no execution comes to, because only such states lead to them.
fn circles(scope: &ScopeText<'_>, found: &mut Vec<Diagnostic>) {
    let start = scope.object.get("StartAt").and_then(Value::as_str);
    let reached = Ways::of(scope).behind(start.into_iter().collect());
    for state in scope.states().filter(|state| !reached.contains(state.name)) {
        let message = format!("no execution comes to the state \"{}\"", state.name);
        found.push(Diagnostic::warning(codes::UNREACHABLE, &state.at, message));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::definition::{MachineType, check_value, parse_value};

    /// Code and place of each warning; the definition runs all the same.
    fn warnings(definition: &serde_json::Value) -> Vec<(&'static str, String)> {
        assert!(parse_value(definition).is_ok());
        let found = check_value(definition, MachineType::Standard);
        found
            .into_iter()
            .map(|found| (found.code, found.pointer))
            .collect()
    }

    fn of_state(state: serde_json::Value) -> Vec<(&'static str, String)> {
        warnings(&json!({ "StartAt": "A", "States": { "A": state } }))
    }

    #[test]
    fn a_path_in_a_field_without_a_dollar_stays_text() {
        let state = json!({ "Type": "Pass", "End": true, "Parameters": {
            "id": "$.id", "deep": [{ "when": "$$.Execution.StartTime" }],
            "price": "$", "amount": "$5.00", "name.$": "$.name",
        } });
        assert_eq!(
            of_state(state),
            [
                ("NO_DOLLAR", "/States/A/Parameters/id".to_owned()),
                ("NO_DOLLAR", "/States/A/Parameters/deep/0/when".to_owned()),
            ]
        );
    }

    #[test]
    fn a_path_in_the_result_of_a_pass_state_stays_text() {
        let state = json!({ "Type": "Pass", "Result": { "id.$": "$.id" }, "End": true });
        let expected = ("PASS_RESULT_IS_STATIC", "/States/A/Result".to_owned());
        assert_eq!(of_state(state), [expected]);
    }

    #[test]
    fn a_token_is_not_waited_for_without_a_limit() {
        let mut state = json!({
            "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": { "QueueUrl": "q", "MessageBody": "m" }, "End": true,
        });
        let expected = ("NO_TIMEOUT", "/States/A/Resource".to_owned());
        assert_eq!(of_state(state.clone()), [expected]);
        state["HeartbeatSecondsPath"] = json!("$.heartbeat");
        assert_eq!(of_state(state), []);
    }

    #[test]
    fn an_error_name_that_the_language_does_not_have_is_one_misspelt() {
        let definition = json!({ "StartAt": "A", "States": { "A": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
            "Parameters": { "FunctionName": "f" },
            "Retry": [{ "ErrorEquals": ["Card.Declined", "States.Timout"] }],
        } } });
        let found = check_value(&definition, MachineType::Standard);
        assert_eq!(found[0].pointer, "/States/A/Retry/0/ErrorEquals/1");
        assert_eq!(
            found[0].help.as_deref(),
            Some("did you mean `States.Timeout`?")
        );
    }

    #[test]
    fn a_cycle_without_a_way_out_is_reported_where_it_is_entered() {
        let branch = json!({ "StartAt": "X", "States": {
            "X": { "Type": "Pass", "Next": "Y" }, "Y": { "Type": "Pass", "Next": "X" },
        } });
        let lost = json!({ "Type": "Parallel", "Branches": [branch], "End": true });
        assert_eq!(
            of_state(lost),
            [(
                "NO_WAY_TO_AN_END",
                "/States/A/Branches/0/States/X".to_owned()
            )]
        );
        let choice = json!({ "StartAt": "C", "States": {
            "C": { "Type": "Choice", "Default": "End",
                   "Choices": [{ "Variable": "$.a", "IsPresent": true, "Next": "B" }] },
            "A": { "Type": "Pass", "Next": "B" }, "B": { "Type": "Pass", "Next": "A" },
            "End": { "Type": "Succeed" },
        } });
        assert_eq!(
            warnings(&choice),
            [("NO_WAY_TO_AN_END", "/States/B".to_owned())]
        );
    }

    #[test]
    fn a_circle_beside_the_way_is_reported() {
        let circle = json!({ "StartAt": "A", "States": {
            "A": { "Type": "Succeed" },
            "B": { "Type": "Pass", "Next": "C" }, "C": { "Type": "Pass", "Next": "B" },
        } });
        let expected = ["/States/B", "/States/C"].map(|at| ("UNREACHABLE_STATE", at.to_owned()));
        assert_eq!(warnings(&circle), expected);
    }
}
