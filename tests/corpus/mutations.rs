//! What is done to definitions: small mechanical damage, each with the place where it shows.
//!
//! Only damage counts that AWS refuses. Each kind rests on one of these: an answer of
//! ValidateStateMachineDefinition that was recorded or that people report; AWS's guide; a `MUST` of
//! the States Language's specification.

mod draw;
mod expressions;
mod fields;
mod parts;
mod sites;
mod ways;

use serde_json::{Map, Value, json};

use self::{
    draw::Draw,
    expressions::*,
    fields::*,
    parts::*,
    sites::{Site, escape},
    ways::*,
};

/// A definition with something wrong.
pub(crate) struct Mutation {
    pub(crate) kind: &'static str,
    pub(crate) definition: Value,
    /// JSON Pointer of what is wrong.
    pub(crate) pointer: String,
}

/// Damages a state, the only argument that it may change. Answers where it shows, from the state;
/// nothing if there is nothing of this kind to do.
type Damage = fn(&Site, &mut Map<String, Value>, &mut Draw) -> Option<String>;

const KINDS: &[(&str, Damage)] = &[
    ("a transition dropped", drop_transition),
    ("a transition to nowhere", dangle),
    ("a choice to nowhere", dangle_choice),
    ("a catcher to nowhere", dangle_catcher),
    ("both Next and End", both_next_and_end),
    ("a field misspelt", misspell),
    ("a field of another type of state", foreign_field),
    ("a field of the other language", foreign_language),
    ("a field of the wrong type", wrong_type),
    ("Type dropped", drop_type),
    ("a Type that there is none of", unknown_type),
    ("a required field dropped", drop_required),
    ("a resource that there is none of", unknown_resource),
    ("a parameter of a call dropped", drop_parameter),
    ("a path that is none", bad_path),
    ("a reference path with several ends", ambiguous_path),
    ("an expression that is none", bad_expression),
    ("a call of no intrinsic function", bad_intrinsic),
    ("a number out of its range", out_of_range),
    ("two fields that exclude each other", exclusive_fields),
    ("a retrier damaged", damage_retrier),
    ("a catcher damaged", damage_catcher),
    ("a choice rule damaged", damage_rule),
    ("a scope damaged", damage_scope),
    ("a variable that may not be assigned", bad_variable),
    ("a distributed Map damaged", damage_distributed),
    ("a field further in misspelt", misspell_inside),
    ("a field further in of the wrong type", wrong_type_inside),
    ("an expression cut short", cut_expression),
    ("End that is false", false_end),
];

/// As many mutations of a definition as are asked for, always the same ones: in turn of each kind
/// that there is something to do for.
pub(crate) fn of(definition: &Value, seed: &str, count: usize) -> Vec<Mutation> {
    let sites = sites::of(definition);
    let mut draw = Draw::new(seed);
    let mut made: Vec<Mutation> = Vec::new();
    // A definition of one state may have little to damage.
    for _ in 0..10 {
        for (kind, damage) in KINDS {
            made.extend(damaged(definition, &sites, kind, *damage, &mut draw));
        }
        made.extend(whole(definition, &sites, &mut draw));
        made.extend(lose_state(definition, &sites, &mut draw));
        made.extend(leave_scope(definition, &sites, &mut draw));
        let mut kept: Vec<Mutation> = Vec::new();
        for mutation in made {
            let is_new = |other: &Mutation| other.definition != mutation.definition;
            if kept.iter().all(is_new) {
                kept.push(mutation);
            }
        }
        made = kept;
        if made.len() >= count {
            break;
        }
    }
    draw.shuffle(&mut made);
    made.truncate(count);
    made
}

fn damaged(
    definition: &Value,
    sites: &[Site],
    kind: &'static str,
    damage: Damage,
    draw: &mut Draw,
) -> Option<Mutation> {
    let start = draw.below(sites.len().max(1));
    let sites = sites.iter().cycle().skip(start).take(sites.len());
    for site in sites {
        let mut state = site.state.as_object()?.clone();
        let Some(pointer) = damage(site, &mut state, draw) else {
            continue;
        };
        let mut definition = definition.clone();
        *definition.pointer_mut(&site.at())? = Value::Object(state);
        let pointer = format!("{}{pointer}", site.at());
        return Some(Mutation {
            kind,
            definition,
            pointer,
        });
    }
    None
}

/// Damage that is not in a single state.
fn whole(definition: &Value, sites: &[Site], draw: &mut Draw) -> Vec<Mutation> {
    let mut made = Vec::new();
    let mut make = |kind, pointer: String, edit: &dyn Fn(&mut Value)| {
        let mut definition = definition.clone();
        edit(&mut definition);
        made.push(Mutation {
            kind,
            definition,
            pointer,
        });
    };
    make("StartAt to nowhere", "/StartAt".into(), &|whole| {
        whole["StartAt"] = json!("Nowhere at all");
    });
    make("StartAt dropped", String::new(), &|whole| {
        whole.as_object_mut().unwrap().remove("StartAt");
    });
    make(
        "a field of the machine misspelt",
        "/StartAts".into(),
        &|whole| {
            whole["StartAts"] = json!("A");
        },
    );
    make(
        "a version that there is none of",
        "/Version".into(),
        &|whole| {
            whole["Version"] = json!("2.0");
        },
    );
    let Some(site) = draw.one(sites) else {
        return made;
    };
    let stray = json!({ "Type": "Pass", "End": true });
    make(
        "a state that nothing leads to",
        format!("{}/Stray", site.states),
        &|whole| {
            whole.pointer_mut(&site.states).unwrap()["Stray"] = stray.clone();
        },
    );
    let long = "x".repeat(81);
    make(
        "a name that is too long",
        format!("{}/{long}", site.states),
        &|whole| {
            whole.pointer_mut(&site.states).unwrap()[&long] = stray.clone();
        },
    );
    let inner: Vec<&Site> = sites
        .iter()
        .filter(|site| site.states != "/States")
        .collect();
    let outer = sites.iter().find(|site| site.states == "/States");
    if let (Some(inner), Some(outer)) = (draw.one(&inner), outer) {
        let at = format!("{}/{}", inner.states, escape(&outer.name));
        make("a name that comes twice", at, &|whole| {
            whole.pointer_mut(&inner.states).unwrap()[&outer.name] = stray.clone();
        });
    }
    made
}

/// One of the objects in an array field.
fn element<'a>(
    state: &'a mut Map<String, Value>,
    field: &str,
    draw: &mut Draw,
) -> Option<(&'a mut Map<String, Value>, usize)> {
    let elements = state.get_mut(field)?.as_array_mut()?;
    let index = draw.below(elements.len().max(1));
    Some((elements.get_mut(index)?.as_object_mut()?, index))
}
