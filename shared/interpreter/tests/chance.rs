//! What intrinsic functions draw is decided by the event's seed, and by nothing else.

use segno_asl::definition::parse;
use segno_interpreter::{
    advance,
    bounds::Bounds,
    checkpoint::{Checkpoint, Status},
    event::{Event, EventKind, Seed, Start, Timestamp},
    key::{ExecutionKey, Nonce},
    payload::Payload,
};
use serde_json::{Value, json};

/// The output of an execution whose states take one transition.
fn output(seed: u8, states: Value) -> Value {
    let definition = json!({ "StartAt": "First", "States": states });
    let machine = parse(&definition.to_string()).expect("the definition is valid");
    let start = Start {
        execution: ExecutionKey {
            arn: "arn:aws:states:us-east-1:123456789012:execution:m:run".into(),
            nonce: Nonce::default(),
        },
        version_arn: None,
        alias_arn: None,
        parent: None,
        time_limit: None,
        bounds: Bounds::STRICT,
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
        role_arn: "arn:aws:iam::123456789012:role/r".into(),
        input: json!({}).into(),
    };
    let event = Event {
        at: Timestamp(0),
        seed: Seed([seed; 32]),
        kind: EventKind::ExecutionStarted(Box::new(start)),
    };
    let checkpoint = advance(&machine, Checkpoint::default(), event)
        .expect("the checkpoint is new")
        .checkpoint;
    let Status::Succeeded { output } = checkpoint.status else {
        panic!("{:?}", checkpoint.status);
    };
    let output = checkpoint.payloads.get(output).map(Payload::value);
    output.expect("a checkpoint has its payloads").into()
}

fn drawing(calls: Value) -> Value {
    json!({ "First": { "Type": "Pass", "Parameters": calls, "End": true } })
}

#[test]
fn the_same_seed_draws_the_same() {
    let calls = json!({ "id.$": "States.UUID()", "number.$": "States.MathRandom(0, 1000000000)" });
    let drawn = output(7, drawing(calls.clone()));
    assert_eq!(drawn, output(7, drawing(calls.clone())));
    let other = output(8, drawing(calls));
    assert_ne!(drawn["id"], other["id"]);
    assert_ne!(drawn["number"], other["number"]);
}

#[test]
fn no_two_draws_of_a_transition_are_the_same() {
    let drawn = output(
        7,
        json!({
            "First": {
                "Type": "Pass",
                "Parameters": { "ids.$": "States.Array(States.UUID(), States.UUID())" },
                "Next": "Second"
            },
            "Second": {
                "Type": "Pass",
                "Parameters": { "ids.$": "$.ids", "later.$": "States.UUID()" },
                "End": true
            }
        }),
    );
    let (first, second, later) = (&drawn["ids"][0], &drawn["ids"][1], &drawn["later"]);
    assert!(
        first != second && second != later && first != later,
        "{drawn}"
    );
}

#[test]
fn the_items_of_a_map_state_draw_one_after_the_other() {
    let drawn = output(
        7,
        json!({
            "First": { "Type": "Pass", "Result": [1, 2], "Next": "Each" },
            "Each": {
                "Type": "Map",
                "ItemSelector": { "id.$": "States.UUID()" },
                "ItemProcessor": {
                    "StartAt": "Item",
                    "States": { "Item": { "Type": "Succeed" } }
                },
                "End": true
            }
        }),
    );
    assert_ne!(drawn[0]["id"], drawn[1]["id"]);
}

#[test]
fn numbers_do_not_move_identifiers() {
    let alone = output(7, drawing(json!({ "id.$": "States.UUID()" })));
    let after = output(
        7,
        drawing(json!({ "a.$": "States.MathRandom(0, 9)", "id.$": "States.UUID()" })),
    );
    assert_eq!(alone["id"], after["id"]);
}
