//! Messages that wait long, that kill their workers, and that nobody could handle.

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

use harness::{Emulator, config, options, payloads::Draw};
use segno_asl::definition::{StateName, Task};
use segno_aws::{AwsBackend, Drained, Options, Places, QueueRecord, Reconciled};
use segno_engine::{
    Engine, Invoker, Queue, Store,
    catalog::{Machine, store_definition},
    clock::SystemClock,
    invoker::Call,
    operations::StartRequest,
    queue::{Body, Envelope, Message, Received},
    store::{Head, Shown, StoreError},
};
use segno_interpreter::{
    checkpoint::{AttemptId, FrameId, Parent},
    event::{Outcome, Timestamp},
    key::{ExecutionKey, Nonce},
    payload::Payload,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

const MINUTE: i64 = 60_000;

fn execution(name: &str) -> ExecutionKey {
    ExecutionKey {
        arn: format!("arn:aws:states:us-east-1:123456789012:execution:machine:{name}"),
        nonce: Nonce([1; 16]),
    }
}

fn wake(name: &str, number: u64) -> Message {
    Message::new(execution(name), Body::Wake { number })
}

/// A backend whose time is set by the test.
struct Timed {
    backend: AwsBackend,
    places: Places,
    now: Arc<AtomicI64>,
}

impl Timed {
    async fn with(emulator: &Emulator, change: impl FnOnce(&mut Options)) -> Self {
        let now = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&now);
        let mut options = Options {
            now: Arc::new(move || Timestamp(clock.load(Ordering::Relaxed))),
            ..options()
        };
        change(&mut options);
        let places = emulator.places().await;
        let backend = AwsBackend::new(&config(&emulator.url()), places.clone(), options);
        Self {
            backend,
            places,
            now,
        }
    }

    async fn new(emulator: &Emulator) -> Self {
        Self::with(emulator, |_| {}).await
    }

    async fn reconcile_at(&self, now: i64) -> Reconciled {
        self.now.store(now, Ordering::Relaxed);
        self.backend.reconcile(Timestamp(now)).await.unwrap()
    }
}

fn sent(sent: usize, sent_again: usize) -> Reconciled {
    Reconciled { sent, sent_again }
}

async fn one(backend: &AwsBackend) -> Received {
    let received = timeout(Duration::from_secs(10), backend.receive(10)).await;
    let received = received.unwrap().unwrap();
    assert_eq!(received.len(), 1, "{received:?}");
    received.into_iter().next().unwrap()
}

async fn nothing(backend: &AwsBackend) {
    let received = timeout(Duration::from_secs(1), backend.receive(10)).await;
    assert!(received.is_err(), "{received:?}");
}

/// What SQS cannot delay waits in the table, is sent once as its time comes near, and no more when it was
/// handled.
async fn a_long_wait_becomes_a_message_in_time(emulator: Arc<Emulator>) {
    let timed = Timed::new(&emulator).await;
    let hour = wake("one", 7).after(Duration::from_secs(3_600));
    timed.backend.send(vec![hour]).await.unwrap();

    for minute in [0, 30, 45] {
        assert_eq!(
            timed.reconcile_at(minute * MINUTE).await,
            sent(0, 0),
            "{minute}"
        );
    }
    nothing(&timed.backend).await;
    // The delay that is left is SQS's, and this test does not wait for it: it is late, and sends at once.
    assert_eq!(timed.reconcile_at(60 * MINUTE).await, sent(1, 0));
    assert_eq!(timed.reconcile_at(61 * MINUTE).await, sent(0, 0));

    let received = one(&timed.backend).await;
    assert_eq!(received.message, wake("one", 7));
    timed.backend.delete(vec![received.receipt]).await.unwrap();
    for minute in [62, 64, 200] {
        assert_eq!(
            timed.reconcile_at(minute * MINUTE).await,
            sent(0, 0),
            "{minute}"
        );
    }
    nothing(&timed.backend).await;
}

