//! Histories that can be compared: without times and ids, without an order of what goes on side by side,
//! and without the attempts that a fault has cost.

use std::collections::BTreeMap;

use serde_json::Value;

static NOTHING: Value = Value::Null;

/// Errors that only faults bring about.
const INJECTED: [&str; 3] = [
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
];

/// Members that are never the same: times, ids, tokens, and how often something was tried.
const VOLATILE: [&str; 6] = [
    "SdkHttpMetadata",
    "SdkResponseMetadata",
    "StartDate",
    "StopDate",
    "token",
    "retry",
];

/// One line for each event, with the way that led to it. An attempt that a fault has cost has none, nor
/// the beginning of the one that was made in its stead.
pub(crate) fn comparable(events: &[Value], execution: &str) -> Vec<String> {
    let mut kept: Vec<Kept> = Vec::new();
    // Of each event its place in what is kept; of one that is left out, that of what it follows from.
    let mut places: BTreeMap<u64, Option<usize>> = BTreeMap::from([(0, None)]);
    let mut is_left_out = BTreeMap::from([(0, false)]);
    for event in events {
        let (id, previous) = (number(event, "id"), number(event, "previousEventId"));
        let kind = event["type"].as_str().unwrap();
        let begins_anew = is_left_out[&previous] && is_beginning(kind);
        // If the answer to a token comes before the call is over, there is no such event.
        let is_out = lost(event).is_some() || begins_anew || kind == "TaskSubmitted";
        is_left_out.insert(id, is_out);
        let mut place = places[&previous];
        if !is_out {
            if is_joining(kind) {
                place = opening(&kept, place);
            }
            kept.push(Kept::new(event, kind, place, &kept, execution));
            place = Some(kept.len() - 1);
        }
        places.insert(id, place);
    }
    let mut lines: Vec<String> = kept
        .into_iter()
        .map(|kept| format!("{} {}", kept.way, kept.details))
        .collect();
    lines.sort();
    lines
}

struct Kept {
    kind: String,
    after: Option<usize>,
    /// What led to it, and it.
    way: String,
    details: String,
}

impl Kept {
    fn new(event: &Value, kind: &str, after: Option<usize>, all: &[Self], execution: &str) -> Self {
        let details = details(event);
        let name = format!("{} {}", details["name"], details["index"]);
        let before = after.map(|place| all[place].way.as_str());
        Self {
            kind: kind.to_owned(),
            after,
            way: format!("{}/{kind} {name}", before.unwrap_or_default()).replace(" null", ""),
            details: without_chance(details, execution).to_string(),
        }
    }
}

fn number(event: &Value, key: &str) -> u64 {
    event[key].as_u64().unwrap()
}

/// What an event says beyond its type.
pub(crate) fn details(event: &Value) -> &Value {
    let members = event.as_object().unwrap();
    let mut found = members.iter().filter(|(key, _)| key.ends_with("Details"));
    found.next().map_or(&NOTHING, |(_, details)| details)
}

/// The error of an attempt that a fault has cost.
pub(crate) fn lost(event: &Value) -> Option<&str> {
    let ends = ["LambdaFunctionFailed", "TaskFailed"];
    let error = details(event)["error"].as_str()?;
    let is_end = ends.iter().any(|kind| event["type"] == *kind);
    (is_end && INJECTED.contains(&error)).then_some(error)
}

fn is_beginning(kind: &str) -> bool {
    let steps = ["LambdaFunction", "Task"];
    steps.iter().any(|step| {
        let rest = kind.strip_prefix(step);
        matches!(rest, Some("Scheduled" | "Started"))
    })
}

/// Whether an event follows from whichever of several branches came last.
fn is_joining(kind: &str) -> bool {
    is_closing(kind) || kind == "MapIterationStarted"
}

fn is_closing(kind: &str) -> bool {
    ["MapState", "ParallelState"].iter().any(|state| {
        let rest = kind.strip_prefix(state);
        matches!(rest, Some("Succeeded" | "Failed" | "Exited"))
    })
}

/// The event that opened what is going on after this place.
fn opening(kept: &[Kept], mut place: Option<usize>) -> Option<usize> {
    // What has closed already is followed by what else closes it.
    if let Some(at) = place.filter(|at| is_closing(&kept[*at].kind)) {
        return kept[at].after;
    }
    let mut depth = 1;
    while let Some(at) = place {
        let kind = kept[at].kind.as_str();
        match kind {
            "MapStateStarted" | "ParallelStateStarted" => depth -= 1,
            _ if is_closing(kind) => depth += 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        place = kept[at].after;
    }
    place
}

/// Without what is never the same, in texts that are JSON, too.
pub(crate) fn without_chance(value: &Value, execution: &str) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter();
            let steady = members.filter(|(key, _)| !VOLATILE.contains(&key.as_str()));
            steady
                .map(|(key, member)| (key.clone(), without_chance(member, execution)))
                .collect()
        }
        Value::Array(elements) => {
            let elements = elements.iter();
            elements
                .map(|element| without_chance(element, execution))
                .collect()
        }
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(json @ (Value::Object(_) | Value::Array(_))) => {
                without_chance(&json, execution).to_string().into()
            }
            _ => text.replace(execution, "EXECUTION").into(),
        },
        other => other.clone(),
    }
}
