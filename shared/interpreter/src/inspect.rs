//! One state, entered alone, with somebody looking on: what TestState asks for.
//!
//! The state goes through the code that it goes through in an execution, and each stage of the way
//! of data through it leaves a note. What differs is around it: no other state is entered, branches
//! and iterations do not run, and whoever looks on says what its work comes to.
//!
//! AWS: [TestState](https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html).

mod iterations;
mod notes;
mod reader;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use segno_asl::{
    data::value::Value,
    definition::{Resource, State, StateKind, StateMachine, StateName},
    errors::StateError,
};

pub(crate) use self::notes::{Notes, StandIn};
pub use self::{
    notes::{MapSettings, Stage},
    reader::is_readable,
};
pub use crate::states::map::Tolerance;
use crate::{
    checkpoint::{Attempt, Checkpoint, FrameId, Phase, Status},
    event::{Event, EventKind, Outcome, Seed, Start, Timestamp},
    frames::{Failure, Progress},
    history::Detail,
    payload::Payload,
    states,
    transition::{Draft, Owed},
};

/// What a state is entered with.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The state, at whatever depth of the machine.
    pub state: StateName,
    /// How the execution began that it seems to be in: with the state, whose input is its input.
    pub start: Start,
    /// The variables that are assigned.
    pub variables: BTreeMap<Arc<str>, Payload>,
    /// The context object, if it is not to be that of the execution.
    pub context: Option<serde_json::Map<String, serde_json::Value>>,
    /// Whether it is in the first iteration of a Map state, with its input for the item.
    pub is_iteration: bool,
    /// How often it was tried again already.
    pub retries: u32,
    /// What the item reader of a Map state finds, if it [can be read](is_readable). Without it, the
    /// items are in the input.
    pub read: Option<String>,
}

/// What became of a state that was entered.
pub enum Entered<'m> {
    /// It is over.
    Over(Box<Inspected>),
    /// It waits for something.
    Waits(Box<Waiting<'m>>),
}

/// A state that waits for something.
pub struct Waiting<'m> {
    draft: Draft<'m>,
    state: &'m State,
    frame: FrameId,
    retries: u32,
    variables: BTreeMap<Arc<str>, Payload>,
}

/// What a state waits for.
#[derive(Debug)]
pub enum Awaited<'w> {
    /// A time.
    Time(Timestamp),
    /// An attempt of its task.
    Attempt {
        /// What is called.
        resource: &'w Resource,
        /// The attempt.
        attempt: Attempt,
        /// What is sent.
        input: Payload,
    },
    /// Its branches or iterations.
    Inner,
}

/// What was seen of a state.
#[derive(Debug)]
pub struct Inspected {
    /// How it ended.
    pub ending: Ending,
    /// What each stage of the way of data came to, as far as it got.
    pub stages: BTreeMap<Stage, Payload>,
    /// The variables after it.
    pub variables: BTreeMap<Arc<str>, Payload>,
    /// Which of its retriers and catchers its error was for.
    pub handled: Handled,
    /// What a Map state was told about its iterations.
    pub map: MapSettings,
}

/// How a state ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// Well.
    Succeeded {
        /// Its output.
        output: Payload,
        /// The state that comes next.
        next: Option<StateName>,
    },
    /// With an error that a retrier has attempts left for.
    Retriable(StateError),
    /// With an error that a catcher took.
    Caught {
        /// The error.
        error: StateError,
        /// The output.
        output: Payload,
        /// The state that takes over.
        next: StateName,
    },
    /// With an error that nothing took.
    Failed(StateError),
}

/// Who an error was for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Handled {
    /// The first retrier that matches it, counted from 0.
    pub retrier: Option<usize>,
    /// How long to wait before the state is tried again; the longest, if there is jitter.
    pub backoff: Option<Duration>,
    /// The catcher that took it, counted from 0.
    pub catcher: Option<usize>,
}

/// Enters a state. `None` if the machine has none of this name.
pub fn enter<'m>(
    machine: &'m StateMachine,
    entry: Entry,
    at: Timestamp,
    seed: Seed,
) -> Option<Entered<'m>> {
    let state = machine.state(&entry.state)?;
    // Only its time and its seed count here.
    let event = Event {
        at,
        seed,
        kind: EventKind::Continued { number: 0 },
    };
    let mut draft = Draft::new(machine, Checkpoint::default(), &event);
    let (retries, variables) = (entry.retries, entry.variables.clone());
    let read = entry.read.clone();
    let frame = open(&mut draft, state, entry);
    let progress = begin(&mut draft, frame, state, read.as_deref());
    draft.settle(frame, progress);
    let waiting = Waiting {
        draft,
        state,
        frame,
        retries,
        variables,
    };
    Some(match waiting.is_over() {
        true => Entered::Over(Box::new(waiting.inspected())),
        false => Entered::Waits(Box::new(waiting)),
    })
}