/// A message may be lost, in a purge say.
async fn what_is_past_due_is_sent_again(emulator: Arc<Emulator>) {
    let timed = Timed::new(&emulator).await;
    let hour = wake("one", 7).after(Duration::from_secs(3_600));
    timed.backend.send(vec![hour]).await.unwrap();
    assert_eq!(timed.reconcile_at(60 * MINUTE).await, sent(1, 0));
    let sqs = aws_sdk_sqs::Client::new(&config(&emulator.url()));
    sqs.purge_queue()
        .queue_url(&timed.places.queues.main)
        .send()
        .await
        .unwrap();

    let again: Vec<i64> = {
        let mut again = Vec::new();
        for minute in 61..70 {
            if timed.reconcile_at(minute * MINUTE).await == sent(0, 1) {
                again.push(minute);
            }
        }
        again
    };
    assert_eq!(again, [62, 64, 68]);
    let mut copies = timed.backend.receive(10).await.unwrap();
    while copies.len() < 3 {
        copies.extend(timed.backend.receive(10).await.unwrap());
    }
    assert!(copies.iter().all(|copy| copy.message == wake("one", 7)));
    let receipts = copies.into_iter().map(|copy| copy.receipt).collect();
    timed.backend.delete(receipts).await.unwrap();
    assert_eq!(timed.reconcile_at(200 * MINUTE).await, sent(0, 0));
}

