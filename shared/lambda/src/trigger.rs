//! What starts executions that is no SDK: a direct invocation, an HTTP route, and the events of other
//! services. Each has a name of its own, so that what is delivered twice starts one execution.

use std::collections::BTreeMap;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use segno_api::{Request, Response};
use segno_engine::operations::arn;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{AwsApi, Environment, http};

/// An execution that is to be started.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// ARN or name of the state machine.
    pub state_machine: String,
    /// Name of the execution.
    pub name: String,
    /// Its input.
    pub input: Value,
    /// What the event source mapping must not take for done, should it fail.
    pub item: Option<String>,
}

/// Why an event starts nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAStart(pub String);

const START: &str = "AWSStepFunctions.StartExecution";

/// The name of what is the same whenever it is delivered.
fn name_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize()[..20]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What an event starts. `invocation` is the id of the invocation: a retried one has the same.
///
/// # Errors
///
/// [`NotAStart`]: what is missing.
pub fn starts(
    event: &Value,
    invocation: &str,
    triggers: &BTreeMap<String, String>,
) -> Result<Vec<Start>, NotAStart> {
    if let Some(machine) = event["stateMachineArn"].as_str() {
        return Ok(vec![direct(event, machine, invocation)]);
    }
    let records = event["Records"].as_array().map(Vec::as_slice);
    let of = |source: Source| source.start(triggers);
    match records {
        Some(records) => records
            .iter()
            .map(|record| of(Source::of_record(record)?))
            .collect(),
        None => Ok(vec![of(Source::of_event(event)?)?]),
    }
}

fn direct(event: &Value, machine: &str, invocation: &str) -> Start {
    let name = event["name"].as_str().map(str::to_owned);
    let input = match &event["input"] {
        // As StartExecution has it.
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
        Value::Null => json!({}),
        input => input.clone(),
    };
    Start {
        state_machine: machine.to_owned(),
        name: name.unwrap_or_else(|| invocation.to_owned()),
        input,
        item: None,
    }
}

/// Where an event comes from, and which one of its events it is.
struct Source {
    /// What the template's parameter `Triggers` may name.
    arns: Vec<String>,
    name: String,
    input: Value,
    item: Option<String>,
}

impl Source {
    /// A record of S3, of SQS or of a stream of DynamoDB.
    fn of_record(record: &Value) -> Result<Self, NotAStart> {
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
        let needed = |pointer: &str| {
            text(pointer).ok_or_else(|| NotAStart(format!("the record has no {pointer}")))
        };
        let source = text("/eventSource").unwrap_or_default();
        Ok(match source {
            "aws:s3" => Self {
                arns: vec![needed("/s3/bucket/arn")?.to_owned()],
                name: name_of(&[
                    needed("/s3/bucket/name")?,
                    needed("/s3/object/key")?,
                    needed("/s3/object/sequencer")?,
                    needed("/eventName")?,
                ]),
                input: record.clone(),
                item: None,
            },
            "aws:sqs" => Self {
                arns: vec![needed("/eventSourceARN")?.to_owned()],
                name: needed("/messageId")?.to_owned(),
                input: body(needed("/body")?),
                item: Some(needed("/messageId")?.to_owned()),
            },
            "aws:dynamodb" => {
                let stream = needed("/eventSourceARN")?;
                let table = stream.split("/stream/").next().unwrap_or(stream);
                Self {
                    arns: vec![stream.to_owned(), table.to_owned()],
                    name: needed("/eventID")?.to_owned(),
                    input: record.clone(),
                    item: Some(needed("/dynamodb/SequenceNumber")?.to_owned()),
                }
            }
            other => {
                let why = format!("records of `{other}` start nothing");
                return Err(NotAStart(why));
            }
        })
    }

    /// An event of EventBridge, scheduled ones among them.
    fn of_event(event: &Value) -> Result<Self, NotAStart> {
        let (Some(id), Some(_)) = (event["id"].as_str(), event["detail-type"].as_str()) else {
            let why = "it is neither `{\"stateMachineArn\": …, \"name\": …, \"input\": …}` nor an event of \
                       EventBridge, S3, SQS or DynamoDB";
            return Err(NotAStart(why.into()));
        };
        let resources = event["resources"].as_array().into_iter().flatten();
        let resources = resources.filter_map(Value::as_str).map(str::to_owned);
        let source = event["source"].as_str().map(str::to_owned);
        Ok(Self {
            arns: resources.chain(source).collect(),
            name: id.to_owned(),
            input: event.clone(),
            item: None,
        })
    }

    fn start(self, triggers: &BTreeMap<String, String>) -> Result<Start, NotAStart> {
        let machine = self.arns.iter().find_map(|arn| triggers.get(arn));
        let Some(machine) = machine else {
            return Err(NotAStart(format!(
                "the parameter Triggers names no state machine for {}",
                self.arns.join(", ")
            )));
        };
        Ok(Start {
            state_machine: machine.clone(),
            name: self.name,
            input: self.input,
            item: self.item,
        })
    }
}

