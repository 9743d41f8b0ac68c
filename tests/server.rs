//! `segno dev --ephemeral`, over HTTP as an AWS client speaks to it.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// A generous time-out: nothing here takes long.
const PATIENCE: Duration = Duration::from_secs(60);

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_segno"))
            .args(["dev", "--ephemeral", "--port", "0"])
            .args(options)
            .env_remove("AWS_ENDPOINT_URL")
            .env_remove("AWS_ENDPOINT_URL_LAMBDA")
            .env("AWS_REGION", "eu-central-1")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut banner = BufReader::new(child.stderr.take().unwrap()).lines();
        let export = banner.find_map(|line| {
            line.unwrap()
                .split_once("AWS_ENDPOINT_URL_SFN=")
                .map(|(_, url)| url.to_owned())
        });
        // Whatever else the server writes is read, so that it never waits for a reader.
        std::thread::spawn(move || banner.for_each(drop));
        Self {
            child,
            url: export.unwrap(),
        }
    }

    fn request(&self, operation: &str, body: &Value) -> reqwest::blocking::RequestBuilder {
        reqwest::blocking::Client::new()
            .post(&self.url)
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=segno/20240101/eu-central-1/states/aws4_request",
            )
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
            .body(body.to_string())
    }

    fn call(&self, operation: &str, body: Value) -> (u16, Value) {
        let response = self.request(operation, &body).send().unwrap();
        let status = response.status().as_u16();
        (
            status,
            serde_json::from_str(&response.text().unwrap()).unwrap(),
        )
    }

    fn ok(&self, operation: &str, body: Value) -> Value {
        let (status, answer) = self.call(operation, body);
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    fn create(&self, name: &str, definition: &Value) -> String {
        let role = "arn:aws:iam::123456789012:role/any";
        let request =
            json!({ "name": name, "definition": definition.to_string(), "roleArn": role });
        self.ok("CreateStateMachine", request)["stateMachineArn"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn run(&self, machine: &str, name: &str, input: &str) -> Value {
        let start = json!({ "stateMachineArn": machine, "name": name, "input": input });
        let execution = self.ok("StartExecution", start)["executionArn"].clone();
        let begun = Instant::now();
        loop {
            let described = self.ok("DescribeExecution", json!({ "executionArn": execution }));
            if described["status"] != "RUNNING" {
                return described;
            }
            assert!(begun.elapsed() < PATIENCE, "{described}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pass() -> Value {
    json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } })
}

#[test]
fn an_execution_runs_from_creation_to_its_history() {
    let server = Server::start(&["--lambda", "double=cmd:sed s/4/8/"]);
    let machine = server.create(
        "double",
        &json!({ "StartAt": "A", "States": { "A": {
            "Type": "Task", "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:double", "End": true,
        } } }),
    );
    assert_eq!(
        machine,
        "arn:aws:states:eu-central-1:123456789012:stateMachine:double"
    );

    let ended = server.run(&machine, "one", "{\"n\": 4}");

    assert_eq!(
        (&ended["status"], &ended["output"]),
        (&json!("SUCCEEDED"), &json!("{\"n\": 8}"))
    );
    let history = server.ok(
        "GetExecutionHistory",
        json!({ "executionArn": ended["executionArn"] }),
    );
    assert_eq!(history["events"].as_array().unwrap().len(), 7);
    assert_eq!(
        history["events"][0]["executionStartedEventDetails"]["input"],
        "{\"n\": 4}"
    );
    let listed = server.ok("ListExecutions", json!({ "stateMachineArn": machine }));
    assert_eq!(listed["executions"][0]["name"], "one");
}

#[test]
fn history_comes_in_pages_from_either_end() {
    let server = Server::start(&[]);
    let machine = server.create("m", &pass());
    let execution = server.run(&machine, "one", "{}")["executionArn"].clone();
    for (reverse, expected) in [(false, [1, 2, 3, 4]), (true, [4, 3, 2, 1])] {
        let (mut ids, mut token) = (Vec::new(), Value::Null);
        loop {
            let mut request =
                json!({ "executionArn": execution, "maxResults": 3, "reverseOrder": reverse });
            if !token.is_null() {
                request["nextToken"] = token;
            }
            let page = server.ok("GetExecutionHistory", request);
            ids.extend(
                page["events"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|event| event["id"].as_u64().unwrap()),
            );
            token = page["nextToken"].clone();
            if token.is_null() {
                break;
            }
        }
        assert_eq!(ids, expected);
    }
}

#[test]
fn a_name_starts_one_execution() {
    let server = Server::start(&[]);
    let wait = json!({ "StartAt": "W", "States": { "W": { "Type": "Wait", "Seconds": 600, "End": true } } });
    let machine = server.create("m", &wait);
    let start = |input: &str| {
        server.call(
            "StartExecution",
            json!({ "stateMachineArn": machine, "name": "one", "input": input }),
        )
    };
    let (_, first) = start("{}");
    assert_eq!(
        start("{}"),
        (200, first.clone()),
        "the same start is the same execution"
    );
    let (status, refused) = start("[]");
    assert_eq!(
        (status, &refused["__type"]),
        (400, &json!("ExecutionAlreadyExists"))
    );

    let stop = json!({ "executionArn": first["executionArn"], "error": "E", "cause": "enough" });
    server.ok("StopExecution", stop);

    let described = server.ok(
        "DescribeExecution",
        json!({ "executionArn": first["executionArn"] }),
    );
    assert_eq!(
        (&described["status"], &described["cause"]),
        (&json!("ABORTED"), &json!("enough"))
    );
    assert_eq!(
        start("{}").1["__type"],
        "ExecutionAlreadyExists",
        "a closed one is not started again"
    );
}

#[test]
fn refusals_have_the_names_and_words_of_aws() {
    let server = Server::start(&[]);
    let machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:none";
    let execution = "arn:aws:states:eu-central-1:123456789012:execution:none:none";
    for (operation, body, name, message) in [
        ("DescribeStateMachine", json!({ "stateMachineArn": machine }), "StateMachineDoesNotExist",
         format!("State Machine Does Not Exist: '{machine}'")),
        ("DescribeExecution", json!({ "executionArn": execution }), "ExecutionDoesNotExist",
         format!("Execution Does Not Exist: '{execution}'")),
        ("StartExecution", json!({ "stateMachineArn": "x" }), "InvalidArn",
         "Invalid Arn: 'Invalid ARN prefix: x'".into()),
        ("CreateStateMachine", json!({ "name": "a b", "definition": "{}", "roleArn": "r" }), "InvalidName",
         "Invalid Name: 'a b'".into()),
        ("CreateStateMachine", json!({ "name": "m", "definition": "{\"StartAt\":\"A\"}", "roleArn": "r" }), "InvalidDefinition",
         "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'".into()),
    ] {
        let (status, refused) = server.call(operation, body);
        assert_eq!((status, &refused["__type"], &refused["message"]), (400, &json!(name), &json!(message)));
    }
    assert_eq!(
        server.call("NoSuchOperation", json!({})).1["__type"],
        "UnknownOperationException"
    );
    assert_eq!(
        server.call("DescribeExecution", json!([])).1["__type"],
        "SerializationException"
    );
    let again = json!({ "name": "m", "definition": pass().to_string(), "roleArn": "other" });
    server.create("m", &pass());
    assert_eq!(
        server.call("CreateStateMachine", again).1["__type"],
        "StateMachineAlreadyExists"
    );
}

#[test]
fn a_task_that_nothing_performs_is_refused_at_creation() {
    let server = Server::start(&[]);
    let send = json!({ "StartAt": "Send", "States": { "Send": {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true,
        "Parameters": { "QueueUrl": "q", "MessageBody": "m" },
    } } });
    let definition = json!({ "StartAt": "Both", "States": { "Both": {
        "Type": "Parallel", "Branches": [send], "End": true,
    } } });
    let request = json!({ "name": "m", "definition": definition.to_string(), "roleArn": "r" });
    let (_, refused) = server.call("CreateStateMachine", request);
    assert_eq!(refused["__type"], "InvalidDefinition");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("--lambda Send="), "{refused}");
    assert!(
        message.ends_with(" at /States/Both/Branches[0]/States/Send/Resource'"),
        "{refused}"
    );
}

#[test]
fn web_pages_strangers_and_unsigned_requests_are_turned_away() {
    let server = Server::start(&[]);
    let request = || server.request("ListStateMachines", &json!({}));
    assert_eq!(request().send().unwrap().status(), 200);
    assert_eq!(
        request()
            .header("origin", "http://localhost")
            .send()
            .unwrap()
            .status(),
        403
    );
    assert_eq!(
        request()
            .header("host", "rebound.example.com")
            .send()
            .unwrap()
            .status(),
        403
    );
    let unsigned = reqwest::blocking::Client::new()
        .post(&server.url)
        .body("{}")
        .send()
        .unwrap();
    assert_eq!(unsigned.status(), 403);
    let health = reqwest::blocking::get(format!("{}/health", server.url)).unwrap();
    assert_eq!(health.text().unwrap(), "ok\n");
}
