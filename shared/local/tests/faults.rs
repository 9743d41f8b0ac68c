//! The disk is full, fails, or does not confirm what was written: nothing is acknowledged that is not
//! durable, and nothing that was is lost.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod given;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Engine, Invoker, Store,
    catalog::Machine,
    clock::SystemClock,
    invoker::Call,
    operations::{StartError, StartRequest},
    store::StoreError,
};
use segno_fault_vfs::{Fate, Fault, fail, power_cut};
use segno_interpreter::{
    checkpoint::{AttemptId, FrameId},
    event::{Outcome, Timestamp},
    key::{ExecutionKey, Nonce},
    payload::Payload,
};
use segno_local::{LocalStore, OpenError};
use serde_json::json;
use tokio::sync::Notify;

/// A function that begins, and ends when it is told to.
#[derive(Default)]
struct Function {
    calls: AtomicU32,
    has_begun: Notify,
    may_end: Notify,
}

struct Functions(Arc<Function>);

impl Invoker for Functions {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        self.0.has_begun.notify_one();
        self.0.may_end.notified().await;
        Ok(call.input)
    }
}

type Local = Engine<LocalStore, Functions, SystemClock>;

/// Starts an execution. Gives its ARN, or why the store did not take it.
async fn start(engine: &Local, machine: &Arc<Machine>, name: &str) -> Result<String, String> {
    let input = Payload::from(json!({}));
    let request = StartRequest::new(Arc::clone(machine), name, input);
    match engine.start(request).await {
        Ok(started) => Ok(started.into_inner().key.arn),
        Err(StartError::Store(StoreError::Unavailable(why))) => Err(why.to_string()),
        Err(other) => panic!("{other}"),
    }
}

async fn status(engine: &Local, arn: &str) -> &'static str {
    let closed = tokio::time::timeout(given::PATIENCE, engine.closed(arn)).await;
    closed.unwrap().unwrap().status.name()
}

/// A disk that does not take writes, and then does again.
async fn a_disk_that_recovers(fault: Fault, message: &str) {
    segno_fault_vfs::install();
    let folder = given::folder();
    let function = Arc::new(Function::default());
    let store = LocalStore::open(&folder).unwrap();
    let task =
        json!({ "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f" });
    let machine = given::machine(&store, "m", &given::chain(1, &task)).await;
    let engine = Engine::new(store, Functions(Arc::clone(&function)), SystemClock);
    let worker = engine.clone();
    let worker = tokio::spawn(async move { worker.work().await });
    let running = start(&engine, &machine, "running").await.unwrap();
    function.has_begun.notified().await;

    fail(&folder, Some(fault));
    function.may_end.notify_one();
    let refused = start(&engine, &machine, "refused").await.unwrap_err();
    assert_eq!(refused, message);
    // What can be read is shown all the same.
    let head = engine.store().head(&running).await.unwrap().unwrap();
    assert_eq!(head.status(), "RUNNING");
    assert_eq!(
        engine
            .store()
            .head(&arn(&machine, "refused"))
            .await
            .unwrap(),
        None
    );

    fail(&folder, None);
    assert_eq!(status(&engine, &running).await, "SUCCEEDED");
    assert_eq!(function.calls.load(Ordering::Relaxed), 1);
    let after = start(&engine, &machine, "after").await.unwrap();
    function.may_end.notify_one();
    assert_eq!(status(&engine, &after).await, "SUCCEEDED");
    worker.abort();
}

