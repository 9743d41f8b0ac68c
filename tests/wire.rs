//! `segno dev` as the AWS SDK for Rust sees it: unchanged, but for the endpoint that it is given.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod local;
#[path = "wire/lossy.rs"]
mod lossy;

use std::{collections::BTreeSet, path::Path, time::Instant};

use aws_sdk_sfn::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, SharedHttpClient},
    error::ProvideErrorMetadata,
    operation::{
        create_state_machine::CreateStateMachineError, describe_execution::DescribeExecutionError,
        describe_execution::DescribeExecutionOutput,
        get_execution_history::GetExecutionHistoryError,
        publish_state_machine_version::PublishStateMachineVersionError,
        send_task_success::SendTaskSuccessError, start_execution::StartExecutionError,
    },
    types::{
        ExecutionStatus, HistoryEventType, StateMachineType, SyncExecutionStatus,
        TestExecutionStatus,
    },
};
use aws_smithy_http_client::{Builder, Connector, proxy::ProxyConfig};
use serde_json::{Value, json};

use self::{
    local::{Folder, PATIENCE, Server},
    lossy::Lossy,
};

const ROLE: &str = "arn:aws:iam::123456789012:role/any";

/// A client with credentials that nobody checks. The SDK's own retries are as they are by default.
fn client(url: &str, http: SharedHttpClient) -> Client {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::new("eu-central-1"))
        .credentials_provider(credentials)
        .http_client(http)
        .build();
    Client::from_conf(config)
}

fn plain(server: &Server) -> Client {
    client(&server.url, Builder::new().build_http())
}

/// A client that needs not resolve the names of hosts: it sends whole URLs to the server, as to a proxy.
fn unresolving(server: &Server) -> Client {
    let proxy = ProxyConfig::http(server.url.as_str()).unwrap();
    let http = Builder::new().build_with_connector_fn(move |_, _| {
        let connector = Connector::builder().proxy_config(proxy.clone());
        connector.build_http()
    });
    client(&server.url, http)
}

async fn create(client: &Client, name: &str, of: StateMachineType, definition: Value) -> String {
    let created = client
        .create_state_machine()
        .name(name)
        .r#type(of)
        .role_arn(ROLE)
        .definition(definition.to_string())
        .send()
        .await
        .unwrap();
    created.state_machine_arn
}

async fn standard(client: &Client, name: &str, definition: Value) -> String {
    create(client, name, StateMachineType::Standard, definition).await
}

async fn start(client: &Client, machine: &str, name: &str, input: &str) -> String {
    let start = client.start_execution().state_machine_arn(machine);
    let started = start.name(name).input(input).send().await.unwrap();
    started.execution_arn
}

