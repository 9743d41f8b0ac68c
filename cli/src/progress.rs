//! A line for everything in a history that a person would want to know while it happens.
//!
//! It reads history events as the API answers them, so that it shows an execution of this process
//! and one of a server alike.

mod transition;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use segno_interpreter::event::Timestamp;
use serde_json::Value;

use crate::terminal::{Color, Palette};

/// What has been seen of a history so far.
pub(crate) struct Progress {
    palette: Palette,
    began: Option<Timestamp>,
    /// Which state each history event belongs to.
    owners: HashMap<u64, Owner>,
    /// The states that were entered and not left yet, by their entered event.
    open: BTreeMap<u64, Owner>,
}

/// A history event, as far as it matters here.
struct Event<'a> {
    id: u64,
    previous: u64,
    at: Timestamp,
    kind: &'a str,
    details: &'a Value,
}

/// The state that a history event belongs to.
#[derive(Clone)]
struct Owner {
    /// Id of its entered event.
    id: u64,
    /// That of the state around it.
    parent: Option<u64>,
    name: String,
    /// `Task`, `Map`, …
    state_type: String,
    entered_at: Timestamp,
    /// How many states it is in.
    depth: usize,
    /// The Map state's item that it is about.
    item: Option<u64>,
    /// It failed last, so that leaving it means that the error was caught.
    has_failed: bool,
}

/// One line, without the time.
struct Line {
    color: Color,
    sign: &'static str,
    depth: usize,
    text: String,
}

impl<'a> Event<'a> {
    /// `None` if it is no history event.
    fn read(event: &'a Value) -> Option<Self> {
        Some(Self {
            id: event["id"].as_u64()?,
            previous: event["previousEventId"].as_u64().unwrap_or(0),
            at: timestamp(&event["timestamp"])?,
            kind: event["type"].as_str()?,
            details: details(event),
        })
    }

    fn name(&self) -> &'a str {
        self.details["name"].as_str().unwrap_or_default()
    }

    /// Whether the state that it belongs to failed.
    fn is_failure(&self) -> bool {
        matches!(self.kind, "ParallelStateFailed" | "MapStateFailed") || self.is_failed_work()
    }

    /// Whether a task or an evaluation failed.
    fn is_failed_work(&self) -> bool {
        let work = ["LambdaFunction", "Activity", "Task", "Evaluation", "MapRun"]
            .iter()
            .find_map(|work| self.kind.strip_prefix(work));
        work.is_some_and(|end| end.ends_with("Failed") || end == "TimedOut")
    }
}

impl Progress {
    pub(crate) fn new(palette: Palette) -> Self {
        Self {
            palette,
            began: None,
            owners: HashMap::new(),
            open: BTreeMap::new(),
        }
    }

    /// Takes in the next history event, as GetExecutionHistory answers it, and gives its line if it
    /// is worth one.
    pub(crate) fn take(&mut self, event: &Value) -> Option<String> {
        let event = Event::read(event)?;
        if event.kind == "ExecutionStarted" {
            self.began = Some(event.at);
        }
        let mut owner = self.owner(&event)?;
        let line = owner.line(&event);
        owner.has_failed = event.is_failure();
        self.keep(&event, owner);
        Some(self.print(event.at, &line?))
    }

    /// The names of the innermost states that the execution is in, and since when.
    pub(crate) fn open_states(&self) -> Vec<(String, Timestamp)> {
        let is_innermost = |owner: &&Owner| !self.open.values().any(|o| o.parent == Some(owner.id));
        let innermost = self.open.values().filter(is_innermost);
        innermost
            .map(|owner| (owner.title(), owner.entered_at))
            .collect()
    }

    fn keep(&mut self, event: &Event<'_>, owner: Owner) {
        if event.kind.ends_with("StateEntered") {
            self.open.insert(owner.id, owner.clone());
        } else if event.kind.ends_with("StateExited") || event.kind.ends_with("StateAborted") {
            self.open.remove(&owner.id);
        }
        self.owners.insert(event.id, owner);
    }

    fn print(&self, at: Timestamp, line: &Line) -> String {
        let since = self.began.unwrap_or(at).until(at).as_secs_f64();
        let clock = self.palette.paint(Color::Dim, &format!("{since:9.3}"));
        let sign = self.palette.paint(line.color, line.sign);
        let indent = 2 * line.depth;
        format!("{clock} {:indent$}{sign} {}", "", line.text)
    }

