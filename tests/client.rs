//! The commands that speak to a running server: start, list, show, history, logs, stop and the rest.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod local;

use std::{net::TcpListener, path::Path};

use serde_json::{Value, json};

use self::local::{Folder, Server, command, output};

struct Said {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn segno(server: &Server, arguments: &[&str]) -> Said {
    let mut command = command(arguments);
    let (status, stdout, stderr) = output(command.env("AWS_ENDPOINT_URL_SFN", &server.url));
    Said {
        status,
        stdout,
        stderr,
    }
}

impl Said {
    fn ok(self) -> String {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        self.stdout
    }

    fn refused(self, words: &str) {
        assert_eq!(self.status, Some(2), "{}", self.stdout);
        assert!(self.stderr.contains(words), "{words}: {}", self.stderr);
    }
}

/// A state of every kind of line: instant, inside another, failed and caught, waited for.
fn every_line() -> Value {
    let task = json!({ "Type": "Task", "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:fail",
        "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Done" }], "End": true });
    let each = json!({ "Type": "Map", "ItemsPath": "$.items", "Next": "Pause", "ItemProcessor": {
        "StartAt": "Try", "States": { "Try": task, "Done": { "Type": "Pass", "End": true } } } });
    json!({ "StartAt": "Each", "States": {
        "Each": each, "Pause": { "Type": "Wait", "Seconds": 0, "Next": "End" }, "End": { "Type": "Succeed" } } })
}

/// Lines without times: those differ from run to run.
fn timeless(lines: &str) -> Vec<String> {
    let events = lines
        .lines()
        .filter(|line| line.contains(['→', '✓', '✗', '↷', '·', '■']));
    let without = |line: &str| {
        let line = line.get(9..).unwrap_or(line);
        line.split(" after ").next().unwrap().to_owned()
    };
    events.map(without).collect()
}

