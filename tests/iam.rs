//! `segno iam`, as a person runs it: what it prints is what stands in `tests/iam`.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod binary;

use serde_json::{Value, json};

use self::binary::segno;

const EVERYTHING: &str = include_str!("iam/everything.asl.json");

fn printed(arguments: &[&str], definition: &str) -> (String, String) {
    let mut all = vec!["iam", "-"];
    all.extend(arguments);
    let ran = segno(&all, definition);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    (ran.stdout, ran.stderr)
}

#[test]
fn every_kind_of_task_has_its_statements() {
    let (policy, notes) = printed(&["--name", "orders"], EVERYTHING);
    assert_eq!(policy, include_str!("iam/everything.json"));
    assert_eq!(notes, include_str!("iam/everything.notes.txt"));
}

#[test]
fn the_policy_is_also_for_sam_and_terraform() {
    let place = [
        "--name",
        "orders",
        "--region",
        "eu-west-1",
        "--account",
        "123456789012",
    ];
    let printed = |format| {
        let mut arguments = place.to_vec();
        arguments.extend(["--format", format]);
        printed(&arguments, EVERYTHING).0
    };
    assert_eq!(printed("sam"), include_str!("iam/everything.sam.yaml"));
    assert_eq!(printed("terraform"), include_str!("iam/everything.tf"));
}

#[test]
fn logs_and_traces_are_allowed_if_asked_for() {
    let waits =
        r#"{ "StartAt": "A", "States": { "A": { "Type": "Wait", "Seconds": 1, "End": true } } }"#;
    let statements = |arguments: &[&str]| {
        let policy: Value = serde_json::from_str(&printed(arguments, waits).0).unwrap();
        policy["Statement"].clone()
    };
    assert_eq!(statements(&[]), json!([]));
    let allowed = statements(&["--logs", "--traces"]);
    assert_eq!(allowed[0]["Resource"], json!(["*"]));
    let actions = allowed[0]["Action"].as_array().unwrap();
    assert!(
        actions.contains(&json!("logs:CreateLogDelivery")),
        "{actions:?}"
    );
    assert!(
        actions.contains(&json!("xray:PutTraceSegments")),
        "{actions:?}"
    );
}

#[test]
fn what_is_no_definition_has_no_policy() {
    let ran = segno(&["iam", "-"], "[]");
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
}