/// JSON, or a text.
fn body(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// Answers an invocation.
///
/// # Errors
///
/// What could not be started: the invocation is to be repeated, or was no start.
pub async fn answer(
    api: &AwsApi,
    environment: &Environment,
    event: Value,
    invocation: &str,
) -> anyhow::Result<Value> {
    if event.get("requestContext").is_some() {
        let request: ApiGatewayV2httpRequest = serde_json::from_value(event)?;
        let response = by_http(api, environment, &request).await;
        return Ok(serde_json::to_value(http::reply(&response))?);
    }
    let starts = starts(&event, invocation, &environment.triggers)
        .map_err(|NotAStart(why)| anyhow::anyhow!("nothing is started: {why}"))?;
    let mut answers = Vec::new();
    let mut failed = Vec::new();
    for start in starts {
        let item = start.item.clone();
        match (begin(api, environment, &start).await, item) {
            (Ok(answer), _) => answers.push(answer),
            (Err(why), Some(item)) => {
                tracing::error!(name = start.name, why, "an execution is not started");
                failed.push(json!({ "itemIdentifier": item }));
            }
            (Err(why), None) => anyhow::bail!(why),
        }
    }
    Ok(match event.get("Records") {
        Some(_) => json!({ "batchItemFailures": failed }),
        None => answers.pop().unwrap_or_default(),
    })
}

/// Starts an execution; one that the same event has started already is as good.
async fn begin(api: &AwsApi, environment: &Environment, start: &Start) -> Result<Value, String> {
    let response = send(api, environment, start).await;
    let said: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    match response.error_type {
        None => Ok(said),
        Some("ExecutionAlreadyExists") => {
            let machine = machine_arn(environment, &start.state_machine);
            Ok(json!({ "executionArn": arn::execution(&machine, &start.name) }))
        }
        Some(name) => Err(format!(
            "{name}: {}",
            said["message"].as_str().unwrap_or_default()
        )),
    }
}

async fn send(api: &AwsApi, environment: &Environment, start: &Start) -> Response {
    let body = json!({
        "stateMachineArn": machine_arn(environment, &start.state_machine),
        "name": start.name,
        "input": start.input.to_string(),
    });
    api.handle(&Request::new(START, body.to_string().as_bytes()))
        .await
}

/// `POST /state-machines/{name}/executions`: the body is the input, `?name=` names the execution.
async fn by_http(
    api: &AwsApi,
    environment: &Environment,
    request: &ApiGatewayV2httpRequest,
) -> Response {
    let machine = request.path_parameters.get("name");
    let sent = http::body(request).unwrap_or_default();
    let input = match sent.is_empty() {
        true => json!({}),
        false => body(&String::from_utf8_lossy(&sent)),
    };
    let name = request.query_string_parameters.first("name");
    let id = request.request_context.request_id.as_deref();
    let start = Start {
        state_machine: machine.cloned().unwrap_or_default(),
        name: match name {
            Some(name) => name.to_owned(),
            None => safe(id.unwrap_or_default()),
        },
        input,
        item: None,
    };
    send(api, environment, &start).await
}

/// The id of a request, without what names may not have.
fn safe(id: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    id.chars().map(allowed).collect()
}

/// The ARN of a state machine that may be named only.
fn machine_arn(environment: &Environment, machine: &str) -> String {
    match machine.starts_with("arn:") {
        true => machine.to_owned(),
        false => arn::state_machine(&environment.region, &environment.account_id, machine),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// A sample of the folder `events`.
    fn sample(name: &str) -> Value {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/start");
        let text = fs::read_to_string(folder.join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn triggers() -> BTreeMap<String, String> {
        let arns = [
            "shop.orders",
            "arn:aws:events:us-east-1:123456789012:rule/nightly",
            "arn:aws:s3:::orders",
            "arn:aws:sqs:us-east-1:123456789012:orders",
            "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
        ];
        let all = arns.map(|arn| (arn.to_owned(), "order".to_owned()));
        all.into_iter().collect()
    }

    #[test]
    fn every_sample_starts_one_execution_under_a_name_of_its_own_that_is_the_same_each_time() {
        let samples = [
            "direct.json",
            "eventbridge.json",
            "schedule.json",
            "s3.json",
            "sqs.json",
            "dynamodb.json",
        ];
        let mut names = std::collections::BTreeSet::new();
        for name in samples {
            let event = sample(name);
            let first = starts(&event, "invocation", &triggers()).unwrap();
            assert_eq!(first, starts(&event, "another", &triggers()).unwrap());
            let [start] = first.as_slice() else {
                panic!("{name}: {first:?}");
            };
            assert!(start.state_machine.ends_with("order"), "{name}");
            assert!(start.name.len() <= 80, "{name}");
            assert!(names.insert(start.name.clone()), "{name}");
        }
    }

    #[test]
    fn a_start_without_a_name_has_that_of_its_invocation() {
        let event = json!({ "stateMachineArn": "order" });
        let [start] = <[Start; 1]>::try_from(starts(&event, "one", &triggers()).unwrap()).unwrap();
        assert_eq!((&*start.name, start.input), ("one", json!({})));
    }

    #[test]
    fn what_names_no_state_machine_says_what_is_missing() {
        let refused = starts(&sample("s3.json"), "one", &BTreeMap::new()).unwrap_err();
        assert!(refused.0.contains("arn:aws:s3:::orders"), "{}", refused.0);
        let refused = starts(&json!({ "what": 1 }), "one", &BTreeMap::new()).unwrap_err();
        assert!(refused.0.contains("stateMachineArn"), "{}", refused.0);
    }
}
