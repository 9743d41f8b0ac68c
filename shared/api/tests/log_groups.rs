//! A state machine logs to a log group that is there.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::sync::Arc;

use segno_api::{Api, Request};
use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Config, Engine, Invoker, Unobserved,
    clock::SystemClock,
    invoker::Call,
    logs::{BoxFuture, Logs},
    memory::MemoryStore,
};
use segno_interpreter::event::Outcome;
use serde_json::{Value, json};

/// Has one log group.
struct OneGroup;

const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:there:*";

impl Logs for OneGroup {
    fn write(&self, _log_groups: &[String], _entry: Value) {}

    fn has<'a>(&'a self, log_group: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(async move { log_group == GROUP })
    }
}

struct Nothing;

impl Invoker for Nothing {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Err("nothing is called".into())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        panic!("{} is called", call.resource)
    }
}

fn api() -> Api<MemoryStore, Nothing, SystemClock> {
    let config = Config {
        logs: Arc::new(OneGroup),
        ..Config::default()
    };
    let engine = Engine::configured(
        MemoryStore::default(),
        Nothing,
        SystemClock,
        config,
        Unobserved,
    );
    let place = segno_api::Config {
        region: "us-east-1".into(),
        account_id: "123456789012".into(),
        check_result: |_, _, _| Ok(()),
        roles: None,
        activity_patience: segno_api::ACTIVITY_PATIENCE,
    };
    Api::new(engine, place)
}

async fn call(api: &Api<MemoryStore, Nothing, SystemClock>, operation: &str, body: Value) -> Value {
    let target = format!("AWSStepFunctions.{operation}");
    let answer = api
        .handle(&Request::new(&target, body.to_string().as_bytes()))
        .await;
    serde_json::from_slice(&answer.body).unwrap()
}

fn to(group: &str) -> Value {
    let destination = json!({ "cloudWatchLogsLogGroup": { "logGroupArn": group } });
    json!({ "level": "ALL", "destinations": [destination] })
}

#[tokio::test]
async fn a_log_group_that_is_not_there_is_refused() {
    let (api, elsewhere) = (api(), GROUP.replace("there", "elsewhere"));
    let definition = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#;
    let role = "arn:aws:iam::123456789012:role/any";
    let create = |group: &str| json!({ "name": "m", "definition": definition, "roleArn": role, "loggingConfiguration": to(group) });
    let refused = json!({
        "__type": "InvalidLoggingConfiguration",
        "message": "Invalid Logging Configuration: Log Destination not found.",
    });

    assert_eq!(
        call(&api, "CreateStateMachine", create(&elsewhere)).await,
        refused
    );
    let created = call(&api, "CreateStateMachine", create(GROUP)).await;
    let arn = &created["stateMachineArn"];
    let update = json!({ "stateMachineArn": arn, "loggingConfiguration": to(&elsewhere) });
    assert_eq!(call(&api, "UpdateStateMachine", update).await, refused);

    let described = call(
        &api,
        "DescribeStateMachine",
        json!({ "stateMachineArn": arn }),
    )
    .await;
    assert_eq!(
        described["loggingConfiguration"]["destinations"],
        to(GROUP)["destinations"]
    );
}