async fn end_of(client: &Client, execution: &str) -> DescribeExecutionOutput {
    let begun = Instant::now();
    loop {
        let describe = client.describe_execution().execution_arn(execution);
        let described = describe.send().await.unwrap();
        if described.status != ExecutionStatus::Running {
            return described;
        }
        assert!(begun.elapsed() < PATIENCE, "{described:?}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// The definition of a chain of states that change nothing.
fn passes(count: usize) -> Value {
    let states = (1..=count).map(|number| {
        let mut state = json!({ "Type": "Pass" });
        match number == count {
            true => state["End"] = true.into(),
            false => state["Next"] = format!("S{}", number + 1).into(),
        }
        (format!("S{number}"), state)
    });
    json!({ "StartAt": "S1", "States": states.collect::<serde_json::Map<_, _>>() })
}

fn waits() -> Value {
    json!({ "StartAt": "W", "States": { "W": { "Type": "Wait", "Seconds": 600, "End": true } } })
}

#[tokio::test]
async fn an_execution_is_followed_from_its_start_to_its_output() {
    let server = Server::start(&[]);
    let client = plain(&server);
    let machine = standard(&client, "chain", passes(3)).await;
    let execution = start(&client, &machine, "one", r#"{"order": 7}"#).await;

    let ended = end_of(&client, &execution).await;

    assert_eq!(ended.status, ExecutionStatus::Succeeded);
    assert_eq!(ended.output.as_deref(), Some(r#"{"order": 7}"#));
    assert_eq!(ended.state_machine_arn, machine);
    assert_eq!(ended.name.as_deref(), Some("one"));
    let stopped = ended.stop_date.unwrap();
    assert!(ended.start_date <= stopped, "{stopped}");
    let listed = client.list_executions().state_machine_arn(&machine);
    let listed = listed.send().await.unwrap().executions;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].execution_arn, execution);
    assert_eq!(listed[0].stop_date, Some(stopped));
}

#[tokio::test]
async fn a_paginator_reads_every_event_once() {
    let server = Server::start(&[]);
    let client = plain(&server);
    let machine = standard(&client, "chain", passes(20)).await;
    let execution = start(&client, &machine, "one", "[]").await;
    end_of(&client, &execution).await;

    let history = client.get_execution_history().execution_arn(&execution);
    let mut pages = history.max_results(7).into_paginator().send();
    let mut events = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap().events;
        assert!((1..=7).contains(&page.len()), "{}", page.len());
        events.extend(page);
    }

    let ids: Vec<i64> = events.iter().map(|event| event.id).collect();
    assert_eq!(
        ids,
        (1..=42).collect::<Vec<_>>(),
        "20 states, entered and exited"
    );
    assert_eq!(events[0].r#type, HistoryEventType::ExecutionStarted);
    assert_eq!(events[41].r#type, HistoryEventType::ExecutionSucceeded);
    let entered: BTreeSet<&str> = events
        .iter()
        .filter_map(|event| event.state_entered_event_details.as_ref())
        .map(|details| details.name())
        .collect();
    assert_eq!(entered.len(), 20);
    let started = events[0].execution_started_event_details().unwrap();
    assert_eq!(started.input(), Some("[]"));
}

#[tokio::test]
async fn a_task_waits_until_its_token_is_answered() {
    let folder = Folder::with("wire-token", &[]);
    let token = folder.0.join("token");
    let target = format!("ask=cmd:tee {}", token.display());
    let server = Server::start(&["--lambda", &target]);
    let client = plain(&server);
    let task = json!({
        "Type": "Task", "End": true,
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {
            "FunctionName": "ask",
            "Payload": { "token.$": "$$.Task.Token" },
        },
    });
    let machine = json!({ "StartAt": "Ask", "States": { "Ask": task } });
    let machine = standard(&client, "ask", machine).await;
    let execution = start(&client, &machine, "one", "{}").await;
    let token = asked(&token).await;

    client
        .send_task_heartbeat()
        .task_token(&token)
        .send()
        .await
        .unwrap();
    let answer = client.send_task_success().task_token(&token);
    answer.output(r#"{"approved":true}"#).send().await.unwrap();

    let ended = end_of(&client, &execution).await;
    assert_eq!(ended.output.as_deref(), Some(r#"{"approved":true}"#));
    let again = client.send_task_success().task_token(&token).output("{}");
    let error = again.send().await.unwrap_err().into_service_error();
    assert!(
        matches!(error, SendTaskSuccessError::TaskTimedOut(_)),
        "{error:?}"
    );
}

/// The token that a function was given, once it has it.
async fn asked(file: &Path) -> String {
    let begun = Instant::now();
    loop {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if let Ok(asked) = serde_json::from_str::<Value>(&text) {
            return asked["token"].as_str().unwrap().to_owned();
        }
        assert!(begun.elapsed() < PATIENCE, "nobody was asked: {text}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn express_executions_run_within_the_call() {
    let server = Server::start(&[]);
    let client = unresolving(&server);
    let machine = create(&client, "double", StateMachineType::Express, passes(2)).await;
    let start = client.start_sync_execution().state_machine_arn(&machine);
    let ended = start.name("one").input("[4]").send().await.unwrap();
    assert_eq!(ended.status, SyncExecutionStatus::Succeeded);
    assert_eq!(ended.output(), Some("[4]"));
    assert!(
        ended
            .billing_details()
            .unwrap()
            .billed_duration_in_milliseconds
            > 0
    );

    let fail = json!({ "Type": "Fail", "Error": "Broken", "Cause": "as planned" });
    let fail = json!({ "StartAt": "F", "States": { "F": fail } });
    let machine = create(&client, "fail", StateMachineType::Express, fail).await;
    let start = client.start_sync_execution().state_machine_arn(&machine);
    let failed = start.send().await.unwrap();
    assert_eq!(failed.status, SyncExecutionStatus::Failed);
    assert_eq!(
        (failed.error(), failed.cause()),
        (Some("Broken"), Some("as planned"))
    );
}

#[tokio::test]
async fn a_state_is_tested_by_itself() {
    let server = Server::start(&[]);
    let client = unresolving(&server);
    let state = json!({ "Type": "Pass", "Result": 7, "Next": "After" });
    let test = client
        .test_state()
        .definition(state.to_string())
        .input("{}");
    let tested = test.send().await.unwrap();
    assert_eq!(tested.status, Some(TestExecutionStatus::Succeeded));
    assert_eq!(tested.output(), Some("7"));
    assert_eq!(tested.next_state(), Some("After"));
}

#[tokio::test]
async fn the_host_is_prefixed_where_the_model_says_so() {
    let server = Server::start(&[]);
    // Nothing resolves the prefixed address: the call does not reach the server.
    let test = plain(&server).test_state().definition("{}").send().await;
    assert!(test.unwrap_err().as_service_error().is_none());
}

#[tokio::test]
async fn errors_are_those_of_the_model() {
    let server = Server::start(&[]);
    let client = plain(&server);
    let machine = standard(&client, "wait", waits()).await;
    let execution = start(&client, &machine, "one", "{}").await;

    let again = client.start_execution().state_machine_arn(&machine);
    let again = again.name("one").input("[]").send().await;
    let error = again.unwrap_err().into_service_error();
    assert!(
        matches!(error, StartExecutionError::ExecutionAlreadyExists(_)),
        "{error:?}"
    );
    assert!(error.message().unwrap().contains(&execution), "{error:?}");

    let unknown = execution.replace(":one", ":two");
    let describe = client.describe_execution().execution_arn(&unknown);
    let error = describe.send().await.unwrap_err().into_service_error();
    assert!(
        matches!(error, DescribeExecutionError::ExecutionDoesNotExist(_)),
        "{error:?}"
    );
    let describe = client.describe_execution().execution_arn(&machine);
    let error = describe.send().await.unwrap_err().into_service_error();
    assert!(
        matches!(error, DescribeExecutionError::InvalidArn(_)),
        "{error:?}"
    );

    let history = client.get_execution_history().execution_arn(&execution);
    let error = history.next_token("mine").send().await.unwrap_err();
    let error = error.into_service_error();
    assert!(
        matches!(error, GetExecutionHistoryError::InvalidToken(_)),
        "{error:?}"
    );

    let wrong = client.create_state_machine().name("wrong").role_arn(ROLE);
    let error = wrong.definition("{}").send().await.unwrap_err();
    let error = error.into_service_error();
    assert!(
        matches!(error, CreateStateMachineError::InvalidDefinition(_)),
        "{error:?}"
    );
}

/// Errors that have an HTTP status of their own are modelled all the same.
#[tokio::test]
async fn a_conflict_is_a_conflict() {
    let server = Server::start(&[]);
    let client = plain(&server);
    let machine = standard(&client, "wait", waits()).await;
    let publish = client
        .publish_state_machine_version()
        .state_machine_arn(&machine);
    let error = publish.revision_id("another").send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 409);
    let error = error.into_service_error();
    let is_conflict = matches!(error, PublishStateMachineVersionError::ConflictException(_));
    assert!(is_conflict, "{error:?}");
}

/// What the SDK sends again after the answer was lost is the same start: with a name or without one,
/// and whether it has ended meanwhile or not.
#[tokio::test]
async fn a_start_whose_answer_is_lost_is_one_start() {
    for options in [&["--ephemeral"][..], &[]] {
        let folder = Folder::with(&format!("wire-lost-{}", options.len()), &[]);
        let options = [&["--no-discovery"], options].concat();
        let server = Server::start_kept(&folder.0, &options);
        let direct = plain(&server);
        for (machine, definition) in [("ends", passes(1)), ("waits", waits())] {
            let machine = standard(&direct, machine, definition).await;
            for name in [None, Some("named".to_owned())] {
                let lossy = Lossy::before(server.port());
                let client = client(&lossy.url(), Builder::new().build_http());
                let start = client.start_execution().state_machine_arn(&machine);
                let started = start.set_name(name.clone()).send().await.unwrap();

                assert_eq!(lossy.requests(), 2, "the answer to the first was lost");
                let listed = direct.list_executions().state_machine_arn(&machine);
                let listed = listed.send().await.unwrap().executions;
                let count = listed.len();
                assert_eq!(count, 1 + usize::from(name.is_some()), "{listed:?}");
                let first = listed
                    .iter()
                    .find(|one| one.execution_arn == started.execution_arn);
                assert_eq!(first.unwrap().start_date, started.start_date);
            }
        }
    }
}

/// Another request with the same parameters is another start.
#[tokio::test]
async fn two_starts_without_a_name_are_two() {
    let server = Server::start(&[]);
    let client = plain(&server);
    let machine = standard(&client, "ends", passes(1)).await;
    let mut started = BTreeSet::new();
    for _ in 0..2 {
        let start = client.start_execution().state_machine_arn(&machine);
        started.insert(start.send().await.unwrap().execution_arn);
    }
    assert_eq!(started.len(), 2);
}