#[test]
fn logs_are_the_lines_that_run_prints() {
    let failing = ["--lambda", "fail=cmd:sh -c 'echo no luck >&2; exit 1'"];
    let server = Server::start(&failing);
    server.create("every", &every_line());
    let file = Folder::with("lines", &[("every.asl.json", &every_line().to_string())]);
    let path = file.0.join("every.asl.json");
    let input = ["--input", r#"{"items": [1]}"#];
    let run = [&["run", path.to_str().unwrap()][..], &input, &failing].concat();
    let run = segno(&server, &run);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let expected = timeless(&run.stderr);
    assert!(expected.len() > 6, "{}", run.stderr);

    let start = ["start", "every", "--follow", "--name", "one"];
    let followed = segno(&server, &[&start[..], &input].concat());
    assert_eq!(followed.status, Some(0), "{}", followed.stderr);
    assert_eq!(timeless(&followed.stderr), expected);
    assert_eq!(followed.stdout, run.stdout);
    assert!(
        followed.stderr.contains("\nSUCCEEDED after "),
        "{}",
        followed.stderr
    );
    for logs in [&["logs", "one"][..], &["logs", "every/one", "--follow"]] {
        let logs = segno(&server, logs).ok();
        assert_eq!(timeless(&logs), expected);
        assert!(logs.contains("\nSUCCEEDED after "), "{logs}");
    }
}

#[test]
fn the_exit_status_is_that_of_the_execution() {
    let server = Server::start(&[]);
    let fail = json!({ "Type": "Fail", "Error": "E", "Cause": "why" });
    server.create("fail", &json!({ "StartAt": "F", "States": { "F": fail } }));
    let wait = json!({ "Type": "Wait", "Seconds": 600, "End": true });
    let late = json!({ "StartAt": "W", "TimeoutSeconds": 1, "States": { "W": wait } });
    server.create("late", &late);
    let failed = segno(&server, &["start", "fail", "--wait"]);
    assert_eq!((failed.status, failed.stdout.as_str()), (Some(1), ""));
    assert!(failed.stderr.contains("FAILED after "), "{}", failed.stderr);
    assert!(failed.stderr.contains(": E: why\n"), "{}", failed.stderr);
    let late = segno(&server, &["start", "late", "--follow"]);
    assert_eq!(late.status, Some(3), "{}", late.stderr);
    let logs = segno(&server, &["logs", "--follow", "--", "no/such"]);
    assert_eq!(logs.status, Some(2));
}

fn wait() -> Value {
    json!({ "StartAt": "Rest", "States": { "Rest": { "Type": "Wait", "Seconds": 600, "End": true } } })
}

#[test]
fn an_execution_is_started_listed_shown_and_stopped_by_name() {
    let server = Server::start(&[]);
    server.create("wait", &wait());
    let input = Folder::with("input", &[("input.json", r#"{"id": 7}"#)]);
    let input = format!("@{}", input.0.join("input.json").display());
    let started = segno(
        &server,
        &["start", "wait", "--name", "one", "--input", &input],
    )
    .ok();
    assert_eq!(
        started,
        "arn:aws:states:eu-central-1:123456789012:execution:wait:one\n"
    );

    let machines = segno(&server, &["list"]).ok();
    assert!(
        machines.starts_with("NAME  TYPE      CREATED\nwait  STANDARD  "),
        "{machines}"
    );
    let executions = ["list", "executions", "wait", "--status"];
    let running = segno(&server, &[&executions[..], &["running"]].concat()).ok();
    assert!(
        running
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("one   RUNNING  "),
        "{running}"
    );
    let timed_out = [&executions[..], &["timed-out", "--format", "json"]].concat();
    assert_eq!(segno(&server, &timed_out).ok(), "[]\n");

    let shown = segno(&server, &["show", "one"]).ok();
    for line in [
        "Name     one\n",
        "Status   RUNNING\n",
        "In       Rest, since ",
        "Input    {\"id\": 7}\n",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let logs = segno(&server, &["logs", "one"]).ok();
    assert!(
        logs.ends_with("→ Rest (Wait)\nthe execution goes on\n"),
        "{logs}"
    );

    let stopped = segno(
        &server,
        &["stop", "wait/one", "--error", "E", "--cause", "enough"],
    );
    assert!(
        stopped.stderr.starts_with("ABORTED after "),
        "{}",
        stopped.stderr
    );
    stopped.ok();
    let shown: Value =
        serde_json::from_str(&segno(&server, &["show", started.trim(), "--format", "json"]).ok())
            .unwrap();
    assert_eq!(
        (&shown["status"], &shown["cause"]),
        (&json!("ABORTED"), &json!("enough"))
    );
}

#[test]
fn a_history_is_printed_for_people_and_as_the_api_answers_it() {
    let server = Server::start(&[]);
    let pass =
        json!({ "StartAt": "Greet", "States": { "Greet": { "Type": "Pass", "End": true } } });
    server.create("greet", &pass);
    segno(&server, &["start", "greet", "--name", "one", "--wait"]).ok();
    let text = segno(&server, &["history", "one"]).ok();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(lines[2].starts_with("2   0.0"), "{text}");
    assert!(lines[2].ends_with("  PassStateEntered    Greet"), "{text}");
    let json = segno(&server, &["history", "one", "--format", "json"]).ok();
    let history: Value = serde_json::from_str(&json).unwrap();
    let arn = "arn:aws:states:eu-central-1:123456789012:execution:greet:one";
    let answered = server.ok("GetExecutionHistory", json!({ "executionArn": arn }));
    assert_eq!(history["events"], answered["events"]);
}

#[test]
fn a_long_history_is_followed_event_by_event() {
    let server = Server::start(&[]);
    let items: Vec<u32> = (0..300).collect();
    let map = json!({ "Type": "Map", "End": true, "ItemProcessor": {
        "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } } });
    server.create("map", &json!({ "StartAt": "M", "States": { "M": map } }));
    let input = json!(items).to_string();
    let followed = segno(&server, &["start", "map", "--follow", "--input", &input]);
    assert_eq!(followed.status, Some(0), "{}", followed.stderr);
    for item in items {
        let line = format!("✓ P [{item}] (Pass)\n");
        assert_eq!(followed.stderr.matches(&line).count(), 1, "{line}");
    }
}

/// An order of the approval example that waits, and its task token.
fn waiting_order(server: &Server, name: &str) -> String {
    let start = [
        "start",
        "approval",
        "--name",
        name,
        "--input",
        r#"{"id": 7, "total": 900}"#,
    ];
    segno(server, &start).ok();
    server.hears("segno send-heartbeat");
    let said = server.said();
    let (_, token) = said.rsplit_once("segno send-heartbeat ").unwrap();
    token.split_whitespace().next().unwrap().to_owned()
}

fn approval() -> Server {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples");
    let function = ["--lambda", "ask-for-approval=cmd:python3 approval.py"];
    Server::start_in(&examples, &[&["approval.asl.json"][..], &function].concat())
}

#[test]
fn a_task_that_waits_for_its_token_is_answered() {
    let server = approval();
    let token = waiting_order(&server, "approved");
    let shown = segno(&server, &["show", "approved"]).ok();
    assert!(
        shown.contains("In       Ask for approval, since "),
        "{shown}"
    );
    let logs = segno(&server, &["logs", "approved"]).ok();
    assert!(
        logs.contains("… Ask for approval waits for an answer to its token"),
        "{logs}"
    );
    segno(&server, &["send-heartbeat", &token]).ok();
    segno(&server, &["send-success", &token, "--output", "{"]).refused("InvalidOutput: ");
    segno(
        &server,
        &["send-success", &token, "--output", r#"{"by": "Ada"}"#],
    )
    .ok();
    let arn = "arn:aws:states:eu-central-1:123456789012:execution:approval:approved";
    let output = json!({ "order": 7, "status": "PLACED", "approvedBy": "Ada" }).to_string();
    assert_eq!(server.end_of(arn)["output"], output);
    segno(&server, &["send-failure", &token, "--error", "Rejected"]).refused("TaskTimedOut: ");
    segno(&server, &["send-heartbeat", "nonsense"]).refused("InvalidToken: ");
}

#[test]
fn a_task_that_waits_for_its_token_is_told_that_it_failed() {
    let server = approval();
    let token = waiting_order(&server, "rejected");
    let failure = ["--error", "Rejected", "--cause", "too expensive"];
    segno(&server, &[&["send-failure", &token][..], &failure].concat()).ok();
    let arn = "arn:aws:states:eu-central-1:123456789012:execution:approval:rejected";
    let output = json!({ "order": 7, "status": "REJECTED", "reason": "too expensive" }).to_string();
    assert_eq!(server.end_of(arn)["output"], output);
}

#[test]
fn an_execution_that_failed_goes_on_where_it_failed() {
    let folder = Folder::with("redrive", &[]);
    let fixed = folder.0.join("fixed");
    let target = format!("work=cmd:sh -c 'test -e {} && echo 7'", fixed.display());
    let server = Server::start(&["--lambda", &target]);
    let task = json!({ "Type": "Task", "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:work", "End": true });
    server.create(
        "work",
        &json!({ "StartAt": "Work", "States": { "Work": task } }),
    );
    let failed = segno(&server, &["start", "work", "--name", "one", "--wait"]);
    assert_eq!(failed.status, Some(1), "{}", failed.stderr);
    folder.write("fixed", "");
    let redriven = segno(&server, &["redrive", "one", "--wait"]);
    assert_eq!(
        (redriven.status, redriven.stdout.as_str()),
        (Some(0), "7\n"),
        "{}",
        redriven.stderr
    );
    segno(&server, &["redrive", "one"]).refused("ExecutionNotRedrivable: ");
}

#[test]
fn an_express_execution_is_waited_for_in_one_call() {
    let server = Server::start(&[]);
    let pass =
        json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "Result": 7, "End": true } } });
    let request = json!({ "name": "fast", "definition": pass.to_string(), "type": "EXPRESS",
        "roleArn": "arn:aws:iam::123456789012:role/any" });
    server.ok("CreateStateMachine", request);
    assert_eq!(segno(&server, &["start", "fast", "--wait"]).ok(), "7\n");
    let started = segno(&server, &["start", "fast", "--name", "one"]).ok();
    assert!(
        started.starts_with("arn:aws:states:eu-central-1:123456789012:express:fast:one:"),
        "{started}"
    );
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let server = Server::start(&[]);
    for name in ["a", "b"] {
        let machine = server.create(name, &wait());
        server.begin(&machine, "same", "{}");
    }
    segno(&server, &["start", "c"]).refused("no state machine `c`, but `a`, `b`");
    segno(&server, &["show", "same"])
        .refused("several state machines have an execution `same`: `a/same`, `b/same`");
    segno(&server, &["show", "other"]).refused("no state machine has an execution `other`");
    segno(&server, &["show", "a/other"])
        .refused("ExecutionDoesNotExist: Execution Does Not Exist: 'arn:");
    segno(&server, &["start", "a", "--input", "{"]).refused("InvalidExecutionInput: ");
    segno(&server, &["start", "a", "--input", "@no/such"]).refused("--input: cannot read no/such");
}

#[test]
fn a_server_that_is_not_there_is_explained() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let endpoint = format!("http://{free}");
    let (status, _, stderr) = output(&mut command(&["list", "--endpoint", &endpoint]));
    assert_eq!(status, Some(2));
    let sentence = format!("error: there is no server at {endpoint}: `segno dev` starts one here");
    assert!(stderr.starts_with(&sentence), "{stderr}");
}
