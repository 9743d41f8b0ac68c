//! What the store does beyond what every store promises: sizes, ages, versions.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod harness;

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use harness::{Emulator, config, options, payloads::Draw};
use segno_asl::{definition::parse, errors::StateError};
use segno_aws::{AwsBackend, Options, Places};
use segno_engine::{
    Store,
    catalog::Machine,
    store::{Commit, Created, End, EndStatus, Head, HeadQuery, Shown, StoreError},
};
use segno_interpreter::{
    advance,
    bounds::Bounds,
    checkpoint::{Checkpoint, Status},
    command::Command,
    event::{Event, EventKind, Seed, Start, Timestamp},
    history::{Detail, HistoryEvent},
    key::{ExecutionKey, Nonce},
    payload::{Payload, PayloadId},
    transition::Transition,
};

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";
const DAY: i64 = 86_400_000;

/// The largest item that DynamoDB takes.
const ITEM_BYTES_MAX: usize = 400 * 1024;

fn execution() -> ExecutionKey {
    key("one")
}

fn key(name: &str) -> ExecutionKey {
    ExecutionKey {
        arn: format!("arn:aws:states:us-east-1:123456789012:execution:machine:{name}"),
        nonce: Nonce([1; 16]),
    }
}

fn head(name: &str) -> Head {
    Head {
        key: key(name),
        name: name.into(),
        machine: Machine::new(MACHINE, "machine", "{}", "role", Timestamp(0)),
        trace_header: None,
        started_at: Timestamp(0),
        parent: None,
        shown: Shown::default(),
    }
}

/// A transition with a history event for each of its payloads. The checkpoint refers to the last one.
fn transition(first: u64, payloads: Vec<Payload>) -> Transition {
    let numbered = (first..).zip(payloads);
    let payloads: Vec<(PayloadId, Payload)> = numbered
        .map(|(id, payload)| (PayloadId(id), payload))
        .collect();
    let history = payloads.iter().map(|(output, _)| HistoryEvent {
        id: output.0,
        previous_event_id: output.0 - 1,
        at: Timestamp(0),
        detail: Detail::ExecutionSucceeded { output: *output },
    });
    let last = payloads.last().unwrap().0;
    let mut checkpoint = Checkpoint::default();
    checkpoint.recorded = last.0;
    checkpoint.status = Status::Succeeded { output: last };
    Transition {
        checkpoint,
        history: history.collect(),
        payloads,
        commands: vec![],
        has_moved: false,
    }
}

async fn commit(backend: &AwsBackend, number: u64, transition: &Transition) {
    let commit = Commit {
        number,
        writer: Nonce([7; 16]),
        cause: None,
        transition,
        shown: None,
    };
    backend.commit(&execution(), &commit).await.unwrap();
}

/// A text that cannot be compressed well.
fn random(draw: &mut Draw, bytes: usize) -> Payload {
    let text: String = (0..bytes - 2)
        .map(|_| char::from(b'!' + 2 + u8::try_from(draw.below(56)).unwrap()))
        .collect();
    Payload::parse(&format!("\"{text}\"")).unwrap()
}

/// Two processes at one table.
async fn two(emulator: &Emulator) -> (AwsBackend, AwsBackend, Places) {
    let places = emulator.places().await;
    let backend = || AwsBackend::new(&config(&emulator.url()), places.clone(), options());
    (backend(), backend(), places)
}

async fn items(
    emulator: &Emulator,
    table: &str,
) -> Vec<std::collections::HashMap<String, AttributeValue>> {
    let scanned = Client::new(&config(&emulator.url()))
        .scan()
        .table_name(table)
        .send()
        .await;
    scanned.unwrap().items.unwrap()
}

fn bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        other => panic!("{other:?}"),
    }
}

