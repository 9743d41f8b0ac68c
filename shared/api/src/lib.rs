//! Speaks the Step Functions API: the JSON protocol that every AWS SDK, the AWS CLI and Terraform
//! speak, with AWS's error names and messages.
//!
//! It knows no HTTP server. Whoever has one hands over the `X-Amz-Target` header and the body, and
//! sends back what [`Api::handle`] answers.

mod error;
mod names;
mod operations;
mod page;

use std::time::Duration;

use segno_engine::{Backend, Clock, Engine, Invoker};
use serde::{Serialize, de::DeserializeOwned};

pub use self::error::ApiError;

/// The content type of every request and response.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// What `X-Amz-Target` begins with.
const TARGET_PREFIX: &str = "AWSStepFunctions.";

/// The API over an engine.
pub struct Api<S, I, C> {
    engine: Engine<S, I, C>,
    config: Config,
}

/// Where the API says it is.
#[derive(Debug, Clone)]
pub struct Config {
    /// Region in the ARNs that it makes.
    pub region: String,
    /// Account in the ARNs that it makes: 12 digits.
    pub account_id: String,
}

/// An answer, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The error's name, for the header `x-amzn-ErrorType`.
    pub error_type: Option<&'static str>,
    /// JSON.
    pub body: Vec<u8>,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    /// The API over an engine.
    pub fn new(engine: Engine<S, I, C>, config: Config) -> Self {
        Self { engine, config }
    }

    /// Answers one request: `target` is the header `X-Amz-Target`.
    pub async fn handle(&self, target: &str, body: &[u8]) -> Response {
        match self.dispatch(target, body).await {
            Ok(body) => Response {
                status: 200,
                error_type: None,
                body,
            },
            Err(error) => {
                if error.is_internal() {
                    tracing::error!(
                        target,
                        error = &error as &dyn std::error::Error,
                        "request failed"
                    );
                }
                error.into_response()
            }
        }
    }

    async fn dispatch(&self, target: &str, body: &[u8]) -> Result<Vec<u8>, ApiError> {
        let unknown = || ApiError::unknown_operation(target);
        match target.strip_prefix(TARGET_PREFIX).ok_or_else(unknown)? {
            "CreateStateMachine" => answer(self.create_state_machine(read(body)?).await),
            "DescribeStateMachine" => answer(self.describe_state_machine(read(body)?).await),
            "DescribeStateMachineForExecution" => {
                answer(self.describe_state_machine_for_execution(read(body)?).await)
            }
            "ListStateMachines" => answer(self.list_state_machines(read(body)?).await),
            "DeleteStateMachine" => answer(self.delete_state_machine(read(body)?).await),
            "ValidateStateMachineDefinition" => answer(self.validate_definition(read(body)?)),
            "StartExecution" => answer(self.start_execution(read(body)?).await),
            "StartSyncExecution" => answer(self.start_sync_execution(read(body)?).await),
            "RedriveExecution" => answer(self.redrive_execution(read(body)?).await),
            "SendTaskSuccess" => answer(self.send_task_success(read(body)?).await),
            "SendTaskFailure" => answer(self.send_task_failure(read(body)?).await),
            "SendTaskHeartbeat" => answer(self.send_task_heartbeat(read(body)?).await),
            "GetActivityTask" => answer(self.get_activity_task(read(body)?).await),
            "StopExecution" => answer(self.stop_execution(read(body)?).await),
            "DescribeExecution" => answer(self.describe_execution(read(body)?).await),
            "ListExecutions" => answer(self.list_executions(read(body)?).await),
            "GetExecutionHistory" => answer(self.get_execution_history(read(body)?).await),
            _ => Err(unknown()),
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::serialization(&error))
}

fn answer<T: Serialize>(result: Result<T, ApiError>) -> Result<Vec<u8>, ApiError> {
    Ok(serde_json::to_vec(&result?).expect("responses have string keys only"))
}

/// Seconds since the epoch, as the protocol has timestamps.
fn seconds(at: segno_interpreter::event::Timestamp) -> f64 {
    Duration::from_millis(u64::try_from(at.0).unwrap_or(0)).as_secs_f64()
}
