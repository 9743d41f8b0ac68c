//! What an execution costs: write units as the table tells them, requests as they go out.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a test")]

mod harness;

use std::{process::ExitCode, sync::Arc, time::Duration};

use harness::{
    Emulator, config,
    payloads::{Draw, ratio},
};
use segno_asl::definition::{StateName, Task};
use segno_aws::{AwsBackend, Options, Usage, Used};
use segno_engine::{
    Engine, Invoker,
    catalog::{Machine, store_definition},
    clock::SystemClock,
    invoker::Call,
    operations::StartRequest,
};
use segno_interpreter::{
    event::{Outcome, Timestamp},
    payload::Payload,
};
use serde_json::{Value, json};

const BYTES: usize = 4_096;

/// A function that answers with so much, as `lambda:invoke` returns it.
struct Function;

impl Invoker for Function {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        let mut draw = Draw::new(call.attempt.number + 17);
        let id = format!("{:032x}", draw.below(u64::MAX));
        let result = json!({
            "ExecutedVersion": "$LATEST",
            "Payload": draw.order(BYTES),
            "SdkHttpMetadata": {
                "AllHttpHeaders": {
                    "X-Amz-Executed-Version": ["$LATEST"],
                    "x-amzn-Remapped-Content-Length": ["0"],
                    "Connection": ["keep-alive"],
                    "x-amzn-RequestId": [id],
                    "Content-Length": [BYTES.to_string()],
                    "Date": ["Thu, 26 Nov 2026 12:00:00 GMT"],
                    "X-Amzn-Trace-Id": [format!("Root=1-{:08x}-{:024x};Sampled=0", draw.below(1 << 32), draw.below(u64::MAX))],
                    "Content-Type": ["application/json"],
                },
                "HttpHeaders": {
                    "Connection": "keep-alive",
                    "Content-Length": BYTES.to_string(),
                    "Content-Type": "application/json",
                    "Date": "Thu, 26 Nov 2026 12:00:00 GMT",
                    "X-Amz-Executed-Version": "$LATEST",
                    "x-amzn-Remapped-Content-Length": "0",
                    "x-amzn-RequestId": id,
                },
                "HttpStatusCode": 200,
            },
            "SdkResponseMetadata": { "RequestId": id },
            "StatusCode": 200,
        });
        Ok(Payload::from(result))
    }
}

/// So many tasks in a row, with so many Pass states after each.
fn definition(tasks: usize, passes: usize) -> String {
    let names: Vec<String> = (0..tasks)
        .flat_map(|task| {
            let passes = (0..passes).map(move |pass| format!("Keep order {task}.{pass}"));
            [format!("Process order {task}")].into_iter().chain(passes)
        })
        .collect();
    let mut states = serde_json::Map::new();
    for (index, name) in names.iter().enumerate() {
        let mut state = match name.starts_with("Process") {
            true => json!({
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": { "FunctionName": "process-order", "Payload.$": "$" },
                "OutputPath": "$.Payload",
                "Retry": [{ "ErrorEquals": ["Lambda.ServiceException"], "MaxAttempts": 2 }],
            }),
            false => json!({ "Type": "Pass" }),
        };
        match names.get(index + 1) {
            Some(next) => state["Next"] = next.as_str().into(),
            None => state["End"] = true.into(),
        }
        states.insert(name.clone(), state);
    }
    json!({ "StartAt": names[0], "States": Value::Object(states) }).to_string()
}

async fn run(emulator: &Emulator, tasks: usize, passes: usize, input: Value) -> Used {
    let usage = Arc::new(Usage::default());
    let options = Options {
        poll: Duration::ZERO,
        usage: Some(Arc::clone(&usage)),
        ..Options::default()
    };
    let places = emulator.places().await;
    let backend = AwsBackend::new(&config(&emulator.url()), places, options);
    let definition = definition(tasks, passes);
    store_definition(&backend, &definition).await.unwrap();
    let engine = Engine::new(backend, Function, SystemClock);
    let machine = Machine::new(
        "arn:aws:states:eu-west-3:845133209741:stateMachine:order-fulfilment",
        "order-fulfilment",
        definition,
        "arn:aws:iam::845133209741:role/service-role/order-fulfilment",
        Timestamp(1_793_000_000_000),
    );
    let name = "0b1f7a52-6a0c-4c7e-9d51-3f1f0f6b7a10";
    usage.take();
    let request = StartRequest::new(machine, name, Payload::from(input));
    let head = engine.run(request).await.unwrap();
    assert_eq!(head.status(), "SUCCEEDED");
    usage.take()
}

fn report(tasks: usize, passes: usize, used: &Used) {
    println!(
        "{tasks} tasks, {passes} Pass states each: {} write units, {} read units, {} refused, {:?}",
        used.write_units, used.read_units, used.refused_writes, used.requests
    );
}

async fn write_units_are_bounded(emulator: Arc<Emulator>) {
    for tasks in [1, 3, 5] {
        let input = Draw::new(1).order(BYTES);
        let ratio = ratio(&input.to_string());
        assert!((3.0..4.0).contains(&ratio), "{ratio}");
        let used = run(&emulator, tasks, 0, input).await;
        report(tasks, 0, &used);
        let bound = 2 * (tasks + 1) + 5;
        assert!(
            used.write_units <= bound as f64,
            "{} write units for {tasks} tasks; {bound} are promised",
            used.write_units
        );
    }
}

async fn states_that_wait_for_nothing_are_free(emulator: Arc<Emulator>) {
    let input = Draw::new(1).order(BYTES);
    let without = run(&emulator, 2, 0, input.clone()).await;
    let with = run(&emulator, 2, 5, input).await;
    report(2, 5, &with);
    // An empty receive more or less is the polling's.
    let counted = |used: &Used| {
        let mut used = used.clone();
        used.requests.remove("SQS:ReceiveMessage");
        used
    };
    assert_eq!(counted(&with), counted(&without));
}

fn main() -> ExitCode {
    harness::run![
        write_units_are_bounded,
        states_that_wait_for_nothing_are_free,
    ]
}
