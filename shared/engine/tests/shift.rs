//! A worker that is not there for ever takes on only what it will see through.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Config, Engine, Invoker, Queue, Store, Unobserved, catalog::Machine, clock::SystemClock,
    invoker::Call, memory::MemoryStore, operations::StartRequest,
};
use segno_interpreter::{
    event::{Outcome, Timestamp},
    payload::Payload,
};
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout},
};

/// A generous time-out: what waits for ever is what fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a call may take, in these tests.
const CALL_TIME_MAX: Duration = Duration::from_secs(2);

/// Counts calls; those with the input `"silence"` are not answered.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl Invoker for Counting {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        self.0.fetch_add(1, Ordering::SeqCst);
        match call.input.text() {
            "\"silence\"" => pending().await,
            _ => Ok(Payload::from(json!("done"))),
        }
    }
}

type TestEngine = Engine<MemoryStore, Counting, SystemClock>;

fn engine(calls: &Counting) -> TestEngine {
    let config = Config {
        call_time_max: Some(CALL_TIME_MAX),
        ..Config::default()
    };
    let store = MemoryStore::default();
    Engine::configured(store, calls.clone(), SystemClock, config, Unobserved)
}

fn start(input: &str) -> StartRequest {
    let task = json!({ "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": true });
    let definition = json!({ "StartAt": "T", "States": { "T": task } });
    let machine = Machine::new(
        "arn:aws:states:us-east-1:123456789012:stateMachine:m",
        "m",
        definition.to_string(),
        "arn:aws:iam::123456789012:role/r",
        Timestamp(0),
    );
    StartRequest::new(machine, "one", Payload::from(Value::from(input)))
}

/// Works on what is in the queue until nothing is in hand.
async fn work_off(engine: &TestEngine) {
    let received = timeout(PATIENCE, engine.store().receive(10)).await.unwrap();
    let (sender, messages) = mpsc::unbounded_channel();
    for message in received.unwrap() {
        sender.send(message).unwrap();
    }
    drop(sender);
    let (in_hand, watched) = watch::channel(1);
    timeout(PATIENCE, engine.work_off(messages, &in_hand))
        .await
        .unwrap();
    assert_eq!(*watched.borrow(), 0);
}

async fn status(engine: &TestEngine, execution: &str) -> &'static str {
    engine
        .store()
        .head(execution)
        .await
        .unwrap()
        .unwrap()
        .status()
}

#[tokio::test]
async fn what_does_not_fit_is_left_to_another_worker() {
    let calls = Counting::default();
    let engine = engine(&calls);
    engine.stay_until(Instant::now() + CALL_TIME_MAX / 2);
    let started = engine.start(start("go")).await.unwrap().into_inner();
    work_off(&engine).await;
    assert_eq!(calls.0.load(Ordering::SeqCst), 0);

    // It is asked to take what is due, and asks another one a little later.
    let asked = Instant::now();
    work_off(&engine).await;
    assert_eq!(calls.0.load(Ordering::SeqCst), 0);
    assert_eq!(status(&engine, &started.key.arn).await, "RUNNING");

    engine.stay_until(Instant::now() + PATIENCE);
    work_off(&engine).await;
    assert!(asked.elapsed() > Duration::from_secs(4));
    assert_eq!(calls.0.load(Ordering::SeqCst), 1);
    assert_eq!(status(&engine, &started.key.arn).await, "SUCCEEDED");
}

#[tokio::test]
async fn a_call_is_cut_off_that_takes_longer_than_any_may() {
    let calls = Counting::default();
    let engine = engine(&calls);
    let started = engine.start(start("silence")).await.unwrap().into_inner();
    work_off(&engine).await;
    let head = engine
        .store()
        .head(&started.key.arn)
        .await
        .unwrap()
        .unwrap();
    let error = head.shown.end.unwrap().error.unwrap();
    assert_eq!(error.name.as_deref(), Some("Lambda.SdkClientException"));
}
