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

use std::{future::ready, pin::Pin, time::Duration};

use segno_asl::{choice::Pattern, definition::Resource};
use segno_engine::{Backend, Clock, Engine, Invoker};
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::operations::Redrives;
pub use self::{error::ApiError, request::Request};

/// The content type of every request and response.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// What `X-Amz-Target` begins with.
const TARGET_PREFIX: &str = "AWSStepFunctions.";

/// The API over an engine.
pub struct Api<S, I, C> {
    engine: Engine<S, I, C>,
    config: Config,
    redrives: Redrives,
}

/// Whether the result of a task is one that its API could have sent; `true` asks for all that must be
/// there. The error says what is wrong, in AWS's words.
///
/// What AWS's APIs send is known elsewhere: whoever serves this API passes it in.
pub type ResultCheck = fn(&Resource, &Value, bool) -> Result<(), String>;

/// Where the API says it is, and what it is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Region in the ARNs that it makes.
    pub region: String,
    /// Account in the ARNs that it makes: 12 digits.
    pub account_id: String,
    /// What the mocked results of tasks are checked with.
    pub check_result: ResultCheck,
    /// Roles that state machines may have; `None`: any. Where roles are assumed, this is what IAM's
    /// PassRole is on AWS.
    pub roles: Option<Pattern>,
    /// How long the worker of an activity waits for a task. On AWS it is a minute.
    pub activity_patience: Duration,
}

/// How long AWS lets the worker of an activity wait.
///
/// AWS: [GetActivityTask](https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html).
pub const ACTIVITY_PATIENCE: Duration = Duration::from_secs(60);

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
        Self {
            engine,
            config,
            redrives: Redrives::default(),
        }
    }

    /// The engine behind it.
    pub fn engine(&self) -> &Engine<S, I, C> {
        &self.engine
    }

    /// Whether a state machine may run under a role.
    pub(crate) fn check_role(&self, arn: &str) -> Result<(), ApiError> {
        names::check_role_arn(arn)?;
        match &self.config.roles {
            Some(roles) if !roles.matches(arn) => Err(ApiError::access_denied(format!(
                "The role {arn} is not among those that state machines may have here: see the parameter \
                 RolePattern of the stack"
            ))),
            _ => Ok(()),
        }
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
        // Each in a box of its own size: the largest of them is many times that of the most frequent ones.
        let answer: Answering<'_> = match operation {
            "CreateActivity" => Box::pin(self.create_activity(read(request)?)),
            "CreateStateMachine" => Box::pin(self.create_state_machine(read(request)?)),
            "CreateStateMachineAlias" => Box::pin(self.create_alias(read(request)?)),
            "DeleteActivity" => Box::pin(self.delete_activity(read(request)?)),
            "DeleteStateMachine" => Box::pin(self.delete_state_machine(read(request)?)),
            "DeleteStateMachineAlias" => Box::pin(self.delete_alias(read(request)?)),
            "DeleteStateMachineVersion" => Box::pin(self.delete_version(read(request)?)),
            "DescribeActivity" => Box::pin(self.describe_activity(read(request)?)),
            "DescribeExecution" => Box::pin(self.describe_execution(read(request)?)),
            "DescribeMapRun" => Box::pin(ready(self.describe_map_run(&read(request)?))),
            "DescribeStateMachine" => Box::pin(self.describe_state_machine(read(request)?)),
            "DescribeStateMachineAlias" => Box::pin(self.describe_alias(read(request)?)),
            "DescribeStateMachineForExecution" => {
                Box::pin(self.describe_state_machine_for_execution(read(request)?))
            }
            "GetActivityTask" => Box::pin(self.get_activity_task(read(request)?)),
            "GetExecutionHistory" => Box::pin(self.get_execution_history(read(request)?)),
            "ListActivities" => Box::pin(self.list_activities(read(request)?)),
            "ListExecutions" => Box::pin(self.list_executions(read(request)?)),
            "ListMapRuns" => Box::pin(self.list_map_runs(read(request)?)),
            "ListStateMachineAliases" => Box::pin(self.list_aliases(read(request)?)),
            "ListStateMachineVersions" => Box::pin(self.list_versions(read(request)?)),
            "ListStateMachines" => Box::pin(self.list_state_machines(read(request)?)),
            "ListTagsForResource" => Box::pin(self.list_tags(read(request)?)),
            "PublishStateMachineVersion" => Box::pin(self.publish_version(read(request)?)),
            "RedriveExecution" => Box::pin(self.redrive_execution(read(request)?)),
            "SendTaskFailure" => Box::pin(self.send_task_failure(read(request)?)),
            "SendTaskHeartbeat" => Box::pin(self.send_task_heartbeat(read(request)?)),
            "SendTaskSuccess" => Box::pin(self.send_task_success(read(request)?)),
            "StartExecution" => {
                let start = read(request)?;
                Box::pin(self.start_execution(start, sent.nonce()))
            }
            "StartSyncExecution" => Box::pin(self.start_sync_execution(read(request)?)),
            "StopExecution" => Box::pin(self.stop_execution(read(request)?)),
            "TagResource" => Box::pin(self.tag_resource(read(request)?)),
            "TestState" => Box::pin(self.test_state(read(request)?)),
            "UntagResource" => Box::pin(self.untag_resource(read(request)?)),
            "UpdateMapRun" => Box::pin(ready(self.update_map_run(&read(request)?))),
            "UpdateStateMachine" => Box::pin(self.update_state_machine(read(request)?)),
            "UpdateStateMachineAlias" => Box::pin(self.update_alias(read(request)?)),
            "ValidateStateMachineDefinition" => {
                Box::pin(ready(self.validate_definition(read(request)?)))
            }
            _ => return Err(unknown()),
        };
        let mut answer = answer.await?;
        leave_out_nulls(&mut answer);
        Ok(answer.to_string().into_bytes())
    }
}

/// An operation that is being done.
type Answering<'a> = Pin<Box<dyn Future<Output = Result<Value, ApiError>> + Send + 'a>>;

/// A request whose members have been checked.
fn read<T: DeserializeOwned>(request: Value) -> Result<T, ApiError> {
    serde_json::from_value(request).map_err(ApiError::serialization)
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
