//! Where executions live.

use segno_asl::errors::StateError;
use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint, Parent},
    event::{Outcome, Timestamp},
    history::HistoryEvent,
    key::{ExecutionKey, Nonce},
    payload::{Payload, PayloadId, Payloads},
    transition::Transition,
};

use crate::{catalog::Machine, queue::Cause};

/// Where executions live between steps.
///
/// The whole of durability is one promise, [`commit`](Store::commit). Whoever writes a new store
/// runs `store_contract!` (feature `contract-tests`) over it. Everything is strongly consistent but
/// the [list](Store::heads).
pub trait Store: Send + Sync + 'static {
    /// The newest commit of an execution, with the payloads that its checkpoint refers to; `None` if
    /// there is none.
    fn load(
        &self,
        execution: &ExecutionKey,
    ) -> impl Future<Output = Result<Option<Loaded>, StoreError>> + Send;

    /// Appends a commit: checkpoint, history events and payloads, all or nothing. When it returns,
    /// the commit is durable. The payload with id 0 is the input, which
    /// [`create_head`](Store::create_head) has stored already.
    ///
    /// What the head row is to show may be written along. A store that cannot do both at once leaves
    /// it: the engine then calls [`update_head`](Store::update_head), as it does after a crash. Only a
    /// store whose queue is [durable](crate::Queue::is_durable) may leave it: without a message, nobody
    /// finds an execution that goes on and is shown closed.
    ///
    /// # Errors
    ///
    /// - [`StoreError::Conflict`]: there is a commit of that number, and it bears another writer's
    ///   nonce. Nothing was written. Load again. A commit of the same writer is this one, whose answer
    ///   was lost: that is a success.
    /// - [`StoreError::Unavailable`]: no answer. It may have been written.
    fn commit(
        &self,
        execution: &ExecutionKey,
        commit: &Commit<'_>,
    ) -> impl Future<Output = Result<Committed, StoreError>> + Send;

    /// The history events with an id above `after`, at most `limit`, in order, and the payloads that
    /// they refer to.
    fn history(
        &self,
        execution: &ExecutionKey,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<(Vec<HistoryEvent>, Payloads), StoreError>> + Send;

    /// One payload of an execution. That with id 0 is its input.
    fn payload(
        &self,
        execution: &ExecutionKey,
        id: PayloadId,
    ) -> impl Future<Output = Result<Option<Payload>, StoreError>> + Send;

    /// Creates the head row of an execution and stores its input, unless there is a head row of that
    /// ARN: that is what makes names unique. Gives the one that is there in the end; one with the same
    /// nonce is this one, whose answer was lost, and new. When it returns, the row is durable.
    fn create_head(
        &self,
        head: &Head,
        input: &Payload,
    ) -> impl Future<Output = Result<Created<Head>, StoreError>> + Send;

    /// Writes what a head row shows, unless it shows what a later commit said.
    fn update_head(
        &self,
        execution: &ExecutionKey,
        shown: &Shown,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The head row of an execution.
    fn head(&self, arn: &str) -> impl Future<Output = Result<Option<Head>, StoreError>> + Send;

    /// A page of the head rows of a state machine, newest first.
    fn heads(
        &self,
        query: &HeadQuery<'_>,
    ) -> impl Future<Output = Result<Vec<Head>, StoreError>> + Send;

    /// Puts down how an attempt with a token ends, unless that is decided: whoever puts it first has
    /// decided. Gives what is decided in the end. When it returns, the decision is durable.
    fn decide(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        decision: &Decision,
    ) -> impl Future<Output = Result<Created<Decision>, StoreError>> + Send;

    /// What is decided about the attempts of an execution, from this number on.
    fn decisions(
        &self,
        execution: &ExecutionKey,
        from: u64,
    ) -> impl Future<Output = Result<Vec<(AttemptId, Decision)>, StoreError>> + Send;

    /// Puts down that the holder of a token is alive. The latest time counts.
    fn beat(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// When the holder of a token was last alive, if it ever said so.
    fn last_beat(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// Extends all claims of a holder.
    fn renew_claims(
        &self,
        holder: &str,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Until when the claims of a holder were extended, if they ever were.
    fn claims_until(
        &self,
        holder: &str,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// Puts an attempt among those that wait for a worker of their activity. The checkpoint owes it: a
    /// store may forget it when its process ends.
    fn offer(&self, offer: &Offer) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Attempts that wait for a worker of an activity, the oldest first, at most `limit`.
    fn offers(
        &self,
        activity: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Offer>, StoreError>> + Send;

    /// Takes an attempt from among those that wait for a worker.
    fn withdraw(&self, offer: &Offer) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets executions that were closed before this time, at most `limit`, with all that belongs to
    /// them. Gives how many there were.
    fn expire(
        &self,
        closed_before: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Executions that their head rows show open, in some order, after the one with this ARN: what was
    /// left behind when a process ended. At most `limit`.
    fn open_executions(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ExecutionKey>, StoreError>> + Send;
}

/// One commit, as it is appended to the log of an execution.
#[derive(Debug, Clone)]
pub struct Commit<'a> {
    /// Its number, counted from 1.
    pub number: u64,
    /// Tells this writer's commit from that of any other: drawn for this commit, never derived.
    pub writer: Nonce,
    /// The message that brought it about.
    pub cause: Option<Cause>,
    /// What is committed.
    pub transition: &'a Transition,
    /// What the head row is to show from now on, if that changes.
    pub shown: Option<&'a Shown>,
}

/// A commit that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Whether [`Commit::shown`] was written along.
    pub is_head_written: bool,
}

/// The newest commit of an execution.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Its number; the next commit has the next one.
    pub number: u64,
    /// The message that brought it about.
    pub cause: Option<Cause>,
    /// The checkpoint, with its payloads.
    pub checkpoint: Checkpoint,
}

/// Whether something was created or was there already.
#[derive(Debug, Clone, PartialEq)]
pub enum Created<T> {
    /// It is new.
    New(T),
    /// It was there: this is what was there.
    Existing(T),
}

impl<T> Created<T> {
    /// What is there in the end.
    pub fn into_inner(self) -> T {
        match self {
            Self::New(it) | Self::Existing(it) => it,
        }
    }
}

/// What Describe and List show of an execution. The log is the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// What names the execution, and its log.
    pub key: ExecutionKey,
    /// Its name.
    pub name: String,
    /// The state machine as it was when the execution started.
    pub machine: Machine,
    /// The caller's trace header.
    pub trace_header: Option<String>,
    /// When it started.
    pub started_at: Timestamp,
    /// The attempt that waits for its end.
    pub parent: Option<Parent>,
    /// What changes.
    pub shown: Shown,
}

/// What changes of a head row. It bears the number of the commit that says so, and never goes back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    /// Number of that commit; 0 before the first one.
    pub commit: u64,
    /// What the execution ended with; `None` while it runs.
    pub end: Option<End>,
    /// How often it was redriven.
    pub redrives: u32,
    /// When it was last redriven.
    pub redriven_at: Option<Timestamp>,
    /// Whether a redrive could go on with it.
    pub is_redrivable: bool,
}

/// What an execution ended with.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// How.
    pub status: EndStatus,
    /// When.
    pub at: Timestamp,
    /// The output of one that succeeded.
    pub output: Option<PayloadId>,
    /// The error of one that failed or was aborted.
    pub error: Option<StateError>,
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndStatus {
    /// With an output.
    Succeeded,
    /// With an error.
    Failed,
    /// Its own time was up.
    TimedOut,
    /// It was stopped.
    Aborted,
}

impl EndStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Succeeded, Self::Failed, Self::TimedOut, Self::Aborted];

    /// As DescribeExecution names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }

    /// The status of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl Head {
    /// As DescribeExecution names it.
    pub fn status(&self) -> &'static str {
        self.shown
            .end
            .as_ref()
            .map_or("RUNNING", |end| end.status.name())
    }
}

