//! What executions do: lines for the terminal, and whether anything would be cut off by stopping now.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use segno_asl::errors::StateError;
use segno_engine::Observer;
use segno_interpreter::{
    checkpoint::{Checkpoint, Phase, Status},
    event::Timestamp,
    job::JobPhase,
    key::ExecutionKey,
    transition::Transition,
};
use serde_json::Value;
use tokio::sync::{Notify, futures::Notified};

use super::metrics::Executions;
use crate::{
    progress::{self, Progress},
    terminal::{Color, Palette},
};

/// Watches the executions of this process. Cloning shares it.
#[derive(Clone)]
pub(super) struct Activity(Arc<Inner>);

struct Inner {
    palette: Palette,
    /// Whether there is a line for every state, not only for every execution.
    is_verbose: bool,
    running: Mutex<BTreeMap<String, Running>>,
    changed: Notify,
    executions: Executions,
}

struct Running {
    /// Whether a task is being performed, or a state is about to be entered.
    is_busy: bool,
    progress: Option<Progress>,
}

impl Activity {
    pub(super) fn new(is_verbose: bool, palette: Palette) -> Self {
        Self(Arc::new(Inner {
            palette,
            is_verbose,
            running: Mutex::default(),
            changed: Notify::new(),
            executions: Executions::default(),
        }))
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.0
            .running
            .lock()
            .expect("nothing panics under the lock")
    }

    /// The executions that have not ended, as `MACHINE/NAME`.
    pub(super) fn names(&self) -> Vec<String> {
        self.running().keys().map(|arn| title(arn)).collect()
    }

    /// Whether nothing is being done for any execution: all of them wait for time or for an answer.
    pub(super) fn is_idle(&self) -> bool {
        !self.running().values().any(|running| running.is_busy)
    }

    /// Waits until nothing is being done for any execution.
    pub(super) async fn idle(&self) {
        loop {
            let changed = self.0.changed.notified();
            let mut changed = std::pin::pin!(changed);
            // Told of every change from now on, so that none comes between looking and waiting.
            changed.as_mut().enable();
            if self.is_idle() {
                return;
            }
            changed.await;
        }
    }

    /// The next change of any execution.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.0.changed.notified()
    }

    /// How many there were.
    pub(super) fn executions(&self) -> &Executions {
        &self.0.executions
    }

    fn say(&self, color: Color, sign: &str, text: &str) {
        say(format!("{} {text}", self.0.palette.paint(color, sign)));
    }

    /// The lines of a transition, the one of its end included.
    fn show(&self, arn: &str, transition: &Transition, running: &mut Running, is_new: bool) {
        let title = title(arn);
        if is_new {
            self.say(Color::Cyan, "→", &title);
        }
        let lines = running.progress.as_mut().map(|p| p.commit(transition));
        for line in lines.into_iter().flatten() {
            let name = self.0.palette.paint(Color::Dim, &title);
            say(format!("  {name} {line}"));
        }
        let (color, sign) = match transition.checkpoint.status {
            Status::NotStarted | Status::Running => return,
            Status::Succeeded { .. } => (Color::Green, "✓"),
            Status::Failed(_) | Status::TimedOut => (Color::Red, "✗"),
            Status::Aborted(_) => (Color::Yellow, "■"),
        };
        self.say(color, sign, &format!("{title} {}", ended(transition)));
    }
}

impl Observer for Activity {
    fn committed(&self, execution: &ExecutionKey, transition: &Transition) {
        let execution = &execution.arn;
        self.0.executions.count(transition);
        {
            let mut executions = self.running();
            let is_new = !executions.contains_key(execution);
            // What a child came to, told to a parent that has ended.
            let is_closed = transition.checkpoint.status.is_closed();
            if is_new && is_closed && transition.history.is_empty() {
                return;
            }
            let is_verbose = self.0.is_verbose;
            let running = executions
                .entry(execution.to_owned())
                .or_insert_with(|| Running {
                    is_busy: true,
                    progress: is_verbose.then(|| Progress::new(self.0.palette)),
                });
            running.is_busy = is_busy(&transition.checkpoint);
            // The end was shown before; what came after it are jobs that were cancelled.
            if !(is_closed && transition.history.is_empty()) {
                self.show(execution, transition, running, is_new);
            }
            if is_closed && !running.is_busy {
                executions.remove(execution);
            }
        }
        self.0.changed.notify_waiters();
    }
}

/// Writes a line, at once: a message that is put together while it is written takes a system call for
/// each of its parts.
fn say(mut line: String) {
    line.push('\n');
    eprint!("{line}");
}

/// Whether a worker owes something to an execution before it can be left alone.
fn is_busy(checkpoint: &Checkpoint) -> bool {
    let is_performed = |phase: &Phase| match phase {
        Phase::Claimed { .. } => true,
        Phase::Due(attempt) => !attempt.is_offered(),
        Phase::Ready
        | Phase::Waiting { .. }
        | Phase::Submitted { .. }
        | Phase::BackingOff { .. }
        | Phase::Branching { .. }
        | Phase::Iterating(_) => false,
    };
    let mut frames = checkpoint.frames.values();
    let mut jobs = checkpoint.jobs.iter();
    !checkpoint.ready.is_empty()
        || frames.any(|frame| is_performed(&frame.phase))
        || jobs.any(|job| !matches!(job.phase, JobPhase::Running { .. }))
}

/// How an execution ended, and how long it took.
fn ended(last: &Transition) -> String {
    let status = &last.checkpoint.status;
    let at = last.history.last().map_or(Timestamp(0), |event| event.at);
    let began = last.checkpoint.origin.as_ref();
    let took = began.map_or(at, |origin| origin.started_at).until(at);
    let (error, cause) = match status {
        Status::Failed(StateError { name, cause })
        | Status::Aborted(StateError { name, cause }) => (name.as_deref(), cause.as_deref()),
        Status::NotStarted | Status::Running | Status::Succeeded { .. } | Status::TimedOut => {
            (None, None)
        }
    };
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    progress::summary(status.name(), took, &text(error), &text(cause))
}

/// `MACHINE/NAME` of `arn:…:execution:MACHINE:NAME`.
fn title(arn: &str) -> String {
    let mut parts = arn.split(':').skip(6);
    match (parts.next(), parts.next()) {
        (Some(machine), Some(name)) => format!("{machine}/{name}"),
        _ => arn.to_owned(),
    }
}
