//! State machines as resources of CloudFormation: the function `api`, invoked by a custom resource.
//!
//! Whatever happens is answered, so that no stack waits for an hour; and whatever is asked twice is done once, for
//! CloudFormation, and Lambda for it, ask again when they hear nothing.
//!
//! AWS: [Custom resources](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html).

mod properties;

use std::time::Duration;

use segno_api::{Api, Request as ApiRequest};
use segno_engine::{Backend, Clock, Invoker, logs::BoxFuture};
use segno_integrations::{
    Reach,
    put::Put,
    services::{Caller, Services},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use self::properties::{Properties, derived_name};

/// How long a request may take: the function itself has half a minute, and must answer.
const TIME_MAX: Duration = Duration::from_secs(20);

/// So often an answer is sent, and so long it is waited in between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Longest reason that is told: an answer must not be longer than 4096 bytes.
const REASON_BYTES_MAX: usize = 2_048;

/// Whose a state machine is: the stack, and the resource in it.
const STACK_TAG: &str = "segno:stack";
const RESOURCE_TAG: &str = "segno:resource";

/// What CloudFormation asks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    request_type: String,
    #[serde(rename = "ResponseURL")]
    response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    physical_resource_id: Option<String>,
    #[serde(default)]
    resource_properties: Value,
    #[serde(default)]
    old_resource_properties: Value,
}

/// A state machine that is there now.
struct Made {
    arn: String,
    name: String,
}

/// Whether an invocation is CloudFormation's.
pub fn is_request(event: &Value) -> bool {
    event["ResponseURL"].is_string() && event["RequestType"].is_string()
}

/// Does what CloudFormation asks, and answers it.
///
/// # Errors
///
/// The answer could not be sent: Lambda invokes the function again.
pub fn answer<'a, S: Backend, I: Invoker, C: Clock>(
    api: &'a Api<S, I, C>,
    objects: &'a dyn Objects,
    reach: Reach,
    event: Value,
) -> BoxFuture<'a, anyhow::Result<Value>> {
    Box::pin(async move {
        let request: Request = serde_json::from_value(event)?;
        let done = timeout(TIME_MAX, request.perform(api, objects)).await;
        let done = done.unwrap_or_else(|_elapsed| Err("it took too long".to_owned()));
        if let Err(why) = &done {
            let resource = &request.logical_resource_id;
            tracing::error!(resource, why, "a resource of CloudFormation has failed");
        }
        let answer = request.answered(done);
        send(&Put::new(reach), &request.response_url, &answer).await?;
        Ok(json!({ "Status": answer["Status"] }))
    })
}

async fn send(put: &Put, url: &str, answer: &Value) -> anyhow::Result<()> {
    let mut tries = 1;
    loop {
        match put.put(url, answer.to_string()).await {
            Ok(()) => return Ok(()),
            Err(error) if tries == TRIES => return Err(error.into()),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, tries, "CloudFormation is not answered yet");
            }
        }
        tries += 1;
        sleep(PAUSE).await;
    }
}

impl Request {
    async fn perform<S: Backend, I: Invoker, C: Clock>(
        &self,
        api: &Api<S, I, C>,
        objects: &dyn Objects,
    ) -> Result<Option<Made>, String> {
        let machine = self.machine();
        match (self.request_type.as_str(), machine) {
            ("Create", _) => self.create(api, objects).await.map(Some),
            ("Update", Some(arn)) if !self.is_replaced()? => {
                self.update(api, objects, arn).await.map(Some)
            }
            ("Update", _) => self.create(api, objects).await.map(Some),
            ("Delete", Some(arn)) => self.delete(api, arn).await.map(|()| None),
            // It was never there.
            ("Delete", None) => Ok(None),
            (other, _) => Err(format!("there is no request of the type {other}")),
        }
    }

    /// The state machine that the resource is, if it ever was one.
    fn machine(&self) -> Option<&str> {
        let id = self.physical_resource_id.as_deref()?;
        id.contains(":stateMachine:").then_some(id)
    }

    /// What a resource that was not made is called, so that it can be deleted.
    fn placeholder(&self) -> String {
        let id = self.physical_resource_id.clone();
        id.unwrap_or_else(|| format!("{}-not-made", self.logical_resource_id))
    }

    fn properties(&self) -> Result<Properties, String> {
        Properties::read(&self.resource_properties)
    }

    fn name(&self, properties: &Properties) -> String {
        let kind = &properties.machine_type;
        let derived = || derived_name(&self.stack_id, &self.logical_resource_id, kind);
        properties.name.clone().unwrap_or_else(derived)
    }

    /// Whether another state machine takes the place of the one that there is: it has another name, or
    /// it is of another type.
    fn is_replaced(&self) -> Result<bool, String> {
        let new = self.properties()?;
        // What it was is only looked at: it may have been refused.
        let Ok(old) = Properties::read(&self.old_resource_properties) else {
            return Ok(true);
        };
        Ok(self.name(&new) != self.name(&old) || new.machine_type != old.machine_type)
    }