/// The limit is a parameter, so that a test need not wait for a quarter of an hour: to the second in the
/// end.
async fn a_wait_beyond_a_lowered_limit_ends_on_time(emulator: Arc<Emulator>) {
    let places = emulator.places().await;
    let lowered = Options {
        delay_max: Duration::from_secs(3),
        now: Options::default().now,
        ..options()
    };
    let now = Arc::clone(&lowered.now);
    let backend = AwsBackend::new(&config(&emulator.url()), places, lowered);
    let due = now().after(Duration::from_secs(5));
    backend
        .send(vec![wake("one", 1).after(Duration::from_secs(5))])
        .await
        .unwrap();
    let receiving = {
        let backend = backend.clone();
        tokio::spawn(async move { one(&backend).await })
    };
    while !receiving.is_finished() {
        backend.reconcile(now()).await.unwrap();
        sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(receiving.await.unwrap().message, wake("one", 1));
    let late = due.until(now());
    assert!(now() >= due && late < Duration::from_secs(3), "{late:?}");
}

/// It may be what kills its workers: it goes where it takes no others along.
async fn what_was_received_twice_goes_to_the_second_queue(emulator: Arc<Emulator>) {
    let timed = Timed::with(&emulator, |options| {
        options.visibility = Duration::from_secs(1)
    })
    .await;
    timed
        .backend
        .send(vec![wake("one", 7).now()])
        .await
        .unwrap();
    for receives in 1..=2 {
        assert_eq!(one(&timed.backend).await.receives, receives);
    }
    // The third time it is moved before anybody sees it.
    let received = timeout(Duration::from_secs(3), timed.backend.receive(10)).await;
    assert!(received.is_err(), "{received:?}");

    let sqs = aws_sdk_sqs::Client::new(&config(&emulator.url()));
    let second = sqs
        .receive_message()
        .queue_url(&timed.places.queues.second)
        .send()
        .await
        .unwrap();
    let message = &second.messages()[0];
    let record = QueueRecord {
        message_id: message.message_id().unwrap(),
        receipt_handle: message.receipt_handle().unwrap(),
        body: message.body().unwrap(),
        receives: 3,
        queue_arn: &format!(
            "arn:aws:sqs:us-east-1:000000000000:{}-second",
            timed.places.table
        ),
    };
    let taken = timed.backend.take_over(&[record], Instant::now()).await;
    let [received] = <[Received; 1]>::try_from(taken.unwrap()).unwrap();
    let marked = Message {
        is_recheck: true,
        ..wake("one", 7)
    };
    assert_eq!(received.message, marked);
    assert!(
        !timed.backend.is_suspect(&received),
        "there is no third queue"
    );
    // It is done, and the mapping deletes it; in an invocation that goes on, the worker does.
    timed.backend.delete(vec![received.receipt]).await.unwrap();
    assert_eq!(left(&sqs, &timed.places.queues.second).await, 1);
    timed.backend.delete_finished().await.unwrap();
    assert_eq!(left(&sqs, &timed.places.queues.second).await, 0);
    assert!(timed.backend.hand_back().is_empty());
}

/// Messages of a queue, visible or not.
async fn left(sqs: &aws_sdk_sqs::Client, queue: &str) -> usize {
    use aws_sdk_sqs::types::QueueAttributeName::{
        ApproximateNumberOfMessages, ApproximateNumberOfMessagesDelayed,
        ApproximateNumberOfMessagesNotVisible,
    };
    let names = [
        ApproximateNumberOfMessages,
        ApproximateNumberOfMessagesDelayed,
        ApproximateNumberOfMessagesNotVisible,
    ];
    let attributes = sqs
        .get_queue_attributes()
        .queue_url(queue)
        .set_attribute_names(Some(names.to_vec()))
        .send()
        .await
        .unwrap();
    let counts = attributes.attributes.unwrap();
    names
        .iter()
        .map(|name| counts[name].parse::<usize>().unwrap())
        .sum()
}

/// The dead letters are sent back, marked; what cannot be read stays.
async fn dead_letters_are_sent_back(emulator: Arc<Emulator>) {
    let timed = Timed::with(&emulator, |options| {
        options.delay_max = Duration::from_secs(1)
    })
    .await;
    let sqs = aws_sdk_sqs::Client::new(&config(&emulator.url()));
    let Places { queues, .. } = &timed.places;
    timed
        .backend
        .send(vec![wake("one", 7).now()])
        .await
        .unwrap();
    let message = sqs
        .receive_message()
        .queue_url(&queues.main)
        .send()
        .await
        .unwrap();
    for body in [message.messages()[0].body().unwrap(), r#"{"version":99}"#] {
        let send = sqs
            .send_message()
            .queue_url(&queues.dead_letters)
            .message_body(body);
        send.send().await.unwrap();
    }

    let drained = timed.backend.drain().await.unwrap();

    assert_eq!(
        drained,
        Drained {
            sent_back: 1,
            unreadable: 1
        }
    );
    assert_eq!(left(&sqs, &queues.dead_letters).await, 1);
    let second = sqs
        .receive_message()
        .queue_url(&queues.second)
        .wait_time_seconds(3);
    let second = second.send().await.unwrap();
    let body: serde_json::Value =
        serde_json::from_str(second.messages()[0].body().unwrap()).unwrap();
    assert_eq!(
        (&body["recheck"], &body["drains"]),
        (&true.into(), &1.into())
    );
}

/// Every kind of message arrives as it was sent, however large.
async fn every_message_arrives_as_it_was_sent(emulator: Arc<Emulator>) {
    let timed = Timed::new(&emulator).await;
    let attempt = AttemptId {
        frame: FrameId(3),
        number: 4,
    };
    let error = segno_asl::errors::StateError::new("E\u{FFFF}", "because \u{1}");
    let large = Payload::from(Draw::new(3).order(250_000));
    let head = Head {
        key: execution("one"),
        name: "one".into(),
        machine: Machine::new("arn", "machine", "", "role", Timestamp(5)),
        trace_header: Some("Root=1".into()),
        started_at: Timestamp(6),
        parent: Some(Parent {
            execution: execution("parent"),
            attempt,
        }),
        shown: Shown::default(),
    };
    let bodies = vec![
        Body::Start(Box::new((head.clone(), large.clone()))),
        Body::Start(Box::new((head, Payload::parse(" [1.50]\n").unwrap()))),
        Body::Wake { number: 9 },
        Body::Due { attempt },
        Body::Ended {
            attempt,
            outcome: Ok(large),
        },
        Body::Ended {
            attempt,
            outcome: Err(error.clone()),
        },
        Body::Answered,
        Body::ChildEnded {
            attempt,
            child: execution("child"),
        },
        Body::Stop { error },
        Body::Redrive { number: 2 },
        Body::Look,
    ];
    let messages: Vec<Message> = bodies
        .into_iter()
        .map(|body| Message::new(execution("one"), body))
        .collect();
    let envelopes: Vec<Envelope> = messages.iter().cloned().map(Message::now).collect();
    timed.backend.send(envelopes).await.unwrap();
    let mut received = Vec::new();
    while received.len() < messages.len() {
        let some = timed.backend.receive(10).await.unwrap();
        timed
            .backend
            .delete(some.iter().map(|it| it.receipt.clone()).collect())
            .await
            .unwrap();
        received.extend(some.into_iter().map(|it| it.message));
    }
    for message in &messages {
        assert!(received.contains(message), "{message:?}");
    }
}

/// What is owed cannot be asked for by messages that are gone: all that is open is told to look.
async fn after_a_purge_every_open_execution_is_told_to_look(emulator: Arc<Emulator>) {
    // More than one process tells at once whose queue is its own.
    const OPEN: usize = 300;
    let timed = Timed::new(&emulator).await;
    for number in 0..OPEN {
        let name = format!("open-{number}");
        let head = Head {
            key: execution(&name),
            machine: Machine::new("arn", "machine", "", "role", Timestamp(0)),
            name,
            trace_header: None,
            started_at: Timestamp(0),
            parent: None,
            shown: Shown::default(),
        };
        let input = Payload::parse("{}").unwrap();
        timed.backend.create_head(&head, &input).await.unwrap();
    }
    let engine = Engine::new(timed.backend.clone(), Echo, SystemClock);
    let told = timeout(Duration::from_secs(60), engine.recover()).await;
    assert_eq!(told.unwrap().unwrap(), OPEN as u64);
    let sqs = aws_sdk_sqs::Client::new(&config(&emulator.url()));
    assert_eq!(left(&sqs, &timed.places.queues.main).await, OPEN);
}

/// Answers each call with its input.
struct Echo;

impl Invoker for Echo {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        Ok(call.input)
    }
}

