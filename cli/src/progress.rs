//! What `segno run` shows while it runs, and when it is over.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use segno_asl::{definition::StateType, errors::StateError};
use segno_engine::{Observer, store::Head};
use segno_interpreter::{
    checkpoint::Phase,
    event::Timestamp,
    history::{Detail, HistoryEvent},
    key::ExecutionKey,
    transition::Transition,
};
use serde_json::Value;

/// Writes a line for everything that a person would want to know.
pub(super) struct Progress {
    is_quiet: bool,
    has_colors: bool,
    seen: Mutex<Seen>,
}

/// What has been seen of the history so far.
#[derive(Default)]
struct Seen {
    began: Option<Timestamp>,
    /// Which state each history event belongs to.
    owners: HashMap<u64, Owner>,
}

/// The state that a history event belongs to.
#[derive(Clone)]
struct Owner {
    /// Id of its entered event.
    id: u64,
    /// That of the state around it.
    parent: Option<u64>,
    name: String,
    state_type: StateType,
    entered_at: Timestamp,
    /// How many states it is in.
    depth: usize,
    /// The Map state's item that it is about.
    item: Option<usize>,
    /// It failed last, so that leaving it means that the error was caught.
    has_failed: bool,
}

/// The colours of the terminal that are used.
#[derive(Clone, Copy)]
enum Color {
    Dim = 2,
    Red = 31,
    Green = 32,
    Yellow = 33,
    Cyan = 36,
}

/// One line, without the time.
struct Line {
    color: Color,
    sign: &'static str,
    depth: usize,
    text: String,
}

impl Observer for Progress {
    fn committed(&self, _execution: &ExecutionKey, transition: &Transition) {
        if self.is_quiet {
            return;
        }
        let mut seen = self.seen.lock().expect("nothing panics under the lock");
        for event in &transition.history {
            let line = seen.take(event);
            if let Some(line) = line {
                self.print(&seen, event.at, &line);
            }
        }
        if let Some(last) = transition.history.last() {
            for line in seen.waits(transition) {
                self.print(&seen, last.at, &line);
            }
        }
    }
}

impl Progress {
    pub(super) fn new(is_quiet: bool, has_colors: bool) -> Self {
        Self {
            is_quiet,
            has_colors,
            seen: Mutex::default(),
        }
    }

    fn print(&self, seen: &Seen, at: Timestamp, line: &Line) {
        let since = seen.began.unwrap_or(at).until(at).as_secs_f64();
        let clock = self.paint(Color::Dim, &format!("{since:9.3}"));
        let sign = self.paint(line.color, line.sign);
        eprintln!(
            "{clock} {:indent$}{sign} {}",
            "",
            line.text,
            indent = 2 * line.depth
        );
    }

    fn paint(&self, color: Color, text: &str) -> String {
        match self.has_colors {
            true => format!("\x1b[{}m{text}\x1b[0m", color as u8),
            false => text.to_owned(),
        }
    }
}

impl Seen {
    /// Takes in a history event, and gives its line if it is worth one.
    fn take(&mut self, event: &HistoryEvent) -> Option<Line> {
        if let Detail::ExecutionStarted { .. } = event.detail {
            self.began = Some(event.at);
        }
        let mut owner = self.owner(event)?;
        let line = owner.line(event);
        owner.has_failed = is_failure(&event.detail);
        self.owners.insert(event.id, owner);
        line
    }

