//! A world for the interpreter: a log, a queue that delivers at least once, functions, and a clock
//! that jumps. It can die before each of its effects, and comes back with what was durable.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use segno_asl::{
    definition::{Resource, StateKind, StateMachine},
    errors::StateError,
};
use segno_interpreter::{
    advance,
    bounds::Bounds,
    checkpoint::{AttemptId, Checkpoint, Claim, Status, Wake},
    command::Command,
    event::{Event, EventKind, Outcome, Polled, Seed, Start, Timestamp},
    history::HistoryEvent,
    key::{ExecutionKey, Nonce},
    payload::{Payload, Payloads},
    token::Secret,
    transition::Transition,
};
use serde_json::Value;

use crate::case::Case;

/// When every execution of this world begins: 2024-01-01.
const BEGIN: Timestamp = Timestamp(1_704_067_200_000);

/// More messages than any case needs: what takes more does not end.
const MESSAGES_MAX: usize = 100_000;

/// How an execution ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// As DescribeExecution names it.
    pub status: String,
    /// The output of one that succeeded.
    pub output: Option<Value>,
    /// The error of one that did not.
    pub error: StateError,
    /// How much time passed.
    pub milliseconds: i64,
    /// All history events.
    pub events: Vec<HistoryEvent>,
    /// All payloads.
    pub payloads: Payloads,
    /// How often each function was called.
    pub calls: BTreeMap<String, usize>,
    /// Which jobs were cancelled: by what they were started, and the number of the attempt.
    pub cancelled: Vec<String>,
    /// How many effects there were: commits, calls, wake-ups, continuations.
    pub effects: usize,
}

impl Ended {
    /// For each history event `<previous event id> <type>`.
    pub fn history(&self) -> Vec<String> {
        let line = |event: &HistoryEvent| {
            format!("{} {}", event.previous_event_id, event.detail.type_name())
        };
        self.events.iter().map(line).collect()
    }
}

/// What is asked of functions.
pub trait Functions {
    /// What a function answers to a call, counted from 0, and how many seconds that takes.
    fn answer(&self, function: &str, call: usize) -> (Result<Payload, StateError>, i64);

    /// What a poll finds out about a job, counted from 0.
    fn poll(&self, job: &str, _poll: usize) -> Polled {
        let cause = format!("nobody knows a job of `{job}`");
        Polled::Ended(Err(StateError::new("NoJob", cause)))
    }
}

impl Functions for Case {
    fn answer(&self, function: &str, call: usize) -> (Result<Payload, StateError>, i64) {
        Case::answer(self, function, call)
    }

    fn poll(&self, job: &str, poll: usize) -> Polled {
        Case::poll(self, job, poll)
    }
}

/// Something in the queue. It stays there until it is handled to the end.
#[derive(Debug, Clone)]
struct Message {
    due: Timestamp,
    event: EventKind,
    was_received: bool,
}

/// The worker died.
struct Died;

/// A world with one execution.
pub struct World<'a> {
    machine: &'a StateMachine,
    functions: &'a dyn Functions,
    now: Timestamp,
    // What is durable.
    log: Log,
    queue: VecDeque<Message>,
    // What is counted.
    calls: BTreeMap<String, usize>,
    /// Which jobs were cancelled: by what they were started, and the number of the attempt.
    cancelled: BTreeSet<String>,
    effects: usize,
    crash_before: Option<usize>,
    /// Every event is delivered a second time.
    duplicates: bool,
}

/// What the commits add up to. Checkpoints are bytes, as in every store.
#[derive(Default)]
struct Log {
    checkpoint: Option<Vec<u8>>,
    events: Vec<HistoryEvent>,
    payloads: Payloads,
}

impl<'a> World<'a> {
    /// A world in which nothing has happened yet.
    pub fn new(machine: &'a StateMachine, functions: &'a dyn Functions) -> Self {
        Self {
            machine,
            functions,
            now: BEGIN,
            log: Log::default(),
            queue: VecDeque::new(),
            calls: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            effects: 0,
            crash_before: None,
            duplicates: false,
        }
    }

