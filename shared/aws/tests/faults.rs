//! What goes wrong between here and AWS, and what does not come of it.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod harness;

use std::{
    process::{Command, ExitCode},
    sync::Arc,
};

use harness::{
    Emulator, config, options,
    proxy::{Fate, Proxy},
};
use segno_aws::{AwsBackend, Places, Queues};
use segno_engine::{
    Queue, Store,
    catalog::Machine,
    queue::{Body, Message},
    store::{Commit, Created, Decision, Head, Shown, StoreError},
};
use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint, FrameId},
    event::Timestamp,
    key::{ExecutionKey, Nonce},
    payload::Payload,
    transition::Transition,
};

fn execution() -> ExecutionKey {
    ExecutionKey {
        arn: "arn:aws:states:us-east-1:123456789012:execution:machine:one".into(),
        nonce: Nonce([1; 16]),
    }
}

fn head() -> Head {
    let arn = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";
    Head {
        key: execution(),
        name: "one".into(),
        machine: Machine::new(arn, "machine", "{}", "role", Timestamp(0)),
        trace_header: None,
        started_at: Timestamp(0),
        parent: None,
        shown: Shown::default(),
    }
}

async fn commit(backend: &AwsBackend, writer: u8) -> Result<(), StoreError> {
    let transition = Transition {
        checkpoint: Checkpoint::default(),
        history: vec![],
        payloads: vec![],
        commands: vec![],
        has_moved: true,
    };
    let commit = Commit {
        number: 1,
        writer: Nonce([writer; 16]),
        cause: None,
        transition: &transition,
        shown: None,
    };
    backend.commit(&execution(), &commit).await.map(|_| ())
}

/// A backend behind a proxy that fails so many requests of an operation.
async fn failing(
    emulator: &Emulator,
    operation: &'static str,
    times: usize,
    fate: Fate,
) -> (AwsBackend, Proxy) {
    let places = emulator.places().await;
    let proxy = Proxy::failing(emulator.port, operation, times, fate).await;
    (
        AwsBackend::new(&config(&proxy.url()), places, options()),
        proxy,
    )
}

async fn a_commit_that_is_throttled_is_written_in_the_end(emulator: Arc<Emulator>) {
    for fate in [Fate::Throttled, Fate::Broken] {
        let (backend, proxy) = failing(&emulator, "PutItem", 3, fate).await;
        commit(&backend, 1).await.unwrap();
        assert_eq!(proxy.count("PutItem"), 4);
        assert_eq!(backend.load(&execution()).await.unwrap().unwrap().number, 1);
    }
}

async fn a_commit_whose_answer_is_lost_is_recognised(emulator: Arc<Emulator>) {
    let (backend, proxy) = failing(&emulator, "PutItem", 1, Fate::Lost).await;
    commit(&backend, 1).await.unwrap();
    assert_eq!(proxy.count("PutItem"), 2);
    // The refused put said whose commit is there.
    assert_eq!(proxy.count("GetItem"), 0);
    let other = commit(&backend, 2).await;
    assert!(
        matches!(other, Err(StoreError::Conflict { .. })),
        "{other:?}"
    );
}

async fn a_decision_whose_answer_is_lost_is_the_first(emulator: Arc<Emulator>) {
    let (backend, proxy) = failing(&emulator, "PutItem", 1, Fate::Lost).await;
    let attempt = AttemptId {
        frame: FrameId(1),
        number: 1,
    };
    let decision = Decision::Closed(None);
    let decided = backend
        .decide(&execution(), attempt, &decision)
        .await
        .unwrap();
    assert_eq!(decided, Created::New(decision.clone()));
    assert_eq!(proxy.count("PutItem"), 2);
    let again = backend
        .decide(&execution(), attempt, &decision)
        .await
        .unwrap();
    assert_eq!(again, Created::Existing(decision));
}

async fn a_head_row_whose_answer_is_lost_is_new(emulator: Arc<Emulator>) {
    // The first put is that of the input.
    let (backend, proxy) = failing(&emulator, "PutItem", 2, Fate::Lost).await;
    let input = Payload::parse("{}").unwrap();
    let created = backend.create_head(&head(), &input).await.unwrap();
    assert!(matches!(created, Created::New(_)), "{created:?}");
    assert_eq!(proxy.count("PutItem"), 4);
}

async fn a_message_that_the_queue_refuses_once_is_sent(emulator: Arc<Emulator>) {
    let (backend, proxy) = failing(&emulator, "SendMessageBatch", 2, Fate::Broken).await;
    let message = Message::new(execution(), Body::Look);
    backend.send(vec![message.clone().now()]).await.unwrap();
    assert_eq!(proxy.count("SendMessageBatch"), 3);
    let received = backend.receive(10).await.unwrap();
    assert_eq!(received[0].message, message);
}

const LINEAGE: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:1";

/// The variables can only be set for another process: this program once more.
async fn the_lineage_of_an_invocation_is_not_sent_on(emulator: Arc<Emulator>) {
    let proxy = Proxy::before(emulator.port, |_| Fate::Answered).await;
    let run = |client: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["send", client, &proxy.url()])
            .env("AWS_LAMBDA_FUNCTION_NAME", "step")
            .env("_X_AMZN_TRACE_ID", LINEAGE);
        command
    };
    for client in ["sdk", "segno"] {
        let mut command = run(client);
        let status = tokio::task::spawn_blocking(move || command.status().unwrap());
        assert!(status.await.unwrap().success(), "{client}");
    }
    let carries = |operation: &str| -> Vec<bool> {
        let seen = proxy.seen();
        let of_operation = seen.iter().filter(|request| request.operation == operation);
        of_operation
            .map(|request| {
                request
                    .head
                    .to_ascii_lowercase()
                    .contains("x-amzn-trace-id")
            })
            .collect()
    };
    assert_eq!(carries("ListQueues"), [true], "the SDK would");
    assert_eq!(carries("SendMessageBatch"), [false]);
    assert_eq!(carries("GetItem"), [false]);
}

/// One request of each kind, from a process that takes itself for a function.
#[tokio::main(flavor = "current_thread")]
async fn send(client: &str, url: &str) {
    let config = config(url);
    if client == "sdk" {
        let sqs = aws_sdk_sqs::Client::new(&config);
        sqs.list_queues().send().await.unwrap();
        return;
    }
    let sqs = aws_sdk_sqs::Client::new(&config);
    let queue = sqs
        .create_queue()
        .queue_name("lineage")
        .send()
        .await
        .unwrap();
    let queue = queue.queue_url.unwrap();
    let places = Places {
        table: "none".into(),
        bucket: "none".into(),
        queues: Queues {
            main: queue.clone(),
            second: queue.clone(),
            dead_letters: queue,
        },
    };
    let backend = AwsBackend::new(&config, places, options());
    let message = Message::new(execution(), Body::Look);
    backend.send(vec![message.now()]).await.unwrap();
    // There is no such table.
    backend.head("arn").await.unwrap_err();
}

fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    if let [command, client, url] = &given[..]
        && command == "send"
    {
        send(client, url);
        return ExitCode::SUCCESS;
    }
    harness::run![
        a_commit_that_is_throttled_is_written_in_the_end,
        a_commit_whose_answer_is_lost_is_recognised,
        a_decision_whose_answer_is_lost_is_the_first,
        a_head_row_whose_answer_is_lost_is_new,
        a_message_that_the_queue_refuses_once_is_sent,
        the_lineage_of_an_invocation_is_not_sent_on,
    ]
}
