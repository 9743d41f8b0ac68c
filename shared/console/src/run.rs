//! What an execution did, put together from its history.
//!
//! History events are numbered, and each names the one before it on its own way; so every event belongs
//! to one *visit* of a state. A state that is entered again, by a loop or for another item of a Map
//! state, has another visit.

mod status;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

pub(crate) use self::status::Summary;
use crate::graph::Status;

/// An execution as its history tells it. History events are taken as they come.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) visits: Vec<Visit>,
    /// The ways that were taken, from state to state, and whether after an error. No name is the start,
    /// or the end.
    pub(crate) taken: BTreeSet<Way>,
    /// What it came to, once it has ended.
    pub(crate) end: Option<Status>,
    /// The last history event that was taken.
    pub(crate) last_id: u64,
    /// By history event, the visit that it belongs to.
    visit_of: HashMap<u64, usize>,
    /// History events with which a new scope begins: what is entered next is inside the visit.
    openings: HashMap<u64, Option<u64>>,
    /// History events of the execution itself: what comes after one of them follows from no state.
    resumed: BTreeSet<u64>,
}

/// From a state to another one.
pub(crate) type Way = (Option<String>, Option<String>, bool);

/// One time that a state was entered.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) state: String,
    /// The type of the state, as its history events spell it.
    pub(crate) state_type: String,
    /// The visit of the Parallel or Map state that it is in.
    pub(crate) around: Option<usize>,
    /// The item of the Map state that it is in.
    pub(crate) iteration: Option<u64>,
    /// In milliseconds since the epoch.
    pub(crate) began: i64,
    pub(crate) ended: Option<i64>,
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
    /// Variables that it assigned, as JSON.
    pub(crate) assigned: Option<String>,
    pub(crate) attempts: Vec<Attempt>,
    /// What it failed with, if nothing went well after it.
    pub(crate) error: Option<Failure>,
    /// It was left after a failure.
    pub(crate) is_caught: bool,
    /// Of the items of a Map state: how many there are, how many ended, how many failed.
    pub(crate) items: Option<Items>,
    /// Items that have ended, and whether well.
    pub(crate) ended_items: BTreeMap<u64, bool>,
    /// Its history events.
    pub(crate) events: Vec<u64>,
}

/// One call of what a task calls.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The history event that scheduled it.
    pub(crate) scheduled: u64,
    pub(crate) resource: String,
    /// What it was called with, if that was shown.
    pub(crate) parameters: Option<String>,
    pub(crate) began: i64,
    pub(crate) ended: Option<i64>,
    pub(crate) error: Option<Failure>,
    /// What it came to.
    pub(crate) output: Option<String>,
    /// It waits for an answer with its token.
    pub(crate) is_waiting: bool,
}

/// The items of a Map state.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Items {
    pub(crate) count: u64,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) error: String,
    pub(crate) cause: String,
}

impl Failure {
    fn of(details: &Value) -> Self {
        let text = |key: &str| details[key].as_str().unwrap_or_default().to_owned();
        Self {
            error: text("error"),
            cause: text("cause"),
        }
    }
}

impl Run {
    /// Takes the next history event.
    pub(crate) fn take(&mut self, event: &Value) {
        let entry = Entry::of(event);
        self.last_id = entry.id;
        let kind = entry.kind;
        if let Some(state_type) = kind.strip_suffix("StateEntered") {
            return self.enter(&entry, state_type);
        }
        if kind.starts_with("Execution") {
            return self.execution(&entry);
        }
        let Some(visit) = self.find(&entry) else {
            return;
        };
        self.visit_of.insert(entry.id, visit);
        self.visits[visit].events.push(entry.id);
        match kind {
            "ParallelStateStarted" | "MapStateStarted" => self.open(visit, &entry),
            "MapIterationStarted" => {
                self.openings
                    .insert(entry.id, entry.details["index"].as_u64());
            }
            "MapIterationSucceeded" => self.item(visit, &entry, true),
            "MapIterationFailed" | "MapIterationAborted" => self.item(visit, &entry, false),
            "ParallelStateFailed" | "MapStateFailed" => {
                self.visits[visit].error = Some(Failure::of(entry.details));
            }
            "EvaluationFailed" => self.visits[visit].error = Some(Failure::of(entry.details)),
            _ if kind.ends_with("StateExited") => self.exit(visit, &entry),
            _ => self.attempt(visit, &entry),
        }
    }

