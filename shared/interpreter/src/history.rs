//! History events, as GetExecutionHistory names them.
//!
//! AWS: [HistoryEvent](https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html).

mod render;

use std::sync::Arc;

use segno_asl::{
    definition::{StateName, StateType},
    errors::StateError,
};
use serde::{Deserialize, Serialize};

pub use self::render::ExecutionData;
use crate::{event::Timestamp, payload::PayloadId};

/// One entry of an execution's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvent {
    /// Counted from 1, without gaps.
    pub id: u64,
    /// The event that it follows from, which in a Map or Parallel state is not the one before.
    pub previous_event_id: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub detail: Detail,
}

/// What a history event says. Payloads are by reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the API's shapes")]
pub enum Detail {
    ExecutionStarted {
        input: PayloadId,
        role_arn: String,
        #[serde(default)]
        version_arn: Option<String>,
        #[serde(default)]
        alias_arn: Option<String>,
    },
    ExecutionRedriven {
        redrive_count: u32,
    },
    ExecutionSucceeded {
        output: PayloadId,
    },
    ExecutionFailed(StateError),
    ExecutionAborted(StateError),
    ExecutionTimedOut(StateError),

    StateEntered {
        state_type: StateType,
        name: StateName,
        input: PayloadId,
    },
    StateExited {
        state_type: StateType,
        name: StateName,
        output: PayloadId,
        assigned: Vec<(Arc<str>, PayloadId)>,
    },
    StateAborted {
        state_type: StateType,
    },

    LambdaFunctionScheduled {
        resource: String,
        input: PayloadId,
        timeout_seconds: Option<u64>,
    },
    LambdaFunctionStarted,
    LambdaFunctionSucceeded {
        output: PayloadId,
    },
    LambdaFunctionFailed(StateError),
    LambdaFunctionTimedOut(StateError),

    ActivityScheduled {
        resource: String,
        input: PayloadId,
        timeout_seconds: Option<u64>,
        heartbeat_seconds: Option<u64>,
    },
    ActivityStarted {
        worker_name: Option<String>,
    },
    ActivitySucceeded {
        output: PayloadId,
    },
    ActivityFailed(StateError),
    ActivityTimedOut(StateError),

    TaskScheduled(Box<TaskScheduled>),
    TaskStarted(TaskResource),
    TaskSubmitted {
        resource: TaskResource,
        output: PayloadId,
    },
    TaskSucceeded {
        resource: TaskResource,
        output: PayloadId,
    },
    TaskFailed {
        resource: TaskResource,
        error: StateError,
    },
    TaskTimedOut {
        resource: TaskResource,
        error: StateError,
    },

    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,

    MapStateStarted {
        length: usize,
    },
    MapStateSucceeded,
    MapStateFailed,
    MapIterationStarted(MapIteration),
    MapIterationSucceeded(MapIteration),
    MapIterationFailed(MapIteration),
    MapIterationAborted(MapIteration),

    EvaluationFailed {
        error: StateError,
        location: Option<String>,
        state: StateName,
    },
}

impl Detail {
    /// Whether nothing comes after it.
    pub fn is_end(&self) -> bool {
        matches!(
            self,
            Self::ExecutionSucceeded { .. }
                | Self::ExecutionFailed(_)
                | Self::ExecutionAborted(_)
                | Self::ExecutionTimedOut(_)
        )
    }
}

/// Details of `TaskScheduled`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskScheduled {
    /// What is called.
    pub resource: TaskResource,
    /// The region it is called in.
    pub region: String,
    /// What is sent.
    pub parameters: PayloadId,
    /// `TimeoutSeconds`, if the definition has it.
    pub timeout_seconds: Option<u64>,
    /// `HeartbeatSeconds`, if the definition has it.
    pub heartbeat_seconds: Option<u64>,
    /// The role that `Credentials` names.
    pub credentials_role_arn: Option<String>,
}

/// How a history names what a service task calls: `invoke` of `lambda`, `getObject` of `aws-sdk:s3`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the API's shapes")]
pub struct TaskResource {
    pub resource_type: String,
    pub resource: String,
}

/// Which iteration of which Map state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the API's shapes")]
pub struct MapIteration {
    pub name: StateName,
    pub index: usize,
}
