//! What a process left behind goes on in the next one.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::time::Duration;

use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Engine, Invoker, Store,
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

struct Nothing;

impl Invoker for Nothing {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        Ok(call.input)
    }
}

#[tokio::test]
async fn an_execution_that_was_acknowledged_and_not_begun_begins() {
    let machine = Machine::new(
        "arn:aws:states:us-east-1:123456789012:stateMachine:m",
        "m",
        r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#,
        "arn:aws:iam::123456789012:role/r",
        Timestamp(0),
    );
    let key = ExecutionKey {
        arn: "arn:aws:states:us-east-1:123456789012:execution:m:one".into(),
        nonce: Nonce([1; 16]),
    };
    let head = Head {
        key: key.clone(),
        name: "one".into(),
        machine,
        trace_header: None,
        started_at: Timestamp(0),
        parent: None,
        shown: Shown::default(),
    };
    // The process that put this down is gone, and its messages with it.
    let store = MemoryStore::default();
    let input = Payload::parse("[1]").unwrap();
    store.create_head(&head, &input).await.unwrap();

    let engine = Engine::new(store, Nothing, SystemClock);
    assert_eq!(engine.recover().await.unwrap(), 1);
    let ended = async {
        tokio::select! {
            () = engine.work() => unreachable!("a worker does not end"),
            end = engine.closed(&key.arn) => end.unwrap(),
        }
    };
    let end = tokio::time::timeout(PATIENCE, ended).await.unwrap();

    assert_eq!(end.status.name(), "SUCCEEDED");
}