    /// The state that an event belongs to: a new one, that of the event which it follows from, or one
    /// around that.
    fn owner(&self, event: &Event<'_>) -> Option<Owner> {
        let previous = self.owners.get(&event.previous);
        if let Some(state_type) = event.kind.strip_suffix("StateEntered") {
            return Some(Owner {
                id: event.id,
                parent: previous.and_then(|owner| owner.parent),
                name: event.name().to_owned(),
                state_type: state_type.to_owned(),
                entered_at: event.at,
                depth: previous.map_or(0, |owner| owner.depth),
                item: previous.and_then(|owner| owner.item),
                has_failed: false,
            });
        }
        match event.kind {
            "ParallelStateStarted" => Some(inside(previous?.clone(), None)),
            "MapIterationStarted" => Some(inside(
                self.around(previous?, event.name())?,
                event.details["index"].as_u64(),
            )),
            "ParallelStateFailed" | "MapStateFailed" => {
                self.owners.get(&previous?.parent?).cloned()
            }
            kind if kind.ends_with("StateExited") => Some(Owner {
                has_failed: previous?.has_failed,
                ..self.around(previous?, event.name())?
            }),
            _ => previous.cloned(),
        }
    }

    /// The state of this name: `owner`, or one around it.
    fn around(&self, owner: &Owner, name: &str) -> Option<Owner> {
        let outwards = |owner: &&Owner| self.owners.get(&owner.parent?);
        std::iter::successors(Some(owner), outwards)
            .find(|owner| owner.name == name)
            .cloned()
    }
}

impl Owner {
    /// Its name, with the item that it is about.
    fn title(&self) -> String {
        let item = self
            .item
            .map(|item| format!(" [{item}]"))
            .unwrap_or_default();
        format!("{}{item}", self.name)
    }

    /// The line of an event of this state.
    fn line(&self, event: &Event<'_>) -> Option<Line> {
        let name = self.title();
        let line = |color, sign, text| {
            Some(Line {
                color,
                sign,
                depth: self.depth,
                text,
            })
        };
        if event.is_failed_work() {
            let error = describe(&event.details["error"], &event.details["cause"]);
            return line(Color::Red, "✗", format!("{name} failed: {error}"));
        }
        let is_instant = matches!(self.state_type.as_str(), "Pass" | "Choice" | "Succeed");
        let typed = || format!("{name} ({})", self.state_type);
        match event.kind {
            "MapStateStarted" => match event.details["length"].as_u64() {
                Some(1) => line(Color::Dim, "·", "1 item".into()),
                length => line(Color::Dim, "·", format!("{} items", length.unwrap_or(0))),
            },
            "TaskSubmitted" => self.submitted(event),
            kind if kind.ends_with("StateEntered") && !is_instant => {
                line(Color::Cyan, "→", typed())
            }
            kind if kind.ends_with("StateExited") => {
                let took = || duration(self.entered_at.until(event.at));
                match (self.has_failed, is_instant) {
                    (true, _) => line(Color::Yellow, "↷", format!("{name} caught the error")),
                    (false, true) => line(Color::Green, "✓", typed()),
                    (false, false) => line(Color::Green, "✓", format!("{name} after {}", took())),
                }
            }
            // The failed task's own abort says nothing new.
            kind if !self.has_failed => {
                let aborted = kind.strip_suffix("StateAborted")?;
                line(Color::Yellow, "■", format!("a {aborted} state is aborted"))
            }
            _ => None,
        }
    }

    /// A task was accepted, and goes on elsewhere.
    fn submitted(&self, event: &Event<'_>) -> Option<Line> {
        let resource = event.details["resource"].as_str()?;
        let what = match resource.rsplit_once('.')?.1 {
            "waitForTaskToken" => "an answer to its token",
            _ => "its end",
        };
        Some(Line {
            color: Color::Yellow,
            sign: "…",
            depth: self.depth,
            text: format!("{} waits for {what}", self.title()),
        })
    }
}

/// What the states inside a Parallel or Map state take over from it.
fn inside(container: Owner, item: Option<u64>) -> Owner {
    let (parent, depth) = (Some(container.id), container.depth + 1);
    Owner {
        parent,
        depth,
        item,
        ..container
    }
}

