//! What can happen to an execution.

use std::time::Duration;

use segno_asl::errors::StateError;
use serde::{Deserialize, Serialize};

use crate::{
    bounds::Bounds,
    checkpoint::{AttemptId, Claim, Parent},
    key::ExecutionKey,
    payload::Payload,
    token::Secret,
};

/// Something that happened outside, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The only clock the interpreter sees.
    pub at: Timestamp,
    /// The only randomness it sees.
    pub seed: Seed,
    /// What happened.
    pub kind: EventKind,
}

/// What happened. A late or repeated event changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// The execution begins.
    ExecutionStarted(Box<Start>),
    /// The budget of a transition was spent: go on.
    Continued {
        /// That of the command. One of an earlier number is late.
        number: u64,
    },
    /// A worker has promised to perform these attempts.
    AttemptsClaimed {
        /// Those that are due, or whose claim has run out. Others are ignored.
        attempts: Vec<AttemptId>,
        /// Who performs them.
        claim: Claim,
    },
    /// A worker of an activity has taken an attempt.
    ActivityTaken {
        /// Which one.
        attempt: AttemptId,
        /// The name that the worker gave itself.
        worker_name: Option<String>,
        /// That of the token which the worker is handed.
        secret: Secret,
    },
    /// The call of an attempt is over. With a token, a child or a job the attempt itself goes on.
    AttemptEnded {
        /// Which one.
        attempt: AttemptId,
        /// What came of it.
        outcome: Outcome,
    },
    /// The answer to an attempt's token, or the end of its child.
    Answered {
        /// Which one.
        attempt: AttemptId,
        /// What came of it.
        outcome: Outcome,
    },
    /// The job that an attempt started was asked about.
    JobPolled {
        /// The attempt.
        attempt: AttemptId,
        /// That of the command. One of another number is late.
        number: u32,
        /// What it has come to.
        polled: Polled,
    },
    /// A job that nobody waits for was cancelled, as far as that could be done.
    JobCancelled {
        /// The attempt that started it.
        attempt: AttemptId,
    },
    /// The holder of an attempt's token has shown that it is alive.
    Beat {
        /// Which one.
        attempt: AttemptId,
        /// When it did so.
        at: Timestamp,
    },
    /// Time has passed: whatever is due by now happens.
    Woken {
        /// That of the armed wake-up. One of another number is late.
        number: u64,
    },
    /// StopExecution.
    Stopped {
        /// What the caller gave as error and cause.
        error: StateError,
    },
    /// RedriveExecution: what failed is tried again.
    Redriven {
        /// Which redrive it is, counted from 1. One that was done is late.
        number: u32,
    },
}

/// How an attempt of a task ended: with its result, or with an error that `Retry` and `Catch` see.
pub type Outcome = Result<Payload, StateError>;

/// What a job has come to.
#[derive(Debug, Clone, PartialEq)]
pub enum Polled {
    /// It goes on, as far as is known: it is asked about again.
    Running,
    /// It is over, and so is the attempt.
    Ended(Outcome),
}

/// What an execution is started with.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// The execution.
    pub execution: ExecutionKey,
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// ARN of its version that was started, if it was one.
    pub version_arn: Option<String>,
    /// ARN of the alias that it was started through.
    pub alias_arn: Option<String>,
    /// ARN of the role that the state machine runs under.
    pub role_arn: String,
    /// Its input.
    pub input: Payload,
    /// The attempt that waits for its end.
    pub parent: Option<Parent>,
    /// How large it may become.
    pub bounds: Bounds,
    /// How long it may run at most, whatever the definition says.
    pub time_limit: Option<Duration>,
}

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// So much later; the end of time if that is beyond it.
    pub fn after(self, delay: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long until `later`; nothing if that is past.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }
}

/// 256 random bits from the operating system.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

/// A seed decides tokens, so it is not printed.
impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(…)")
    }
}