/// Which head rows to list.
#[derive(Debug, Clone, Copy)]
pub struct HeadQuery<'a> {
    /// ARN of the state machine, of its version or of its alias.
    pub machine: &'a str,
    /// Only those of this status, as DescribeExecution names it.
    pub status: Option<&'a str>,
    /// Only those that come after this one.
    pub after: Option<&'a HeadCursor>,
    /// How many at most.
    pub limit: usize,
}

/// A place in a list of head rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeadCursor {
    /// When the execution of that row started.
    pub started_at: Timestamp,
    /// Its ARN.
    pub arn: String,
}

impl Head {
    /// The place of this row in a list.
    pub fn cursor(&self) -> HeadCursor {
        HeadCursor {
            started_at: self.started_at,
            arn: self.key.arn.clone(),
        }
    }

    /// Whether a list of the executions of this state machine, version or alias has it.
    pub fn is_of(&self, machine: &str) -> bool {
        let machines = [
            Some(&self.machine.arn),
            self.machine.version_arn.as_ref(),
            self.machine.alias_arn.as_ref(),
        ];
        machines.into_iter().flatten().any(|arn| arn == machine)
    }
}

/// How an attempt with a token ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Whoever had the token answered.
    Answered(Outcome),
    /// It ended otherwise: with this error of its call; or, without one, by its time being up, which
    /// the checkpoint knows.
    Closed(Option<StateError>),
}

/// An attempt that waits for a worker of an activity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offer {
    /// ARN of the activity.
    pub activity: String,
    /// Whose attempt it is.
    pub execution: ExecutionKey,
    /// Which one.
    pub attempt: AttemptId,
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another step was there first. Nothing was written.
    #[error("commit {number} is already there")]
    Conflict {
        /// The number that was to be written.
        number: u64,
    },
    /// No answer. A write may have happened.
    #[error("the store does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is stored cannot be read.
    #[error("what is stored of `{execution}` cannot be read")]
    Unreadable {
        /// The execution.
        execution: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
