//! All that is kept of an execution between two steps.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use segno_asl::{definition::StateName, errors::StateError};
use serde::{Deserialize, Serialize};

use crate::{
    bounds::Bounds,
    command::Command,
    event::Timestamp,
    job::Job,
    key::{ExecutionKey, Nonce},
    payload::{PayloadId, Payloads},
    token::SecretHash,
};

/// The version of the persisted form that this release writes.
pub const VERSION: u32 = 4;

/// All that is kept of an execution between two steps: a tree of frames, and what they refer to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Version of the persisted form.
    version: u32,
    /// Where the execution stands.
    pub status: Status,
    /// What it was started with; `None` before that. It stays as it is, and a checkpoint is handed on
    /// by value: so it is in a box.
    pub origin: Option<Box<Origin>>,
    /// How many history events there are, which is the id of the last one.
    pub recorded: u64,
    /// When the whole execution times out.
    pub deadline: Option<Timestamp>,
    /// Everything that runs at the moment.
    pub frames: BTreeMap<FrameId, Frame>,
    /// Frames whose next state can be entered at once, in turn.
    pub ready: VecDeque<FrameId>,
    /// When the execution wants to be woken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake: Option<Wake>,
    /// The children that attempts have started, until their ends are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Child>,
    /// The jobs that attempts have started, until they are over or cancelled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<Job>,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// What was running when the execution failed: where a redrive goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) interrupted: Option<Box<Interrupted>>,
    /// What ids are counted from.
    pub(crate) counters: Counters,
    /// The payloads that the frames refer to. They are stored beside the checkpoint, once each: a
    /// store fills them in ([`Checkpoint::payload_ids`] says which).
    #[serde(skip)]
    pub payloads: Payloads,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counters {
    pub(crate) frames: u64,
    pub(crate) attempts: u64,
    pub(crate) payloads: u64,
    pub(crate) continuations: u64,
    #[serde(default)]
    pub(crate) wakes: u64,
    #[serde(default)]
    pub(crate) redrives: u32,
}

/// The one wake-up of an execution: for everything that it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wake {
    /// Which one. Only that number may fire timers: what an earlier one left behind dies with it.
    pub number: u64,
    /// The earliest time at which something is due.
    pub due: Timestamp,
}

/// An execution that an attempt has started and waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Child {
    /// The attempt.
    pub attempt: AttemptId,
    /// The child.
    pub execution: ExecutionKey,
    /// Whether nobody waits for it any more: it is to be stopped.
    pub is_abandoned: bool,
}

/// The attempt of another execution that waits for the end of this one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parent {
    /// The execution that waits.
    pub execution: ExecutionKey,
    /// Its attempt.
    pub attempt: AttemptId,
}

/// The frames of an execution as they were when it failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Interrupted {
    pub(crate) frames: BTreeMap<FrameId, Frame>,
    pub(crate) ready: VecDeque<FrameId>,
}

/// Where an execution stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Status {
    /// It has not begun.
    NotStarted,
    /// It goes on.
    Running,
    /// It ended well.
    Succeeded {
        /// Its output.
        output: PayloadId,
    },
    /// It ended with an error that nothing caught.
    Failed(StateError),
    /// Its own time was up.
    TimedOut,
    /// It was stopped.
    Aborted(StateError),
}

impl Status {
    /// Whether nothing can happen to the execution any more.
    pub fn is_closed(&self) -> bool {
        match self {
            Self::NotStarted | Self::Running => false,
            Self::Succeeded { .. } | Self::Failed(_) | Self::TimedOut | Self::Aborted(_) => true,
        }
    }

    /// As DescribeExecution names it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotStarted | Self::Running => "RUNNING",
            Self::Succeeded { .. } => "SUCCEEDED",
            Self::Failed(_) => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted(_) => "ABORTED",
        }
    }
}

/// What an execution was started with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// ARN of the execution.
    pub execution_arn: String,
    /// Which start of that name.
    #[serde(default)]
    pub nonce: Nonce,
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// ARN of the role that the state machine runs under.
    pub role_arn: String,
    /// Its input.
    pub input: PayloadId,
    /// When.
    pub started_at: Timestamp,
    /// The attempt that waits for its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// How large it may become.
    #[serde(default, skip_serializing_if = "Bounds::is_strict")]
    pub bounds: Bounds,
    /// When it was last redriven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redriven_at: Option<Timestamp>,
}

impl Origin {
    /// What names the execution.
    pub fn key(&self) -> ExecutionKey {
        ExecutionKey {
            arn: self.execution_arn.clone(),
            nonce: self.nonce,
        }
    }
}