/// Begins an execution in the state, as if it had been entered.
fn open(draft: &mut Draft<'_>, state: &State, entry: Entry) -> FrameId {
    draft.start(entry.start);
    // The time of the machine does not run.
    draft.checkpoint.deadline = None;
    let id = draft.checkpoint.ready.pop_front();
    let id = id.expect("an execution begins with a frame");
    let input = draft.frame(id).input;
    let stand_in = StandIn {
        context: entry.context.map(|context| {
            context
                .iter()
                .map(|(name, value)| (name.as_str(), Value::from(value)))
                .collect()
        }),
        item: entry.is_iteration.then_some(input),
        retries: entry.retries,
    };
    draft.notes = Some(Box::new(Notes::new(stand_in)));
    let variables: Vec<_> = entry
        .variables
        .into_iter()
        .map(|(name, value)| (name, draft.receive(value)))
        .collect();
    let frame = draft.frame_mut(id);
    frame.state = entry.state;
    frame.variables.extend(variables);
    frame.retries = vec![entry.retries; state.work().map_or(0, |work| work.retry.len())];
    id
}

/// Lets the state do what it does, up to its branches or iterations.
fn begin(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    read: Option<&str>,
) -> Result<Progress, Failure> {
    match &state.kind {
        StateKind::Parallel(parallel) => {
            states::parallel::input(draft, frame, state, parallel)?;
            let results = vec![None; parallel.branches.len()];
            Ok(Progress::Stays(Phase::Branching { results }))
        }
        StateKind::Map(map) => {
            let iterations = iterations::prepare(draft, frame, state, map, read)?;
            let results = vec![None; iterations];
            Ok(Progress::Stays(Phase::Branching { results }))
        }
        StateKind::Pass(_)
        | StateKind::Task(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed
        | StateKind::Fail(_) => draft.begin(frame, state),
    }
}

impl<'m> Waiting<'m> {
    /// What the state waits for.
    pub fn awaited(&self) -> Awaited<'m> {
        match (&self.draft.frame(self.frame).phase, &self.state.kind) {
            (Phase::Waiting { until }, _) => Awaited::Time(*until),
            (Phase::Due(attempt), StateKind::Task(task)) => Awaited::Attempt {
                resource: &task.resource,
                input: self.draft.payload(attempt.input),
                attempt: attempt.clone(),
            },
            _ => Awaited::Inner,
        }
    }

    /// How many branches or iterations it has; none if it is of another type.
    pub fn inner(&self) -> u64 {
        match &self.draft.frame(self.frame).phase {
            Phase::Branching { results } => u64::try_from(results.len()).unwrap_or(u64::MAX),
            _ => 0,
        }
    }

    /// The time that it waits for is there.
    pub fn wake(mut self, at: Timestamp) -> Inspected {
        self.draft.at = at;
        self.draft.wake();
        self.inspected()
    }

    /// Its work is over, or it took too long: this came of it.
    pub fn end(mut self, at: Timestamp, outcome: Outcome) -> Inspected {
        self.draft.at = at;
        let (draft, frame, state) = (&mut self.draft, self.frame, self.state);
        if matches!(state.kind, StateKind::Task(_)) {
            states::task::complete(draft, frame, outcome);
            return self.inspected();
        }
        let progress = match (state.work(), outcome) {
            (Some(work), Ok(result)) => {
                let result = draft.receive(result);
                draft.leave_work(frame, state, work, result)
            }
            (_, Err(error)) => Err(Failure::Error(error)),
            (None, Ok(_)) => unreachable!("only states with work have results"),
        };
        draft.settle(frame, progress);
        self.inspected()
    }

    /// Its branches or iterations are over, and so many iterations failed. That counts only if the
    /// state says how many may: AWS was recorded to let all of them fail otherwise.
    pub fn end_inner(self, at: Timestamp, failed: u64, outcome: Outcome) -> Inspected {
        let total = self.inner();
        let notes = self.draft.notes.as_ref();
        let outcome = match notes.map(|notes| notes.map.tolerance) {
            Some(tolerance) if tolerance.is_exceeded(failed, total) => {
                outcome.and(Err(StateError::exceeded_tolerated_failures()))
            }
            _ => outcome,
        };
        self.end(at, outcome)
    }

    /// Whether the state was left, or failed.
    fn is_over(&self) -> bool {
        let frame = self.draft.checkpoint.frames.get(&self.frame);
        frame.is_none_or(|frame| matches!(frame.phase, Phase::Ready | Phase::BackingOff { .. }))
    }

    fn inspected(mut self) -> Inspected {
        let notes = self.draft.notes.take();
        let notes = notes.expect("notes are taken from the entry to the end");
        let left = self.draft.finish(Owed::default());
        let left = left.expect("what was entered has all its payloads");
        let assigned = left.history.iter().find_map(|event| match &event.detail {
            Detail::StateExited { assigned, .. } => Some(assigned),
            _ => None,
        });
        let mut variables = self.variables;
        for (name, id) in assigned.into_iter().flatten() {
            let value = left.payloads.iter().find(|(known, _)| known == id);
            variables.extend(value.map(|(_, value)| (name.clone(), value.clone())));
        }
        let ending = ending(&left.checkpoint, self.frame, notes.error.clone());
        Inspected {
            handled: handled(self.state, notes.error.as_ref(), self.retries, &ending),
            ending,
            stages: shown(self.state, notes.stages),
            variables,
            map: notes.map,
        }
    }
}

