//! All that is kept of an execution between two steps.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use segno_asl::{definition::StateName, errors::StateError};
use serde::{Deserialize, Serialize};

use crate::{
    command::Command,
    event::Timestamp,
    payload::{PayloadId, Payloads},
};

/// The version of the persisted form that this release writes.
pub const VERSION: u32 = 1;

/// All that is kept of an execution between two steps: a tree of frames, and what they refer to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Version of the persisted form.
    version: u32,
    /// Where the execution stands.
    pub status: Status,
    /// What it was started with; `None` before that.
    pub origin: Option<Origin>,
    /// How many history events there are, which is the id of the last one.
    pub recorded: u64,
    /// When the whole execution times out.
    pub deadline: Option<Timestamp>,
    /// Everything that runs at the moment.
    pub frames: BTreeMap<FrameId, Frame>,
    /// Frames whose next state can be entered at once, in turn.
    pub ready: VecDeque<FrameId>,
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
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// ARN of the role that the state machine runs under.
    pub role_arn: String,
    /// Its input.
    pub input: PayloadId,
    /// When.
    pub started_at: Timestamp,
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
    pub variables: BTreeMap<String, PayloadId>,
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
            counters: Counters::default(),
            payloads: Payloads::default(),
        }
    }
}

impl Checkpoint {
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
            VERSION => Ok(serde_json::from_slice(bytes)?),
            found => Err(Unreadable::Version { found }),
        }
    }

    /// The payloads that it refers to.
    pub fn payload_ids(&self) -> BTreeSet<PayloadId> {
        let mut ids: BTreeSet<PayloadId> = self.origin.iter().map(|origin| origin.input).collect();
        if let Status::Succeeded { output } = self.status {
            ids.insert(output);
        }
        for frame in self.frames.values() {
            ids.insert(frame.input);
            ids.extend(frame.variables.values());
            if let Role::Iteration { item, .. } = frame.role {
                ids.insert(item);
            }
            match &frame.phase {
                Phase::Ready | Phase::Waiting { .. } | Phase::BackingOff { .. } => {}
                Phase::Due(attempt) | Phase::Claimed { attempt, .. } => {
                    ids.insert(attempt.input);
                }
                Phase::Branching { results } => ids.extend(results.iter().flatten()),
                Phase::Iterating(iterating) => {
                    ids.insert(iterating.items);
                    ids.extend(iterating.results.iter().flatten());
                }
            }
        }
        ids
    }

    /// Everything that the engine owes this execution: what it does after a crash, when it cannot
    /// know what was done already.
    pub fn commands(&self) -> Vec<Command> {
        if self.status.is_closed() {
            return vec![Command::PublishStatus];
        }
        let mut commands: Vec<Command> = self.due_attempts().map(Command::Perform).collect();
        commands.extend(self.next_due().map(Command::WakeAt));
        if !self.ready.is_empty() {
            commands.push(Command::Continue(self.continuations()));
        }
        commands
    }

    /// How often a budget was spent: what the event that goes on must bear.
    pub(crate) fn continuations(&self) -> u64 {
        self.counters.continuations
    }

    /// The attempts that nobody performs yet.
    pub fn due_attempts(&self) -> impl Iterator<Item = AttemptId> {
        self.frames.values().filter_map(|frame| match &frame.phase {
            Phase::Due(attempt) => Some(attempt.id),
            _ => None,
        })
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
            .chain(self.deadline)
            .min()
    }
}

impl Phase {
    /// When time will do something to it.
    pub fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Waiting { until } | Self::BackingOff { until } => Some(*until),
            Self::Claimed { deadline, .. } => *deadline,
            Self::Ready | Self::Due(_) | Self::Branching { .. } | Self::Iterating(_) => None,
        }
    }
}