fn arn(machine: &Machine, name: &str) -> String {
    let of_machine = machine.arn.replace("stateMachine", "execution");
    format!("{of_machine}:{name}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_nothing_is_acknowledged_and_everything_goes_on_when_there_is_room() {
    a_disk_that_recovers(Fault::Full, "the disk of the store is full").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_disk_that_fails_nothing_is_acknowledged_and_everything_goes_on_when_it_works() {
    let message = "the file of the store cannot be read or written";
    a_disk_that_recovers(Fault::WriteFails, message).await;
}

const NOT_SYNCED: &str = "the disk has not confirmed what was written: nothing more is written until \
                          the server is started again; look after the disk first";

/// What has become of an fsync that failed cannot be known. A later one that goes well says nothing of
/// what was written before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_fsync_that_failed_nothing_is_acknowledged_until_the_store_is_opened_again() {
    segno_fault_vfs::install();
    let folder = given::folder();
    let store = LocalStore::open(&folder).unwrap();
    let machine = given::machine(&store, "m", &given::chain(1, &json!({ "Type": "Pass" }))).await;
    let engine = Engine::new(store, Functions(Arc::default()), SystemClock);
    let before = start(&engine, &machine, "before").await.unwrap();
    // That is not synced by itself: it lies before what comes next in the log.
    beat(engine.store()).await;

    fail(&folder, Some(Fault::SyncFails));
    let refused = start(&engine, &machine, "failed").await.unwrap_err();
    assert_eq!(refused, NOT_SYNCED);
    fail(&folder, None);
    let mut acknowledged = vec![before.clone()];
    for number in 0..3 {
        let name = format!("late-{number}");
        match start(&engine, &machine, &name).await {
            Ok(arn) => acknowledged.push(arn),
            Err(refused) => assert_eq!(refused, NOT_SYNCED),
        }
    }
    let head = engine.store().head(&before).await.unwrap().unwrap();
    assert_eq!(head.name, "before", "it can be read");
    drop(engine);

    let left = given::folder();
    power_cut(&folder, &left, &mut || Fate::Lost).unwrap();
    for folder in [&left, &folder] {
        let store = LocalStore::open(folder).unwrap();
        for arn in &acknowledged {
            let found = store.head(arn).await.unwrap();
            assert!(found.is_some(), "{arn} was acknowledged, and is not there");
        }
        let engine = Engine::new(store, Functions(Arc::default()), SystemClock);
        let again = start(&engine, &machine, "again").await.unwrap();
        assert!(engine.store().head(&again).await.unwrap().is_some());
    }
}

async fn beat(store: &LocalStore) {
    let execution = ExecutionKey {
        arn: "arn:aws:states:us-east-1:123456789012:execution:m:other".into(),
        nonce: Nonce::default(),
    };
    let attempt = AttemptId {
        frame: FrameId(1),
        number: 1,
    };
    store.beat(&execution, attempt, Timestamp(1)).await.unwrap();
}

/// Many wait for the same fsync: all of them are told, and soon.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_an_fsync_that_fails_is_told() {
    segno_fault_vfs::install();
    let folder = given::folder();
    let store = LocalStore::open(&folder).unwrap();
    let machine = given::machine(&store, "m", &given::chain(1, &json!({ "Type": "Pass" }))).await;
    let engine = Engine::new(store, Functions(Arc::default()), SystemClock);
    start(&engine, &machine, "before").await.unwrap();
    fail(&folder, Some(Fault::SyncFails));
    let starts = (0..50).map(|number| {
        let (engine, machine) = (engine.clone(), Arc::clone(&machine));
        tokio::spawn(async move { start(&engine, &machine, &number.to_string()).await })
    });
    for started in starts.collect::<Vec<_>>() {
        let started = tokio::time::timeout(Duration::from_secs(30), started).await;
        assert_eq!(started.unwrap().unwrap().unwrap_err(), NOT_SYNCED);
    }
    assert_eq!(engine.store().metrics().failed_writes.get(), 50);
}

#[tokio::test]
async fn what_cannot_be_written_is_not_opened() {
    segno_fault_vfs::install();
    let folder = given::folder();
    drop(LocalStore::open(&folder).unwrap());
    fail(&folder, Some(Fault::ReadOnly));
    assert!(matches!(opened(&folder), Err(OpenError::ReadOnly { .. })));
    fail(&folder, None);
    opened(&folder).unwrap();
}

fn opened(folder: &Path) -> Result<(), OpenError> {
    LocalStore::open(folder).map(drop)
}
