//! What closed long ago is forgotten, a few executions at a time.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod given;

use std::time::Duration;

use given::{chain, engine, machine, run};
use rusqlite::Connection;
use segno_engine::Store;
use segno_interpreter::payload::Payload;
use segno_local::LocalStore;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgetting_many_is_many_writes_and_leaves_nothing_behind() {
    let folder = given::folder();
    let engine = engine(LocalStore::open(&folder).unwrap());
    let worker = engine.clone();
    let worker = tokio::spawn(async move { worker.work().await });
    let task =
        json!({ "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f" });
    let machine = machine(engine.store(), "m", &chain(2, &task)).await;
    for number in 0..100 {
        run(
            &engine,
            &machine,
            &number.to_string(),
            Payload::from(json!({})),
        )
        .await;
    }
    assert_eq!(
        engine.forget_closed(Duration::from_secs(60)).await.unwrap(),
        0
    );
    // The clock has milliseconds.
    tokio::time::sleep(Duration::from_millis(2)).await;

    let metrics = engine.store().metrics();
    let (synced, others) = (&metrics.synced_transactions, &metrics.other_transactions);
    let before = (synced.get(), others.get());
    assert_eq!(engine.forget_closed(Duration::ZERO).await.unwrap(), 100);
    assert_eq!(synced.get(), before.0, "nobody waits for the disk");
    assert_eq!(others.get() - before.1, 7, "16 executions at a time");

    let db = Connection::open(folder.join("segno.db")).unwrap();
    for table in ["executions", "commits", "payloads", "decisions", "beats"] {
        let count = format!("SELECT count(*) FROM {table}");
        let rows: i64 = db.query_row(&count, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    let open = engine.store().open_executions(None, 10).await.unwrap();
    assert!(open.is_empty());
    worker.abort();
}
