//! Payloads are shared: what passes through is parsed once and stored once, whatever its size.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use segno_asl::definition::parse;
use segno_interpreter::{
    advance,
    bounds::Bounds,
    checkpoint::Checkpoint,
    event::{Event, EventKind, Seed, Start, Timestamp},
    history::Detail,
    key::{ExecutionKey, Nonce},
    payload::{Payload, PayloadId},
    transition::Transition,
};
use serde_json::{Map, Value, json};

fn run(definition: &Value, input: Payload) -> Transition {
    let machine = parse(&definition.to_string()).unwrap();
    let start = Start {
        execution: ExecutionKey {
            arn: "arn:aws:states:us-east-1:123456789012:execution:m:e".into(),
            nonce: Nonce::default(),
        },
        version_arn: None,
        alias_arn: None,
        parent: None,
        time_limit: None,
        bounds: Bounds::STRICT,
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
        role_arn: "arn:aws:iam::123456789012:role/r".into(),
        input,
    };
    let kind = EventKind::ExecutionStarted(Box::new(start));
    let event = Event {
        at: Timestamp(0),
        seed: Seed([0; 32]),
        kind,
    };
    advance(&machine, Checkpoint::default(), event).unwrap()
}

/// `length` Pass states in a row.
fn chain(length: usize) -> Value {
    let states: Map<String, Value> = (0..length)
        .map(|index| {
            let next = format!("S{}", index + 1);
            let is_last = index + 1 == length;
            let state = if is_last {
                json!({ "Type": "Pass", "End": true })
            } else {
                json!({ "Type": "Pass", "Next": next })
            };
            (format!("S{index}"), state)
        })
        .collect();
    json!({ "StartAt": "S0", "States": states })
}

#[test]
fn a_payload_that_passes_through_ten_states_is_stored_once() {
    let input = Payload::from(json!({ "text": "x".repeat(100_000) }));

    let transition = run(&chain(10), input.clone());

    assert_eq!(transition.history.len(), 22);
    let stored: Vec<PayloadId> = transition.payloads.iter().map(|(id, _)| *id).collect();
    assert_eq!(stored, [PayloadId(0)]);
    for event in &transition.history {
        assert!(event.detail.payload_ids().all(|id| id == PayloadId(0)));
    }
    let stored = &transition.payloads[0].1;
    assert!(
        std::ptr::eq(stored.value(), input.value()),
        "the value was copied"
    );
}

#[test]
fn a_checkpoint_forgets_payloads_that_nothing_needs() {
    let definition = json!({ "StartAt": "A", "States": {
        "A": { "Type": "Pass", "Result": [1, 2, 3], "Next": "W" },
        "W": { "Type": "Wait", "Seconds": 9, "End": true },
    } });

    let transition = run(&definition, Payload::from(json!({})));

    assert_eq!(transition.payloads.len(), 2);
    // The execution's own input, which the context object shows, and that of the state.
    assert_eq!(transition.checkpoint.payloads.len(), 2);
}

#[test]
fn what_is_made_on_the_way_is_not_stored() {
    let definition = json!({ "StartAt": "A", "States": { "A": {
        "Type": "Pass", "InputPath": "$.a", "Parameters": { "b.$": "$.b" }, "OutputPath": "$.b", "End": true,
    } } });

    let transition = run(&definition, Payload::from(json!({ "a": { "b": 1 } })));

    let stored: Vec<&str> = transition
        .payloads
        .iter()
        .map(|(_, payload)| payload.text())
        .collect();
    assert_eq!(stored, [r#"{"a":{"b":1}}"#, "1"]);
}

#[test]
fn a_transition_ends_when_its_budget_is_spent() {
    let transition = run(&chain(1_000), Payload::from(json!({})));

    assert!(
        (256..260).contains(&transition.history.len()),
        "{}",
        transition.history.len()
    );
    assert!(
        transition
            .commands
            .contains(&segno_interpreter::command::Command::Continue(1))
    );
}

#[test]
fn a_budget_of_bytes_counts_what_is_new() {
    let large = "x".repeat(40_000);
    let states = json!({
        "A": { "Type": "Pass", "Result": large, "Next": "B" },
        "B": { "Type": "Pass", "Result": large, "Next": "C" },
        "C": { "Type": "Pass", "Result": large, "End": true },
    });

    let transition = run(
        &json!({ "StartAt": "A", "States": states }),
        Payload::from(json!({})),
    );

    let exits = transition
        .history
        .iter()
        .filter(|e| matches!(e.detail, Detail::StateExited { .. }));
    assert_eq!(exits.count(), 2);
}
