//! Runs an execution through a chain of states, for `.ci/cost` to count what a state costs.
//!
//! `chain KIND STATES DOCUMENT` goes through all states of the chain or through the last few of them.
//! The definition is the same, so two runs differ in nothing but the states that they enter.

use std::fmt::Write;

use segno_asl::definition::{StateMachine, parse};
use segno_interpreter::{
    advance,
    bounds::Bounds,
    checkpoint::{Checkpoint, Status},
    command::Command,
    event::{Event, EventKind, Seed, Start, Timestamp},
    key::{ExecutionKey, Nonce},
    payload::Payload,
};

/// States of the chain, and how many of them are entered if not all are.
const LENGTH: usize = 110;
const FEW: usize = 10;

fn main() {
    let [kind, states, document] = arguments();
    let is_whole = states == LENGTH.to_string();
    assert!(
        is_whole || states == FEW.to_string(),
        "STATES is {LENGTH} or {FEW}"
    );
    let machine = parse(&definition(&kind)).expect("the definition is valid");
    let input = Payload::parse(&input(&document)).expect("the input is JSON");
    // What is measured is a process that has been running: it has memory at hand.
    run(&machine, "whole", input.clone());
    run(&machine, if is_whole { "whole" } else { "short" }, input);
}

fn arguments() -> [String; 3] {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    arguments
        .try_into()
        .expect("usage: chain KIND STATES DOCUMENT")
}

/// From the start to the end, as an engine drives it: a transition after the other.
fn run(machine: &StateMachine, name: &str, input: Payload) {
    let start = Start {
        execution: ExecutionKey {
            arn: format!("arn:aws:states:us-east-1:123456789012:execution:chain:{name}"),
            nonce: Nonce::default(),
        },
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:chain".into(),
        version_arn: None,
        alias_arn: None,
        role_arn: "arn:aws:iam::123456789012:role/chain".into(),
        input,
        parent: None,
        bounds: Bounds::STRICT,
        time_limit: None,
    };
    let mut checkpoint = Checkpoint::default();
    let mut next = Some(EventKind::ExecutionStarted(Box::new(start)));
    while let Some(kind) = next {
        let event = Event {
            at: Timestamp(1_700_000_000_000),
            seed: Seed([7; 32]),
            kind,
        };
        let transition = advance(machine, checkpoint, event).expect("the checkpoint is our own");
        checkpoint = transition.checkpoint;
        next = transition.commands.iter().find_map(what_follows);
    }
    let status = checkpoint.status;
    assert!(matches!(status, Status::Succeeded { .. }), "{status:?}");
}

fn what_follows(command: &Command) -> Option<EventKind> {
    match command {
        Command::Continue(number) => Some(EventKind::Continued { number: *number }),
        _ => None,
    }
}

/// A chain of states of one kind, or of each kind in turn. The name of the execution says where it is
/// entered.
fn definition(kind: &str) -> String {
    let states: Vec<String> = (0..LENGTH)
        .map(|index| format!(r#""S{index}": {}"#, state(kind, index)))
        .collect();
    let states = states.join(",");
    let first = LENGTH - FEW;
    format!(
        r#"{{ "StartAt": "Enter", "States": {{
            "Enter": {{ "Type": "Choice", "Default": "S0", "Choices": [
                {{ "Variable": "$$.Execution.Name", "StringEquals": "short", "Next": "S{first}" }} ] }},
            {states},
            "S{LENGTH}": {{ "Type": "Succeed" }} }} }}"#
    )
}

const MIX: [&str; 5] = ["pass", "choice", "parameters", "assign", "jsonata-output"];

fn state(kind: &str, index: usize) -> String {
    let next = index + 1;
    match kind {
        "mix" => state(MIX[index % MIX.len()], index),
        "pass" => format!(r#"{{ "Type": "Pass", "Next": "S{next}" }}"#),
        "choice" => format!(
            r#"{{ "Type": "Choice", "Default": "S{LENGTH}", "Choices": [
                {{ "Variable": "$.order.customer.address.country", "StringEquals": "nowhere", "Next": "S{LENGTH}" }},
                {{ "Variable": "$.order.lines[0].price", "NumericGreaterThan": 1000, "Next": "S{LENGTH}" }},
                {{ "Variable": "$.order.customer.address.city", "StringMatches": "L*", "Next": "S{next}" }} ] }}"#
        ),
        "parameters" => format!(
            r#"{{ "Type": "Pass", "Next": "S{next}", "ResultPath": "$.result", "Parameters": {{
                "id.$": "$.order.id", "city.$": "$.order.customer.address.city",
                "lines.$": "$.order.lines", "attempt": {index} }} }}"#
        ),
        "assign" => format!(
            r#"{{ "Type": "Pass", "Next": "S{next}", "Assign": {{
                "customer.$": "$.order.customer", "id.$": "$.order.id" }} }}"#
        ),
        "jsonata" => format!(
            r#"{{ "Type": "Pass", "QueryLanguage": "JSONata", "Next": "S{next}",
                "Assign": {{ "city": "{{% $states.input.order.customer.address.city %}}" }} }}"#
        ),
        "jsonata-output" => format!(
            r#"{{ "Type": "Pass", "QueryLanguage": "JSONata", "Next": "S{next}", "Output": {{
                "order": "{{% $states.input.order %}}",
                "total": "{{% $states.input.order.lines[0].price * 2 %}}" }} }}"#
        ),
        "jsonata-merge" => format!(
            r#"{{ "Type": "Pass", "QueryLanguage": "JSONata", "Next": "S{next}",
                "Output": "{{% $merge([$states.input, {{ 'total': $states.input.order.lines[0].price * 2 }}]) %}}" }}"#
        ),
        other => panic!("there is no kind `{other}`"),
    }
}

/// An order: `small` is 1 KB of JSON, `large` 100 KB in its lines, and `wide` 100 KB in members beside
/// the order.
fn input(document: &str) -> String {
    let (lines, members) = match document {
        "small" => (7, 0),
        "large" => (930, 0),
        "wide" => (7, 1_200),
        other => panic!("there is no document `{other}`"),
    };
    let lines: Vec<String> = (0..lines)
        .map(|line| {
            format!(
                r#"{{"sku":"SKU-{line:05}","name":"Widget number {line}","price":{line}.25,"quantity":2,"tags":["a","b{line}"]}}"#
            )
        })
        .collect();
    let mut members_text = String::new();
    for member in 0..members {
        write!(
            members_text,
            r#","member-{member:04}":{{"state":"known","since":"2024-01-01T00:00:00Z","score":{member}.5}}"#
        )
        .expect("a String accepts every write");
    }
    format!(
        r#"{{"order":{{"id":"order-42","customer":{{"name":"Ada","address":{{"street":"12 Long Acre","city":"London","country":"UK"}}}},"lines":[{}]}}{members_text}}}"#,
        lines.join(",")
    )
}
