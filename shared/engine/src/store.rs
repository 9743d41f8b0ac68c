//! Where executions live.

use segno_asl::errors::StateError;
use segno_interpreter::{
    checkpoint::Checkpoint,
    event::Timestamp,
    history::HistoryEvent,
    payload::{Payload, Payloads},
    transition::Transition,
};

use crate::catalog::Machine;

/// Where executions live between steps.
///
/// The whole of durability is one promise, [`commit`](Store::commit). Whoever writes a new store
/// runs `store_contract!` (feature `contract-tests`) over it.
pub trait Store: Send + Sync + 'static {
    /// The newest commit of an execution, with the payloads that its checkpoint refers to; `None` if
    /// there is none. Strongly consistent.
    fn load(
        &self,
        execution: &str,
    ) -> impl Future<Output = Result<Option<Loaded>, StoreError>> + Send;

    /// Appends commit number `number`, counted from 1: checkpoint, history events and payloads, all
    /// or nothing.
    ///
    /// # Errors
    ///
    /// - [`StoreError::Conflict`]: there is a commit of that number. Nothing was written. Load again.
    /// - [`StoreError::Unavailable`]: no answer. It may have been written.
    fn commit(
        &self,
        execution: &str,
        number: u64,
        transition: &Transition,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The history events with an id above `after`, at most `limit`, in order, and the payloads that
    /// they refer to.
    fn history(
        &self,
        execution: &str,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<(Vec<HistoryEvent>, Payloads), StoreError>> + Send;

    /// Creates the head row of an execution, unless there is one of that ARN: that is what makes
    /// names unique. Gives the one that is there in the end.
    fn create_head(
        &self,
        head: Head,
    ) -> impl Future<Output = Result<Created<Head>, StoreError>> + Send;

    /// Writes what a closed execution ended with into its head row. A head row that is closed stays
    /// as it is.
    fn close_head(
        &self,
        execution: &str,
        end: End,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The head row of an execution.
    fn head(
        &self,
        execution: &str,
    ) -> impl Future<Output = Result<Option<Head>, StoreError>> + Send;

    /// The head rows of a state machine, newest first.
    fn heads(
        &self,
        state_machine: &str,
    ) -> impl Future<Output = Result<Vec<Head>, StoreError>> + Send;
}

/// The newest commit of an execution.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Its number; the next commit has the next one.
    pub number: u64,
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

/// What Describe and List show of an execution. The log is the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// ARN of the execution.
    pub execution_arn: String,
    /// ARN of its state machine.
    pub state_machine_arn: String,
    /// The execution's name.
    pub name: String,
    /// The state machine as it was when the execution started.
    pub machine: Machine,
    /// The input.
    pub input: Payload,
    /// The caller's trace header.
    pub trace_header: Option<String>,
    /// When it started.
    pub started_at: Timestamp,
    /// What it ended with; `None` while it runs.
    pub end: Option<End>,
}

/// What an execution ended with.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: &'static str,
    /// When.
    pub at: Timestamp,
    /// The output of one that succeeded.
    pub output: Option<Payload>,
    /// The error of one that failed or was aborted.
    pub error: Option<StateError>,
}

impl Head {
    /// As DescribeExecution names it.
    pub fn status(&self) -> &'static str {
        self.end.as_ref().map_or("RUNNING", |end| end.status)
    }
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
        source: segno_interpreter::checkpoint::Unreadable,
    },
}
