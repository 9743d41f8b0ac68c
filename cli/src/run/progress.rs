//! What `segno run` shows while it runs, and when it is over.

use std::{collections::HashMap, sync::Mutex};

use segno_asl::{definition::StateType, errors::StateError};
use segno_engine::{Observer, store::Head};
use segno_interpreter::{
    checkpoint::Phase,
    event::Timestamp,
    history::{Detail, HistoryEvent, MapIteration},
    transition::Transition,
};

/// Writes a line for everything that a person would want to know.
pub(super) struct Progress {
    is_quiet: bool,
    has_colors: bool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    began: Option<Timestamp>,
    /// The name of the state that each entered event is about, for what names none.
    states: HashMap<u64, (String, Timestamp)>,
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

impl Observer for Progress {
    fn committed(&self, _execution: &str, transition: &Transition) {
        if self.is_quiet {
            return;
        }
        let mut seen = self.seen.lock().expect("nothing panics under the lock");
        for event in &transition.history {
            if let Some(line) = self.line(&mut seen, event) {
                eprintln!("{} {line}", self.clock(&seen, event.at));
            }
        }
        for (name, until, verb) in waits(transition) {
            let seconds = transition
                .history
                .last()
                .map_or(0.0, |event| event.at.until(until).as_secs_f64());
            let line = format!(
                "{} {name}: {verb} {seconds} s",
                self.paint(Color::Yellow, "…")
            );
            let at = transition.history.last().map_or(until, |event| event.at);
            eprintln!("{} {line}", self.clock(&seen, at));
        }
    }
}

/// What began to wait in a transition: the state, until when, and what that is called.
fn waits(transition: &Transition) -> Vec<(&str, Timestamp, &'static str)> {
    let last = transition
        .history
        .last()
        .map_or(Timestamp(0), |event| event.at);
    let frames = transition.checkpoint.frames.values();
    frames
        .filter_map(|frame| match frame.phase {
            Phase::Waiting { until } if frame.entered.at == last => {
                Some((&*frame.state, until, "waits"))
            }
            Phase::BackingOff { until }
                if transition.history.iter().any(|e| e.id == frame.previous) =>
            {
                Some((&*frame.state, until, "tries again in"))
            }
            _ => None,
        })
        .collect()
}

impl Progress {
    pub(super) fn new(is_quiet: bool, has_colors: bool) -> Self {
        Self {
            is_quiet,
            has_colors,
            seen: Mutex::default(),
        }
    }

    fn clock(&self, seen: &Seen, at: Timestamp) -> String {
        let since = seen.began.unwrap_or(at).until(at).as_secs_f64();
        self.paint(Color::Dim, &format!("{since:9.3}"))
    }

    /// The line of a history event, if it is worth one.
    fn line(&self, seen: &mut Seen, event: &HistoryEvent) -> Option<String> {
        match &event.detail {
            Detail::ExecutionStarted { .. } => {
                seen.began = Some(event.at);
                None
            }
            Detail::StateEntered {
                state_type, name, ..
            } => {
                seen.states.insert(event.id, (name.clone(), event.at));
                let kind = self.paint(Color::Dim, state_type.name());
                (!is_instant(*state_type))
                    .then(|| format!("{} {name}  {kind}", self.paint(Color::Cyan, "→")))
            }
            Detail::StateExited {
                state_type, name, ..
            } => {
                let kind = self.paint(Color::Dim, state_type.name());
                Some(format!("{} {name}  {kind}", self.paint(Color::Green, "✓")))
            }
            Detail::StateAborted { state_type } => Some(format!(
                "{} a {} state was aborted",
                self.paint(Color::Yellow, "■"),
                state_type.name()
            )),
            Detail::LambdaFunctionFailed(error)
            | Detail::LambdaFunctionTimedOut(error)
            | Detail::TaskFailed { error, .. }
            | Detail::TaskTimedOut { error, .. }
            | Detail::EvaluationFailed { error, .. } => Some(format!(
                "{} {}",
                self.paint(Color::Red, "✗"),
                describe(error)
            )),
            Detail::MapStateStarted { length } => {
                Some(format!("{} {length} items", self.paint(Color::Cyan, "→")))
            }
            Detail::MapIterationFailed(MapIteration { name, index }) => Some(format!(
                "{} {name}: item {index} failed",
                self.paint(Color::Red, "✗")
            )),
            _ => None,
        }
    }

    fn paint(&self, color: Color, text: &str) -> String {
        match self.has_colors {
            true => format!("\x1b[{}m{text}\x1b[0m", color as u8),
            false => text.to_owned(),
        }
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

/// The last line: how it ended.
pub(super) fn summary(head: &Head) -> String {
    let Some(end) = &head.end else {
        return "the execution goes on".into();
    };
    let seconds = head.started_at.until(end.at).as_secs_f64();
    let error = end
        .error
        .as_ref()
        .map(|error| format!(": {}", describe(error)))
        .unwrap_or_default();
    format!("{} after {seconds:.3} s{error}", end.status)
}

/// An error in one line.
fn describe(error: &StateError) -> String {
    let name = error.name.as_deref().unwrap_or("(no error name)");
    match &error.cause {
        None => name.to_owned(),
        Some(cause) => format!("{name}: {cause}"),
    }
}