async fn a_large_payload_is_in_the_bucket_and_reads_back(emulator: Arc<Emulator>) {
    let (here, there, places) = two(&emulator).await;
    let large = Payload::from(Draw::new(5).order(250_000));
    let input = Payload::from(Draw::new(6).order(250_000));
    here.create_head(&head("one"), &input).await.unwrap();
    commit(&here, 1, &transition(1, vec![large.clone()])).await;

    let loaded = there.load(&execution()).await.unwrap().unwrap();
    assert_eq!(loaded.checkpoint.payloads.get(PayloadId(1)), Some(&large));
    let (_, payloads) = there.history(&execution(), 0, 10).await.unwrap();
    assert_eq!(payloads.get(PayloadId(1)), Some(&large));
    let read = there.payload(&execution(), PayloadId(0)).await.unwrap();
    assert_eq!(read, Some(input));
    for item in items(&emulator, &places.table).await {
        let size: usize = item
            .iter()
            .map(|(name, value)| name.len() + bytes(value))
            .sum();
        assert!(size <= 1_024, "{size} bytes: {item:?}");
    }
}

/// Payloads that are small each, and together more than an item may have.
async fn no_item_outgrows_what_the_table_takes(emulator: Arc<Emulator>) {
    let (here, there, places) = two(&emulator).await;
    let mut draw = Draw::new(9);
    let many: Vec<Payload> = (0..200).map(|_| random(&mut draw, 4_000)).collect();
    assert!(many.len() * 4_000 > ITEM_BYTES_MAX);
    commit(&here, 1, &transition(1, many.clone())).await;

    let (events, payloads) = there.history(&execution(), 0, 1_000).await.unwrap();
    assert_eq!(events.len(), 200);
    for (id, payload) in (1..).zip(&many) {
        assert_eq!(payloads.get(PayloadId(id)), Some(payload));
    }
    for item in items(&emulator, &places.table).await {
        let size: usize = item
            .iter()
            .map(|(name, value)| name.len() + bytes(value))
            .sum();
        assert!(size < ITEM_BYTES_MAX / 10, "{size} bytes");
    }
}

/// What another process reads by number, event and page it finds among many commits.
async fn a_long_log_is_read_from_the_middle(emulator: Arc<Emulator>) {
    let (here, there, _) = two(&emulator).await;
    let text = |id: u64| Payload::parse(&format!("{{\"number\":{id}}}")).unwrap();
    for number in 1..=45 {
        let first = number * 2 - 1;
        commit(
            &here,
            number,
            &transition(first, vec![text(first), text(first + 1)]),
        )
        .await;
    }
    for id in [1, 2, 37, 44, 89, 90] {
        let read = there.payload(&execution(), PayloadId(id)).await.unwrap();
        assert_eq!(read, Some(text(id)));
    }
    assert_eq!(
        there.payload(&execution(), PayloadId(91)).await.unwrap(),
        None
    );
    for after in [0, 1, 41, 42, 88, 89, 90] {
        let (events, payloads) = there.history(&execution(), after, 3).await.unwrap();
        let ids: Vec<u64> = events.iter().map(|event| event.id).collect();
        let expected: Vec<u64> = (after + 1..=90).take(3).collect();
        assert_eq!(ids, expected);
        for id in ids {
            assert_eq!(payloads.get(PayloadId(id)), Some(&text(id)));
        }
    }
}