/// Names a frame. Counted, not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FrameId(pub u64);

/// One thread of an execution: the execution itself, a branch or an iteration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// What it is to its parent.
    pub role: Role,
    /// The state it is in.
    pub state: StateName,
    /// The phase of that state.
    pub phase: Phase,
    /// The state's input, before `InputPath`.
    pub input: PayloadId,
    /// When the state was entered.
    pub entered: Entered,
    /// The history event that the next one follows from.
    pub previous: u64,
    /// How often each retrier of the state was used.
    pub retries: Vec<u32>,
    /// The variables of its scope.
    pub variables: BTreeMap<Arc<str>, PayloadId>,
}

/// What a frame is to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// The execution itself.
    Root,
    /// A branch of a Parallel state.
    Branch {
        /// The frame that is in the Parallel state.
        of: FrameId,
        /// Which branch, from 0.
        index: usize,
    },
    /// An iteration of a Map state.
    Iteration {
        /// The frame that is in the Map state.
        of: FrameId,
        /// Which item, from 0.
        index: usize,
        /// The item, before `ItemSelector`.
        item: PayloadId,
    },
}

impl Role {
    /// The frame around it.
    pub fn parent(self) -> Option<FrameId> {
        match self {
            Self::Root => None,
            Self::Branch { of, .. } | Self::Iteration { of, .. } => Some(of),
        }
    }
}

/// When a state was entered, by the clock and by the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entered {
    /// By the clock.
    pub at: Timestamp,
    /// Id of the state's entered event.
    pub event_id: u64,
    /// What that event followed from.
    pub previous_event_id: u64,
}

/// The phase of the state that a frame is in: each has what only that phase can use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Phase {
    /// The state is to be entered.
    Ready,
    /// A Wait state waits.
    Waiting {
        /// Until then.
        until: Timestamp,
    },
    /// A Task state has an attempt that nobody performs yet.
    Due(Attempt),
    /// A Task state has an attempt that a worker performs.
    Claimed {
        /// The attempt.
        attempt: Attempt,
        /// When it times out.
        deadline: Option<Timestamp>,
        /// When it has not been heard of for too long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heartbeat: Option<Timestamp>,
        /// Who performs it.
        #[serde(default)]
        claim: Claim,
    },
    /// A Task state has made its call, and waits for the answer to a token, the end of a child or of a
    /// job; or a worker of an activity is at it.
    Submitted {
        /// The attempt.
        attempt: Attempt,
        /// When it times out.
        deadline: Option<Timestamp>,
        /// When it has not been heard of for too long.
        heartbeat: Option<Timestamp>,
    },
    /// The state failed and is tried again.
    BackingOff {
        /// Then.
        until: Timestamp,
    },
    /// A Parallel state waits for its branches.
    Branching {
        /// What has come of each branch so far.
        results: Vec<Option<PayloadId>>,
    },
    /// A Map state waits for its iterations.
    Iterating(Iterating),
}

/// One attempt of a Task state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// What is sent: the effective input, after `Parameters`.
    pub input: PayloadId,
    /// Seconds that it may take, if the definition says so.
    pub timeout_seconds: Option<u64>,
    /// Seconds that it may be silent, if the definition says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_seconds: Option<u64>,
    /// ARN of the activity whose workers it is offered to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<String>,
    /// When it times out without having been taken: only that of an activity does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// What recognises its token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<SecretHash>,
    /// The execution that it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<ExecutionKey>,
    /// ARN of the role that `Credentials` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_role_arn: Option<String>,
}

impl Attempt {
    /// Whether the worker of an activity takes it, instead of being called.
    pub fn is_offered(&self) -> bool {
        self.activity.is_some()
    }
}

/// A promise to perform an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Names the worker that gave it: anew in each process, and whenever one has let go.
    pub holder: String,
    /// How long it holds if it is not renewed.
    pub until: Timestamp,
}

impl Default for Claim {
    /// The claim of nobody, long run out.
    fn default() -> Self {
        Self {
            holder: String::new(),
            until: Timestamp(0),
        }
    }
}

/// Names an attempt: of which frame, and which one. Counted, not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId {
    /// The frame that is in the Task state.
    pub frame: FrameId,
    /// Number of the attempt within the execution.
    pub number: u64,
}

/// The progress of a Map state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Iterating {
    /// The array it maps over.
    pub items: PayloadId,
    /// How many iterations have been started.
    pub started: usize,
    /// What has come of each of them so far.
    pub results: Vec<Option<PayloadId>>,
    /// How many have ended.
    pub ended: usize,
}

