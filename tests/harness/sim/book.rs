//! The book of what is called: how each task behaves, how often each attempt was begun, and what was
//! answered.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use segno_asl::{definition::MachineType, errors::StateError};
use segno_engine::store::{Commit, EndStatus, Head};
use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint, Claim, Wake},
    history::{Detail, HistoryEvent},
    key::ExecutionKey,
};

use super::{
    program,
    world::{ProcessId, World},
};

/// What an attempt is known by in all the world.
pub type Attempted = (String, AttemptId);

/// How a task behaves.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// It is called, and answers.
    Answers {
        /// How long that takes.
        after: Duration,
        /// How many attempts of a state that is entered fail before one does not.
        fails: usize,
        /// Whether it may be called twice.
        is_repeatable: bool,
    },
    /// It is handed a token, and somebody answers that.
    Token(Plan),
    /// It starts a job.
    Job {
        /// How long that runs.
        runs: Duration,
        /// Whether its start is recognised by the token of the attempt.
        is_recognised: bool,
    },
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
    /// The attempts of each state that is entered whose calls were begun.
    calls: BTreeMap<(String, u64, String), BTreeSet<AttemptId>>,
    given_up: BTreeSet<Attempted>,
    answers: BTreeMap<Attempted, BTreeSet<Answerer>>,
    executions: BTreeMap<ExecutionKey, Known>,
    /// Executions that their parents wait for.
    children: BTreeSet<ExecutionKey>,
    /// Express executions whose start was sent.
    express: BTreeSet<ExecutionKey>,
    /// Claims that a process has found renewed when it looked last.
    renewed: BTreeSet<(ProcessId, String)>,
    /// Calls that are being made.
    open_calls: BTreeSet<Attempted>,
    starts: BTreeSet<ExecutionKey>,
    stops: BTreeMap<String, EndStatus>,
    /// The statuses of each execution that somebody was told of.
    heard: BTreeMap<String, BTreeSet<String>>,
    redrives: BTreeMap<String, u32>,
}

/// What is known of an execution by its newest commit.
#[derive(Default)]
struct Known {
    number: u64,
    claimed: Vec<Claimed>,
    wake: Option<Wake>,
    is_closed: bool,
    /// It was stopped before it began.
    is_entombed: bool,
}

/// An attempt that somebody has promised to perform.
struct Claimed {
    attempt: AttemptId,
    claim: Claim,
}

impl Known {
    fn by(number: u64, checkpoint: &Checkpoint) -> Self {
        let is_closed = checkpoint.status.is_closed();
        let claimed = checkpoint.claimed_attempts();
        Self {
            number,
            claimed: claimed
                .map(|(_, attempt, claim)| Claimed {
                    attempt: attempt.id,
                    claim: claim.clone(),
                })
                .collect(),
            wake: checkpoint.wake,
            is_closed,
            is_entombed: is_closed && checkpoint.origin.is_none(),
        }
    }
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

