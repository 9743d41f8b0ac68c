//! Whoever listens to status changes is told of each, and holds nothing up.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Clock, Config, Engine, Invoker, Store, Unobserved,
    catalog::Machine,
    invoker::Call,
    logs::BoxFuture,
    memory::MemoryStore,
    operations::StartRequest,
    status::{StatusChange, StatusChanges, Untold},
};
use segno_interpreter::{
    event::{Outcome, Timestamp},
    payload::Payload,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// Time as the test lets it pass.
struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.0.elapsed().as_millis()).unwrap();
        Timestamp(1_704_067_200_000 + passed)
    }

    async fn sleep_until(&self, time: Timestamp) {
        sleep(self.now().until(time)).await;
    }
}

struct Nothing;

impl Invoker for Nothing {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        Ok(call.input)
    }
}

/// What becomes of what a listener is told.
#[derive(Clone, Copy)]
enum Ear {
    /// It is heard.
    Open,
    /// It is refused.
    Shut,
    /// Nobody answers.
    Deaf,
}

/// Hears as its ears are, one after the other, and as the last of them from then on.
struct Listener {
    ears: Mutex<Vec<Ear>>,
    asked: Mutex<u32>,
    heard: Mutex<Vec<StatusChange>>,
}

impl Listener {
    fn new(ears: &[Ear]) -> Arc<Self> {
        let ears = ears.iter().rev().copied().collect();
        Arc::new(Self {
            ears: Mutex::new(ears),
            asked: Mutex::default(),
            heard: Mutex::default(),
        })
    }

    fn ear(&self) -> Ear {
        *self.asked.lock().unwrap() += 1;
        let mut ears = self.ears.lock().unwrap();
        match ears.len() {
            1 => ears[0],
            _ => ears.pop().unwrap(),
        }
    }

    fn statuses(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let statuses = heard.iter().map(|change| &change.detail["status"]);
        statuses
            .map(|status| status.as_str().unwrap().to_owned())
            .collect()
    }

    async fn hears(&self, changes: usize) {
        while self.heard.lock().unwrap().len() < changes {
            sleep(Duration::from_secs(1)).await;
        }
    }
}

impl StatusChanges for Listener {
    fn tell<'a>(&'a self, change: &'a StatusChange) -> BoxFuture<'a, Result<(), Untold>> {
        Box::pin(async move {
            match self.ear() {
                Ear::Open => self.heard.lock().unwrap().push(change.clone()),
                Ear::Shut => return Err("not now".into()),
                Ear::Deaf => pending().await,
            }
            Ok(())
        })
    }
}

type TestEngine = Engine<MemoryStore, Nothing, TestClock>;

fn engine(listener: &Arc<Listener>) -> TestEngine {
    let config = Config {
        status_changes: Some(Arc::clone(listener) as Arc<dyn StatusChanges>),
        ..Config::default()
    };
    Engine::configured(
        MemoryStore::default(),
        Nothing,
        TestClock(Instant::now()),
        config,
        Unobserved,
    )
}

/// Starts an execution that calls a function. Gives its ARN.
async fn start(engine: &TestEngine) -> String {
    let task = json!({ "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": true });
    let definition = json!({ "StartAt": "T", "States": { "T": task } });
    let machine = Machine::new(
        "arn:aws:states:us-east-1:123456789012:stateMachine:m",
        "m",
        definition.to_string(),
        "arn:aws:iam::123456789012:role/r",
        Timestamp(0),
    );
    let request = StartRequest::new(machine, "one", Payload::from(Value::from("go")));
    engine.start(request).await.unwrap().into_inner().key.arn
}

/// Waits for the end of an execution. Gives how long that took.
async fn end(engine: &TestEngine, execution: &str) -> Duration {
    let begun = Instant::now();
    loop {
        let head = engine.store().head(execution).await.unwrap().unwrap();
        match head.shown.end {
            Some(_) => return begun.elapsed(),
            None => sleep(Duration::from_millis(10)).await,
        }
    }
}

fn work(engine: &TestEngine) {
    let engine = engine.clone();
    tokio::spawn(async move { engine.work().await });
}

#[tokio::test(start_paused = true)]
async fn the_beginning_and_the_end_are_told_once_each() {
    let listener = Listener::new(&[Ear::Open]);
    let engine = engine(&listener);
    work(&engine);
    let execution = start(&engine).await;
    end(&engine, &execution).await;
    listener.hears(2).await;
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(listener.statuses(), ["RUNNING", "SUCCEEDED"]);
    let heard = listener.heard.lock().unwrap();
    assert_eq!(heard[1].execution_arn, execution);
    assert_eq!(heard[1].detail["input"], "\"go\"");
    assert_eq!(heard[1].detail["output"], "\"go\"");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_told_later() {
    for ears in [
        &[Ear::Shut, Ear::Open][..],
        &[Ear::Open, Ear::Shut, Ear::Open],
        &[Ear::Shut, Ear::Shut, Ear::Open],
    ] {
        let listener = Listener::new(ears);
        let engine = engine(&listener);
        work(&engine);
        start(&engine).await;
        let begun = Instant::now();
        loop {
            let statuses = listener.statuses();
            let has = |status: &str| statuses.iter().any(|heard| heard == status);
            if has("RUNNING") && has("SUCCEEDED") {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(600), "{statuses:?}");
            sleep(Duration::from_secs(1)).await;
        }
        assert!(
            begun.elapsed() >= Duration::from_secs(29),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_does_not_answer_holds_nothing_up() {
    let listener = Listener::new(&[Ear::Deaf, Ear::Deaf, Ear::Open]);
    let engine = engine(&listener);
    work(&engine);
    let execution = start(&engine).await;
    let took = end(&engine, &execution).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    listener.hears(2).await;
    assert!(listener.statuses().contains(&"RUNNING".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_never_hears_is_asked_less_and_less_often_and_not_for_ever() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let listener = Listener::new(&[Ear::Shut]);
    let engine = engine(&listener);
    work(&engine);
    let execution = start(&engine).await;
    end(&engine, &execution).await;
    let asked = || *listener.asked.lock().unwrap();
    sleep(HOUR).await;
    let first = asked();
    assert!((10..=40).contains(&first), "{first}");
    sleep(HOUR).await;
    let second = asked() - first;
    assert!((2..first).contains(&second), "{second}");
    sleep(11 * HOUR).await;
    let all = asked();
    sleep(HOUR).await;
    assert_eq!(asked(), all);
}