/// Why a persisted checkpoint cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not what was written.
    #[error("the checkpoint is damaged")]
    Damaged(#[from] serde_json::Error),
    /// A newer release wrote it.
    #[error("the checkpoint has version {found}, and this release reads up to {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
}

impl Default for Checkpoint {
    fn default() -> Self {
        Self {
            version: VERSION,
            status: Status::NotStarted,
            origin: None,
            recorded: 0,
            deadline: None,
            frames: BTreeMap::new(),
            ready: VecDeque::new(),
            wake: None,
            children: Vec::new(),
            jobs: Vec::new(),
            closed_at: None,
            interrupted: None,
            counters: Counters::default(),
            payloads: Payloads::default(),
        }
    }
}

impl Checkpoint {
    /// How large the execution may become.
    pub(crate) fn bounds(&self) -> Bounds {
        self.origin.as_ref().map_or(Bounds::STRICT, |o| o.bounds)
    }

    /// The persisted form, without the payloads.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a checkpoint has string keys only")
    }

    /// Reads the persisted form. The payloads are to be filled in.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if it is damaged, or newer than this release.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        match serde_json::from_slice::<Versioned>(bytes)?.version {
            // What older versions did not have reads as its default.
            1..=VERSION => {
                let read: Self = serde_json::from_slice(bytes)?;
                Ok(Self {
                    version: VERSION,
                    ..read
                })
            }
            found => Err(Unreadable::Version { found }),
        }
    }

    /// The payloads that it refers to.
    pub fn payload_ids(&self) -> BTreeSet<PayloadId> {
        let mut ids = BTreeSet::new();
        self.for_each_payload(|id| {
            ids.insert(id);
        });
        ids
    }

    /// The same, without a set: a payload may come several times.
    pub(crate) fn for_each_payload(&self, mut refers_to: impl FnMut(PayloadId)) {
        self.origin
            .iter()
            .for_each(|origin| refers_to(origin.input));
        if let Status::Succeeded { output } = self.status {
            refers_to(output);
        }
        for job in &self.jobs {
            refers_to(job.input);
            refers_to(job.response);
        }
        let interrupted = self.interrupted.iter().flat_map(|i| i.frames.values());
        for frame in self.frames.values().chain(interrupted) {
            refers_to(frame.input);
            frame.variables.values().copied().for_each(&mut refers_to);
            if let Role::Iteration { item, .. } = frame.role {
                refers_to(item);
            }
            match &frame.phase {
                Phase::Ready | Phase::Waiting { .. } | Phase::BackingOff { .. } => {}
                Phase::Due(attempt)
                | Phase::Claimed { attempt, .. }
                | Phase::Submitted { attempt, .. } => refers_to(attempt.input),
                Phase::Branching { results } => {
                    results.iter().flatten().copied().for_each(&mut refers_to);
                }
                Phase::Iterating(iterating) => {
                    refers_to(iterating.items);
                    let results = iterating.results.iter().flatten();
                    results.copied().for_each(&mut refers_to);
                }
            }
        }
    }

    /// Everything that the engine owes this execution: what it does after a crash, when it cannot
    /// know what was done already.
    pub fn commands(&self) -> Vec<Command> {
        let mut commands = self.commands_but_to_continue();
        if let Some(number) = self.continuation() {
            commands.reserve_exact(1);
            commands.push(Command::Continue(number));
        }
        commands
    }

    /// All of them but one, which most transitions are about.
    pub(crate) fn commands_but_to_continue(&self) -> Vec<Command> {
        let mut commands = Vec::new();
        for child in self.children.iter().filter(|child| child.is_abandoned) {
            commands.push(Command::AbortChild(child.attempt));
        }
        commands.extend(self.jobs.iter().filter_map(Job::command));
        if self.status.is_closed() {
            commands.push(Command::PublishStatus);
            return commands;
        }
        for attempt in self.due() {
            commands.push(match attempt.is_offered() {
                true => Command::Offer(attempt.id),
                false => Command::Perform(attempt.id),
            });
        }
        commands.extend(self.wake.map(Command::Wake));
        commands
    }

    /// The number of the [`Continued`](crate::event::EventKind::Continued) that the execution waits for,
    /// if there is something that it need not wait for.
    pub fn continuation(&self) -> Option<u64> {
        let goes_on = !self.status.is_closed() && !self.ready.is_empty();
        goes_on.then(|| self.continuations())
    }

    /// How often a budget was spent: what the event that goes on must bear.
    pub(crate) fn continuations(&self) -> u64 {
        self.counters.continuations
    }

    /// The attempts that nobody performs yet, those of activities included.
    fn due(&self) -> impl Iterator<Item = &Attempt> {
        self.frames.values().filter_map(|frame| match &frame.phase {
            Phase::Due(attempt) => Some(attempt),
            _ => None,
        })
    }

    /// The attempts that a worker must perform, and nobody does yet.
    pub fn due_attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.due().filter(|attempt| !attempt.is_offered())
    }

    /// The attempts that somebody has promised to perform.
    pub fn claimed_attempts(&self) -> impl Iterator<Item = (&StateName, &Attempt, &Claim)> {
        self.frames.values().filter_map(|frame| match &frame.phase {
            Phase::Claimed { attempt, claim, .. } => Some((&frame.state, attempt, claim)),
            _ => None,
        })
    }

    /// The attempts that a token may end, from the one that was scheduled first.
    pub fn token_attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.frames.values().filter_map(|frame| {
            frame
                .phase
                .attempt()
                .filter(|attempt| attempt.token.is_some())
        })
    }

    /// The attempts with a token whose time is up, and whether that is only because nothing was heard
    /// of them.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = (&Attempt, bool)> {
        self.frames.values().filter_map(move |frame| {
            let due = frame.phase.due()?;
            let attempt = frame.phase.attempt()?;
            let is_over = frame
                .phase
                .deadline()
                .is_some_and(|deadline| deadline <= now);
            (due <= now && attempt.token.is_some()).then_some((attempt, !is_over))
        })
    }

    /// The attempt of this id, if it is the current one of its frame, with the state that it is an
    /// attempt of.
    pub fn attempt(&self, id: AttemptId) -> Option<(&StateName, &Attempt)> {
        let frame = self.frames.get(&id.frame)?;
        let attempt = frame.phase.attempt()?;
        (attempt.id == id).then_some((&frame.state, attempt))
    }

    /// What runs at the moment, to be gone on with should the execution fail now.
    pub(crate) fn running(&self) -> Interrupted {
        Interrupted {
            frames: self.frames.clone(),
            ready: self.ready.clone(),
        }
    }

    /// Whether there was ever an attempt of this number.
    pub fn had_attempt(&self, id: AttemptId) -> bool {
        id.number < self.counters.attempts
    }

    /// How often the execution was redriven.
    pub fn redrives(&self) -> u32 {
        self.counters.redrives
    }

    /// Whether there is something that a redrive could try again.
    pub fn is_redrivable(&self) -> bool {
        self.interrupted.is_some()
    }

    /// The attempt, if it is claimed and the current one of its frame, with the state that it is an
    /// attempt of.
    pub fn claimed_attempt(&self, id: AttemptId) -> Option<(&StateName, &Attempt)> {
        let frame = self.frames.get(&id.frame)?;
        match &frame.phase {
            Phase::Claimed { attempt, .. } if attempt.id == id => Some((&frame.state, attempt)),
            _ => None,
        }
    }

    /// The earliest time at which something is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.frames
            .values()
            .filter_map(|frame| frame.phase.due())
            .chain(self.jobs.iter().filter_map(Job::due))
            .chain(self.deadline)
            .min()
    }
}

