//! Starting, describing, stopping and listing executions.

use std::{io::Write, net::TcpStream, time::Duration};

use serde_json::{Value, json};

use crate::{
    client::{Server, pass, wait},
    local::Folder,
};

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
    let machine = server.create("m", &wait());
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
fn a_start_that_is_sent_again_by_an_sdk_is_one_start() {
    let server = Server::start(&[]);
    let machine = server.create("m", &pass());
    let sent = |id: &str, body: &Value| {
        let request = server.request("StartExecution", body);
        let response = request.header("amz-sdk-invocation-id", id).send().unwrap();
        let answer: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
        answer["executionArn"].as_str().unwrap().to_owned()
    };
    let unnamed = json!({ "stateMachineArn": machine });
    let first = sent("b7f5", &unnamed);
    server.end_of(&first);
    assert_eq!(sent("b7f5", &unnamed), first, "also when it has ended");
    let other = sent("b7f6", &unnamed);
    assert_ne!(other, first);
    let input = json!({ "stateMachineArn": machine, "input": "[]" });
    let third = sent("b7f5", &input);
    assert_ne!(third, first, "it asks for something else");

    let named = json!({ "stateMachineArn": machine, "name": "one" });
    let fourth = sent("b7f5", &named);
    server.end_of(&fourth);
    assert_eq!(sent("b7f5", &named), fourth, "also when it has ended");
    let (_, refused) = server.call("StartExecution", named);
    assert_eq!(
        refused["__type"], "ExecutionAlreadyExists",
        "another request"
    );
    let list = json!({ "stateMachineArn": machine });
    let listed = server.ok("ListExecutions", list);
    assert_eq!(listed["executions"].as_array().unwrap().len(), 4);
}

#[test]
fn in_open_mode_an_input_may_be_larger_than_on_aws() {
    let input = json!("x".repeat(300_000)).to_string();
    let open = Server::start(&["--mode", "open"]);
    let machine = open.create("m", &pass());
    assert_eq!(open.run(&machine, "one", &input)["output"], input);

    let strict = Server::start(&[]);
    let machine = strict.create("m", &pass());
    let start = json!({ "stateMachineArn": machine, "input": input });
    let (_, name, message) = strict.refused("StartExecution", start);
    assert_eq!(name, "ValidationException");
    assert!(message.contains("262144 bytes"), "{message}");
}

#[test]
fn an_execution_that_is_kept_is_kept_with_its_definition() {
    let folder = Folder::with("definition", &[]);
    let server = Server::start_kept(&folder.0, &["--no-discovery"]);
    let machine = server.create("m", &pass());
    let ended = server.run(&machine, "one", "{}");
    let update = json!({ "stateMachineArn": machine, "definition": wait().to_string() });
    server.ok("UpdateStateMachine", update);
    let execution = json!({ "executionArn": ended["executionArn"] });
    let kept = server.ok("DescribeStateMachineForExecution", execution);
    assert_eq!(kept["definition"], pass().to_string());
}

/// Whoever starts an execution may be gone before the answer: what is there then has begun.
#[test]
fn a_start_is_seen_through_also_if_its_sender_hangs_up() {
    let folder = Folder::with("hang-up", &[]);
    let server = Server::start_kept(&folder.0, &["--no-discovery"]);
    let machine = server.create("m", &pass());
    let body = json!({ "stateMachineArn": machine }).to_string();
    for number in 0..50 {
        let mut connection = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        let head = "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: AWS4-HMAC-SHA256\r\n\
             X-Amz-Target: AWSStepFunctions.StartExecution\r\nContent-Length:";
        write!(connection, "{head} {}\r\n\r\n{body}", body.len()).unwrap();
        // Sooner or later, while it is being served.
        std::thread::sleep(Duration::from_micros(100 * number));
    }
    let list = json!({ "stateMachineArn": machine, "maxResults": 1_000 });
    let listed = server.ok("ListExecutions", list);
    let started = listed["executions"].as_array().unwrap();
    assert!(!started.is_empty(), "none is begun");
    for execution in started {
        server.end_of(execution["executionArn"].as_str().unwrap());
    }
}

