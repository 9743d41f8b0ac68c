//! The optimized integrations: whose client they call, how their errors are called, and in what their
//! requests and results differ from the action's own.
//!
//! AWS: [Optimized integrations](https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html).

use segno_asl::{data::number::to_json, errors::StateError};
use serde_json::{Map, Value, json};

use super::{
    Caller,
    emr::{self, by_name::ByName},
    response, runtime,
};
use crate::aws::{Client, ErrorStyle, Response};

/// An integration with a service.
#[derive(Debug)]
pub(super) struct Optimized {
    /// What resources call it: `events`.
    name: &'static str,
    /// The service in the table: `eventbridge`.
    pub(super) service: &'static str,
    pub(super) errors: ErrorStyle,
    /// Whether lists that the service did not send are there, and empty.
    pub(super) has_empty_lists: bool,
}

const fn row(
    name: &'static str,
    service: &'static str,
    prefix: &'static str,
    class: &'static str,
    base: &'static str,
) -> Optimized {
    Optimized {
        name,
        service,
        errors: ErrorStyle::Optimized {
            prefix,
            service: class,
            base,
        },
        has_empty_lists: false,
    }
}

const fn with_empty_lists(row: Optimized) -> Optimized {
    Optimized {
        has_empty_lists: true,
        ..row
    }
}

/// Names are those of the AWS SDK for Java 1.x.
static OPTIMIZED: &[Optimized] = &[
    row(
        "athena",
        "athena",
        "Athena",
        "AmazonAthena",
        "AmazonAthenaException",
    ),
    row("batch", "batch", "Batch", "AWSBatch", "AWSBatchException"),
    row(
        "bedrock",
        "bedrock",
        "Bedrock",
        "AmazonBedrock",
        "AmazonBedrockException",
    ),
    row(
        INVOKE_MODEL,
        "bedrockruntime",
        "BedrockRuntime",
        "AmazonBedrockRuntime",
        "AmazonBedrockRuntimeException",
    ),
    row(
        "codebuild",
        "codebuild",
        "CodeBuild",
        "AWSCodeBuild",
        "AWSCodeBuildException",
    ),
    row(
        "databrew",
        "databrew",
        "GlueDataBrew",
        "AWSGlueDataBrew",
        "AWSGlueDataBrewException",
    ),
    row(
        "dynamodb",
        "dynamodb",
        "DynamoDB",
        "AmazonDynamoDBv2",
        "AmazonDynamoDBException",
    ),
    with_empty_lists(row("ecs", "ecs", "ECS", "AmazonECS", "AmazonECSException")),
    row("eks", "eks", "EKS", "AmazonEKS", "AmazonEKSException"),
    with_empty_lists(row(
        "elasticmapreduce",
        "emr",
        "EMR",
        "AmazonElasticMapReduce",
        "AmazonElasticMapReduceException",
    )),
    row(
        "emr-containers",
        "emrcontainers",
        "EMRContainers",
        "AmazonEMRContainers",
        "AmazonEMRContainersException",
    ),
    row(
        "emr-serverless",
        "emrserverless",
        "EMRServerless",
        "AWSEMRServerless",
        "AWSEMRServerlessException",
    ),
    row(
        "events",
        "eventbridge",
        "EventBridge",
        "AmazonEventBridge",
        "AmazonEventBridgeException",
    ),
    row("glue", "glue", "Glue", "AWSGlue", "AWSGlueException"),
    row(
        "mediaconvert",
        "mediaconvert",
        "MediaConvert",
        "AWSMediaConvert",
        "AWSMediaConvertException",
    ),
    row(
        "sagemaker",
        "sagemaker",
        "SageMaker",
        "AmazonSageMaker",
        "AmazonSageMakerException",
    ),
    row("sns", "sns", "SNS", "AmazonSNS", "AmazonSNSException"),
    row("sqs", "sqs", "SQS", "AmazonSQS", "AmazonSQSException"),
    row(
        "states",
        "sfn",
        "StepFunctions",
        "AWSStepFunctions",
        "AWSStepFunctionsException",
    ),
];

/// The action of `bedrock` that another service than its others' has.
const INVOKE_MODEL: &str = "bedrock:invokeModel";