    async fn create<S: Backend, I: Invoker, C: Clock>(
        &self,
        api: &Api<S, I, C>,
        objects: &dyn Objects,
    ) -> Result<Made, String> {
        let properties = self.properties()?;
        let name = self.name(&properties);
        let definition = properties.definition(objects).await?;
        let asked = json!({
            "name": name,
            "type": properties.machine_type,
            "roleArn": properties.role_arn,
            "definition": definition,
            "loggingConfiguration": properties.logging(),
            "tags": [
                { "key": STACK_TAG, "value": self.stack_id },
                { "key": RESOURCE_TAG, "value": self.logical_resource_id },
            ],
        });
        let made = call(api, "CreateStateMachine", &asked).await?;
        let arn = made["stateMachineArn"].as_str().unwrap_or_default();
        // The same one may have been made by somebody else: that would be deleted along with this stack.
        match self.owns(api, arn).await? {
            true => Ok(Made {
                arn: arn.to_owned(),
                name,
            }),
            false => Err(format!(
                "the state machine {name} is there, and not of this resource"
            )),
        }
    }

    async fn update<S: Backend, I: Invoker, C: Clock>(
        &self,
        api: &Api<S, I, C>,
        objects: &dyn Objects,
        arn: &str,
    ) -> Result<Made, String> {
        let properties = self.properties()?;
        let name = self.name(&properties);
        let definition = properties.definition(objects).await?;
        let asked = json!({
            "stateMachineArn": arn,
            "roleArn": properties.role_arn,
            "definition": definition,
            "loggingConfiguration": properties.logging(),
        });
        call(api, "UpdateStateMachine", &asked).await?;
        Ok(Made {
            arn: arn.to_owned(),
            name,
        })
    }

    async fn delete<S: Backend, I: Invoker, C: Clock>(
        &self,
        api: &Api<S, I, C>,
        arn: &str,
    ) -> Result<(), String> {
        match self.owns(api, arn).await {
            Ok(true) => {
                let asked = json!({ "stateMachineArn": arn });
                call(api, "DeleteStateMachine", &asked).await.map(|_| ())
            }
            // It is gone, or another's by now: there is nothing to do.
            Ok(false) => Ok(()),
            Err(why) if why.starts_with("ResourceNotFound") => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// Whether a state machine was made for this resource.
    async fn owns<S: Backend, I: Invoker, C: Clock>(
        &self,
        api: &Api<S, I, C>,
        arn: &str,
    ) -> Result<bool, String> {
        let listed = call(api, "ListTagsForResource", &json!({ "resourceArn": arn })).await?;
        let tags = listed["tags"].as_array().map(Vec::as_slice);
        let has = |key: &str, value: &str| {
            let mut tags = tags.unwrap_or_default().iter();
            tags.any(|tag| tag["key"] == key && tag["value"] == value)
        };
        Ok(has(STACK_TAG, &self.stack_id) && has(RESOURCE_TAG, &self.logical_resource_id))
    }

    fn answered(&self, done: Result<Option<Made>, String>) -> Value {
        let (status, reason, made) = match done {
            Ok(made) => ("SUCCESS", None, made),
            Err(why) => ("FAILED", Some(shortened(why)), None),
        };
        let physical_id = match &made {
            Some(made) => made.arn.clone(),
            None => self.placeholder(),
        };
        json!({
            "Status": status,
            "Reason": reason.unwrap_or_default(),
            "PhysicalResourceId": physical_id,
            "StackId": self.stack_id,
            "RequestId": self.request_id,
            "LogicalResourceId": self.logical_resource_id,
            "NoEcho": false,
            "Data": made.map_or(json!({}), |made| json!({ "Arn": made.arn, "Name": made.name })),
        })
    }
}

fn shortened(mut why: String) -> String {
    let end = why.floor_char_boundary(REASON_BYTES_MAX);
    why.truncate(end);
    why
}

/// Asks the API; gives the error's name and message.
async fn call<S: Backend, I: Invoker, C: Clock>(
    api: &Api<S, I, C>,
    operation: &str,
    asked: &Value,
) -> Result<Value, String> {
    let target = format!("AWSStepFunctions.{operation}");
    let body = asked.to_string();
    let response = api.handle(&ApiRequest::new(&target, body.as_bytes())).await;
    let said: Value =
        serde_json::from_slice(&response.body).map_err(|error| format!("{operation}: {error}"))?;
    match response.error_type {
        None => Ok(said),
        Some(name) => Err(format!(
            "{name}: {}",
            said["message"].as_str().unwrap_or_default()
        )),
    }
}

/// Where definitions are that a template only names.
pub trait Objects: Send + Sync {
    /// The text of an object.
    ///
    /// # Errors
    ///
    /// Why it is not read.
    fn read<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<String, String>>;
}

/// With the rights of the function.
impl Objects for Services {
    fn read<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move {
            let asked = json!({ "Bucket": bucket, "Key": key });
            let nobody = Caller::default();
            let read = self.result("aws-sdk:s3", "getObject", asked, nobody).await;
            match read {
                Ok(object) => match object["Body"].as_str() {
                    Some(text) => Ok(text.to_owned()),
                    None => Err(format!("s3://{bucket}/{key} is not text")),
                },
                Err(error) => {
                    let [name, cause] = [error.name, error.cause].map(Option::unwrap_or_default);
                    Err(format!(
                        "s3://{bucket}/{key} cannot be read: {name}: {cause}"
                    ))
                }
            }
        })
    }
}
