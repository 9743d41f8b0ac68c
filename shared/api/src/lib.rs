//! Speaks the Step Functions API: the JSON protocol that every AWS SDK, the AWS CLI and Terraform
//! speak, with AWS's error names and messages.
//!
//! It knows no HTTP server. Whoever has one hands over what a [`Request`] is made of, and sends back
//! what [`Api::handle`] answers.

mod constraint;
mod error;
mod names;
mod operations;
mod page;
mod request;
mod shapes;

use std::time::Duration;

use segno_engine::{Backend, Clock, Engine, Invoker};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::{error::ApiError, request::Request};

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

    /// Answers one request.
    pub async fn handle(&self, request: &Request<'_>) -> Response {
        match self.dispatch(request).await {
            Ok(body) => Response {
                status: 200,
                error_type: None,
                body,
            },
            Err(error) => {
                if error.is_internal() {
                    tracing::error!(
                        target = request.target,
                        error = &error as &dyn std::error::Error,
                        "request failed"
                    );
                }
                error.into_response()
            }
        }
    }

    async fn dispatch(&self, sent: &Request<'_>) -> Result<Vec<u8>, ApiError> {
        let Request { target, body, .. } = *sent;
        let unknown = || ApiError::unknown_operation(target);
        let operation = target.strip_prefix(TARGET_PREFIX).ok_or_else(unknown)?;
        let input = shapes::input(operation).ok_or_else(unknown)?;
        let request = constraint::read(input, body, self.engine.config().bounds.payload_bytes_max)?;
        match operation {
            "CreateActivity" => answer(self.create_activity(read(request)?).await),
            "CreateStateMachine" => answer(self.create_state_machine(read(request)?).await),
            "CreateStateMachineAlias" => answer(self.create_alias(read(request)?).await),
            "DeleteActivity" => answer(self.delete_activity(read(request)?).await),
            "DeleteStateMachine" => answer(self.delete_state_machine(read(request)?).await),
            "DeleteStateMachineAlias" => answer(self.delete_alias(read(request)?).await),
            "DeleteStateMachineVersion" => answer(self.delete_version(read(request)?).await),
            "DescribeActivity" => answer(self.describe_activity(read(request)?).await),
            "DescribeExecution" => answer(self.describe_execution(read(request)?).await),
            "DescribeMapRun" => answer(self.describe_map_run(&read(request)?)),
            "DescribeStateMachine" => answer(self.describe_state_machine(read(request)?).await),
            "DescribeStateMachineAlias" => answer(self.describe_alias(read(request)?).await),
            "DescribeStateMachineForExecution" => answer(
                self.describe_state_machine_for_execution(read(request)?)
                    .await,
            ),
            "GetActivityTask" => answer(self.get_activity_task(read(request)?).await),
            "GetExecutionHistory" => answer(self.get_execution_history(read(request)?).await),
            "ListActivities" => answer(self.list_activities(read(request)?).await),
            "ListExecutions" => answer(self.list_executions(read(request)?).await),
            "ListMapRuns" => answer(self.list_map_runs(read(request)?).await),
            "ListStateMachineAliases" => answer(self.list_aliases(read(request)?).await),
            "ListStateMachineVersions" => answer(self.list_versions(read(request)?).await),
            "ListStateMachines" => answer(self.list_state_machines(read(request)?).await),
            "ListTagsForResource" => answer(self.list_tags(read(request)?).await),
            "PublishStateMachineVersion" => answer(self.publish_version(read(request)?).await),
            "RedriveExecution" => answer(self.redrive_execution(read(request)?).await),
            "SendTaskFailure" => answer(self.send_task_failure(read(request)?).await),
            "SendTaskHeartbeat" => answer(self.send_task_heartbeat(read(request)?).await),
            "SendTaskSuccess" => answer(self.send_task_success(read(request)?).await),
            "StartExecution" => {
                let start = read(request)?;
                answer(self.start_execution(start, sent.nonce()).await)
            }
            "StartSyncExecution" => answer(self.start_sync_execution(read(request)?).await),
            "StopExecution" => answer(self.stop_execution(read(request)?).await),
            "TagResource" => answer(self.tag_resource(read(request)?).await),
            "TestState" => answer(self.test_state(read(request)?).await),
            "UntagResource" => answer(self.untag_resource(read(request)?).await),
            "UpdateMapRun" => answer(self.update_map_run(&read(request)?)),
            "UpdateStateMachine" => answer(self.update_state_machine(read(request)?).await),
            "UpdateStateMachineAlias" => answer(self.update_alias(read(request)?).await),
            "ValidateStateMachineDefinition" => answer(self.validate_definition(read(request)?)),
            _ => Err(unknown()),
        }
    }
}

/// A request whose members have been checked.
fn read<T: DeserializeOwned>(request: Value) -> Result<T, ApiError> {
    serde_json::from_value(request).map_err(ApiError::serialization)
}

fn answer(answer: Result<Value, ApiError>) -> Result<Vec<u8>, ApiError> {
    let mut answer = answer?;
    leave_out_nulls(&mut answer);
    Ok(answer.to_string().into_bytes())
}

/// Leaves out members that are null, at any depth: in requests and answers alike, null is nothing.
fn leave_out_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(leave_out_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(leave_out_nulls),
        _ => {}
    }
}

/// Seconds since the epoch, as the protocol has timestamps.
fn seconds(at: segno_interpreter::event::Timestamp) -> f64 {
    Duration::from_millis(u64::try_from(at.0).unwrap_or(0)).as_secs_f64()
}
