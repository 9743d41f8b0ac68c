//! How often the disk is waited for: counted where SQLite asks for it.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "this is a test")]

mod given;

use std::sync::Arc;

use given::{chain, engine, machine, run};
use segno_engine::{Catalog, Store, catalog::ContentHash};
use segno_interpreter::{
    checkpoint::{AttemptId, FrameId},
    event::Timestamp,
    key::{ExecutionKey, Nonce},
    payload::Payload,
};
use segno_local::LocalStore;
use serde_json::json;

/// Runs so many executions of such a machine, so many at a time. Gives the fsyncs.
async fn syncs_of(definition: &serde_json::Value, executions: usize, at_a_time: usize) -> u64 {
    segno_fault_vfs::install();
    let folder = given::folder();
    let engine = engine(LocalStore::open(&folder).unwrap());
    let worker = engine.clone();
    let worker = tokio::spawn(async move { worker.work().await });
    let machine = machine(engine.store(), "machine", definition).await;
    run(&engine, &machine, "first", Payload::from(json!({}))).await;
    let before = segno_fault_vfs::syncs(&folder);
    let runners = (0..at_a_time).map(|runner| {
        let (engine, machine) = (engine.clone(), Arc::clone(&machine));
        tokio::spawn(async move {
            for number in 0..executions / at_a_time {
                let name = format!("{runner}-{number}");
                let status = run(&engine, &machine, &name, Payload::from(json!({}))).await;
                assert_eq!(status, "SUCCEEDED");
            }
        })
    });
    for runner in runners.collect::<Vec<_>>() {
        runner.await.unwrap();
    }
    let counted = segno_fault_vfs::syncs(&folder) - before;
    let metrics = engine.store().metrics();
    assert_eq!(metrics.checkpoints.get(), 0, "this is about commits");
    worker.abort();
    counted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_execution_without_tasks_waits_for_the_disk_twice() {
    let ten_passes = chain(10, &json!({ "Type": "Pass" }));
    let syncs = syncs_of(&ten_passes, 50, 1).await;
    assert_eq!(syncs, 2 * 50, "fsyncs for 50 executions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_adds_one_wait() {
    let task =
        json!({ "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f" });
    let syncs = syncs_of(&chain(3, &task), 30, 1).await;
    // The start, the claim of the first, and the result of each: that of the last is the end.
    assert_eq!(syncs, (2 + 3) * 30, "fsyncs for 30 executions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn executions_at_the_same_time_share_their_waits() {
    let ten_passes = chain(10, &json!({ "Type": "Pass" }));
    let syncs = syncs_of(&ten_passes, 640, 64).await;
    assert!(
        (1..=128).contains(&syncs),
        "{syncs} fsyncs for 640 executions, 64 at a time: more than a fifth for each"
    );
    println!("{syncs} fsyncs for 640 executions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_waits_for_has_no_fsync_of_its_own() {
    segno_fault_vfs::install();
    let folder = given::folder();
    let store = LocalStore::open(&folder).unwrap();
    let before = segno_fault_vfs::syncs(&folder);
    let execution = ExecutionKey {
        arn: "arn:aws:states:us-east-1:123456789012:execution:machine:one".into(),
        nonce: Nonce::default(),
    };
    let attempt = AttemptId {
        frame: FrameId(1),
        number: 1,
    };
    for at in 0..100 {
        store
            .beat(&execution, attempt, Timestamp(at))
            .await
            .unwrap();
    }
    store
        .put_content(&ContentHash::of(b"{}"), b"{}")
        .await
        .unwrap();
    store.expire(Timestamp(0), 10).await.unwrap();

    // The log begins with a header, which is synced once.
    let syncs = segno_fault_vfs::syncs(&folder) - before;
    assert!(syncs <= 1, "{syncs} fsyncs");
    let beat = store.last_beat(&execution, attempt).await.unwrap();
    assert_eq!(beat, Some(Timestamp(99)));
}
