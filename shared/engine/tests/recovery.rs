//! What a process left behind goes on in the next one.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::time::Duration;

use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Engine, Invoker, Queue, Store,
    catalog::Machine,
    clock::SystemClock,
    invoker::Call,
    memory::MemoryStore,
    store::{Head, Shown},
};
use segno_interpreter::{
    event::{Outcome, Timestamp},
    key::{ExecutionKey, Nonce},
    payload::Payload,
};

/// A generous time-out: nothing here takes long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers each call with its input, or never.
struct Functions {
    do_answer: bool,
}

impl Invoker for Functions {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        match self.do_answer {
            true => Ok(call.input),
            false => std::future::pending().await,
        }
    }
}

const PASS: &str = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;

const TASK: &str = r#"{"StartAt":"T","States":{"T":{"Type":"Task",
    "Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","End":true}}}"#;

/// A store that has so many executions, which were acknowledged and not begun. The process that put
/// them down is gone, and its messages with it.
async fn left_behind(definition: &str, executions: usize) -> (MemoryStore, Vec<String>) {
    let machine = Machine::new(
        "arn:aws:states:us-east-1:123456789012:stateMachine:m",
        "m",
        definition,
        "arn:aws:iam::123456789012:role/r",
        Timestamp(0),
    );
    let store = MemoryStore::default();
    let mut arns = Vec::new();
    for number in 0..executions {
        let arn = format!("arn:aws:states:us-east-1:123456789012:execution:m:{number}");
        let head = Head {
            key: ExecutionKey {
                arn: arn.clone(),
                nonce: Nonce([1; 16]),
            },
            name: number.to_string(),
            machine: machine.clone(),
            trace_header: None,
            started_at: Timestamp(0),
            parent: None,
            shown: Shown::default(),
        };
        let input = Payload::parse("[1]").unwrap();
        store.create_head(&head, &input).await.unwrap();
        arns.push(arn);
    }
    (store, arns)
}

/// Does something while a worker works.
async fn working<T>(
    engine: &Engine<MemoryStore, Functions, SystemClock>,
    what: impl Future<Output = T>,
) -> T {
    let worked = async {
        tokio::select! {
            () = engine.work() => unreachable!("a worker does not end"),
            done = what => done,
        }
    };
    tokio::time::timeout(PATIENCE, worked).await.unwrap()
}

#[tokio::test]
async fn an_execution_that_was_acknowledged_and_not_begun_begins() {
    let (store, arns) = left_behind(PASS, 1).await;
    let engine = Engine::new(store, Functions { do_answer: true }, SystemClock);
    assert_eq!(engine.recover().await.unwrap(), 1);
    let end = working(&engine, engine.closed(&arns[0])).await.unwrap();
    assert_eq!(end.status.name(), "SUCCEEDED");
}

#[tokio::test]
async fn however_many_are_left_behind_all_are_set_in_motion() {
    let (store, arns) = left_behind(PASS, 2_000).await;
    let engine = Engine::new(store, Functions { do_answer: true }, SystemClock);
    let recovered = working(&engine, async {
        let recovered = engine.recover().await.unwrap();
        for arn in &arns {
            engine.closed(arn).await.unwrap();
        }
        recovered
    });
    assert_eq!(recovered.await, 2_000);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_stand_in_line() {
    let (store, _) = left_behind(PASS, 2_000).await;
    let engine = Engine::new(store, Functions { do_answer: true }, SystemClock);
    // Nobody works: those who come first do not get on.
    let recovering = tokio::time::timeout(PATIENCE, engine.recover()).await;
    assert!(recovering.is_err(), "it waits for them");
    let told = engine.store().receive(10_000).await.unwrap().len();
    assert_eq!(told, 256);
}

#[tokio::test]
async fn a_task_that_takes_long_does_not_hold_up_the_others() {
    let (store, _) = left_behind(TASK, 1_000).await;
    let engine = Engine::new(store, Functions { do_answer: false }, SystemClock);
    let recovered = working(&engine, engine.recover()).await.unwrap();
    assert_eq!(recovered, 1_000);
}