    /// Its worker dies before this effect, counted from 1.
    pub fn dying_before(self, effect: usize) -> Self {
        Self {
            crash_before: Some(effect),
            ..self
        }
    }

    /// Its queue delivers everything twice.
    pub fn delivering_twice(self) -> Self {
        Self {
            duplicates: true,
            ..self
        }
    }

    /// Runs the execution to its end.
    ///
    /// # Errors
    ///
    /// It does not end, or the interpreter breaks a promise.
    pub fn run(mut self, input: &Value, stop_after_seconds: Option<i64>) -> Result<Ended, String> {
        let start = Start {
            execution: ExecutionKey {
                arn: "arn:aws:states:us-east-1:123456789012:execution:case:one".into(),
                nonce: Nonce::default(),
            },
            version_arn: None,
            alias_arn: None,
            parent: None,
            time_limit: None,
            bounds: Bounds::STRICT,
            state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:case".into(),
            role_arn: "arn:aws:iam::123456789012:role/case".into(),
            input: Payload::from(input.clone()),
        };
        self.put(BEGIN, EventKind::ExecutionStarted(Box::new(start)));
        if let Some(seconds) = stop_after_seconds {
            let error = StateError::new("Stopped", "by the case");
            self.put(
                Timestamp(BEGIN.0 + seconds * 1_000),
                EventKind::Stopped { error },
            );
        }
        for _ in 0..MESSAGES_MAX {
            let Some(index) = self.next_message() else {
                break;
            };
            let message = self.queue[index].clone();
            self.now = self.now.max(message.due);
            match self.handle(&message)? {
                Ok(()) => drop(self.queue.remove(index)),
                Err(Died) => self.queue[index].was_received = true,
            }
        }
        self.ended()
    }

    /// The message that is due first. Of several: the one whose worker died, then by what they say,
    /// so that the order in which they were put does not matter.
    fn next_message(&self) -> Option<usize> {
        let rank = |message: &Message| match &message.event {
            EventKind::ExecutionStarted(_) => (0, None),
            EventKind::Continued { .. } => (1, None),
            EventKind::AttemptsClaimed { attempts, .. } => (2, attempts.first().copied()),
            EventKind::ActivityTaken { attempt, .. }
            | EventKind::AttemptEnded { attempt, .. }
            | EventKind::Answered { attempt, .. }
            | EventKind::JobPolled { attempt, .. }
            | EventKind::JobCancelled { attempt }
            | EventKind::Beat { attempt, .. } => (3, Some(*attempt)),
            EventKind::Stopped { .. } | EventKind::Redriven { .. } => (4, None),
            EventKind::Woken { .. } => (5, None),
        };
        let messages = self.queue.iter().enumerate();
        let key = |message: &Message| (message.due, !message.was_received, rank(message));
        messages
            .min_by_key(|(_, message)| key(message))
            .map(|(index, _)| index)
    }

    fn put(&mut self, due: Timestamp, event: EventKind) {
        let message = Message {
            due,
            event,
            was_received: false,
        };
        if self.duplicates {
            self.queue.push_back(message.clone());
        }
        self.queue.push_back(message);
    }

    fn handle(&mut self, message: &Message) -> Result<Result<(), Died>, String> {
        let transition = self.advance(message.event.clone())?;
        let commands = if !transition.is_empty() {
            if let Err(died) = self.commit(&transition) {
                return Ok(Err(died));
            }
            transition.commands
        } else if message.was_received {
            // Whether its commands were carried out is not known: they are owed again.
            transition.checkpoint.commands()
        } else {
            Vec::new()
        };
        for command in commands {
            if let Err(died) = self.carry_out(command)? {
                return Ok(Err(died));
            }
        }
        Ok(Ok(()))
    }

    fn advance(&self, kind: EventKind) -> Result<Transition, String> {
        let before = self.log.load()?;
        let owed_before = before.commands();
        // The same seed every time: a repeated event must give the same transition.
        let event = Event {
            at: self.now,
            seed: Seed([7; 32]),
            kind,
        };
        let transition = advance(self.machine, before, event).map_err(|error| error.to_string())?;
        check(&transition, &owed_before)?;
        Ok(transition)
    }

