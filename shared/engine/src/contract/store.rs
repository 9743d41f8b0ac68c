//! The promises of [`Store`], one function each, named by it.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "these functions are tests"
)]

use segno_interpreter::{
    checkpoint::Checkpoint,
    event::Timestamp,
    history::{Detail, HistoryEvent},
    payload::{Payload, PayloadId},
    transition::Transition,
};

use crate::{
    catalog::Machine,
    store::{Created, End, Head, Store, StoreError},
};

const EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:machine:one";
const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";

/// A transition that adds one history event with a payload of its own.
fn recording(id: u64) -> Transition {
    let payload = PayloadId(id);
    let mut checkpoint = Checkpoint::default();
    checkpoint.recorded = id;
    let detail = Detail::ExecutionSucceeded { output: payload };
    Transition {
        checkpoint,
        history: vec![HistoryEvent {
            id,
            previous_event_id: id - 1,
            at: Timestamp(0),
            detail,
        }],
        payloads: vec![(
            payload,
            Payload::parse(&format!("{{\"number\":{id}}}")).unwrap(),
        )],
        commands: vec![],
        has_moved: false,
    }
}

fn machine() -> Machine {
    let role = "arn:aws:iam::123456789012:role/any";
    Machine::new(MACHINE, "machine", "{}", role, Timestamp(0))
}

fn head(name: &str, started_at: i64) -> Head {
    Head {
        execution_arn: format!("arn:aws:states:us-east-1:123456789012:execution:machine:{name}"),
        state_machine_arn: MACHINE.into(),
        name: name.into(),
        machine: machine(),
        input: Payload::parse("{}").unwrap(),
        trace_header: None,
        started_at: Timestamp(started_at),
        end: None,
    }
}

/// What was never written is not there, and asking for it is no error.
pub async fn nothing_is_known_of_an_execution_without_commits(store: impl Store) {
    assert!(store.load(EXECUTION).await.unwrap().is_none());
    assert!(store.history(EXECUTION, 0, 10).await.unwrap().0.is_empty());
    assert!(store.head(EXECUTION).await.unwrap().is_none());
}

/// The newest commit is what is loaded, with the payloads that its checkpoint refers to.
pub async fn a_commit_reads_back_with_its_payloads(store: impl Store) {
    let mut transition = recording(1);
    let output = PayloadId(1);
    transition.checkpoint.status = segno_interpreter::checkpoint::Status::Succeeded { output };
    store.commit(EXECUTION, 1, &transition).await.unwrap();

    let loaded = store.load(EXECUTION).await.unwrap().unwrap();

    assert_eq!(loaded.number, 1);
    assert_eq!(loaded.checkpoint.recorded, 1);
    assert_eq!(
        loaded.checkpoint.payloads.get(output).unwrap().text(),
        r#"{"number":1}"#
    );
}

/// Two steps raced from the same commit: one wins, and the loser leaves no trace.
pub async fn a_stale_commit_conflicts_and_writes_nothing(store: impl Store) {
    store.commit(EXECUTION, 1, &recording(1)).await.unwrap();
    store.commit(EXECUTION, 2, &recording(2)).await.unwrap();

    let lost = store.commit(EXECUTION, 2, &recording(9)).await;

    assert!(
        matches!(lost, Err(StoreError::Conflict { number: 2 })),
        "{lost:?}"
    );
    assert_eq!(
        store
            .load(EXECUTION)
            .await
            .unwrap()
            .unwrap()
            .checkpoint
            .recorded,
        2
    );
    assert_eq!(store.history(EXECUTION, 0, 10).await.unwrap().0.len(), 2);
}

/// A page starts after an id, has no more than was asked for, and is complete in itself.
pub async fn history_pages_are_in_order_and_have_their_payloads(store: impl Store) {
    for number in 1..=5 {
        store
            .commit(EXECUTION, number, &recording(number))
            .await
            .unwrap();
    }

    let (page, payloads) = store.history(EXECUTION, 2, 2).await.unwrap();

    let ids: Vec<u64> = page.iter().map(|event| event.id).collect();
    assert_eq!(ids, [3, 4]);
    assert_eq!(
        payloads.get(PayloadId(4)).unwrap().text(),
        r#"{"number":4}"#
    );
}

/// The second start of a name gets the first one's head row.
pub async fn a_name_is_taken_once(store: impl Store) {
    let first = store.create_head(head("one", 1)).await.unwrap();
    let second = store.create_head(head("one", 2)).await.unwrap();

    assert_eq!(first, Created::New(head("one", 1)));
    assert_eq!(second, Created::Existing(head("one", 1)));
}

/// The first end counts.
pub async fn a_closed_head_stays_as_it_is(store: impl Store) {
    let end = |status| End {
        status,
        at: Timestamp(2),
        output: None,
        error: None,
    };
    store.create_head(head("one", 1)).await.unwrap();
    store.close_head(EXECUTION, end("ABORTED")).await.unwrap();
    store.close_head(EXECUTION, end("SUCCEEDED")).await.unwrap();

    assert_eq!(
        store.head(EXECUTION).await.unwrap().unwrap().status(),
        "ABORTED"
    );
}

/// Executions of other machines are not in the list.
pub async fn heads_are_listed_by_machine_newest_first(store: impl Store) {
    store.create_head(head("old", 1)).await.unwrap();
    store.create_head(head("new", 2)).await.unwrap();
    let other = Head {
        state_machine_arn: "other".into(),
        ..head("other", 3)
    };
    store.create_head(other).await.unwrap();

    let names: Vec<String> = store
        .heads(MACHINE)
        .await
        .unwrap()
        .into_iter()
        .map(|head| head.name)
        .collect();

    assert_eq!(names, ["new", "old"]);
}