impl Optimized {
    pub(super) fn find(service: &str, action: &str) -> Option<&'static Self> {
        let name = match (service, action) {
            ("bedrock", "invokeModel") => INVOKE_MODEL,
            _ => service,
        };
        OPTIMIZED.iter().find(|optimized| optimized.name == name)
    }

    /// The action of the service that an action of the integration is.
    pub(super) fn action<'a>(&self, action: &'a str) -> &'a str {
        match self.name {
            "elasticmapreduce" => emr::action(action),
            _ => action,
        }
    }

    /// What is sent for the parameters of a task.
    pub(super) fn request(
        &self,
        action: &str,
        mut given: Map<String, Value>,
        caller: Caller<'_>,
    ) -> Map<String, Value> {
        match self.name {
            "events" => name_origin(&mut given, caller),
            "elasticmapreduce" => given = emr::request(action, given),
            INVOKE_MODEL => {
                for member in ["Accept", "ContentType"] {
                    given
                        .entry(member)
                        .or_insert_with(|| "application/json".into());
                }
            }
            _ => {}
        }
        given
    }

    /// The same, where that takes other calls: these only read.
    pub(super) async fn looked_up(
        &self,
        action: &str,
        given: Map<String, Value>,
        client: &Client,
    ) -> Result<Map<String, Value>, StateError> {
        match self.by_name(action) {
            Some(by_name) => by_name.request(given, client).await,
            None => Ok(given),
        }
    }

    /// What an action calls by its name, if the service calls that by its id.
    pub(super) fn by_name(&self, action: &str) -> Option<&'static ByName> {
        ByName::of(action).filter(|_| self.name == "elasticmapreduce")
    }

    /// The result of a task, of what the service answered.
    pub(super) fn result(
        &self,
        action: &str,
        given: &Map<String, Value>,
        response: Response,
    ) -> Result<Value, StateError> {
        let Response {
            mut value,
            status,
            headers,
            request_id,
        } = response;
        match self.name {
            "events" => refuse_failed_entries(&value)?,
            "ecs" if action == "runTask" => refuse_failures(&value)?,
            "glue" if action == "startJobRun" => {
                if let Some(name) = given.get("JobName") {
                    value.insert("JobName".into(), name.clone());
                }
            }
            "elasticmapreduce" => value = emr::result(action, value),
            INVOKE_MODEL => parse_body(&mut value)?,
            _ => {}
        }
        value.extend(response::metadata(status, &headers, request_id.as_deref()));
        value.sort_keys();
        Ok(Value::Object(value))
    }

    /// A message is sent to the host in its queue's URL; that there is none is an error of its own.
    pub(super) async fn find_host(&self, given: &Map<String, Value>) -> Result<(), StateError> {
        let url = given.get("QueueUrl").and_then(Value::as_str);
        let Some(url) = url.filter(|_| self.name == "sqs") else {
            return Ok(());
        };
        let uri: http::Uri = url.parse().unwrap_or_default();
        let Some(host) = uri.host() else {
            return Ok(());
        };
        let port = uri.port_u16().unwrap_or(443);
        match tokio::net::lookup_host((host, port)).await {
            Ok(_) => Ok(()),
            Err(_) => Err(StateError::new(
                "SQS.SdkClientException",
                format!("Unable to execute HTTP request: {host}: Name or service not known"),
            )),
        }
    }
}

/// Each event says which execution it comes from.
fn name_origin(given: &mut Map<String, Value>, caller: Caller<'_>) {
    let entries = given.get_mut("Entries").and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten() {
        let Some(entry) = entry.as_object_mut() else {
            continue;
        };
        let resources = entry
            .entry("Resources")
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(resources) = resources {
            resources.push(caller.state_machine_arn.into());
            resources.push(caller.execution_arn.into());
        }
    }
}

/// Events that the bus did not take.
fn refuse_failed_entries(value: &Map<String, Value>) -> Result<(), StateError> {
    match value.get("FailedEntryCount").and_then(Value::as_u64) {
        Some(0) | None => Ok(()),
        Some(_) => Err(StateError::new(
            "EventBridge.FailedEntry",
            to_json(&Value::Object(value.clone())),
        )),
    }
}

/// Tasks that ECS could not place.
fn refuse_failures(value: &Map<String, Value>) -> Result<(), StateError> {
    match value.get("Failures").and_then(Value::as_array) {
        Some(failures) if !failures.is_empty() => Err(StateError::new(
            "AmazonECS.Unknown",
            to_json(&json!(failures)),
        )),
        _ => Ok(()),
    }
}

/// What a model answers is JSON.
fn parse_body(value: &mut Map<String, Value>) -> Result<(), StateError> {
    if let Some(Value::String(body)) = value.get("Body") {
        let body = serde_json::from_str(body).map_err(|error| runtime(&error))?;
        value.insert("Body".into(), body);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Service;

    #[test]
    fn every_integration_has_its_service() {
        for optimized in OPTIMIZED {
            assert!(
                Service::find(optimized.service).is_some(),
                "{}",
                optimized.name
            );
        }
    }

    #[test]
    fn events_say_where_they_come_from() {
        let mut given = json!({ "Entries": [{ "Resources": ["r"] }, {}] });
        let caller = Caller {
            execution_arn: "e",
            state_machine_arn: "m",
            ..Caller::default()
        };
        name_origin(given.as_object_mut().unwrap(), caller);
        let entries = json!([{ "Resources": ["r", "m", "e"] }, { "Resources": ["m", "e"] }]);
        assert_eq!(given["Entries"], entries);
    }

    #[test]
    fn events_that_were_not_taken_fail_the_task() {
        let answered = json!({ "Entries": [{ "ErrorCode": "x" }], "FailedEntryCount": 1 });
        let error = refuse_failed_entries(answered.as_object().unwrap()).unwrap_err();
        assert_eq!(error.name.as_deref(), Some("EventBridge.FailedEntry"));
        assert_eq!(error.cause.unwrap(), answered.to_string());
    }
}