    fn commit(&mut self, transition: &Transition) -> Result<(), Died> {
        self.effect()?;
        self.log.append(transition);
        Ok(())
    }

    fn carry_out(&mut self, command: Command) -> Result<Result<(), Died>, String> {
        if let Err(died) = self.effect() {
            return Ok(Err(died));
        }
        match command {
            Command::Perform(attempt) => self.perform(attempt)?,
            Command::Offer(attempt) => self.take(attempt)?,
            Command::Wake(Wake { number, due }) => self.put(due, EventKind::Woken { number }),
            Command::Poll { attempt, number } => self.poll(attempt, number)?,
            Command::CancelJob(attempt) => self.cancel(attempt)?,
            Command::Continue(number) => self.put(self.now, EventKind::Continued { number }),
            // No other execution lives in this world.
            Command::AbortChild(_) | Command::PublishStatus => {}
        }
        Ok(Ok(()))
    }

    /// Claims an attempt and performs it. The claim and the call are one effect here: what happens
    /// to an attempt whose worker dies between them is not the interpreter's business.
    fn perform(&mut self, attempt: AttemptId) -> Result<(), String> {
        let ended = |outcome| EventKind::AttemptEnded { attempt, outcome };
        let claimed = EventKind::AttemptsClaimed {
            attempts: vec![attempt],
            claim: Claim {
                holder: "worker".into(),
                until: Timestamp(self.now.0 + 60_000),
            },
        };
        self.begin(attempt, claimed, ended)
    }

    /// The worker of an activity takes an attempt, and answers its token.
    fn take(&mut self, attempt: AttemptId) -> Result<(), String> {
        let taken = EventKind::ActivityTaken {
            attempt,
            worker_name: None,
            secret: Secret([3; 16]),
        };
        self.begin(attempt, taken, |outcome| EventKind::Answered {
            attempt,
            outcome,
        })
    }

    fn begin(
        &mut self,
        attempt: AttemptId,
        begun: EventKind,
        ended: impl Fn(Outcome) -> EventKind,
    ) -> Result<(), String> {
        let claim = self.advance(begun)?;
        if claim.is_empty() {
            return Ok(());
        }
        self.log.append(&claim);
        for command in &claim.commands {
            match command {
                Command::Wake(Wake { number, due }) => {
                    self.put(*due, EventKind::Woken { number: *number });
                }
                Command::PublishStatus => {}
                Command::Perform(_)
                | Command::Continue(_)
                | Command::Offer(_)
                | Command::AbortChild(_)
                | Command::Poll { .. }
                | Command::CancelJob(_) => {
                    return Err("a claim moves more than its attempt".into());
                }
            }
        }
        // A full history ends the execution, also at a claim.
        let Some((state, _)) = claim.checkpoint.attempt(attempt) else {
            return Ok(());
        };
        let function = self.function_of(state)?;
        let calls = self.calls.entry(function.clone()).or_default();
        let (outcome, seconds) = self.functions.answer(&function, *calls);
        *calls += 1;
        let due = Timestamp(self.now.0 + seconds * 1_000);
        self.put(due, ended(outcome));
        Ok(())
    }

    /// Asks what has become of a job. That it is asked twice is nothing that anybody sees.
    fn poll(&mut self, attempt: AttemptId, number: u32) -> Result<(), String> {
        let name = self.job_of(attempt)?;
        let polled = self.functions.poll(&name, number as usize);
        let event = EventKind::JobPolled {
            attempt,
            number,
            polled,
        };
        self.put(self.now, event);
        Ok(())
    }

    fn cancel(&mut self, attempt: AttemptId) -> Result<(), String> {
        let name = self.job_of(attempt)?;
        self.cancelled.insert(format!("{name} {}", attempt.number));
        self.put(self.now, EventKind::JobCancelled { attempt });
        Ok(())
    }