/// A release that is older than what it finds leaves the messages to one that is not.
async fn what_a_newer_release_has_written_waits_for_one(emulator: Arc<Emulator>) {
    let options = Options {
        now: Options::default().now,
        ..options()
    };
    let places = emulator.places().await;
    let engine = || {
        let backend = AwsBackend::new(&config(&emulator.url()), places.clone(), options.clone());
        Engine::new(backend, Echo, SystemClock)
    };
    let newer = engine();
    let definition = r#"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1,"End":true}}}"#;
    store_definition(newer.store(), definition).await.unwrap();
    let arn = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";
    let machine = Machine::new(arn, "machine", definition, "role", Timestamp(0));
    let start = StartRequest::new(machine, "one", Payload::parse("7").unwrap());
    let key = newer.start(start).await.unwrap().into_inner().key;
    let waits = async {
        while newer.store().load(&key).await.unwrap().is_none() {
            sleep(Duration::from_millis(20)).await;
        }
        // It lets go, and sends the wake-up.
        sleep(Duration::from_millis(400)).await;
    };
    working(&newer, waits).await;
    set_version_of_commits(&emulator, &places.table, 2).await;

    let older = engine();
    working(&older, sleep(Duration::from_secs(2))).await;
    let read = older.store().load(&key).await;
    assert!(
        matches!(read, Err(StoreError::Unreadable { .. })),
        "{read:?}"
    );
    let sqs = aws_sdk_sqs::Client::new(&config(&emulator.url()));
    assert_eq!(
        left(&sqs, &places.queues.main).await,
        1,
        "the message stays"
    );

    // Here is the newer one again: to it, what it wrote is what this release writes.
    set_version_of_commits(&emulator, &places.table, 1).await;
    let newer = engine();
    let end = working(&newer, newer.closed(&key.arn)).await.unwrap();
    assert_eq!(end.status.name(), "SUCCEEDED");
}

/// Does something while a worker works.
async fn working<T>(
    engine: &Engine<AwsBackend, Echo, SystemClock>,
    what: impl Future<Output = T>,
) -> T {
    let worked = async {
        tokio::select! {
            () = engine.work() => unreachable!("a worker does not end"),
            done = what => done,
        }
    };
    timeout(Duration::from_secs(60), worked).await.unwrap()
}

/// Makes the commits of a table those of another release.
async fn set_version_of_commits(emulator: &Emulator, table: &str, version: u32) {
    let emulated = emulator.emulated();
    let target = |operation: &str| format!("DynamoDB_20120810.{operation}");
    let all = json!({ "TableName": table });
    let items = emulated.ask("dynamodb", &target("Scan"), all).await;
    let items = items["Items"].as_array().unwrap().clone();
    let is_commit = |item: &Value| item["sk"]["S"].as_str().unwrap().starts_with('c');
    let commits: Vec<Value> = items.into_iter().filter(is_commit).collect();
    assert!(!commits.is_empty());
    for mut commit in commits {
        commit["v"] = json!({ "N": version.to_string() });
        let put = json!({ "TableName": table, "Item": commit });
        emulated.ask("dynamodb", &target("PutItem"), put).await;
    }
}

fn main() -> ExitCode {
    harness::run![
        a_long_wait_becomes_a_message_in_time,
        what_is_past_due_is_sent_again,
        a_wait_beyond_a_lowered_limit_ends_on_time,
        what_was_received_twice_goes_to_the_second_queue,
        dead_letters_are_sent_back,
        every_message_arrives_as_it_was_sent,
        after_a_purge_every_open_execution_is_told_to_look,
        what_a_newer_release_has_written_waits_for_one,
    ]
}
