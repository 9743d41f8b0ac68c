//! Trains the dictionary that texts are compressed with:
//!
//! ```text
//! cargo run --package segno-aws --features training --example train_dictionary -- shared/aws/dictionary/v2
//! ```
//!
//! The samples are what the commits and head rows of the conformance cases would be, and of a few executions
//! whose tasks return what services of AWS return; each in an account, a region and under names of its
//! own. A dictionary that was released is never trained again: what was written with it must be read. A new
//! one has a new number.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a tool")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use aws_types::SdkConfig;
use segno_asl::definition::{Resource, StateName, Task};
use segno_aws::{AwsBackend, Options, Places, Queues, training::head_texts};
use segno_engine::{
    Config, Engine, Invoker, Observer,
    catalog::Machine,
    clock::SkippingClock,
    invoker::Call,
    memory::MemoryStore,
    operations::StartRequest,
    store::{Commit, Shown},
};
use segno_interpreter::{
    checkpoint::Parent,
    checkpoint::{AttemptId, FrameId},
    event::{Outcome, Timestamp},
    key::{ExecutionKey, Nonce},
    payload::Payload,
    transition::Transition,
};
use segno_tests::{case::Case, repository};
use serde_json::{Value, json};

/// Bytes of the dictionary. A larger one is no better.
const BYTES: usize = 24 * 1024;

const REGIONS: [&str; 8] = [
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ca-central-1",
    "sa-east-1",
];

/// Keeps the text of each commit.
struct Samples {
    backend: AwsBackend,
    numbers: Mutex<BTreeMap<ExecutionKey, u64>>,
    texts: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Observer for Samples {
    fn committed(&self, execution: &ExecutionKey, transition: &Transition) {
        let mut numbers = self.numbers.lock().unwrap();
        let number = numbers.entry(execution.clone()).or_default();
        *number += 1;
        let commit = Commit {
            number: *number,
            writer: Nonce::default(),
            cause: Some(segno_engine::queue::Cause(draw())),
            transition,
            shown: None,
        };
        let text = self.backend.commit_text(execution, &commit);
        self.texts.lock().unwrap().push(text);
    }
}

fn draw() -> u64 {
    u64::from_be_bytes(uuid::Uuid::new_v4().as_bytes()[8..].try_into().unwrap())
}

/// A backend that nothing is asked of.
fn unconnected() -> AwsBackend {
    let places = Places {
        table: "none".into(),
        bucket: "none".into(),
        queues: Queues {
            main: "none".into(),
            second: "none".into(),
            dead_letters: "none".into(),
        },
    };
    let config = SdkConfig::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .build();
    AwsBackend::new(&config, places, Options::default())
}

/// The answers of a case, or of services.
enum Answers {
    Case(Box<Case>, Mutex<BTreeMap<String, usize>>),
    Services,
}

impl Invoker for Answers {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    fn stands_in(&self, _call: &Call) -> bool {
        true
    }