/// What AWS shows: of a Parallel state only what comes after its branches.
fn shown(state: &State, mut stages: BTreeMap<Stage, Payload>) -> BTreeMap<Stage, Payload> {
    if matches!(state.kind, StateKind::Parallel(_)) {
        stages.retain(|stage, _| {
            !matches!(
                stage,
                Stage::InputPath | Stage::Parameters | Stage::Arguments
            )
        });
    }
    stages
}

fn ending(left: &Checkpoint, frame: FrameId, error: Option<StateError>) -> Ending {
    let payload = |id| {
        let payload = left.payloads.get(id);
        payload.expect("a checkpoint has its payloads").clone()
    };
    match (&left.status, left.frames.get(&frame), error) {
        (Status::Failed(error), ..) => Ending::Failed(error.clone()),
        (Status::Succeeded { output }, ..) => Ending::Succeeded {
            output: payload(*output),
            next: None,
        },
        (_, Some(frame), Some(error)) if frame.phase != Phase::Ready => Ending::Retriable(error),
        (_, Some(frame), Some(error)) => Ending::Caught {
            error,
            output: payload(frame.input),
            next: frame.state.clone(),
        },
        (_, Some(frame), None) => Ending::Succeeded {
            output: payload(frame.input),
            next: Some(frame.state.clone()),
        },
        (_, None, _) => unreachable!("a frame lives until the execution is closed"),
    }
}

fn handled(state: &State, error: Option<&StateError>, retries: u32, ending: &Ending) -> Handled {
    let (Some(work), Some(error)) = (state.work(), error) else {
        return Handled::default();
    };
    let name = error.name.as_deref();
    let retrier = work.retry.iter().position(|retrier| retrier.matches(name));
    let catcher = work.catch.iter().position(|catcher| catcher.matches(name));
    Handled {
        retrier,
        backoff: retrier
            .filter(|_| matches!(ending, Ending::Retriable(_)))
            .map(|index| work.retry[index].delay(retries.saturating_add(1))),
        catcher: catcher.filter(|_| matches!(ending, Ending::Caught { .. })),
    }
}

#[cfg(test)]
mod tests {
    use segno_asl::definition::parse;
    use serde_json::json;

    use super::*;
    use crate::{
        bounds::Bounds,
        key::{ExecutionKey, Nonce},
    };

    const NOW: Timestamp = Timestamp(1_000_000);

    fn entry(state: &str) -> Entry {
        let start = Start {
            execution: ExecutionKey {
                arn: "arn:aws:states:us-east-1:123456789012:express:m:e".into(),
                nonce: Nonce::default(),
            },
            state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
            version_arn: None,
            alias_arn: None,
            role_arn: String::new(),
            input: Payload::from(json!([1, 2])),
            parent: None,
            bounds: Bounds::STRICT,
            time_limit: None,
        };
        Entry {
            state: state.into(),
            start,
            variables: BTreeMap::new(),
            context: None,
            is_iteration: false,
            retries: 0,
            read: None,
        }
    }

    fn machine(state: serde_json::Value) -> StateMachine {
        let definition = json!({ "TimeoutSeconds": 1, "StartAt": "A", "States": { "A": state } });
        parse(&definition.to_string()).unwrap()
    }

    fn waiting(machine: &StateMachine) -> Waiting<'_> {
        match enter(machine, entry("A"), NOW, Seed([0; 32])) {
            Some(Entered::Waits(waiting)) => *waiting,
            _ => panic!("the state waits"),
        }
    }

    #[test]
    fn a_state_that_is_not_there_is_not_entered() {
        let machine = machine(json!({ "Type": "Succeed" }));
        assert!(enter(&machine, entry("B"), NOW, Seed([0; 32])).is_none());
    }

    #[test]
    fn the_time_of_the_machine_does_not_run() {
        let machine = machine(json!({ "Type": "Wait", "Seconds": 9, "End": true }));
        let waiting = waiting(&machine);
        let later = NOW.after(Duration::from_secs(9));
        assert!(matches!(waiting.awaited(), Awaited::Time(until) if until == later));
        assert!(matches!(
            waiting.wake(later).ending,
            Ending::Succeeded { .. }
        ));
    }

    #[test]
    fn iterations_are_counted_and_do_not_run() {
        let processor = json!({ "StartAt": "W", "States": { "W": { "Type": "Succeed" } } });
        let machine = machine(json!({ "Type": "Map", "ItemProcessor": processor, "End": true }));
        let waiting = waiting(&machine);
        assert!(matches!(waiting.awaited(), Awaited::Inner));
        assert_eq!(waiting.inner(), 2);
        let inspected = waiting.end_inner(NOW, 0, Ok(Payload::from(json!(["x"]))));
        let Ending::Succeeded { output, next } = inspected.ending else {
            panic!("{:?}", inspected.ending)
        };
        assert_eq!((output.text(), next), (r#"["x"]"#, None));
    }
}
