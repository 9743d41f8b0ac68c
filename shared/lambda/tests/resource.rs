//! What becomes of the requests of a custom resource, and what CloudFormation is answered.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::{collections::BTreeMap, time::Duration};

use segno_api::{Api, Config, Request};
use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Engine, Invoker, clock::SystemClock, invoker::Call, logs::BoxFuture, memory::MemoryStore,
};
use segno_integrations::Reach;
use segno_interpreter::event::Outcome;
use segno_lambda::resource::{Objects, answer, is_request};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

const ROLE: &str = "arn:aws:iam::123456789012:role/segno/order";
const STACK: &str = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1f0e";
const ORDER: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:order";

struct Nothing;

impl Invoker for Nothing {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        Ok(call.input)
    }
}

/// A bucket.
#[derive(Default)]
struct Bucket(BTreeMap<String, String>);

impl Objects for Bucket {
    fn read<'a>(&'a self, _bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<String, String>> {
        let found = self.0.get(key).cloned();
        Box::pin(async move { found.ok_or_else(|| format!("{key} cannot be read: NoSuchKey")) })
    }
}

/// What an answer is put to: how often it refuses, and what it took.
struct Place {
    url: String,
    taken: JoinHandle<(String, Value)>,
}

impl Place {
    /// One that refuses so often.
    async fn refusing(times: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://{}/answer?signature=secret",
            listener.local_addr().unwrap()
        );
        let taken = tokio::spawn(async move {
            for _ in 0..times {
                let _ = take(&listener, "503 Slow Down").await;
            }
            take(&listener, "200 OK").await
        });
        Self { url, taken }
    }
}

/// One request: its head, and its body.
async fn take(listener: &TcpListener, status: &str) -> (String, Value) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut received = Vec::new();
    loop {
        let mut bytes = [0; 4_096];
        let count = stream.read(&mut bytes).await.unwrap();
        received.extend_from_slice(&bytes[..count]);
        let text = String::from_utf8(received.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        if let Ok(body) = serde_json::from_str(body) {
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            return (head.to_owned(), body);
        }
    }
}

struct World {
    api: Api<MemoryStore, Nothing, SystemClock>,
    bucket: Bucket,
}

impl World {
    fn new() -> Self {
        let engine = Engine::new(MemoryStore::default(), Nothing, SystemClock);
        let config = Config {
            region: "us-east-1".into(),
            account_id: "123456789012".into(),
            check_result: segno_integrations::results::check,
            roles: None,
            activity_patience: Duration::from_secs(1),
        };
        Self {
            api: Api::new(engine, config),
            bucket: Bucket::default(),
        }
    }

    /// What CloudFormation is answered.
    async fn answer(&self, event: Value) -> Value {
        let place = Place::refusing(0).await;
        let mut event = event;
        event["ResponseURL"] = place.url.into();
        assert!(is_request(&event));
        let answered = answer(&self.api, &self.bucket, Reach::Loopback, event.clone());
        answered.await.unwrap();
        let (head, body) = place.taken.await.unwrap();
        assert!(
            head.starts_with("PUT /answer?signature=secret HTTP/1.1"),
            "{head}"
        );
        assert!(!head.to_lowercase().contains("content-type"), "{head}");
        for member in ["StackId", "RequestId", "LogicalResourceId"] {
            assert_eq!(body[member], event[member]);
        }
        body
    }

    async fn call(&self, operation: &str, asked: &Value) -> Value {
        let target = format!("AWSStepFunctions.{operation}");
        let asked = asked.to_string();
        let response = self
            .api
            .handle(&Request::new(&target, asked.as_bytes()))
            .await;
        serde_json::from_slice(&response.body).unwrap()
    }

    async fn describe(&self, arn: &str) -> Value {
        let asked = json!({ "stateMachineArn": arn });
        self.call("DescribeStateMachine", &asked).await
    }
}

fn definition(state: &str) -> String {
    json!({ "StartAt": state, "States": { state: { "Type": "Pass", "End": true } } }).to_string()
}

/// An event as CloudFormation sends it.
fn event(request: &str, properties: Value) -> Value {
    let mut properties = properties;
    properties["ServiceToken"] = "arn:aws:lambda:us-east-1:123456789012:function:api".into();
    json!({
        "RequestType": request,
        "ResponseURL": "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x",
        "StackId": STACK,
        "RequestId": "e7c3a1f0-0000-4000-8000-000000000000",
        "ResourceType": "Custom::StateMachine",
        "LogicalResourceId": "Order",
        "ResourceProperties": properties,
    })
}

fn properties(name: &str, definition: &str) -> Value {
    json!({ "name": name, "role_arn": ROLE, "definition_file_path": definition })
}

fn later(request: &str, id: &Value, old: Value, new: Value) -> Value {
    let mut event = event(request, new);
    event["PhysicalResourceId"] = id.clone();
    event["OldResourceProperties"] = old;
    event
}

