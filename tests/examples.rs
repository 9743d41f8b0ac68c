//! `segno run`, as a person runs it: every example, each of its outcomes, and what goes wrong.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod binary;

use std::{io::Write, path::PathBuf};

use serde_json::{Value, json};

use self::binary::Ran;

fn segno(arguments: &[&str]) -> Ran {
    binary::segno(arguments, "")
}

impl Ran {
    fn output(&self) -> Value {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// A definition in a file of its own, which is gone when this is dropped.
struct Definition(PathBuf);

impl Definition {
    fn new(name: &str, definition: &Value) -> Self {
        let path =
            std::env::temp_dir().join(format!("segno-{name}-{}.asl.json", std::process::id()));
        std::fs::File::create(&path)
            .unwrap()
            .write_all(definition.to_string().as_bytes())
            .unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Definition {
    fn drop(&mut self) {
        // What is left in the temporary folder does no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn one_task() -> Value {
    json!({ "StartAt": "Charge", "States": { "Charge": {
        "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:charge", "End": true,
    } } })
}

#[test]
fn hello_world_greets() {
    let ran = segno(&[
        "run",
        "docs/examples/hello-world.asl.json",
        "--input",
        r#"{"name": "Ada"}"#,
    ]);
    assert_eq!(ran.output(), json!({ "greeting": "Hello, Ada!" }));
    assert!(ran.stderr.contains("SUCCEEDED"), "{}", ran.stderr);
}

#[test]
fn the_counter_counts_without_waiting() {
    let file = "docs/examples/counter.asl.json";
    let ran = segno(&[
        "run",
        file,
        "--skip-waits",
        "--input",
        r#"{"rounds": 3600}"#,
    ]);
    assert_eq!(ran.output(), json!({ "counted": 3600 }));
}

fn order(input: &Value) -> Value {
    let functions = [
        "validate-order",
        "check-inventory",
        "charge-card",
        "ship-order",
        "reject-order",
        "record-analytics",
    ];
    let lambdas = functions.map(|name| format!("{name}=cmd:python3 docs/examples/order.py {name}"));
    let input = input.to_string();
    let mut arguments = vec![
        "run",
        "docs/examples/order.asl.json",
        "--quiet",
        "--input",
        &input,
    ];
    for lambda in &lambdas {
        arguments.extend(["--lambda", lambda]);
    }
    segno(&arguments).output()
}

#[test]
fn an_order_is_confirmed_when_its_payment_is_approved() {
    let output = order(&json!({
        "id": 7, "total": 40, "card": "4242", "items": [{ "sku": "book", "quantity": 1 }],
    }));
    let expected = json!({
        "order": 7, "status": "CONFIRMED", "receipt": "receipt-7", "tracking": "track-7",
    });
    assert_eq!(output, expected);
}

#[test]
fn an_order_is_rejected_when_its_payment_is_declined() {
    let output = order(&json!({
        "id": 8, "total": 40, "card": "4000", "items": [{ "sku": "book", "quantity": 1 }],
    }));
    let reason = "card ending in 4000 was declined";
    assert_eq!(
        output,
        json!({ "order": 8, "status": "REJECTED", "reason": reason })
    );
}

#[test]
fn an_order_is_rejected_when_it_is_sold_out_or_empty() {
    let items = json!([{ "sku": "book", "quantity": 1 }, { "sku": "lamp", "quantity": 5 }]);
    let sold_out = order(&json!({ "id": 9, "total": 90, "card": "4242", "items": items }));
    assert_eq!(sold_out["reason"], "5 of lamp wanted, 3 left");
    let empty = order(&json!({ "id": 10, "total": 0, "card": "4242", "items": [] }));
    assert_eq!(empty["reason"], "the order is not valid");
}

#[test]
fn mocked_tasks_answer_as_their_test_case_says() {
    let mocked = |case: &str, more: &[&str]| {
        let fixed = [
            "run",
            "docs/examples/order.asl.json",
            "--skip-waits",
            "--mock",
        ];
        let case = ["docs/examples/order.mock.json", "--case", case];
        let input = ["--input", r#"{"id": 7, "items": [{"sku": "book"}]}"#];
        segno(&[&fixed[..], &case, &input, more].concat())
    };
    assert_eq!(mocked("Approved", &[]).output()["status"], "CONFIRMED");
    assert_eq!(mocked("Declined", &[]).output()["status"], "REJECTED");
    let retried = mocked("ApprovedAtTheThirdAttempt", &["--events"]).output();
    let failures = retried["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["type"] == "LambdaFunctionFailed");
    assert_eq!(failures.count(), 2);
    let unknown = mocked("Lost", &[]);
    assert_eq!(unknown.status, Some(2));
    assert!(
        unknown
            .stderr
            .contains("has no test case `Lost`, but `Approved`"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn a_payment_is_completed_or_cancelled_and_reconciled() {
    for (case, status, asked) in [
        ("Completed", "COMPLETED", 3),
        ("Cancelled", "CANCELLED", 1),
        ("NeverAnswered", "CANCELLED", 5),
    ] {
        let file = "docs/examples/payment.asl.json";
        let mock = ["--mock", "docs/examples/payment.mock.json", "--case", case];
        let ran = segno(&[&["run", file, "--skip-waits", "--quiet"][..], &mock].concat());
        let expected =
            json!({ "payment": "pay-7", "status": status, "asked": asked, "reconciled": true });
        assert_eq!(ran.output(), expected, "{case}");
    }
}

#[test]
fn an_order_over_the_limit_waits_for_an_approval() {
    let approval = |case: &str, total: u32| {
        let file = "docs/examples/approval.asl.json";
        let mock = ["--mock", "docs/examples/approval.mock.json", "--case", case];
        let input = json!({ "id": 7, "total": total }).to_string();
        let run = ["run", file, "--skip-waits", "--quiet", "--input", &input];
        segno(&[&run[..], &mock].concat()).output()
    };
    for (case, expected) in [
        (
            "Approved",
            json!({ "order": 7, "status": "PLACED", "approvedBy": "Ada" }),
        ),
        (
            "Rejected",
            json!({ "order": 7, "status": "REJECTED", "reason": "too expensive" }),
        ),
        ("NeverAnswered", json!({ "order": 7, "status": "EXPIRED" })),
        (
            "ForgottenHalfway",
            json!({ "order": 7, "status": "EXPIRED" }),
        ),
    ] {
        assert_eq!(approval(case, 501), expected, "{case}");
    }
    assert_eq!(
        approval("Rejected", 500),
        json!({ "order": 7, "status": "PLACED" })
    );
}

#[test]
fn every_example_can_be_drawn() {
    for example in ["hello-world", "order", "counter", "payment", "approval"] {
        let file = format!("docs/examples/{example}.asl.json");
        for (format, begins) in [
            ("mermaid", "flowchart TD"),
            ("dot", "digraph {"),
            ("svg", "<svg class=\"graph\""),
            ("ascii", "( Start )"),
        ] {
            let ran = segno(&["graph", &file, "--format", format]);
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
            let drawn = ran.stdout.trim_start();
            assert!(drawn.starts_with(begins), "{drawn}");
        }
    }
}

#[test]
fn a_picture_may_leave_out_what_is_in_its_boxes() {
    let file = "docs/examples/order.asl.json";
    let whole = segno(&["graph", file, "--format", "ascii"]).stdout;
    let outline = segno(&["graph", file, "--format", "ascii", "--collapse"]).stdout;
    assert!(whole.contains("Check item") && !outline.contains("Check item"));
    assert!(outline.contains("9 states"), "{outline}");
}

#[test]
fn the_history_is_printed_as_the_api_answers_it() {
    let ran = segno(&[
        "run",
        "docs/examples/hello-world.asl.json",
        "--events",
        "--input",
        r#"{"name": "Ada"}"#,
    ]);
    let history = ran.output();
    let types: Vec<&str> = history["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "ExecutionSucceeded"
        ]
    );
    let output = &history["events"][3]["executionSucceededEventDetails"]["output"];
    assert_eq!(output, r#"{"greeting":"Hello, Ada!"}"#);
}

#[test]
fn a_task_without_a_target_is_told_how_to_get_one() {
    let definition = Definition::new("no-target", &one_task());
    let ran = segno(&["run", definition.path()]);
    assert_eq!(ran.status, Some(2));
    for way in [
        "`charge` has no target",
        "--lambda charge=cmd:",
        "--lambda charge=http://",
        "AWS_ENDPOINT_URL_LAMBDA",
    ] {
        assert!(ran.stderr.contains(way), "{way}: {}", ran.stderr);
    }
}

#[test]
fn a_failed_execution_exits_with_1() {
    let definition = Definition::new("failed", &one_task());
    let ran = segno(&[
        "run",
        definition.path(),
        "--lambda",
        "charge=cmd:sh -c 'echo no money >&2; exit 9'",
    ]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("FAILED"), "{}", ran.stderr);
    assert!(ran.stderr.contains("no money"), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_read_exits_with_2() {
    let broken = Definition::new("broken", &json!({ "StartAt": "A" }));
    let input_of_none = ["run", "docs/examples/hello-world.asl.json", "--input", "{"];
    for (arguments, words) in [
        (vec!["run", "no/such/file"], "cannot read no/such/file"),
        (
            vec!["run", broken.path()],
            "These fields are required: [States] at /",
        ),
        (input_of_none.to_vec(), "--input is not JSON"),
        (vec!["run"], "Usage"),
    ] {
        let ran = segno(&arguments);
        assert_eq!(ran.status, Some(2), "{arguments:?}");
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_timed_out_execution_exits_with_3() {
    let definition = Definition::new(
        "timed-out",
        &json!({ "StartAt": "W", "TimeoutSeconds": 60,
                 "States": { "W": { "Type": "Wait", "Seconds": 3600, "End": true } } }),
    );
    let ran = segno(&["run", definition.path(), "--skip-waits"]);
    assert_eq!(ran.status, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("TIMED_OUT after 60"), "{}", ran.stderr);
}

#[test]
fn an_input_may_come_from_a_file() {
    let input = Definition::new("input", &json!({ "name": "Grace" }));
    let at_file = format!("@{}", input.path());
    let ran = segno(&[
        "run",
        "docs/examples/hello-world.asl.json",
        "--input",
        &at_file,
    ]);
    assert_eq!(ran.output(), json!({ "greeting": "Hello, Grace!" }));
}
