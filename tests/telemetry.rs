//! What `segno dev` lets be seen of executions: the logs of state machines, metrics, and traces.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod local;

use std::{collections::BTreeMap, time::Instant};

use serde_json::{Value, json};

use self::local::{Folder, PATIENCE, Server};

fn greeting() -> Value {
    let state = json!({ "Type": "Pass", "Result": { "hello": "world" }, "End": true });
    json!({ "StartAt": "Greet", "States": { "Greet": state } })
}

fn failing() -> Value {
    let state = json!({ "Type": "Fail", "Error": "NoMoney", "Cause": "no money" });
    json!({ "StartAt": "Refuse", "States": { "Refuse": state } })
}

fn create_logged(
    server: &Server,
    name: &str,
    definition: &Value,
    level: &str,
    includes_data: bool,
) -> String {
    let group = "arn:aws:logs:eu-central-1:123456789012:log-group:orders:*";
    let request = json!({
        "name": name,
        "definition": definition.to_string(),
        "roleArn": "arn:aws:iam::123456789012:role/any",
        "loggingConfiguration": {
            "level": level,
            "includeExecutionData": includes_data,
            "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": group } }],
        },
    });
    let created = server.ok("CreateStateMachine", request);
    created["stateMachineArn"].as_str().unwrap().to_owned()
}

/// The lines on standard output, when there are as many.
fn entries(server: &Server, count: usize) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let logged = server.logged();
        let lines: Vec<&str> = logged.lines().collect();
        if lines.len() >= count {
            let parsed = lines.iter().map(|line| serde_json::from_str(line).unwrap());
            return parsed.collect();
        }
        assert!(begun.elapsed() < PATIENCE, "fewer than {count}: {logged}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_log_has_the_events_of_its_level_as_lines_of_json() {
    let server = Server::start(&[]);
    let all = create_logged(&server, "all", &greeting(), "ALL", true);
    let execution = server.begin(&all, "one", r#"{"word":7}"#);
    let logged = entries(&server, 4);
    let types: Vec<&str> = logged.iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "ExecutionSucceeded"
        ]
    );
    for (index, entry) in logged.iter().enumerate() {
        assert_eq!(entry["id"], (index + 1).to_string());
        assert_eq!(entry["execution_arn"], execution);
        let at = entry["event_timestamp"].as_str().unwrap();
        assert!(at.parse::<u64>().is_ok(), "{at}");
    }
    assert_eq!(logged[3]["previous_event_id"], "3");
    assert_eq!(logged[0]["details"]["input"], r#"{"word":7}"#);
    assert_eq!(logged[3]["details"]["output"], r#"{"hello":"world"}"#);
}

#[test]
fn a_log_without_data_has_none_and_off_is_off() {
    let mut server = Server::start(&[]);
    let off = create_logged(&server, "off", &greeting(), "OFF", true);
    server.run(&off, "one", "{}");
    let errors = create_logged(&server, "errors", &failing(), "ERROR", false);
    server.run(&errors, "one", r#"{"secret":"pearl"}"#);
    server.interrupt();
    assert!(server.ended().success());
    let logged = entries(&server, 2);
    let types: Vec<&str> = logged.iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["FailStateEntered", "ExecutionFailed"]);
    assert!(!server.logged().contains("pearl"), "{}", server.logged());
}

fn metrics(server: &Server) -> BTreeMap<String, u64> {
    let response = reqwest::blocking::get(format!("{}/metrics", server.url)).unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = response.text().unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.map(|line| line.split_once(' ').unwrap());
    samples
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

#[test]
fn metrics_count_executions_syncs_and_what_is_done_to_payloads() {
    let folder = Folder::with("metrics", &[]);
    let server = Server::start_kept(&folder.0, &["--no-discovery"]);
    let machine = server.create("greet", &greeting());
    let refuse = server.create("refuse", &failing());
    // What is done once for a definition is not counted.
    server.run(&machine, "first", "{}");
    let before = metrics(&server);
    server.run(&machine, "one", r#"{"word":"pearl"}"#);
    server.run(&refuse, "two", r#"{"word":"pearl"}"#);
    let after = metrics(&server);
    let grown = |name: &str| {
        let name = format!("segno_{name}_total");
        after[&name] - before[&name]
    };
    assert_eq!(grown("executions_started"), 2);
    assert_eq!(grown("executions_succeeded"), 1);
    assert_eq!(grown("executions_failed"), 1);
    assert_eq!(grown("states_entered"), 2);
    assert_eq!(grown("store_commits"), 2);
    let syncs = grown("store_synced_transactions");
    assert!(syncs <= 4, "{syncs}: 2 for each execution without a task");
    assert!(grown("payloads_parsed") <= 2, "each input once");
    assert_eq!(grown("payloads_rendered"), 1, "the one result");
}

#[test]
fn a_trace_is_passed_on_to_functions_and_nested_executions() {
    let tell = r#"told=cmd:sh -c 'echo "\"$_X_AMZN_TRACE_ID\""'"#;
    let server = Server::start(&["--lambda", tell]);
    let task = json!({ "Type": "Task", "End": true,
        "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:told" });
    let inner = json!({ "StartAt": "Tell", "States": { "Tell": task } });
    let inner = server.create("inner", &inner);
    let start = json!({ "Type": "Task", "End": true, "OutputPath": "$.Output",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": { "StateMachineArn": inner } });
    let outer = json!({ "StartAt": "Begin", "States": { "Begin": start } });
    let outer = server.create("outer", &outer);
    let trace = "Root=1-5f84c7a9-0123456789abcdef01234567;Sampled=1";
    let start = json!({ "stateMachineArn": outer, "traceHeader": trace });
    let started = server.ok("StartExecution", start);
    let ended = server.end_of(started["executionArn"].as_str().unwrap());
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    assert_eq!(ended["output"], json!(trace).to_string());
    assert_eq!(ended["traceHeader"], trace);
}

#[test]
fn what_a_task_calls_is_in_the_log_without_what_it_is_sent() {
    let aws = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", aws.local_addr().unwrap());
    // Whatever connects is turned away at once.
    std::thread::spawn(move || aws.incoming().for_each(drop));
    let server = Server::start(&["-v", "--aws", &url, "--lambda", "charge=cmd:cat"]);
    let charge = json!({ "Type": "Task", "Next": "Save",
        "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:charge" });
    let save = json!({ "Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "End": true,
        "Parameters": { "TableName": "orders", "Item": { "card.$": "$.card" } } });
    let definition = json!({ "StartAt": "Charge", "States": { "Charge": charge, "Save": save } });
    let machine = server.create("order", &definition);
    server.run(&machine, "one", r#"{"card":{"S":"4242"}}"#);
    let charged = server.hears("a local target is called");
    assert!(
        charged.contains(":function:charge\" target=cmd:cat"),
        "{charged}"
    );
    let saved = server.hears("a service is called");
    let called = format!("service=\"DynamoDB\" operation=\"PutItem\" url=\"{url}\"");
    assert!(saved.contains(&called), "{saved}");
    assert!(!server.said().contains("4242"), "{}", server.said());
}