    fn enter(&mut self, entry: &Entry<'_>, state_type: &str) {
        let before = self.visit_of.get(&entry.previous).copied();
        let (around, iteration) = match self.openings.get(&entry.previous) {
            Some(index) => (before, *index),
            None => before.map_or((None, None), |before| {
                (self.visits[before].around, self.visits[before].iteration)
            }),
        };
        let is_first = self.openings.contains_key(&entry.previous)
            || self.resumed.contains(&entry.previous)
            || before.is_none();
        let name = entry.details["name"].as_str().unwrap_or_default();
        let from = before.filter(|_| !is_first).map(|before| {
            let before = &self.visits[before];
            (before.state.clone(), before.is_caught)
        });
        let (from, is_caught) = from.map_or((None, false), |(from, caught)| (Some(from), caught));
        self.taken.insert((from, Some(name.to_owned()), is_caught));
        self.visit_of.insert(entry.id, self.visits.len());
        self.visits.push(Visit {
            state: name.to_owned(),
            state_type: state_type.to_owned(),
            around,
            iteration,
            began: entry.at,
            ended: None,
            input: entry.text("input"),
            output: None,
            assigned: None,
            attempts: Vec::new(),
            error: None,
            is_caught: false,
            items: None,
            ended_items: BTreeMap::new(),
            events: vec![entry.id],
        });
    }

    /// The visit that an event belongs to: that of the event before it, or one around that.
    fn find(&self, entry: &Entry<'_>) -> Option<usize> {
        let mut visit = *self.visit_of.get(&entry.previous)?;
        let kind = entry.kind;
        let name = entry.details["name"].as_str();
        let is_it = |visit: &Visit| {
            if kind.ends_with("StateExited") || kind.starts_with("MapIteration") {
                return name.is_none_or(|name| visit.state == name);
            }
            match kind {
                _ if kind.starts_with("ParallelState") => visit.state_type == "Parallel",
                _ if kind.starts_with("MapState") => visit.state_type == "Map",
                _ => true,
            }
        };
        while !is_it(&self.visits[visit]) {
            visit = self.visits[visit].around?;
        }
        Some(visit)
    }

    fn open(&mut self, visit: usize, entry: &Entry<'_>) {
        self.openings.insert(entry.id, None);
        if let Some(count) = entry.details["length"].as_u64() {
            self.visits[visit].items = Some(Items {
                count,
                ..Items::default()
            });
        }
    }

    fn item(&mut self, visit: usize, entry: &Entry<'_>, is_well: bool) {
        let visit = &mut self.visits[visit];
        if let Some(items) = &mut visit.items {
            items.succeeded += u64::from(is_well);
            items.failed += u64::from(!is_well);
        }
        if let Some(index) = entry.details["index"].as_u64() {
            visit.ended_items.insert(index, is_well);
        }
    }

    fn exit(&mut self, visit: usize, entry: &Entry<'_>) {
        let visit = &mut self.visits[visit];
        visit.ended = Some(entry.at);
        visit.output = entry.text("output");
        visit.assigned = entry.details["assignedVariables"]
            .as_object()
            .map(|variables| Value::Object(variables.clone()).to_string());
        visit.is_caught = visit.error.is_some();
    }

    /// What a task's history events say of its calls.
    fn attempt(&mut self, visit: usize, entry: &Entry<'_>) {
        let visit = &mut self.visits[visit];
        let kind = entry.kind;
        if kind.ends_with("Scheduled") {
            visit.error = None;
            return visit.attempts.push(Attempt {
                scheduled: entry.id,
                resource: resource(entry.details),
                parameters: entry.text("parameters").or_else(|| entry.text("input")),
                began: entry.at,
                ended: None,
                error: None,
                output: None,
                is_waiting: kind.starts_with("Activity"),
            });
        }
        let Some(attempt) = visit.attempts.last_mut() else {
            return;
        };
        let is_failure = ["Failed", "TimedOut"].iter().any(|end| kind.ends_with(end));
        if kind == "TaskSubmitted" {
            attempt.is_waiting = attempt.resource.ends_with(".waitForTaskToken");
        } else if is_failure || kind.ends_with("Succeeded") {
            attempt.ended = Some(entry.at);
            attempt.is_waiting = false;
            attempt.error = is_failure.then(|| Failure::of(entry.details));
            attempt.output = entry.text("output");
            visit.error = attempt.error.clone();
        } else if kind == "ActivityStarted" {
            attempt.is_waiting = true;
        }
    }

