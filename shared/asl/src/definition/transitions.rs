//! Whether every transition leads somewhere, something leads to every state, and somewhere is an end.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    Diagnostic, Location, codes,
    visit::{self, ScopeText, StateText},
};

/// Adds what is wrong with the transitions to `found`.
///
/// Where something is wrong already, a transition may be lost that was meant: then only those are
/// reported that lead nowhere.
pub(super) fn check(definition: &Value, found: &mut Vec<Diagnostic>) {
    check_scopes(definition, found, |_| true);
}

/// As [`check`], but leaves out the transitions between the machine's own states.
pub(super) fn check_inside(definition: &Value, found: &mut Vec<Diagnostic>) {
    check_scopes(definition, found, |scope| !scope.is_machine());
}

fn check_scopes(
    definition: &Value,
    found: &mut Vec<Diagnostic>,
    is_checked: impl Fn(&ScopeText<'_>) -> bool,
) {
    let is_sound = found.is_empty();
    visit::scopes(definition, &mut |scope| {
        if !is_checked(scope) || !scope.object.contains_key("States") {
            return;
        }
        let targets = targets(scope);
        for target in targets.iter().filter(|target| !scope.has(target.name)) {
            // AWS says `Next` of each of them.
            let message = format!("Missing 'Next' target: {}", target.name);
            found.push(Diagnostic::error(
                codes::MISSING_TARGET,
                &target.at,
                message,
            ));
        }
        if !is_sound {
            return;
        }
        if scope.is_machine() && !scope.states().any(|state| state.is_end()) {
            found.push(missing_end(&scope.at));
        } else {
            unreachable(scope, &targets, found);
        }
    });
}

/// AWS names no place.
fn missing_end(machine: &Location) -> Diagnostic {
    let states = machine.member("States");
    let error = Diagnostic::error(
        codes::MISSING_END,
        &states,
        "Workflow has no terminal state",
    );
    Diagnostic {
        location: None,
        ..error
    }
}

/// Reports states that no other one leads to. As on AWS, one that is in a circle, or behind another
/// one that is reported, is not among them.
fn unreachable(scope: &ScopeText<'_>, targets: &[Target<'_>], found: &mut Vec<Diagnostic>) {
    let named: HashSet<&str> = targets
        .iter()
        .filter(|target| target.from != Some(target.name))
        .map(|target| target.name)
        .collect();
    for state in scope.states().filter(|state| !named.contains(state.name)) {
        let message = format!("State \"{}\" is not reachable.", state.name);
        found.push(Diagnostic::error(codes::MISSING_TARGET, &state.at, message));
    }
}

struct Target<'a> {
    name: &'a str,
    at: Location,
    /// The state that leads there; `None` for `StartAt`.
    from: Option<&'a str>,
}

fn targets<'a>(scope: &ScopeText<'a>) -> Vec<Target<'a>> {
    let start = scope.object.get("StartAt").and_then(Value::as_str);
    let start = start.map(|name| Target {
        name,
        at: scope.at.member("StartAt"),
        from: None,
    });
    let of_state = |state: StateText<'a>| {
        let from = Some(state.name);
        let targets = state.targets().into_iter();
        targets.map(move |(name, at)| Target { name, at, from })
    };
    start
        .into_iter()
        .chain(scope.states().flat_map(of_state))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::definition::parse;

    fn refusal(definition: &Value) -> String {
        parse(&definition.to_string()).unwrap_err().to_string()
    }

    #[test]
    fn a_transition_to_nowhere_is_reported_where_it_is() {
        let definition = json!({ "StartAt": "A", "States": {
            "A": { "Type": "Parallel", "Next": "B", "Branches": [
                { "StartAt": "X", "States": { "Y": { "Type": "Succeed" } } },
            ], "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "gone" }] },
            "B": { "Type": "Choice", "Default": "far", "Choices": [
                { "Variable": "$.a", "IsPresent": true, "Next": "away" },
            ] },
            "C": { "Type": "Succeed" },
        } });
        let refused = parse(&definition.to_string()).unwrap_err();
        let found: Vec<_> = refused
            .0
            .iter()
            .map(|found| (found.message.as_str(), found.pointer.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("Missing 'Next' target: gone", "/States/A/Catch/0/Next"),
                ("Missing 'Next' target: far", "/States/B/Default"),
                ("Missing 'Next' target: away", "/States/B/Choices/0/Next"),
                ("State \"C\" is not reachable.", "/States/C"),
                ("Missing 'Next' target: X", "/States/A/Branches/0/StartAt"),
                (
                    "State \"Y\" is not reachable.",
                    "/States/A/Branches/0/States/Y"
                ),
            ]
        );
        assert_eq!(
            refused.0[0].location.as_deref(),
            Some("/States/A/Catch[0]/Next")
        );
    }

    #[test]
    fn a_machine_has_an_end() {
        let mut definition = json!({ "StartAt": "A", "States": {
            "A": { "Type": "Pass", "Next": "B" },
            "B": { "Type": "Pass", "Next": "A" },
            "C": { "Type": "Pass", "Next": "A" },
        } });
        assert_eq!(
            refusal(&definition),
            "MISSING_END_STATE: Workflow has no terminal state at null"
        );
        definition["States"]["C"] = json!({ "Type": "Succeed" });
        assert_eq!(
            refusal(&definition),
            "MISSING_TRANSITION_TARGET: State \"C\" is not reachable. at /States/C"
        );
    }

    #[test]
    fn what_is_behind_an_unreachable_state_is_not_reported() {
        let definition = json!({ "StartAt": "Not sure", "States": {
            "One": { "Type": "Pass", "Next": "Two" }, "Two": { "Type": "Succeed" },
        } });
        assert_eq!(
            refusal(&definition),
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Not sure at /StartAt, \
             MISSING_TRANSITION_TARGET: State \"One\" is not reachable. at /States/One"
        );
    }

    #[test]
    fn a_lost_transition_makes_no_state_unreachable() {
        let definition = json!({ "StartAt": "A", "States": {
            "A": { "Type": "Pass", "Nxt": "B", "Next": 1 }, "B": { "Type": "Succeed" },
        } });
        let refused = parse(&definition.to_string()).unwrap_err();
        assert!(
            refused
                .0
                .iter()
                .all(|found| found.pointer.starts_with("/States/A/")),
            "{refused}"
        );
    }
}