    async fn invoke(&self, call: Call) -> Outcome {
        let resource = call.resource.to_string();
        let Self::Case(case, calls) = self else {
            return Ok(Payload::from(service_result(&call.resource)));
        };
        let name = match resource.contains(":function:") {
            true => resource.rsplit(':').next().unwrap().to_owned(),
            false => resource,
        };
        let mut calls = calls.lock().unwrap();
        let call = calls.entry(name.clone()).or_default();
        *call += 1;
        case.answer(&name, *call - 1).0
    }
}

/// What services return: the parts that are the same each time, around what is not.
fn service_result(resource: &Resource) -> Value {
    let resource = resource.to_string();
    let id = uuid::Uuid::new_v4().to_string();
    let trace = format!(
        "Root=1-{:08x}-{:024x};Parent={:016x};Sampled=0;lineage=1:{:08x}:0",
        draw() as u32,
        draw(),
        draw(),
        draw() as u32
    );
    let date = format!(
        "Thu, {:02} Mar 2026 {:02}:{:02}:{:02} GMT",
        draw() % 28,
        draw() % 24,
        draw() % 60,
        draw() % 60
    );
    let length = (draw() % 5_000).to_string();
    let metadata = json!({
        "AllHttpHeaders": {
            "X-Amz-Executed-Version": ["$LATEST"],
            "x-amzn-Remapped-Content-Length": ["0"],
            "Connection": ["keep-alive"],
            "x-amzn-RequestId": [id],
            "Content-Length": [length],
            "Date": [date],
            "X-Amzn-Trace-Id": [trace],
            "Content-Type": ["application/json"],
        },
        "HttpHeaders": {
            "Connection": "keep-alive",
            "Content-Length": length,
            "Content-Type": "application/json",
            "Date": date,
            "X-Amz-Executed-Version": "$LATEST",
            "x-amzn-Remapped-Content-Length": "0",
            "x-amzn-RequestId": id,
            "X-Amzn-Trace-Id": trace,
        },
        "HttpStatusCode": 200,
    });
    if resource.contains("lambda:invoke") {
        return json!({
            "ExecutedVersion": "$LATEST",
            "Payload": business(),
            "SdkHttpMetadata": metadata,
            "SdkResponseMetadata": { "RequestId": id },
            "StatusCode": 200,
        });
    }
    if resource.contains("sqs:sendMessage") {
        return json!({
            "MD5OfMessageBody": format!("{:016x}{:016x}", draw(), draw()),
            "MessageId": uuid::Uuid::new_v4().to_string(),
            "SdkHttpMetadata": metadata,
            "SdkResponseMetadata": { "RequestId": id },
        });
    }
    if resource.contains("sns:publish") {
        return json!({
            "MessageId": uuid::Uuid::new_v4().to_string(),
            "SdkHttpMetadata": metadata,
            "SdkResponseMetadata": { "RequestId": id },
        });
    }
    if resource.contains("dynamodb:getItem") {
        return json!({
            "Item": { "id": { "S": uuid::Uuid::new_v4().to_string() }, "status": { "S": "PENDING" }, "amount": { "N": (draw() % 900).to_string() } },
            "SdkHttpMetadata": metadata,
            "SdkResponseMetadata": { "RequestId": id },
        });
    }
    if resource.contains("dynamodb:") || resource.contains("events:") {
        return json!({ "SdkHttpMetadata": metadata, "SdkResponseMetadata": { "RequestId": id } });
    }
    business()
}

/// What functions tend to return.
fn business() -> Value {
    let number = draw();
    match number % 4 {
        0 => {
            json!({ "statusCode": 200, "body": { "message": "OK", "id": uuid::Uuid::new_v4().to_string() } })
        }
        1 => {
            json!({ "id": uuid::Uuid::new_v4().to_string(), "status": "SUCCEEDED", "timestamp": format!("2026-0{}-1{}T0{}:15:00.000Z", 1 + number % 9, number % 7, number % 5), "count": number % 1_000 })
        }
        2 => {
            json!({ "customerId": number % 1_000_000, "name": "", "email": "", "items": [{ "id": number % 99, "quantity": 1, "price": 9.5 }], "total": 9.5, "success": true })
        }
        _ => {
            json!({ "bucket": "", "key": format!("input/{:x}.json", number), "error": null, "result": true })
        }
    }
}

/// Machines as they are written for AWS.
fn machines() -> Vec<(Value, Value)> {
    let retry = json!([{ "ErrorEquals": ["Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 2 }]);
    let invoke = |name: &str, next: Option<&str>| {
        let mut state = json!({
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "OutputPath": "$.Payload",
            "Parameters": { "FunctionName": format!("arn:aws:lambda:{}:{:012}:function:{name}:$LATEST", REGIONS[draw() as usize % 8], draw() % 1_000_000_000_000), "Payload.$": "$" },
            "Retry": retry,
        });
        match next {
            Some(next) => state["Next"] = next.into(),
            None => state["End"] = true.into(),
        }
        state
    };
    let invoke_jsonata = |name: &str| {
        json!({
            "Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": { "FunctionName": name, "Payload": "{% $states.input %}" },
            "Output": "{% $states.result.Payload %}", "End": true,
        })
    };
    let service = |resource: &str, parameters: Value, next: &str| json!({ "Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters, "ResultPath": "$.result", "Next": next });
    vec![
        (
            json!({ "StartAt": "Validate", "States": {
                "Validate": invoke("validate", Some("Process")), "Process": invoke("process", Some("Notify")),
                "Notify": invoke("notify", None),
            } }),
            business(),
        ),
        (
            json!({ "StartAt": "Get", "States": {
                "Get": service("dynamodb:getItem", json!({ "TableName": "orders", "Key": { "id": { "S": "1" } } }), "Put"),
                "Put": service("dynamodb:putItem", json!({ "TableName": "orders", "Item": { "id": { "S": "1" } } }), "Queue"),
                "Queue": service("sqs:sendMessage", json!({ "QueueUrl": "https://sqs.us-east-1.amazonaws.com/000000000000/jobs", "MessageBody.$": "$" }), "Topic"),
                "Topic": service("sns:publish", json!({ "TopicArn": "arn:aws:sns:us-east-1:000000000000:topic", "Message.$": "$" }), "Wait"),
                "Wait": { "Type": "Wait", "Seconds": 30, "Next": "Choose" },
                "Choose": { "Type": "Choice", "Choices": [{ "Variable": "$.status", "StringEquals": "FAILED", "Next": "Failed" }], "Default": "Done" },
                "Failed": { "Type": "Fail", "Error": "Failed", "Cause": "it failed" },
                "Done": { "Type": "Succeed" },
            } }),
            json!({ "status": "PENDING" }),
        ),
        (
            json!({ "StartAt": "All", "States": { "All": { "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 3, "End": true,
                "ItemProcessor": { "ProcessorConfig": { "Mode": "INLINE" }, "StartAt": "Item", "States": { "Item": invoke("item", None) } } } } }),
            json!({ "items": [business(), business(), business(), business(), business()] }),
        ),
        (
            json!({ "StartAt": "Both", "States": { "Both": { "Type": "Parallel", "End": true, "Branches": [
                { "StartAt": "Left", "States": { "Left": invoke("left", None) } },
                { "StartAt": "Right", "States": { "Right": invoke_jsonata("right") } } ] } } }),
            business(),
        ),
    ]
}

async fn sample(
    definition: String,
    input: Value,
    answers: Answers,
    texts: &Arc<Mutex<Vec<Vec<u8>>>>,
) {
    let samples = Samples {
        backend: unconnected(),
        numbers: Mutex::default(),
        texts: Arc::clone(texts),
    };
    let config = Config {
        holds_on: true,
        ..Config::default()
    };
    let engine = Engine::configured(
        MemoryStore::default(),
        answers,
        SkippingClock::default(),
        config,
        samples,
    );
    let region = REGIONS[draw() as usize % REGIONS.len()];
    let account = draw() % 1_000_000_000_000;
    let machine = Machine::new(
        format!(
            "arn:aws:states:{region}:{account:012}:stateMachine:M{:x}",
            draw() as u16
        ),
        "",
        definition,
        format!("arn:aws:iam::{account:012}:role/R{:x}", draw() as u16),
        Timestamp(1_700_000_000_000 + (draw() % 100_000_000_000) as i64),
    );
    let name = uuid::Uuid::new_v4().to_string();
    let request = StartRequest::new(machine, name, Payload::from(input));
    let mut head = engine.run(request).await.unwrap();
    if draw().is_multiple_of(4) {
        head.parent = Some(Parent {
            execution: head.key.clone(),
            attempt: AttemptId {
                frame: FrameId(1),
                number: draw() % 50,
            },
        });
    }
    let shown: Shown = head.shown.clone();
    texts.lock().unwrap().extend(head_texts(&head, &shown));
}

fn cases(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            cases(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            found.push(path);
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let to = std::env::args().nth(1).expect("the file to write to");
    assert!(
        !Path::new(&to).exists(),
        "{to} is there already, and may be in use"
    );
    let texts = Arc::new(Mutex::new(Vec::new()));
    let mut paths = Vec::new();
    cases(&repository("tests/conformance/states"), &mut paths);
    for path in paths {
        let case = Case::read(&path).unwrap();
        if case.stop_after_seconds.is_some() {
            continue;
        }
        let (definition, input) = (case.definition.to_string(), case.input.clone());
        let answers = Answers::Case(Box::new(case), Mutex::default());
        sample(definition, input, answers, &texts).await;
    }
    for _ in 0..60 {
        for (definition, input) in machines() {
            sample(definition.to_string(), input, Answers::Services, &texts).await;
        }
    }
    let texts = texts.lock().unwrap();
    // What is longer is no better for what it repeats of itself.
    let samples: Vec<&[u8]> = texts
        .iter()
        .map(Vec::as_slice)
        .filter(|text| text.len() < 16 * 1024)
        .collect();
    let dictionary = zstd::dict::from_samples(&samples, BYTES).unwrap();
    fs::write(&to, &dictionary).unwrap();
    let bytes: usize = samples.iter().map(|sample| sample.len()).sum();
    println!(
        "{} samples of {bytes} bytes in all: {} bytes",
        samples.len(),
        dictionary.len()
    );
}