    fn execution(&mut self, entry: &Entry<'_>) {
        self.end = match entry.kind {
            "ExecutionSucceeded" => Some(Status::Succeeded),
            "ExecutionFailed" | "ExecutionTimedOut" => Some(Status::Failed),
            "ExecutionAborted" => Some(Status::Aborted),
            _ => None,
        };
        self.resumed.insert(entry.id);
        let Some(&visit) = self.visit_of.get(&entry.previous) else {
            return;
        };
        self.visit_of.insert(entry.id, visit);
        if self.end.is_none() {
            return;
        }
        let last = &mut self.visits[visit];
        if last.state_type == "Fail" {
            last.error = Some(Failure::of(entry.details));
        }
        if last.around.is_none() && self.end != Some(Status::Aborted) {
            self.taken.insert((Some(last.state.clone()), None, false));
        }
    }

    /// What became of each state, in the visits that count.
    pub(crate) fn summaries(&self, counts: impl Fn(&Visit) -> bool) -> BTreeMap<&str, Summary> {
        let mut summaries: BTreeMap<&str, Summary> = BTreeMap::new();
        for visit in self.visits.iter().filter(|visit| counts(visit)) {
            let status = status::of_visit(visit, self.end);
            summaries
                .entry(&visit.state)
                .or_default()
                .add(visit, status);
        }
        summaries
    }

    /// What became of a visit.
    pub(crate) fn status(&self, visit: &Visit) -> Status {
        status::of_visit(visit, self.end)
    }

    /// The state that a history event belongs to.
    pub(crate) fn state_of(&self, event: u64) -> Option<&str> {
        self.visit_of
            .get(&event)
            .map(|visit| self.visits[*visit].state.as_str())
    }

    /// The variables that a state could read when it was entered.
    pub(crate) fn variables(&self, index: usize) -> Map<String, Value> {
        let visit = &self.visits[index];
        let around = |visit: &&Visit| visit.around.map(|around| &self.visits[around]);
        let scopes: BTreeSet<_> = std::iter::successors(Some(visit), around)
            .map(|visit| (visit.around, visit.iteration))
            .collect();
        let before = self.visits[..index].iter();
        before
            .filter(|before| scopes.contains(&(before.around, before.iteration)))
            .filter_map(|before| before.assigned.as_deref())
            .filter_map(|assigned| serde_json::from_str::<Map<String, Value>>(assigned).ok())
            .flatten()
            // Each is text that is JSON.
            .map(|(name, value)| {
                let read = value
                    .as_str()
                    .and_then(|text| serde_json::from_str(text).ok());
                (name, read.unwrap_or(value))
            })
            .collect()
    }

    /// How many boxes a visit is in.
    pub(crate) fn depth(&self, visit: &Visit) -> usize {
        let around = |visit: &&Visit| visit.around.map(|around| &self.visits[around]);
        std::iter::successors(Some(visit), around).count() - 1
    }
}

/// What is called, in the words of the definition.
fn resource(details: &Value) -> String {
    let text = |key: &str| details[key].as_str().unwrap_or_default();
    match text("resourceType") {
        "" => text("resource").to_owned(),
        service => format!("{service}:{}", text("resource")),
    }
}

/// A history event, as far as every one has the same.
pub(crate) struct Entry<'e> {
    pub(crate) id: u64,
    pub(crate) previous: u64,
    pub(crate) kind: &'e str,
    /// In milliseconds since the epoch.
    pub(crate) at: i64,
    pub(crate) details: &'e Value,
}

impl<'e> Entry<'e> {
    pub(crate) fn of(event: &'e Value) -> Self {
        let members = event.as_object();
        let details = members
            .into_iter()
            .flatten()
            .find(|(key, _)| key.ends_with("EventDetails"))
            .map_or(&Value::Null, |(_, details)| details);
        Self {
            id: event["id"].as_u64().unwrap_or(0),
            previous: event["previousEventId"].as_u64().unwrap_or(0),
            kind: event["type"].as_str().unwrap_or_default(),
            at: milliseconds(&event["timestamp"]).unwrap_or(0),
            details,
        }
    }

    fn text(&self, key: &str) -> Option<String> {
        self.details[key].as_str().map(str::to_owned)
    }
}

/// A time as the API has it, in milliseconds since the epoch.
pub(crate) fn milliseconds(seconds: &Value) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "times are far from the limits"
    )]
    seconds
        .as_f64()
        .map(|seconds| (seconds * 1000.0).round() as i64)
}