    /// The state that an event belongs to: a new one, that of the event which it follows from, or one
    /// around that.
    fn owner(&self, event: &HistoryEvent) -> Option<Owner> {
        let previous = self.owners.get(&event.previous_event_id);
        match &event.detail {
            Detail::StateEntered {
                state_type, name, ..
            } => Some(Owner {
                id: event.id,
                parent: previous.and_then(|owner| owner.parent),
                name: name.to_string(),
                state_type: *state_type,
                entered_at: event.at,
                depth: previous.map_or(0, |owner| owner.depth),
                item: previous.and_then(|owner| owner.item),
                has_failed: false,
            }),
            Detail::ParallelStateStarted => Some(inside(previous?.clone(), None)),
            Detail::MapIterationStarted(iteration) => Some(inside(
                self.around(previous?, &iteration.name)?,
                Some(iteration.index),
            )),
            Detail::StateExited { name, .. } => {
                let has_failed = previous?.has_failed;
                Some(Owner {
                    has_failed,
                    ..self.around(previous?, name)?
                })
            }
            Detail::ParallelStateFailed | Detail::MapStateFailed => {
                self.owners.get(&previous?.parent?).cloned()
            }
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

    /// What began to wait in a transition.
    fn waits(&self, transition: &Transition) -> Vec<Line> {
        let frames = transition.checkpoint.frames.values();
        let waits = frames.filter_map(|frame| {
            let (until, verb) = match frame.phase {
                Phase::Waiting { until } => (until, "waits"),
                Phase::BackingOff { until } => (until, "tries again in"),
                _ => return None,
            };
            let event = transition
                .history
                .iter()
                .find(|event| event.id == frame.previous)?;
            let owner = self.owners.get(&event.id)?;
            let text = format!(
                "{} {verb} {}",
                owner.title(),
                duration(event.at.until(until))
            );
            Some(Line {
                color: Color::Yellow,
                sign: "…",
                depth: owner.depth,
                text,
            })
        });
        waits.collect()
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
    fn line(&self, event: &HistoryEvent) -> Option<Line> {
        let name = self.title();
        let line = |color, sign, text| {
            Some(Line {
                color,
                sign,
                depth: self.depth,
                text,
            })
        };
        match &event.detail {
            Detail::StateEntered { .. } if !is_instant(self.state_type) => line(
                Color::Cyan,
                "→",
                format!("{name} ({})", self.state_type.name()),
            ),
            Detail::StateExited { .. } if self.has_failed => {
                line(Color::Yellow, "↷", format!("{name} caught the error"))
            }
            Detail::StateExited { .. } if is_instant(self.state_type) => line(
                Color::Green,
                "✓",
                format!("{name} ({})", self.state_type.name()),
            ),
            Detail::StateExited { .. } => {
                let took = duration(self.entered_at.until(event.at));
                line(Color::Green, "✓", format!("{name} after {took}"))
            }
            Detail::LambdaFunctionFailed(error)
            | Detail::LambdaFunctionTimedOut(error)
            | Detail::ActivityFailed(error)
            | Detail::ActivityTimedOut(error)
            | Detail::TaskFailed { error, .. }
            | Detail::TaskTimedOut { error, .. }
            | Detail::EvaluationFailed { error, .. } => line(
                Color::Red,
                "✗",
                format!("{name} failed: {}", describe(error)),
            ),
            Detail::MapStateStarted { length: 1 } => line(Color::Dim, "·", "1 item".into()),
            Detail::MapStateStarted { length } => line(Color::Dim, "·", format!("{length} items")),
            // The failed task's own abort says nothing new.
            Detail::StateAborted { state_type } if !self.has_failed => line(
                Color::Yellow,
                "■",
                format!("a {} state is aborted", state_type.name()),
            ),
            _ => None,
        }
    }
}

fn is_failure(detail: &Detail) -> bool {
    matches!(
        detail,
        Detail::LambdaFunctionFailed(_)
            | Detail::LambdaFunctionTimedOut(_)
            | Detail::ActivityFailed(_)
            | Detail::ActivityTimedOut(_)
            | Detail::TaskFailed { .. }
            | Detail::TaskTimedOut { .. }
            | Detail::EvaluationFailed { .. }
            | Detail::ParallelStateFailed
            | Detail::MapStateFailed
    )
}

/// What the states inside a Parallel or Map state take over from it.
fn inside(container: Owner, item: Option<usize>) -> Owner {
    let (parent, depth) = (Some(container.id), container.depth + 1);
    Owner {
        parent,
        depth,
        item,
        ..container
    }
}

/// States that are left as soon as they are entered: one line is enough.
fn is_instant(state_type: StateType) -> bool {
    match state_type {
        StateType::Pass | StateType::Choice | StateType::Succeed => true,
        StateType::Task
        | StateType::Wait
        | StateType::Fail
        | StateType::Parallel
        | StateType::Map => false,
    }
}

fn duration(duration: Duration) -> String {
    match duration.as_millis() {
        milliseconds @ 0..1_000 => format!("{milliseconds} ms"),
        _ => format!("{} s", duration.as_secs_f64()),
    }
}

/// The last line: how it ended.
pub(super) fn summary(head: &Head) -> String {
    let Some(end) = &head.shown.end else {
        return "the execution goes on".into();
    };
    let took = duration(head.started_at.until(end.at));
    let error = end
        .error
        .as_ref()
        .map(|error| format!(": {}", describe(error)))
        .unwrap_or_default();
    format!("{} after {took}{error}", end.status.name())
}

/// An error in one line. Of an error that a function answered with, the message.
fn describe(error: &StateError) -> String {
    let cause = error.cause.as_deref().filter(|cause| !cause.is_empty());
    let parsed: Option<Value> = cause.and_then(|cause| serde_json::from_str(cause).ok());
    let message = parsed
        .as_ref()
        .and_then(|cause| cause.get("errorMessage")?.as_str());
    match (error.name.as_deref(), message.or(cause)) {
        (Some(name), Some(cause)) => format!("{name}: {cause}"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => "an error without name and cause".to_owned(),
    }
}