    /// An attempt is begun. Gives how many attempts of that state had calls before.
    pub fn begin(
        &self,
        world: &World,
        attempted: &Attempted,
        state: &str,
        is_repeatable: bool,
    ) -> usize {
        let mut book = self.state();
        let times = book.begun.entry(attempted.clone()).or_default();
        *times += 1;
        let (times, is_over) = (*times, book.given_up.contains(attempted));
        let (execution, id) = attempted;
        let entered = (execution.clone(), id.frame.0, state.to_owned());
        let calls = book.calls.entry(entered).or_default();
        calls.insert(*id);
        let before = calls.range(..*id).count();
        drop(book);
        world.count_more("calls made again", u64::from(times > 1));
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

    /// The call of an attempt is being made, or over.
    pub fn calling(&self, attempted: &Attempted, is_over: bool) {
        let calls = &mut self.state().open_calls;
        match is_over {
            true => drop(calls.remove(attempted)),
            false => drop(calls.insert(attempted.clone())),
        }
    }

    /// How many attempts of an execution were begun.
    pub fn begun_in(&self, arn: &str) -> usize {
        let book = self.state();
        book.begun.keys().filter(|(of, _)| of == arn).count()
    }

    /// How many attempts were begun.
    pub fn calls(&self) -> usize {
        self.state().begun.len()
    }

    /// An answer to a token was acknowledged.
    pub fn acknowledged(&self, world: &World, attempted: &Attempted, answerer: Answerer) {
        let mut book = self.state();
        let answers = book.answers.entry(attempted.clone()).or_default();
        answers.insert(answerer);
        let count = answers.len();
        let is_early = book.open_calls.contains(attempted);
        drop(book);
        world.count("answers");
        world.count_more("answers before the call was over", u64::from(is_early));
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

    /// A message was sent that starts an execution.
    pub fn asked_to_start(&self, world: &World, head: &Head) {
        if head.machine.machine_type == MachineType::Express
            && self.state().express.insert(head.key.clone())
        {
            let is_child = head.machine.name.starts_with(program::EXPRESS_CHILD);
            world.count("Express executions");
            world.count_more("Express children", u64::from(is_child));
        }
    }

    /// The Express executions whose start was sent.
    pub fn express(&self) -> BTreeSet<ExecutionKey> {
        self.state().express.clone()
    }

    /// A head row is put down.
    pub fn began(&self, world: &World, head: &Head) {
        let mut book = self.state();
        let known = book.executions.get(&head.key);
        let is_late = known.is_some_and(|known| known.is_entombed);
        let is_grandchild = head
            .parent
            .as_ref()
            .is_some_and(|parent| book.children.contains(&parent.execution));
        let is_child = head.parent.is_some() && book.children.insert(head.key.clone());
        drop(book);
        world.count_more("starts of what was stopped before", u64::from(is_late));
        world.count_more("children that are waited for", u64::from(is_child));
        world.count_more("children of children", u64::from(is_child && is_grandchild));
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

    /// Somebody was told of a status change.
    pub fn heard(&self, arn: &str, status: &str) {
        let mut book = self.state();
        let heard = book.heard.entry(arn.to_owned()).or_default();
        heard.insert(status.to_owned());
    }

    /// The statuses of an execution that somebody was told of.
    pub fn heard_of(&self, arn: &str) -> BTreeSet<String> {
        self.state().heard.get(arn).cloned().unwrap_or_default()
    }

    /// The executions that have a commit.
    pub fn executions(&self) -> Vec<ExecutionKey> {
        self.state().executions.keys().cloned().collect()
    }

    /// The executions that are open by their newest commit.
    pub fn open(&self) -> Vec<ExecutionKey> {
        let book = self.state();
        let open = book.executions.iter().filter(|(_, known)| !known.is_closed);
        open.map(|(key, _)| key.clone()).collect()
    }

    /// The wake-up that the newest commit of an execution has armed.
    pub fn wake(&self, execution: &ExecutionKey) -> Option<Wake> {
        self.state().executions.get(execution)?.wake
    }

    /// A process has looked whether the claims of a holder were renewed.
    pub fn looked_at_claims(&self, process: ProcessId, holder: &str, is_renewed: bool) {
        let renewed = &mut self.state().renewed;
        let claims = (process, holder.to_owned());
        match is_renewed {
            true => drop(renewed.insert(claims)),
            false => drop(renewed.remove(&claims)),
        }
    }

    /// A process has made a commit, which was to say this of the execution: what must hold of it is
    /// looked at.
    pub fn committed(
        &self,
        world: &World,
        process: ProcessId,
        execution: &ExecutionKey,
        commit: &Commit<'_>,
        checkpoint: &Checkpoint,
    ) {
        let history = &commit.transition.history;
        let (number, writer) = (commit.number, commit.writer);
        world.note(|| format!("{execution} #{number} by {writer}: {}", summary(history)));
        let mut book = self.state();
        let known = book.executions.entry(execution.clone()).or_default();
        if known.number >= number {
            return world.count("commits that were recognised");
        }
        let before = std::mem::replace(known, Known::by(number, checkpoint));
        let is_tombstone = known.is_entombed && number == 1;
        let given_up: Vec<&Claimed> = given_up(&before.claimed, commit).collect();
        let lost = history.iter().filter(|event| is_lost(event)).count();
        let mut too_early: Vec<AttemptId> = Vec::new();
        for Claimed { attempt, claim } in &given_up {
            book.given_up.insert((execution.arn.clone(), *attempt));
            let is_renewed = book.renewed.contains(&(process, claim.holder.clone()));
            let lives = world.faults.claim_lifetime.is_some()
                && (is_renewed || claim.until > world.now(process));
            // If others have ended along with them, it is not known which are lost.
            too_early.extend((lives && given_up.len() == lost).then_some(*attempt));
        }
        drop(book);
        world.count_more("attempts held lost", lost as u64);
        for attempt in too_early {
            world.violated(format!(
                "attempt {attempt:?} of {execution} was held lost, and its claim had not run out"
            ));
        }
        world.count("commits");
        world.note_traffic(execution, |traffic| traffic.commits += 1);
        world.count_more("stops of what had not begun", u64::from(is_tombstone));
        for event in history {
            world.count(format!("history: {}", event.detail.type_name()));
        }
    }
}

/// The attempts that a commit holds lost: nobody may begin them afterwards.
fn given_up<'a>(
    claimed: &'a [Claimed],
    commit: &'a Commit<'_>,
) -> impl Iterator<Item = &'a Claimed> {
    let history = &commit.transition.history;
    // What is aborted along with others may just be beginning.
    let aborts = |event: &HistoryEvent| {
        matches!(
            event.detail,
            Detail::StateAborted { .. } | Detail::MapIterationAborted(_)
        ) || event.detail.is_end()
    };
    let looks_lost = history.iter().any(is_lost) && !history.iter().any(aborts);
    let after = &commit.transition.checkpoint;
    let claimed = claimed.iter().filter(move |_| looks_lost);
    claimed.filter(|claimed| after.attempt(claimed.attempt).is_none())
}

/// Whether an event tells of an attempt whose worker is gone.
fn is_lost(event: &HistoryEvent) -> bool {
    const GONE: &str = "The worker that made this call is gone";
    let cause = error(event).and_then(|error| error.cause.as_deref());
    cause.is_some_and(|cause| cause.starts_with(GONE))
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
    error(event)?.name.as_deref()
}

/// The error that a history event tells of.
fn error(event: &HistoryEvent) -> Option<&StateError> {
    match &event.detail {
        Detail::LambdaFunctionFailed(error)
        | Detail::LambdaFunctionTimedOut(error)
        | Detail::ActivityFailed(error)
        | Detail::ActivityTimedOut(error)
        | Detail::TaskFailed { error, .. }
        | Detail::TaskTimedOut { error, .. }
        | Detail::ExecutionFailed(error)
        | Detail::ExecutionAborted(error)
        | Detail::ExecutionTimedOut(error) => Some(error),
        _ => None,
    }
}
