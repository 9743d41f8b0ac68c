//! The book of what is called: how each task behaves, how often each attempt was begun, and what was
//! answered.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use segno_engine::store::{Commit, EndStatus, Loaded};
use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint},
    history::{Detail, HistoryEvent},
    key::ExecutionKey,
};

use super::world::World;

/// What an attempt is known by in all the world.
pub type Attempted = (String, AttemptId);

/// How a task behaves.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// It is called, and answers.
    Answers {
        /// How long that takes.
        after: Duration,
        /// How many calls of a state that is entered fail before one does not.
        fails: u32,
        /// Whether it may be called twice.
        is_repeatable: bool,
    },
    /// It is handed a token, and somebody answers that.
    Token(Plan),
}

/// What becomes of a token.
#[derive(Debug, Clone, Copy)]
pub enum Plan {
    /// It is answered after a time.
    Once(Duration),
    /// It is answered before the call that hands it out is over.
    AtOnce,
    /// It is answered twice at the same time, and not with the same.
    Twice(Duration),
    /// It is answered with an error.
    Refused(Duration),
    /// Its holder is heard of so often, and then answers.
    Beats(Duration, u32),
    /// It is never answered.
    Never,
}

/// An answer: who gave it, counted from 1. Nobody gives two.
pub type Answerer = u64;

/// The book.
#[derive(Default)]
pub struct Book(Mutex<State>);

#[derive(Default)]
struct State {
    /// By state: the names of states are unique in a simulation.
    behaviours: BTreeMap<String, Behaviour>,
    begun: BTreeMap<Attempted, u32>,
    calls: BTreeMap<(String, u64, String), u32>,
    given_up: BTreeSet<Attempted>,
    answers: BTreeMap<Attempted, BTreeSet<Answerer>>,
    executions: BTreeSet<ExecutionKey>,
    starts: BTreeSet<ExecutionKey>,
    stops: BTreeMap<String, EndStatus>,
    redrives: BTreeMap<String, u32>,
}

impl Book {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Says how the task of a state behaves.
    pub fn define(&self, state: &str, behaviour: Behaviour) {
        self.state().behaviours.insert(state.to_owned(), behaviour);
    }

    /// How the task of a state behaves.
    pub fn behaviour(&self, state: &str) -> Option<Behaviour> {
        self.state().behaviours.get(state).cloned()
    }

    /// An attempt is begun. Gives how many calls the state has had before, since it was entered.
    pub fn begin(
        &self,
        world: &World,
        attempted: &Attempted,
        state: &str,
        is_repeatable: bool,
    ) -> u32 {
        let mut book = self.state();
        let times = book.begun.entry(attempted.clone()).or_default();
        *times += 1;
        let (times, is_over) = (*times, book.given_up.contains(attempted));
        let (execution, id) = attempted;
        let entered = (execution.clone(), id.frame.0, state.to_owned());
        let calls = book.calls.entry(entered).or_default();
        *calls += 1;
        let before = *calls - 1;
        drop(book);
        if times > 1 && !is_repeatable {
            world.violated(format!(
                "attempt {id:?} of {execution} was begun {times} times"
            ));
        }
        if is_over {
            world.violated(format!(
                "attempt {id:?} of {execution} is begun, and was held lost"
            ));
        }
        before
    }

    /// How often an attempt was begun.
    pub fn begun(&self, attempted: &Attempted) -> u32 {
        self.state().begun.get(attempted).copied().unwrap_or(0)
    }

    /// How often any attempt of an execution was begun.
    pub fn begun_in(&self, arn: &str) -> u32 {
        let book = self.state();
        let of_it = book.begun.iter().filter(|((of, _), _)| of == arn);
        of_it.map(|(_, times)| *times).sum()
    }

    /// Calls in all.
    pub fn calls(&self) -> u64 {
        self.state()
            .begun
            .values()
            .map(|times| u64::from(*times))
            .sum()
    }

    /// An answer to a token was acknowledged.
    pub fn acknowledged(&self, world: &World, attempted: &Attempted, answerer: Answerer) {
        let mut book = self.state();
        let answers = book.answers.entry(attempted.clone()).or_default();
        answers.insert(answerer);
        let count = answers.len();
        drop(book);
        if count > 1 {
            let (execution, id) = attempted;
            world.violated(format!(
                "{count} answers to {id:?} of {execution} were taken"
            ));
        }
    }

    /// The answers that were acknowledged, of each attempt.
    pub fn answers(&self) -> BTreeMap<Attempted, BTreeSet<Answerer>> {
        self.state().answers.clone()
    }

