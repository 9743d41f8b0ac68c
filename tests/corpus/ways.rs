//! Damage to the ways from state to state.

use serde_json::{Map, Value, json};

use super::{Draw, Mutation, Site, element};

pub(super) fn drop_transition(
    _: &Site,
    state: &mut Map<String, Value>,
    _: &mut Draw,
) -> Option<String> {
    state.remove("Next").or_else(|| state.remove("End"))?;
    Some(String::new())
}

pub(super) fn dangle(_: &Site, state: &mut Map<String, Value>, _: &mut Draw) -> Option<String> {
    let field = ["Next", "Default"]
        .into_iter()
        .find(|field| state.contains_key(*field))?;
    state[field] = json!("Nowhere at all");
    Some(format!("/{field}"))
}

pub(super) fn dangle_choice(
    _: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let (rule, index) = element(state, "Choices", draw)?;
    rule.insert("Next".into(), json!("Nowhere at all"));
    Some(format!("/Choices/{index}/Next"))
}

pub(super) fn dangle_catcher(
    _: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let (catcher, index) = element(state, "Catch", draw)?;
    catcher.insert("Next".into(), json!("Nowhere at all"));
    Some(format!("/Catch/{index}/Next"))
}

pub(super) fn both_next_and_end(
    site: &Site,
    state: &mut Map<String, Value>,
    _: &mut Draw,
) -> Option<String> {
    let name = site.name.clone();
    match state.contains_key("Next") {
        true => state.insert("End".into(), json!(true)),
        false if state.contains_key("End") => state.insert("Next".into(), json!(name)),
        false => return None,
    };
    Some(String::new())
}

pub(super) fn false_end(_: &Site, state: &mut Map<String, Value>, _: &mut Draw) -> Option<String> {
    *state.get_mut("End")? = json!(false);
    Some(String::new())
}

/// A state that is renamed or gone shows where a transition leads to it.
pub(super) fn lose_state(definition: &Value, sites: &[Site], draw: &mut Draw) -> Option<Mutation> {
    let leads_on: Vec<&Site> = sites
        .iter()
        .filter(|site| site.state["Next"].is_string())
        .collect();
    let site = draw.one(&leads_on)?;
    let target = site.state["Next"].as_str()?.to_owned();
    let mut definition = definition.clone();
    let states = definition.pointer_mut(&site.states)?.as_object_mut()?;
    let lost = states.remove(&target).filter(|_| target != site.name)?;
    let is_renamed = draw.below(2) == 0;
    if is_renamed {
        states.insert(swapped_case(&target), lost);
    }
    Some(Mutation {
        kind: if is_renamed {
            "a state renamed"
        } else {
            "a state dropped"
        },
        definition,
        pointer: format!("{}/Next", site.at()),
    })
}

fn swapped_case(name: &str) -> String {
    let swap = |c: char| match c.is_uppercase() {
        true => c.to_lowercase().next().unwrap(),
        false => c.to_uppercase().next().unwrap(),
    };
    let swapped: String = name.chars().map(swap).collect();
    if swapped == name {
        format!("{name} ")
    } else {
        swapped
    }
}

/// No state of an inner scope leads to one of an outer scope, nor the other way round.
pub(super) fn leave_scope(definition: &Value, sites: &[Site], draw: &mut Draw) -> Option<Mutation> {
    let leads_on: Vec<&Site> = sites
        .iter()
        .filter(|site| site.state["Next"].is_string())
        .collect();
    let site = draw.one(&leads_on)?;
    let elsewhere: Vec<&Site> = sites
        .iter()
        .filter(|other| other.states != site.states)
        .collect();
    let target = draw.one(&elsewhere)?.name.clone();
    let mut definition = definition.clone();
    let pointer = format!("{}/Next", site.at());
    *definition.pointer_mut(&pointer)? = json!(target);
    Some(Mutation {
        kind: "a transition into another scope",
        definition,
        pointer,
    })
}