impl Phase {
    /// When time will do something to it.
    pub fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Waiting { until } | Self::BackingOff { until } => Some(*until),
            Self::Claimed {
                deadline,
                heartbeat,
                ..
            }
            | Self::Submitted {
                deadline,
                heartbeat,
                ..
            } => deadline.iter().chain(heartbeat).min().copied(),
            Self::Due(attempt) => attempt.deadline,
            Self::Ready | Self::Branching { .. } | Self::Iterating(_) => None,
        }
    }

    /// When `TimeoutSeconds` of an attempt that has begun are over.
    pub fn deadline(&self) -> Option<Timestamp> {
        match self {
            Self::Claimed { deadline, .. } | Self::Submitted { deadline, .. } => *deadline,
            Self::Due(_)
            | Self::Ready
            | Self::Waiting { .. }
            | Self::BackingOff { .. }
            | Self::Branching { .. }
            | Self::Iterating(_) => None,
        }
    }

    /// The attempt, in a phase that has one.
    pub fn attempt(&self) -> Option<&Attempt> {
        match self {
            Self::Due(attempt)
            | Self::Claimed { attempt, .. }
            | Self::Submitted { attempt, .. } => Some(attempt),
            Self::Ready
            | Self::Waiting { .. }
            | Self::BackingOff { .. }
            | Self::Branching { .. }
            | Self::Iterating(_) => None,
        }
    }
}
