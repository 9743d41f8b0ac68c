//! Whoever starts executions and answers tokens: through the API, over the same faults as everybody else.

use std::{sync::Arc, time::Duration};

use segno_api::{Api, Config, Request};
use segno_asl::definition::{StateName, Task};
use segno_aws::{AwsBackend, Options};
use segno_engine::{Engine, Invoker, clock::SystemClock, invoker::Call};
use segno_interpreter::event::Outcome;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    harness::{config, proxy::Proxy},
    machines::{ACCOUNT, Kind, execution_arn, machine_arn},
    stack::World,
};

/// Performs nothing: that is the functions' business.
struct Nobody;

impl Invoker for Nobody {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        panic!("{call:?} is performed by whoever only starts it");
    }
}

pub(crate) struct Client {
    api: Api<AwsBackend, Nobody, SystemClock>,
}

impl Client {
    pub(crate) async fn new(world: &World) -> Self {
        let faults = Arc::clone(&world.faults);
        let proxy = Proxy::before(world.emulator.port, move |request| faults.fate(request)).await;
        let options = Options {
            delay_max: Duration::from_secs(2),
            ..Options::default()
        };
        let backend = AwsBackend::new(&config(&proxy.url()), world.places.clone(), options);
        let api = Config {
            region: "us-east-1".into(),
            account_id: ACCOUNT.into(),
            check_result: |_, _, _| Ok(()),
            roles: None,
            activity_patience: Duration::ZERO,
        };
        Self {
            api: Api::new(Engine::new(backend, Nobody, SystemClock), api),
        }
    }

    /// Asks as an SDK does: once more, if the service has failed.
    pub(crate) async fn ask(&self, operation: &str, body: Value) -> Result<Value, Value> {
        let target = format!("AWSStepFunctions.{operation}");
        let body = body.to_string();
        let request = Request {
            target: &target,
            caller: "chaos",
            invocation_id: Some(&body),
            body: body.as_bytes(),
        };
        loop {
            let answer = self.api.handle(&request).await;
            let said = serde_json::from_slice(&answer.body).unwrap();
            match answer.status {
                200 => return Ok(said),
                500.. => sleep(Duration::from_millis(200)).await,
                _ => return Err(said),
            }
        }
    }

    pub(crate) async fn create(&self, kind: Kind) {
        let machine = json!({
            "name": kind.name(),
            "definition": kind.definition().to_string(),
            "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/segno/machine"),
        });
        self.ask("CreateStateMachine", machine).await.unwrap();
    }

    /// Starts an execution. It is there when that is acknowledged.
    pub(crate) async fn start(&self, kind: Kind, name: &str) {
        let start = json!({
            "stateMachineArn": machine_arn(&kind.name()), "name": name, "input": "{}",
        });
        self.ask("StartExecution", start).await.unwrap();
    }

    /// Answers a token; it may be too late for that.
    pub(crate) async fn approve(&self, token: &str) {
        let answer = json!({ "taskToken": token, "output": "{\"approved\":true}" });
        if let Err(refused) = self.ask("SendTaskSuccess", answer).await {
            assert_eq!(refused["__type"], "TaskTimedOut", "{refused}");
        }
    }

    /// How an execution ended, and its history.
    pub(crate) async fn end(
        &self,
        machine: &str,
        name: &str,
        until: Instant,
    ) -> (Value, Vec<Value>) {
        let execution = json!({ "executionArn": execution_arn(machine, name) });
        loop {
            let described = self.ask("DescribeExecution", execution.clone()).await;
            let described = described.unwrap();
            let history = json!({
                "executionArn": execution["executionArn"], "maxResults": 1_000,
            });
            if described["status"] != "RUNNING" {
                let history = self.ask("GetExecutionHistory", history).await.unwrap();
                let events = history["events"].as_array().unwrap().clone();
                return (described, events);
            }
            if Instant::now() > until {
                let history = self.ask("GetExecutionHistory", history).await.unwrap();
                panic!("{name} is stuck: {described} {history:#}");
            }
            sleep(Duration::from_millis(200)).await;
        }
    }
}