/// The details of a history event, whatever its type; null if it has none.
pub(crate) fn details(event: &Value) -> &Value {
    let mut members = event.as_object().into_iter().flatten();
    let details = members.find(|(key, _)| key.ends_with("EventDetails"));
    details.map_or(&Value::Null, |(_, details)| details)
}

/// A timestamp of the protocol: seconds.
pub(crate) fn timestamp(seconds: &Value) -> Option<Timestamp> {
    let milliseconds = (seconds.as_f64()? * 1_000.0).round();
    // Exact for any time that a clock can show.
    Some(Timestamp(milliseconds as i64))
}

pub(crate) fn duration(duration: Duration) -> String {
    match duration.as_millis() {
        milliseconds @ 0..1_000 => format!("{milliseconds} ms"),
        _ => format!("{} s", duration.as_secs_f64()),
    }
}

/// The last line: how it ended. `error` and `cause` are text or null.
pub(crate) fn summary(status: &str, took: Duration, error: &Value, cause: &Value) -> String {
    let took = duration(took);
    match error.is_string() || cause.is_string() {
        true => format!("{status} after {took}: {}", describe(error, cause)),
        false => format!("{status} after {took}"),
    }
}

/// An error in one line. Of an error that a function answered with, the message.
pub(crate) fn describe(error: &Value, cause: &Value) -> String {
    let cause = cause.as_str().filter(|cause| !cause.is_empty());
    let parsed: Option<Value> = cause.and_then(|cause| serde_json::from_str(cause).ok());
    let message = parsed
        .as_ref()
        .and_then(|cause| cause.get("errorMessage")?.as_str());
    match (error.as_str(), message.or(cause)) {
        (Some(name), Some(cause)) => format!("{name}: {cause}"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => "an error without name and cause".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(events: &[(&str, u64, Value)]) -> (Vec<String>, Progress) {
        let mut progress = Progress::new(Palette { has_colors: false });
        let mut lines = Vec::new();
        for (index, (kind, previous, details)) in events.iter().enumerate() {
            let id = index as u64 + 1;
            let event = json!({ "id": id, "previousEventId": previous, "type": kind,
                "timestamp": 1_700_000_000.0 + id as f64 / 8.0, "someEventDetails": details });
            lines.extend(progress.take(&event));
        }
        (lines, progress)
    }

    #[test]
    fn a_task_that_waits_for_an_answer_says_so_and_is_open() {
        let (lines, progress) = lines(&[
            ("ExecutionStarted", 0, json!({})),
            ("TaskStateEntered", 0, json!({ "name": "Ask" })),
            (
                "TaskSubmitted",
                2,
                json!({ "resource": "invoke.waitForTaskToken" }),
            ),
        ]);
        let expected = [
            "    0.125 → Ask (Task)",
            "    0.250 … Ask waits for an answer to its token",
        ];
        assert_eq!(lines, expected);
        assert_eq!(progress.open_states()[0].0, "Ask");
    }

    #[test]
    fn states_inside_others_are_indented_and_the_innermost_are_open() {
        let (lines, progress) = lines(&[
            ("ExecutionStarted", 0, json!({})),
            ("MapStateEntered", 0, json!({ "name": "Each" })),
            ("MapStateStarted", 2, json!({ "length": 2 })),
            (
                "MapIterationStarted",
                3,
                json!({ "name": "Each", "index": 1 }),
            ),
            ("TaskStateEntered", 4, json!({ "name": "Pack" })),
            (
                "TaskFailed",
                5,
                json!({ "error": "E", "cause": "{\"errorMessage\":\"no box\"}" }),
            ),
            ("TaskStateExited", 6, json!({ "name": "Pack" })),
            ("WaitStateEntered", 7, json!({ "name": "Rest" })),
        ]);
        assert_eq!(
            lines,
            [
                "    0.125 → Each (Map)",
                "    0.250 · 2 items",
                "    0.500   → Pack [1] (Task)",
                "    0.625   ✗ Pack [1] failed: E: no box",
                "    0.750   ↷ Pack [1] caught the error",
                "    0.875   → Rest [1] (Wait)",
            ]
        );
        let open: Vec<String> = progress
            .open_states()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(open, ["Rest [1]"]);
    }
}