    /// A start was acknowledged.
    pub fn started(&self, key: ExecutionKey) {
        self.state().starts.insert(key);
    }

    /// The acknowledged starts of an ARN.
    pub fn starts(&self, arn: &str) -> Vec<ExecutionKey> {
        let book = self.state();
        book.starts
            .iter()
            .filter(|key| key.arn == arn)
            .cloned()
            .collect()
    }

    /// The acknowledged starts of an Express state machine.
    pub fn starts_of_express(&self, machine: &str, name: &str) -> Vec<ExecutionKey> {
        let infix = format!(":express:{machine}:{name}:");
        let book = self.state();
        book.starts
            .iter()
            .filter(|key| key.arn.contains(&infix))
            .cloned()
            .collect()
    }

    /// Whoever stopped an execution was told how it has ended.
    pub fn stopped(&self, arn: &str, status: EndStatus, is_final: bool) {
        if is_final {
            self.state().stops.insert(arn.to_owned(), status);
        }
    }

    /// What whoever stopped an execution was told, if that cannot change.
    pub fn stop(&self, arn: &str) -> Option<EndStatus> {
        self.state().stops.get(arn).copied()
    }

    /// A redrive was acknowledged.
    pub fn redriven(&self, arn: &str) {
        *self.state().redrives.entry(arn.to_owned()).or_default() += 1;
    }

    /// The acknowledged redrives of an execution.
    pub fn redrives(&self, arn: &str) -> u32 {
        self.state().redrives.get(arn).copied().unwrap_or(0)
    }

    /// The executions that have a commit.
    pub fn executions(&self) -> BTreeSet<ExecutionKey> {
        self.state().executions.clone()
    }

    /// A commit was made: what must hold of it is looked at.
    pub fn committed(
        &self,
        world: &World,
        execution: &ExecutionKey,
        before: Option<&Loaded>,
        commit: &Commit<'_>,
    ) {
        let history = &commit.transition.history;
        let (number, events) = (commit.number, summary(history));
        let writer = commit.writer;
        world.note(&format!("{execution} #{number} by {writer}: {events}"));
        let mut book = self.state();
        book.executions.insert(execution.clone());
        let given_up = given_up(before, commit);
        book.given_up
            .extend(given_up.map(|id| (execution.arn.clone(), id)));
    }
}

/// The attempts that a commit holds lost: nobody may begin them afterwards.
fn given_up<'a>(
    before: Option<&'a Loaded>,
    commit: &'a Commit<'_>,
) -> impl Iterator<Item = AttemptId> + 'a {
    let history = &commit.transition.history;
    let is_lost = |event: &HistoryEvent| {
        error_name(event).is_some_and(|name| name.ends_with(".SdkClientException"))
    };
    // What is aborted along with others may just be beginning.
    let aborts = |event: &HistoryEvent| {
        matches!(
            event.detail,
            Detail::StateAborted { .. } | Detail::MapIterationAborted(_)
        ) || event.detail.is_end()
    };
    let looks_lost = history.iter().any(is_lost) && !history.iter().any(aborts);
    let claimed = before.filter(|_| looks_lost).into_iter();
    let claimed = claimed.flat_map(|loaded| ids(&loaded.checkpoint));
    let after = &commit.transition.checkpoint;
    claimed.filter(|id| after.attempt(*id).is_none())
}

fn ids(checkpoint: &Checkpoint) -> impl Iterator<Item = AttemptId> {
    checkpoint
        .claimed_attempts()
        .map(|(_, attempt, _)| attempt.id)
}

fn summary(history: &[HistoryEvent]) -> String {
    let names = history.iter().map(|event| {
        let error = error_name(event).map(|name| format!("({name})"));
        format!("{}{}", event.detail.type_name(), error.unwrap_or_default())
    });
    names.collect::<Vec<_>>().join(" ")
}

/// The name of the error that a history event tells of.
pub fn error_name(event: &HistoryEvent) -> Option<&str> {
    match &event.detail {
        Detail::LambdaFunctionFailed(error)
        | Detail::LambdaFunctionTimedOut(error)
        | Detail::ActivityFailed(error)
        | Detail::ActivityTimedOut(error)
        | Detail::TaskFailed { error, .. }
        | Detail::TaskTimedOut { error, .. }
        | Detail::ExecutionFailed(error)
        | Detail::ExecutionAborted(error)
        | Detail::ExecutionTimedOut(error) => error.name.as_deref(),
        _ => None,
    }
}
