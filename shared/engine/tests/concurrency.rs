//! Tasks of iterations are performed at the same time, and no more of them than `MaxConcurrency` says.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Engine, Invoker, catalog::Machine, clock::SystemClock, invoker::Call, memory::MemoryStore,
    operations::StartRequest,
};
use segno_interpreter::{
    event::{Outcome, Timestamp},
    payload::Payload,
};
use serde_json::json;
use tokio::sync::Barrier;

/// A generous time-out: what waits for ever is what fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers only when so many calls are in flight at the same time, and counts the most there were.
struct Together {
    barrier: Barrier,
    in_flight: AtomicUsize,
    most: Arc<AtomicUsize>,
}

impl Invoker for Together {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, _call: Call) -> Outcome {
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        self.barrier.wait().await;
        // Whoever else would be started has the time to be.
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        Ok(Payload::from(json!(1)))
    }
}

/// Maps over ten items with tasks that answer only `together`; gives the most that were in flight.
async fn map_over_ten(max_concurrency: u64, together: usize) -> usize {
    let task = json!({ "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": true });
    let definition = json!({ "StartAt": "M", "States": { "M": {
        "Type": "Map", "MaxConcurrency": max_concurrency,
        "ItemProcessor": { "StartAt": "T", "States": { "T": task } }, "End": true,
    } } });
    let most = Arc::new(AtomicUsize::new(0));
    let (barrier, in_flight) = (Barrier::new(together), AtomicUsize::new(0));
    let invoker = Together {
        barrier,
        in_flight,
        most: Arc::clone(&most),
    };
    let engine = Engine::new(MemoryStore::default(), invoker, SystemClock);
    let machine = Machine::new(
        "arn:aws:states:us-east-1:123456789012:stateMachine:m",
        "m",
        definition.to_string(),
        "arn:aws:iam::123456789012:role/r",
        Timestamp(0),
    );
    let input = Payload::from(json!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    let run = engine.run(StartRequest::new(machine, "one", input));
    let head = tokio::time::timeout(PATIENCE, run).await.unwrap().unwrap();
    assert_eq!(head.status(), "SUCCEEDED");
    most.load(Ordering::SeqCst)
}

#[tokio::test]
async fn ten_tasks_are_in_flight_at_once() {
    assert_eq!(map_over_ten(0, 10).await, 10);
}

#[tokio::test]
async fn a_limit_of_two_never_has_three() {
    assert_eq!(map_over_ten(2, 2).await, 2);
}