    /// What a job was started by.
    fn job_of(&self, attempt: AttemptId) -> Result<String, String> {
        let checkpoint = self.log.load()?;
        let job = checkpoint.job(attempt).ok_or("a command about no job")?;
        if checkpoint.payloads.get(job.input).is_none()
            || checkpoint.payloads.get(job.response).is_none()
        {
            return Err("nothing is known about a job".into());
        }
        self.function_of(&job.state)
    }

    fn function_of(&self, state: &str) -> Result<String, String> {
        let state = self
            .machine
            .state(state)
            .ok_or("an attempt of an unknown state")?;
        let StateKind::Task(task) = &state.kind else {
            return Err("an attempt of no task".into());
        };
        Ok(match &task.resource {
            Resource::LambdaFunction { arn } => arn.rsplit(':').next().unwrap_or(arn).to_owned(),
            other => other.to_string(),
        })
    }

    fn effect(&mut self) -> Result<(), Died> {
        self.effects += 1;
        if self.crash_before == Some(self.effects) {
            return Err(Died);
        }
        Ok(())
    }

    fn ended(self) -> Result<Ended, String> {
        let checkpoint = self.log.load()?;
        if !checkpoint.jobs.is_empty() {
            return Err(format!("jobs are left: {:?}", checkpoint.jobs));
        }
        let (output, error) = match &checkpoint.status {
            Status::NotStarted | Status::Running => {
                let phases: Vec<_> = checkpoint
                    .frames
                    .values()
                    .map(|f| (&f.state, &f.phase))
                    .collect();
                return Err(format!("the execution does not end: {phases:?}"));
            }
            Status::Succeeded { output } => (Some(*output), None),
            Status::Failed(error) | Status::Aborted(error) => (None, Some(error.clone())),
            Status::TimedOut => (None, None),
        };
        let output = output.map(|id| checkpoint.payloads.get(id).unwrap().value().into());
        let last = self.log.events.last().map_or(BEGIN, |event| event.at);
        Ok(Ended {
            status: checkpoint.status.name().to_owned(),
            output,
            error: error.unwrap_or(StateError {
                name: None,
                cause: None,
            }),
            milliseconds: last.0 - BEGIN.0,
            events: self.log.events,
            payloads: self.log.payloads,
            calls: self.calls,
            cancelled: self.cancelled.into_iter().collect(),
            effects: self.effects,
        })
    }
}

impl Log {
    fn load(&self) -> Result<Checkpoint, String> {
        let Some(bytes) = &self.checkpoint else {
            return Ok(Checkpoint::default());
        };
        let mut checkpoint = Checkpoint::decode(bytes).map_err(|error| error.to_string())?;
        let stored = |id| Some((id, self.payloads.get(id)?.clone()));
        checkpoint.payloads = checkpoint
            .payload_ids()
            .into_iter()
            .filter_map(stored)
            .collect();
        Ok(checkpoint)
    }

    fn append(&mut self, transition: &Transition) {
        self.checkpoint = Some(transition.checkpoint.encode());
        self.events.extend_from_slice(&transition.history);
        self.payloads.extend(transition.payloads.iter().cloned());
    }
}

/// What must hold of every transition.
fn check(transition: &Transition, owed_before: &[Command]) -> Result<(), String> {
    let checkpoint = &transition.checkpoint;
    let reloaded = Checkpoint::decode(&checkpoint.encode()).map_err(|error| error.to_string())?;
    let mut whole = reloaded;
    whole.payloads = checkpoint.payloads.clone();
    if whole != *checkpoint {
        return Err("a checkpoint does not read back as it was written".into());
    }
    let owed = checkpoint.commands();
    if let Some(command) = transition
        .commands
        .iter()
        .find(|command| !owed.contains(command))
    {
        return Err(format!("{command:?} cannot be derived from the checkpoint"));
    }
    let is_new = |command: &&Command| !owed_before.contains(command);
    if let Some(command) = owed
        .iter()
        .filter(is_new)
        .find(|c| !transition.commands.contains(c))
    {
        return Err(format!("{command:?} is owed, and nobody was told"));
    }
    if checkpoint.status.is_closed()
        && !(checkpoint.frames.is_empty() && checkpoint.ready.is_empty())
    {
        return Err("a closed execution has frames".into());
    }
    Ok(())
}