/// A Map of hundreds of tasks: what is written for each does not grow with how many there are, and another
/// process reads the whole of it.
async fn a_wide_checkpoint_is_written_as_differences(emulator: Arc<Emulator>) {
    const ITEMS: u64 = 200;
    let (here, there, places) = two(&emulator).await;
    let machine = parse(
        r#"{ "StartAt": "All", "States": { "All": { "Type": "Map", "End": true, "ItemProcessor": {
            "StartAt": "Ask", "States": { "Ask": { "Type": "Task", "End": true,
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": { "QueueUrl": "asks", "MessageBody.$": "$$.Task.Token" } } } } } } }"#,
    );
    let machine = machine.unwrap();
    let input: Vec<u64> = (0..ITEMS).collect();
    let input = Payload::from(serde_json::json!(input));
    here.create_head(&head("one"), &input).await.unwrap();
    let start = Start {
        execution: execution(),
        state_machine_arn: MACHINE.into(),
        version_arn: None,
        alias_arn: None,
        role_arn: "role".into(),
        input,
        parent: None,
        bounds: Bounds::OPEN,
        time_limit: None,
    };
    let mut number = 0;
    let mut checkpoint = Checkpoint::default();
    let mut kind = EventKind::ExecutionStarted(Box::new(start));
    let mut widest = 0;
    while number < 60 {
        let event = Event {
            at: Timestamp(5),
            seed: Seed([3; 32]),
            kind,
        };
        let moved = advance(&machine, checkpoint, event).unwrap();
        number += 1;
        commit(&here, number, &moved).await;
        widest = widest.max(moved.checkpoint.encode().len());
        let proceed = moved.commands.iter().find_map(|command| match command {
            Command::Continue(number) => Some(EventKind::Continued { number: *number }),
            _ => None,
        });
        checkpoint = moved.checkpoint;
        let waiting = checkpoint.token_attempts().next().map(|attempt| attempt.id);
        kind = match (proceed, waiting) {
            (Some(proceed), _) => proceed,
            (None, Some(attempt)) => EventKind::Answered {
                attempt,
                outcome: Ok(Payload::from(serde_json::json!(number))),
            },
            (None, None) => break,
        };
    }
    assert!(widest > 2 * 16 * 1024, "{widest} bytes are not wide");
    let loaded = there.load(&execution()).await.unwrap().unwrap();
    assert_eq!(loaded.number, number);
    assert_eq!(loaded.checkpoint, checkpoint);
    let all = items(&emulator, &places.table).await;
    let commits = all
        .iter()
        .filter(|item| item["sk"].as_s().unwrap().starts_with('c'));
    let sizes: Vec<usize> = commits.map(|item| item.values().map(bytes).sum()).collect();
    let small = sizes.iter().filter(|size| **size < 1_024).count();
    assert!(small > 50, "{sizes:?} bytes for a checkpoint of {widest}");
}

/// A head row stays small whatever an execution failed with.
async fn a_long_error_is_read_from_the_log(emulator: Arc<Emulator>) {
    let (here, there, places) = two(&emulator).await;
    let error = StateError::new("E", "because ".repeat(4_000));
    here.create_head(&head("one"), &Payload::parse("{}").unwrap())
        .await
        .unwrap();
    let mut failed = transition(1, vec![Payload::parse("1").unwrap()]);
    failed.checkpoint.status = Status::Failed(error.clone());
    commit(&here, 1, &failed).await;
    let shown = Shown {
        commit: 1,
        end: Some(End {
            status: EndStatus::Failed,
            at: Timestamp(5),
            output: None,
            error: Some(error),
        }),
        is_redrivable: true,
        ..Shown::default()
    };
    here.update_head(&execution(), &shown).await.unwrap();

    assert_eq!(
        there.head(&execution().arn).await.unwrap().unwrap().shown,
        shown
    );
    let all = items(&emulator, &places.table).await;
    let row = all.iter().find(|item| item.contains_key("lk")).unwrap();
    let size: usize = row
        .iter()
        .map(|(name, value)| name.len() + bytes(value))
        .sum();
    assert!(size < 1_024, "{size} bytes");
}

/// A backend whose time is set by the test.
async fn timed(emulator: &Emulator) -> (AwsBackend, Arc<AtomicI64>, Places) {
    let now = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&now);
    let options = Options {
        now: Arc::new(move || Timestamp(clock.load(Ordering::Relaxed))),
        retention: Duration::from_secs(90 * 86_400),
        ..options()
    };
    let places = emulator.places().await;
    let backend = AwsBackend::new(&config(&emulator.url()), places.clone(), options);
    (backend, now, places)
}

fn ended(at: i64) -> Shown {
    Shown {
        commit: 1,
        end: Some(End {
            status: EndStatus::Succeeded,
            at: Timestamp(at),
            output: None,
            error: None,
        }),
        ..Shown::default()
    }
}

/// The table may take days to delete what has expired: it is hidden, and its name is free.
async fn what_is_past_its_retention_is_not_seen(emulator: Arc<Emulator>) {
    let (backend, now, _) = timed(&emulator).await;
    let input = Payload::parse("{}").unwrap();
    for name in ["one", "open"] {
        backend.create_head(&head(name), &input).await.unwrap();
    }
    backend.update_head(&execution(), &ended(5)).await.unwrap();
    let listed = async || {
        let query = HeadQuery {
            machine: MACHINE,
            status: None,
            after: None,
            limit: 10,
        };
        backend.heads(&query).await.unwrap().len()
    };
    now.store(90 * DAY - 1, Ordering::Relaxed);
    assert!(backend.head(&execution().arn).await.unwrap().is_some());
    assert_eq!(listed().await, 2);
    now.store(90 * DAY + 1_000, Ordering::Relaxed);
    assert!(backend.head(&execution().arn).await.unwrap().is_none());
    assert_eq!(listed().await, 1);
    let again = Head {
        key: ExecutionKey {
            nonce: Nonce([2; 16]),
            ..execution()
        },
        ..head("one")
    };
    let created = backend.create_head(&again, &input).await.unwrap();
    assert!(matches!(created, Created::New(_)), "{created:?}");
}

/// An execution may be open for a year; what it has written is kept as long.
async fn the_log_of_an_open_execution_is_kept(emulator: Arc<Emulator>) {
    let (backend, now, places) = timed(&emulator).await;
    let large = Payload::from(Draw::new(5).order(100_000));
    backend.create_head(&head("one"), &large).await.unwrap();
    backend.create_head(&head("closed"), &large).await.unwrap();
    commit(&backend, 1, &transition(1, vec![large.clone()])).await;
    backend
        .update_head(&key("closed"), &ended(5))
        .await
        .unwrap();
    let kept_until = async || {
        let all = items(&emulator, &places.table).await;
        let mut days: Vec<i64> = all
            .iter()
            .filter(|item| item["pk"].as_s().unwrap().starts_with('l'))
            .map(|item| item["ttl"].as_n().unwrap().parse::<i64>().unwrap() / 86_400)
            .collect();
        days.sort_unstable();
        days
    };
    assert_eq!(kept_until().await, [135, 135, 135]);
    for (day, stamped) in [(29, 0), (31, 1), (32, 0), (62, 1)] {
        now.store(day * DAY, Ordering::Relaxed);
        let found = backend.restamp(Timestamp(day * DAY)).await.unwrap();
        assert_eq!(found, stamped, "day {day}");
    }
    assert_eq!(kept_until().await, [135, 62 + 135, 62 + 135]);
    let loaded = backend.load(&execution()).await.unwrap().unwrap();
    assert_eq!(loaded.checkpoint.payloads.get(PayloadId(1)), Some(&large));
}

async fn an_item_of_a_newer_release_is_not_read(emulator: Arc<Emulator>) {
    let (here, there, places) = two(&emulator).await;
    commit(&here, 1, &transition(1, vec![Payload::parse("1").unwrap()])).await;
    let all = items(&emulator, &places.table).await;
    let mut newer = all[0].clone();
    newer.insert("v".into(), AttributeValue::N("2".into()));
    let client = Client::new(&config(&emulator.url()));
    let put = client
        .put_item()
        .table_name(&places.table)
        .set_item(Some(newer));
    put.send().await.unwrap();

    let read = there.load(&execution()).await;
    let Err(StoreError::Unreadable { source, .. }) = read else {
        panic!("{read:?}");
    };
    let said = "an item has version 2, and this release reads up to 1";
    assert_eq!(source.to_string(), said);
}

fn main() -> ExitCode {
    harness::run![
        a_large_payload_is_in_the_bucket_and_reads_back,
        no_item_outgrows_what_the_table_takes,
        a_long_log_is_read_from_the_middle,
        a_long_error_is_read_from_the_log,
        what_is_past_its_retention_is_not_seen,
        the_log_of_an_open_execution_is_kept,
        an_item_of_a_newer_release_is_not_read,
        a_wide_checkpoint_is_written_as_differences,
    ]
}
