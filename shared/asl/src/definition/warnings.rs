//! What can run, but hardly as meant. None of it stops a definition.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{
    Diagnostic, Pattern, QueryLanguage, Resource, codes,
    parse::escape,
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

/// Adds all warnings to `found`, which has the errors.
pub(super) fn check(definition: &Value, found: &mut Vec<Diagnostic>) {
    let is_sound = found.is_empty();
    visit::states(definition, &mut |state| {
        error_names(state, found);
        task_token(state, found);
        if state.language == QueryLanguage::JsonPath {
            literals(state, found);
        }
    });
    // Where a transition leads nowhere, more ways may be meant than there are.
    if is_sound {
        visit::scopes(definition, &mut |scope| dead_ends(scope, found));
    }
}

fn error_names(state: &StateText<'_>, found: &mut Vec<Diagnostic>) {
    for field in ["Retry", "Catch"] {
        for (index, entry) in elements(state.object.get(field)).enumerate() {
            for (name_index, name) in elements(entry.get("ErrorEquals")).enumerate() {
                let Some(name) = name.as_str() else { continue };
                if !name.starts_with("States.") || ERROR_NAMES.contains(&name) {
                    continue;
                }
                let at = format!("{}/{field}/{index}/ErrorEquals/{name_index}", state.at);
                let message = format!("there is no error named {name}");
                let meant = nearest(name, ERROR_NAMES.iter().copied());
                found.push(Diagnostic {
                    help: meant.map(|meant| format!("did you mean `{meant}`?")),
                    ..Diagnostic::warning(codes::UNKNOWN_ERROR_NAME, at, message)
                });
            }
        }
    }
}

fn elements(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn task_token(state: &StateText<'_>, found: &mut Vec<Diagnostic>) {
    let resource = state.object.get("Resource").and_then(Value::as_str);
    let pattern = match resource.and_then(Resource::parse) {
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
        let at = format!("{}/Resource", state.at);
        found.push(Diagnostic::warning(codes::NO_TIMEOUT, at, message));
    }
}

/// Paths that are taken for text.
fn literals(state: &StateText<'_>, found: &mut Vec<Diagnostic>) {
    for field in ["Parameters", "ResultSelector", "ItemSelector", "Assign"] {
        if let Some(template) = state.object.get(field) {
            no_dollar(template, &format!("{}/{field}", state.at), found);
        }
    }
    if state.is_of_type("Pass")
        && let Some(result) = state.object.get("Result")
        && has_path(result)
    {
        let message = "Result is not evaluated: the paths in it stay text";
        found.push(Diagnostic {
            help: Some("a path is read in `Parameters`, under a name that ends in `.$`".into()),
            ..Diagnostic::warning(
                codes::PASS_RESULT_IS_STATIC,
                format!("{}/Result", state.at),
                message,
            )
        });
    }
}

fn no_dollar(template: &Value, at: &str, found: &mut Vec<Diagnostic>) {
    match template {
        Value::Object(members) => {
            for (key, value) in members {
                let at = format!("{at}/{}", escape(key));
                match value {
                    Value::String(text) if !key.ends_with(".$") && is_path(text) => {
                        let message = format!("the value of '{key}' is a path, but stays text");
                        found.push(Diagnostic {
                            help: Some(format!("did you mean `{key}.$`?")),
                            ..Diagnostic::warning(codes::NO_DOLLAR, at, message)
                        });
                    }
                    inner => no_dollar(inner, &at, found),
                }
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                no_dollar(value, &format!("{at}/{index}"), found);
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

/// Reports the states where an execution gets caught: the start, or the first behind a state from
/// which there still is a way to an end.
fn dead_ends(scope: ScopeText<'_>, found: &mut Vec<Diagnostic>) {
    let states: HashMap<&str, &Map<String, Value>> = scope
        .states()
        .map(|(name, state)| (name.as_str(), state))
        .collect();
    let mut alive: HashSet<&str> = HashSet::new();
    loop {
        let before = alive.len();
        for (name, state) in &states {
            let leads_on = || targets(state).into_iter().any(|to| alive.contains(to));
            if is_end(state) || leads_on() {
                alive.insert(name);
            }
        }
        if alive.len() == before {
            break;
        }
    }
    let start = scope.object.get("StartAt").and_then(Value::as_str);
    let entered = states
        .iter()
        .filter(|(name, _)| alive.contains(*name))
        .flat_map(|(_, state)| targets(state))
        .chain(start);
    let caught: HashSet<&str> = entered.filter(|name| !alive.contains(name)).collect();
    for (name, _) in scope
        .states()
        .filter(|(name, _)| caught.contains(name.as_str()))
    {
        let message = format!("there is no way from the state \"{name}\" to an end");
        let at = scope.at_state(name);
        found.push(Diagnostic::warning(codes::NO_WAY_TO_AN_END, at, message));
    }
}

fn is_end(state: &Map<String, Value>) -> bool {
    let state_type = state.get("Type").and_then(Value::as_str);
    state.get("End") == Some(&Value::Bool(true)) || matches!(state_type, Some("Succeed" | "Fail"))
}

fn targets(state: &Map<String, Value>) -> Vec<&str> {
    let inner = ["Choices", "Catch"]
        .into_iter()
        .flat_map(|field| elements(state.get(field)))
        .filter_map(|entry| entry.get("Next"));
    let own = ["Next", "Default"]
        .into_iter()
        .filter_map(|field| state.get(field));
    own.chain(inner).filter_map(Value::as_str).collect()
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
            .map(|found| (found.code, found.location))
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
            "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": true,
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
            "Retry": [{ "ErrorEquals": ["Card.Declined", "States.Timout"] }],
        } } });
        let found = check_value(&definition, MachineType::Standard);
        assert_eq!(found[0].location, "/States/A/Retry/0/ErrorEquals/1");
        assert_eq!(
            found[0].help.as_deref(),
            Some("did you mean `States.Timeout`?")
        );
    }

    #[test]
    fn a_cycle_without_a_way_out_is_reported_where_it_is_entered() {
        let lost = json!({ "StartAt": "A", "States": {
            "A": { "Type": "Pass", "Next": "B" }, "B": { "Type": "Pass", "Next": "A" },
        } });
        assert_eq!(
            warnings(&lost),
            [("NO_WAY_TO_AN_END", "/States/A".to_owned())]
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
}
