//! Executions that are started by executions: the service `states:startExecution`, against this engine.
//!
//! AWS: [Start workflow executions from a task state](https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html).

use std::{sync::Arc, time::Duration};

use segno_asl::{
    data::{
        number::to_json,
        value::{Object, Value},
    },
    definition::{MachineType, Pattern, Resource, State, StateKind, StateMachine},
    errors::{StateError, names},
    json,
};
use segno_interpreter::{checkpoint::Parent, event::Outcome, key::ExecutionKey, payload::Payload};

use crate::{
    Backend, Clock, Engine, Invoker,
    catalog::Machine,
    invoker::Call,
    operations::{Pick, StartError, StartRequest, arn::StateMachineArn},
    store::{Created, EndStatus, Head},
};

/// So often a start is made whose answer is lost.
const TRIES: u32 = 3;

/// How long it takes until it is made again.
const PAUSE: Duration = Duration::from_secs(1);

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Starts the execution that an attempt asks for. The same attempt may ask again: the start is
    /// recognised by its nonce.
    pub(crate) async fn start_child(&self, parent: &ExecutionKey, call: &Call) -> Outcome {
        let request_id = self.config().entropy.uuid().map_err(unavailable)?;
        let refused = |name: &str, message: &str| refused(name, message, &request_id);
        let parameters = call.input.value();
        let Some(machine_arn) = parameters.get("StateMachineArn").and_then(Value::as_str) else {
            let cause = "The field 'StateMachineArn' is required but was missing";
            return Err(StateError::new(names::RUNTIME, cause));
        };
        let machine = self.child_machine(machine_arn, &request_id).await?;
        let waits = match &call.resource {
            Resource::Service { pattern, .. } => {
                matches!(pattern, Pattern::Sync | Pattern::Sync2)
            }
            Resource::LambdaFunction { .. } | Resource::Activity { .. } => false,
        };
        if waits && machine.machine_type == MachineType::Express {
            // Nobody can ask what has become of an Express execution.
            let message = "This operation is not supported by this type of state machine";
            return Err(refused("StateMachineTypeNotSupported", message));
        }
        let input = match parameters.get("Input") {
            None | Some(Value::Null) => Payload::from(json!({})),
            // A text is what the API takes: JSON in a string.
            Some(Value::String(text)) => Payload::parse(text).map_err(|error| {
                let message = format!("Invalid State Machine Execution Input: '{error}'");
                refused("InvalidExecutionInput", &message)
            })?,
            Some(input) => Payload::from(input.clone()),
        };
        let key = call.child.clone();
        let request = StartRequest {
            name: key.as_ref().map_or_else(String::new, |key| {
                key.arn.rsplit(':').next().unwrap_or_default().to_owned()
            }),
            nonce: key.as_ref().map(|key| key.nonce),
            machine: Arc::new(machine),
            input,
            trace_header: call.trace_header.clone(),
            parent: waits.then(|| Parent {
                execution: parent.clone(),
                attempt: call.attempt,
            }),
        };
        let head = match self.start_surely(request).await {
            Ok(Created::New(head)) => head,
            Ok(Created::Existing(head)) => {
                let message = format!("Execution Already Exists: '{}'", head.key.arn);
                return Err(refused("ExecutionAlreadyExists", &message));
            }
            Err(error) => return Err(unavailable(error)),
        };
        Ok(response(&head, &request_id))
    }

    /// Starts an execution whose nonce is known. A start whose answer is lost is made again.
    async fn start_surely(&self, request: StartRequest) -> Result<Created<Head>, StartError> {
        let mut tries = 1;
        loop {
            match self.start(request.clone()).await {
                Err(_) if tries < TRIES => tries += 1,
                started => return started,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The state machine that a task names.
    async fn child_machine(&self, arn: &str, request_id: &str) -> Result<Machine, StateError> {
        let refused = |name: &str, message: &str| refused(name, message, request_id);
        let parsed = StateMachineArn::parse(arn).ok_or_else(|| {
            let message = format!("Invalid Arn: 'Invalid ARN prefix: {arn}'");
            refused("InvalidArn", &message)
        })?;
        let found = self.find_state_machine(&parsed, Pick::ByWeight).await;
        match found.map_err(unavailable)? {
            None => {
                let message = format!("State Machine Does Not Exist: '{arn}'");
                Err(refused("StateMachineDoesNotExist", &message))
            }
            Some(found) if found.record.is_deleting() => {
                let message = format!("State Machine is being deleted: '{arn}'");
                Err(refused("StateMachineDeleting", &message))
            }
            Some(found) => Ok(found.machine),
        }
    }

    /// Whether performing an attempt again cannot be seen.
    pub(crate) fn can_repeat(&self, call: &Call) -> bool {
        call.starts_execution() || self.invoker().is_repeatable(call)
    }
}

/// How a state waits for what it calls.
pub(crate) fn pattern(machine: &StateMachine, state: &str) -> Option<Pattern> {
    match &machine.state(state)?.kind {
        StateKind::Task(task) => match &task.resource {
            Resource::Service { pattern, .. } => Some(*pattern),
            Resource::LambdaFunction { .. } | Resource::Activity { .. } => None,
        },
        _ => None,
    }
}

/// What a child has come to, as the result of the task that waited for it: what DescribeExecution
/// says, with the output parsed if the task asks for `.sync:2`.
pub(crate) fn outcome(
    head: &Head,
    input: Option<Payload>,
    output: Option<Payload>,
    pattern: Option<Pattern>,
) -> Outcome {
    let is_parsed = pattern == Some(Pattern::Sync2);
    let show = |payload: &Payload| match is_parsed {
        true => payload.value().clone(),
        false => payload.text().into(),
    };
    let end = head.shown.end.as_ref();
    let error = end.and_then(|end| end.error.as_ref());
    let included = || json!({ "Included": true });
    let has_succeeded = end.is_some_and(|end| end.status == EndStatus::Succeeded);
    let (redrive_status, reason) = match has_succeeded {
        true => {
            let reason = format!("Execution is {} and cannot be redriven", head.status());
            ("NOT_REDRIVABLE", Some(reason))
        }
        false => ("REDRIVABLE", None),
    };
    // By name, as AWS has it. Only the newer form tells of redrives.
    let members = [
        (
            "Cause",
            error.and_then(|error| error.cause.clone()).map(Value::from),
        ),
        (
            "Error",
            error.and_then(|error| error.name.clone()).map(Value::from),
        ),
        ("ExecutionArn", Some(head.key.arn.clone().into())),
        ("Input", input.as_ref().map(show)),
        ("InputDetails", Some(included())),
        ("Name", Some(head.name.clone().into())),
        ("Output", output.as_ref().map(show)),
        ("OutputDetails", output.as_ref().map(|_| included())),
        (
            "RedriveCount",
            is_parsed.then(|| head.shown.redrives.into()),
        ),
        ("RedriveStatus", is_parsed.then(|| redrive_status.into())),
        (
            "RedriveStatusReason",
            reason.filter(|_| is_parsed).map(Value::from),
        ),
        ("StartDate", Some(head.started_at.0.into())),
        ("StateMachineArn", Some(head.machine.arn.clone().into())),
        ("Status", Some(head.status().into())),
        ("StopDate", end.map(|end| end.at.0.into())),
    ];
    let described: Object = members
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect();
    let described = Value::Object(described);
    match has_succeeded {
        true => Ok(Payload::from(described)),
        false => Err(StateError::new(names::TASK_FAILED, to_json(&described))),
    }
}

/// What the errors of a task's service begin with.
pub(crate) fn error_prefix(state: &State) -> &str {
    match &state.kind {
        StateKind::Task(task) => resource_prefix(&task.resource),
        _ => "Task",
    }
}

/// What the errors of a resource's calls begin with.
pub(crate) fn resource_prefix(resource: &Resource) -> &str {
    match resource {
        Resource::Service { service, .. } => service_prefix(service),
        Resource::LambdaFunction { .. } => "Lambda",
        Resource::Activity { .. } => "Activity",
    }
}

/// As AWS's SDKs name services in errors; what is not listed is named as it is.
fn service_prefix(service: &str) -> &str {
    match service {
        "athena" => "Athena",
        "batch" => "Batch",
        "bedrock" => "Bedrock",
        "codebuild" => "CodeBuild",
        "databrew" => "GlueDataBrew",
        "dynamodb" => "DynamoDB",
        "ecs" => "ECS",
        "eks" => "EKS",
        "elasticmapreduce" => "EMR",
        "emr-containers" => "EMRContainers",
        "emr-serverless" => "EMRServerless",
        "events" => "EventBridge",
        "glue" => "Glue",
        "lambda" => "Lambda",
        "mediaconvert" => "MediaConvert",
        "sagemaker" => "SageMaker",
        "sns" => "SNS",
        "sqs" => "SQS",
        "states" => "StepFunctions",
        other => other.strip_prefix("aws-sdk:").unwrap_or(other),
    }
}

/// The response to StartExecution, with what AWS's SDK adds to it.
fn response(head: &Head, request_id: &str) -> Payload {
    let length =
        json!({ "executionArn": head.key.arn, "startDate": head.started_at.0 as f64 / 1e3 })
            .to_string()
            .len()
            .to_string();
    let date = http_date(head.started_at.0);
    let content_type = "application/x-amz-json-1.0";
    Payload::from(json!({
        "ExecutionArn": head.key.arn,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {
                "x-amzn-RequestId": [request_id],
                "connection": ["keep-alive"],
                "Content-Length": [&length],
                "Date": [&date],
                "Content-Type": [content_type],
            },
            "HttpHeaders": {
                "connection": "keep-alive",
                "Content-Length": &length,
                "Content-Type": content_type,
                "Date": &date,
                "x-amzn-RequestId": request_id,
            },
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": { "RequestId": request_id },
        "StartDate": head.started_at.0,
    }))
}

/// A date as HTTP writes it.
fn http_date(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .unwrap_or(jiff::Timestamp::MAX)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

/// An error of the Step Functions API, as a task sees it.
fn refused(name: &str, message: &str, request_id: &str) -> StateError {
    let cause = format!(
        "{message} (Service: AWSStepFunctions; Status Code: 400; Error Code: {name}; Request ID: {request_id}; Proxy: null)"
    );
    StateError::new(format!("StepFunctions.{name}Exception"), cause)
}

fn unavailable(error: impl std::error::Error) -> StateError {
    StateError::new("StepFunctions.SdkClientException", error.to_string())
}