#[tokio::test]
async fn a_state_machine_is_made_changed_and_deleted() {
    let world = World::new();
    let first = properties("order", &definition("First"));
    let made = world.answer(event("Create", first.clone())).await;
    assert_eq!(made["Status"], "SUCCESS", "{made}");
    assert_eq!(made["PhysicalResourceId"], ORDER);
    assert_eq!(made["Data"], json!({ "Arn": ORDER, "Name": "order" }));
    // What is asked twice is done once.
    assert_eq!(world.answer(event("Create", first.clone())).await, made);

    let second = properties("order", &definition("Second"));
    let change = later("Update", &made["PhysicalResourceId"], first, second.clone());
    assert_eq!(world.answer(change).await["PhysicalResourceId"], ORDER);
    assert_eq!(
        world.describe(ORDER).await["definition"],
        definition("Second")
    );

    let delete = later("Delete", &json!(ORDER), Value::Null, second);
    for _ in 0..2 {
        assert_eq!(world.answer(delete.clone()).await["Status"], "SUCCESS");
    }
    assert_eq!(
        world.describe(ORDER).await["__type"],
        "StateMachineDoesNotExist"
    );
}

#[tokio::test]
async fn another_name_or_type_is_another_state_machine() {
    let world = World::new();
    let text = definition("First");
    let old = properties("order", &text);
    let made = world.answer(event("Create", old.clone())).await;
    let renamed = properties("purchase", &text);
    let change = later(
        "Update",
        &made["PhysicalResourceId"],
        old.clone(),
        renamed.clone(),
    );
    let changed = world.answer(change).await;
    assert_eq!(changed["Data"]["Name"], "purchase", "{changed}");
    assert_ne!(changed["PhysicalResourceId"], made["PhysicalResourceId"]);
    // Going back finds what was there.
    let back = later("Update", &changed["PhysicalResourceId"], renamed, old);
    assert_eq!(world.answer(back).await["PhysicalResourceId"], ORDER);

    let unnamed = json!({ "role_arn": ROLE, "definition_file_path": text });
    let mut express = unnamed.clone();
    express["stepfunc_type"] = "EXPRESS".into();
    let made = world.answer(event("Create", unnamed.clone())).await;
    let change = later("Update", &made["PhysicalResourceId"], unnamed, express);
    let changed = world.answer(change).await;
    assert_eq!(changed["Status"], "SUCCESS", "{changed}");
    assert_ne!(changed["PhysicalResourceId"], made["PhysicalResourceId"]);
}

#[tokio::test]
async fn a_definition_is_read_from_a_bucket() {
    let mut world = World::new();
    let wanted = properties("order", "s3://definitions/order.asl.json");
    let missing = world.answer(event("Create", wanted.clone())).await;
    assert_eq!(missing["Status"], "FAILED");
    assert_eq!(
        missing["Reason"],
        "order.asl.json cannot be read: NoSuchKey"
    );
    world
        .bucket
        .0
        .insert("order.asl.json".into(), definition("Stored"));
    let made = world.answer(event("Create", wanted)).await;
    assert_eq!(made["Status"], "SUCCESS", "{made}");
    assert_eq!(
        world.describe(ORDER).await["definition"],
        definition("Stored")
    );
}

#[tokio::test]
async fn whatever_fails_is_answered_and_can_be_rolled_back() {
    let world = World::new();
    let broken = json!({ "StartAt": "Nowhere", "States": {} }).to_string();
    for (properties, why) in [
        (properties("order", &broken), "InvalidDefinition"),
        (properties("a name", &definition("First")), "InvalidName"),
        (json!({}), "the property role_arn is missing"),
        (Value::Null, "there are no properties"),
    ] {
        let mut asked = event("Create", json!({}));
        if let Value::Object(_) = &properties {
            asked = event("Create", properties);
        } else {
            asked["ResourceProperties"] = properties;
        }
        let failed = world.answer(asked).await;
        assert_eq!(failed["Status"], "FAILED", "{failed}");
        let reason = failed["Reason"].as_str().unwrap();
        assert!(reason.contains(why), "{reason}");
        let delete = later(
            "Delete",
            &failed["PhysicalResourceId"],
            Value::Null,
            json!({}),
        );
        assert_eq!(world.answer(delete).await["Status"], "SUCCESS");
    }
    let unknown = world
        .answer(event("Rename", properties("order", "{}")))
        .await;
    assert_eq!(unknown["Status"], "FAILED");
}

#[tokio::test]
async fn what_is_anothers_is_neither_taken_over_nor_deleted() {
    let world = World::new();
    let asked = json!({ "name": "order", "roleArn": ROLE, "definition": definition("First") });
    world.call("CreateStateMachine", &asked).await;
    let wanted = properties("order", &definition("First"));
    let refused = world.answer(event("Create", wanted.clone())).await;
    assert_eq!(refused["Status"], "FAILED");
    let delete = later("Delete", &json!(ORDER), Value::Null, wanted);
    assert_eq!(world.answer(delete).await["Status"], "SUCCESS");
    assert_eq!(world.describe(ORDER).await["name"], "order");
}

#[tokio::test]
async fn an_answer_that_is_refused_is_sent_again_and_only_to_where_it_may_go() {
    let world = World::new();
    let place = Place::refusing(2).await;
    let mut asked = event("Create", properties("order", &definition("First")));
    asked["ResponseURL"] = place.url.clone().into();
    let answered = answer(&world.api, &world.bucket, Reach::Loopback, asked.clone());
    answered.await.unwrap();
    assert_eq!(place.taken.await.unwrap().1["Status"], "SUCCESS");

    let refused = answer(&world.api, &world.bucket, Reach::Public, asked).await;
    let why = refused.unwrap_err().to_string();
    assert!(
        why.contains("may be called") && !why.contains("secret"),
        "{why}"
    );
}