#[test]
fn a_version_runs_as_it_was_published_and_an_alias_picks_one() {
    let server = Server::start(&[]);
    let machine = server.create("m", &pass());
    let publish = json!({ "stateMachineArn": machine });
    let version =
        server.ok("PublishStateMachineVersion", publish)["stateMachineVersionArn"].clone();
    let other = json!({ "StartAt": "B", "States": { "B": { "Type": "Pass", "End": true } } });
    let update =
        json!({ "stateMachineArn": machine, "definition": other.to_string(), "publish": true });
    let second = server.ok("UpdateStateMachine", update)["stateMachineVersionArn"].clone();
    let route = |arn: &Value, weight| json!({ "stateMachineVersionArn": arn, "weight": weight });
    let alias = json!({ "name": "live", "routingConfiguration": [route(&version, 0), route(&second, 100)] });
    let alias = server.ok("CreateStateMachineAlias", alias)["stateMachineAliasArn"].clone();

    for (arn, name, definition, version, alias) in [
        (json!(machine), "plain", &other, &Value::Null, &Value::Null),
        (version.clone(), "first", &pass(), &version, &Value::Null),
        (alias.clone(), "alias", &other, &second, &alias),
    ] {
        let described = server.run(arn.as_str().unwrap(), name, "{}");
        assert_eq!(described["status"], "SUCCEEDED");
        assert_eq!(described["stateMachineArn"], machine.as_str());
        assert_eq!(&described["stateMachineVersionArn"], version);
        assert_eq!(&described["stateMachineAliasArn"], alias);
        let execution = json!({ "executionArn": described["executionArn"] });
        let kept = server.ok("DescribeStateMachineForExecution", execution);
        assert_eq!(kept["definition"], definition.to_string());
        assert_eq!(kept["stateMachineArn"], machine.as_str());
    }
    let names = |arn: &Value| {
        let list = json!({ "stateMachineArn": arn });
        let executions = server.list("ListExecutions", list, 1, "executions");
        executions
            .iter()
            .map(|one| one["name"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&json!(machine)), ["alias", "first", "plain"]);
    assert_eq!(names(&version), ["first"]);
    assert_eq!(names(&second), ["alias"]);
    assert_eq!(names(&alias), ["alias"]);
}

#[test]
fn an_execution_can_be_described_without_its_data() {
    let server = Server::start(&[]);
    let machine = server.create("m", &pass());
    let execution = server.run(&machine, "one", "[7]")["executionArn"].clone();
    let describe = |included: &str| {
        let request = json!({ "executionArn": execution, "includedData": included });
        server.ok("DescribeExecution", request)
    };
    let all = describe("ALL_DATA");
    assert_eq!(
        (&all["input"], &all["output"]),
        (&json!("[7]"), &json!("[7]"))
    );
    let metadata = describe("METADATA_ONLY");
    assert_eq!(
        (&metadata["input"], &metadata["output"]),
        (&Value::Null, &Value::Null)
    );
    for details in ["inputDetails", "outputDetails"] {
        assert_eq!(all[details], json!({ "included": true }));
        assert_eq!(metadata[details], json!({ "included": false }));
    }
}

#[test]
fn a_list_of_executions_is_that_of_one_machine() {
    let server = Server::start(&[]);
    let machine = server.create("m", &wait());
    let running = server.ok(
        "StartExecution",
        json!({ "stateMachineArn": machine, "name": "a" }),
    );
    let stopped = server.ok(
        "StartExecution",
        json!({ "stateMachineArn": machine, "name": "b" }),
    );
    server.ok(
        "StopExecution",
        json!({ "executionArn": stopped["executionArn"] }),
    );
    for (status, execution) in [("RUNNING", &running), ("ABORTED", &stopped)] {
        let list = json!({ "stateMachineArn": machine, "statusFilter": status });
        let listed = server.ok("ListExecutions", list)["executions"].clone();
        assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
        assert_eq!(listed[0]["executionArn"], execution["executionArn"]);
    }
    let run = "arn:aws:states:eu-central-1:123456789012:mapRun:m/Each:id";
    let validation = "ValidationException";
    for (request, message) in [
        (
            json!({}),
            "Must specify either a state machine ARN or a Map Run ARN",
        ),
        (
            json!({ "stateMachineArn": machine, "mapRunArn": run }),
            "Must specify either a state machine ARN or a Map Run ARN",
        ),
        (
            json!({ "stateMachineArn": machine, "redriveFilter": "REDRIVEN" }),
            "Filtering by redrive is only supported for a Map Run ARN",
        ),
        (
            json!({ "stateMachineArn": machine, "statusFilter": "PENDING_REDRIVE" }),
            "Filtering by redrive is only supported for a Map Run ARN",
        ),
    ] {
        server.refuses("ListExecutions", request, validation, message);
    }
    for end in ["2", ":7", ":live", "/Each"] {
        let arn = format!("{machine}{end}");
        let message = format!("State Machine Does Not Exist: '{arn}'");
        server.refuses(
            "ListExecutions",
            json!({ "stateMachineArn": arn }),
            "StateMachineDoesNotExist",
            &message,
        );
    }
}

#[test]
fn a_map_run_that_is_not_there_is_not_found() {
    let server = Server::start(&[]);
    let arn = "arn:aws:states:eu-central-1:123456789012:mapRun:m/Each:id";
    let not_found = format!("Resource not found: '{arn}'");
    for operation in ["DescribeMapRun", "UpdateMapRun", "ListExecutions"] {
        server.refuses(
            operation,
            json!({ "mapRunArn": arn }),
            "ResourceNotFound",
            &not_found,
        );
        let message = "Invalid Arn: 'Invalid ARN prefix: x'";
        server.refuses(
            operation,
            json!({ "mapRunArn": "x" }),
            "InvalidArn",
            message,
        );
    }
    let machine = server.create("m", &pass());
    let execution = server.run(&machine, "one", "{}")["executionArn"].clone();
    let listed = server.ok("ListMapRuns", json!({ "executionArn": execution }));
    assert_eq!(listed, json!({ "mapRuns": [] }));
    let none = "arn:aws:states:eu-central-1:123456789012:execution:m:none";
    let message = format!("Execution Does Not Exist: '{none}'");
    server.refuses(
        "ListMapRuns",
        json!({ "executionArn": none }),
        "ExecutionDoesNotExist",
        &message,
    );
}
