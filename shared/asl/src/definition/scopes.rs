//! Variables: what an inner scope may not assign, because an outer one does.
//!
//! AWS: [Variables](https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html), "scopes".

use std::collections::HashSet;

use serde_json::Value;

use super::{
    Diagnostic, Location, QueryLanguage, codes,
    visit::{ScopeText, StateText},
};

/// Adds the assignments to `found` that are one too many.
pub(super) fn check(definition: &Value, found: &mut Vec<Diagnostic>) {
    if let Some(machine) = ScopeText::machine(definition) {
        check_scope(&machine, &HashSet::new(), found);
    }
}

fn check_scope<'a>(scope: &ScopeText<'a>, outer: &HashSet<&'a str>, found: &mut Vec<Diagnostic>) {
    let assigned: Vec<_> = scope.states().flat_map(|state| assigned(&state)).collect();
    for (name, at) in assigned.iter().filter(|(name, _)| outer.contains(name)) {
        let message = format!("Variable '{name}' is assigned in an outer scope");
        found.push(Diagnostic::error(codes::INVALID_VARIABLE, at, message));
    }
    let names = assigned.iter().map(|(name, _)| *name);
    let visible: HashSet<&str> = outer.iter().copied().chain(names).collect();
    for state in scope.states() {
        // The executions that a distributed Map state starts have variables of their own.
        let is_distributed = state.distributed_mode().is_some();
        let nothing = HashSet::new();
        let visible = if is_distributed { &nothing } else { &visible };
        for inner in state.inner_scopes() {
            check_scope(&inner, visible, found);
        }
    }
}

/// The variables that a state assigns, wherever in it, each with its place.
fn assigned<'a>(state: &StateText<'a>) -> Vec<(&'a str, Location)> {
    let own = (state.object.get("Assign"), state.at.member("Assign"));
    let inner = ["Choices", "Catch"]
        .into_iter()
        .flat_map(|field| state.elements(field))
        .map(|(entry, at)| (entry.get("Assign"), at.member("Assign")));
    let is_json_path = state.language == QueryLanguage::JsonPath;
    let name_of = |key: &'a str| match key.strip_suffix(".$") {
        Some(name) if is_json_path => name,
        _ => key,
    };
    std::iter::once(own)
        .chain(inner)
        .filter_map(|(assign, at)| Some((assign?.as_object()?, at)))
        .flat_map(|(assign, at)| {
            let keys = assign.keys();
            keys.map(move |key| (name_of(key), at.member(key)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::definition::{codes, compile};

    fn map(mode: &Value) -> Value {
        json!({ "StartAt": "Outer", "States": {
            "Outer": { "Type": "Pass", "Assign": { "x.$": "$.x" }, "Next": "Map" },
            "Map": { "Type": "Map", "End": true, "ItemProcessor": { "ProcessorConfig": mode,
                "StartAt": "Inner", "States": {
                    "Inner": { "Type": "Pass", "Assign": { "x": 1, "y": 2 }, "Next": "Again" },
                    "Again": { "Type": "Pass", "Assign": { "y": 3 }, "End": true } } } },
        } })
    }

    #[test]
    fn an_inner_scope_does_not_assign_what_an_outer_one_does() {
        let refused = compile(&map(&json!({ "Mode": "INLINE" }))).unwrap_err();
        assert_eq!(refused.0.len(), 1, "{refused}");
        assert_eq!(refused.0[0].code, codes::INVALID_VARIABLE);
        assert_eq!(
            refused.0[0].pointer,
            "/States/Map/ItemProcessor/States/Inner/Assign/x"
        );
    }

    #[test]
    fn executions_for_items_have_variables_of_their_own() {
        let mode = json!({ "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" });
        assert!(compile(&map(&mode)).is_ok());
    }
}
