//! Every persisted form that was ever written can be read. The files are added to, never edited.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::fs;

use segno_asl::{definition::parse, errors::StateError};
use segno_interpreter::{
    advance,
    bounds::Bounds,
    checkpoint::{Checkpoint, Claim, Unreadable, VERSION},
    event::{Event, EventKind, Seed, Start, Timestamp},
    key::{ExecutionKey, Nonce},
    payload::Payload,
};
use segno_tests::repository;
use serde_json::{Value, json};

/// An execution in which every phase occurs at once.
fn everything() -> Checkpoint {
    let function = |name: &str| format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
    let branch = |state: Value| json!({ "StartAt": state["Comment"], "States": { state["Comment"].as_str().unwrap(): state } });
    let wait = json!({ "Type": "Wait", "Comment": "Waits", "Seconds": 60, "End": true });
    let claimed = json!({ "Type": "Task", "Comment": "Is claimed", "Resource": function("slow"), "TimeoutSeconds": 30, "End": true });
    let backs_off = json!({ "Type": "Task", "Comment": "Backs off", "Resource": function("fails"),
        "Retry": [{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 10 }], "End": true });
    let iterates = json!({ "Type": "Map", "Comment": "Iterates", "MaxConcurrency": 1,
        "ItemProcessor": { "StartAt": "Is even?", "States": {
            "Is even?": { "Type": "Choice", "Choices": [{ "Variable": "$", "NumericEquals": 2, "Next": "Holds" }], "Default": "Passes" },
            "Passes": { "Type": "Pass", "End": true },
            "Holds": { "Type": "Wait", "Seconds": 90, "End": true },
        } }, "End": true });
    let due =
        json!({ "Type": "Task", "Comment": "Is due", "Resource": function("late"), "End": true });
    let submitted = json!({ "Type": "Task", "Comment": "Is submitted", "HeartbeatSeconds": 20, "End": true,
        "Resource": "arn:aws:states:::apigateway:invoke.waitForTaskToken", "Parameters": { "Token.$": "$$.Task.Token" } });
    let child = json!({ "Type": "Task", "Comment": "Has a child", "End": true,
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": { "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:child", "Name": "one" } });
    let job = json!({ "Type": "Task", "Comment": "Has a job", "End": true,
        "Credentials": { "RoleArn": "arn:aws:iam::210987654321:role/theirs" },
        "Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": { "JobName": "etl" } });
    let offered = json!({ "Type": "Task", "Comment": "Is offered", "TimeoutSeconds": 40, "End": true,
        "Resource": "arn:aws:states:us-east-1:123456789012:activity:approve" });
    let branches = [
        wait, claimed, backs_off, iterates, submitted, child, offered, job, due,
    ]
    .map(branch);
    let definition = json!({ "StartAt": "Assigns", "TimeoutSeconds": 3600, "States": {
        "Assigns": { "Type": "Pass", "Assign": { "variable": [true, null] }, "Next": "Branches" },
        "Branches": { "Type": "Parallel", "Branches": branches, "End": true },
    } });
    let machine = parse(&definition.to_string()).unwrap();
    let start = Start {
        execution: ExecutionKey {
            arn: "arn:aws:states:us-east-1:123456789012:execution:machine:one".into(),
            nonce: Nonce::default(),
        },
        version_arn: None,
        alias_arn: None,
        parent: None,
        time_limit: None,
        bounds: Bounds::STRICT,
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:machine".into(),
        role_arn: "arn:aws:iam::123456789012:role/any".into(),
        input: Payload::parse("[1, 2, 3]").unwrap(),
    };
    let step = |checkpoint: Checkpoint, at, kind| {
        let event = Event {
            at: Timestamp(at),
            seed: Seed([1; 32]),
            kind,
        };
        advance(&machine, checkpoint, event).unwrap().checkpoint
    };
    let started = step(
        Checkpoint::default(),
        1_000,
        EventKind::ExecutionStarted(Box::new(start)),
    );
    let attempts: Vec<_> = started.due_attempts().map(|attempt| attempt.id).collect();
    let claimed = step(
        started,
        2_000,
        EventKind::AttemptsClaimed {
            attempts: attempts[..5].to_vec(),
            claim: Claim {
                holder: "worker".into(),
                until: Timestamp(62_000),
            },
        },
    );
    let end = |checkpoint, attempt, outcome| {
        step(
            checkpoint,
            3_000,
            EventKind::AttemptEnded { attempt, outcome },
        )
    };
    let sent = Ok(Payload::parse("{}").unwrap());
    let submitted = end(claimed, attempts[2], sent);
    let begun = Ok(Payload::parse(r#"{ "JobRunId": "jr_1" }"#).unwrap());
    let has_job = end(submitted, attempts[4], begun);
    end(
        has_job,
        attempts[1],
        Err(StateError::new("Boom", "because")),
    )
}

#[test]
fn every_version_ever_written_can_be_read() {
    for version in 1..=VERSION {
        let folder = format!("tests/checkpoints/v{version}");
        let files: Vec<_> = fs::read_dir(repository(&folder)).unwrap().collect();
        assert!(!files.is_empty(), "{folder} is empty");
        for file in files {
            let path = file.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let checkpoint = Checkpoint::decode(&bytes)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(
                !checkpoint.frames.is_empty(),
                "{} shows nothing",
                path.display()
            );
        }
    }
}

#[test]
fn the_newest_version_is_written_as_its_file_has_it() {
    let path = repository(&format!("tests/checkpoints/v{VERSION}/everything.json"));
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let written: Value = serde_json::from_slice(&everything().encode()).unwrap();
    let golden: Option<Value> = serde_json::from_str(&golden).ok();
    assert_eq!(
        golden.as_ref(),
        Some(&written),
        "this release writes\n{written:#}"
    );
}

#[test]
fn a_newer_version_is_refused_by_its_number() {
    let newer = json!({ "version": VERSION + 1, "anything": "else" }).to_string();
    let refused = Checkpoint::decode(newer.as_bytes()).unwrap_err();
    assert!(matches!(refused, Unreadable::Version { found } if found == VERSION + 1));
}
