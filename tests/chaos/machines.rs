//! The state machines of the load. Each call of a function sends what tells its attempt from all others.

use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "000000000000";

/// What an execution does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// It calls functions one after the other, waits, and decides.
    Order,
    /// What it calls fails, is tried again as often as the definition says, and is caught.
    Refused,
    /// The same, and nothing catches it.
    Failing,
    /// It does something for each of several items.
    Each,
    /// It does two things side by side.
    Both,
    /// It waits for the answer to a token.
    Approve,
    /// It starts an execution, and waits for its end.
    Parent,
    /// It waits longer than a queue can.
    Long,
    /// What it is about is too large for an item.
    Large,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Order,
        Self::Refused,
        Self::Failing,
        Self::Each,
        Self::Both,
        Self::Approve,
        Self::Parent,
        Self::Long,
        Self::Large,
    ];

    pub(crate) fn of(number: usize) -> Self {
        Self::ALL[number % Self::ALL.len()]
    }

    pub(crate) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    pub(crate) fn definition(self) -> Value {
        match self {
            Self::Order => order(),
            Self::Refused => sequence(vec![
                ("refuse", caught(refused(), "after")),
                ("after", json!({ "Type": "Pass" })),
            ]),
            Self::Failing => sequence(vec![("refuse", refused())]),
            Self::Each => sequence(vec![
                ("items", json!({ "Type": "Pass", "Result": [0, 1, 2, 3] })),
                ("each", each()),
            ]),
            Self::Both => sequence(vec![(
                "both",
                json!({ "Type": "Parallel", "Branches": [
                    sequence(vec![("left", call("work", "left")), ("then", call("work", "then"))]),
                    sequence(vec![("pause", wait(2)), ("right", call("work", "right"))]),
                ] }),
            )]),
            Self::Approve => sequence(vec![("approve", approve())]),
            Self::Parent => sequence(vec![("child", child()), ("after", call("work", "after"))]),
            Self::Long => sequence(vec![("long", wait(4)), ("work", call("work", "work"))]),
            Self::Large => sequence(vec![
                ("large", call("large", "large")),
                ("more", call("large", "more")),
                ("rest", wait(1)),
            ]),
        }
    }
}

pub(crate) fn machine_arn(name: &str) -> String {
    format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{name}")
}

pub(crate) fn execution_arn(machine: &str, name: &str) -> String {
    format!("arn:aws:states:us-east-1:{ACCOUNT}:execution:{machine}:{name}")
}

/// A machine of states that follow one another.
fn sequence(mut states: Vec<(&str, Value)>) -> Value {
    let names: Vec<String> = states.iter().map(|(name, _)| (*name).to_owned()).collect();
    for (index, (_, state)) in states.iter_mut().enumerate() {
        match names.get(index + 1) {
            Some(next) => state["Next"] = json!(next),
            None => state["End"] = json!(true),
        }
    }
    let states: serde_json::Map<String, Value> = states
        .into_iter()
        .map(|(name, state)| (name.to_owned(), state))
        .collect();
    json!({ "StartAt": names[0], "States": states })
}

/// What a function is sent: see [`attempt`](crate::attempts::attempt).
fn sent(place: Value) -> Value {
    let key = match place
        .as_str()
        .is_some_and(|place| place.starts_with("States."))
    {
        true => "place.$",
        false => "place",
    };
    json!({
        "execution.$": "$$.Execution.Name",
        key: place,
        "retry.$": "$$.State.RetryCount",
    })
}

/// Whatever has become of an attempt, there is another one.
fn again() -> Value {
    json!({ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": 99 })
}

fn call(function: &str, place: &str) -> Value {
    json!({
        "Type": "Task",
        "Resource": format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:{function}"),
        "Parameters": sent(json!(place)),
        "Retry": [again()],
    })
}

/// The same through the optimized integration.
fn invoke(function: &str, place: &str) -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": { "FunctionName": function, "Payload": sent(json!(place)) },
        "OutputPath": "$.Payload",
        "Retry": [again()],
    })
}

fn refused() -> Value {
    let mut refused = call("refuse", "refuse");
    refused["Retry"] = json!([
        { "ErrorEquals": ["Refused"], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": 2 },
        again(),
    ]);
    refused
}

fn caught(mut state: Value, next: &str) -> Value {
    state["Catch"] = json!([{ "ErrorEquals": ["States.ALL"], "Next": next }]);
    state
}

fn wait(seconds: u64) -> Value {
    json!({ "Type": "Wait", "Seconds": seconds })
}

fn order() -> Value {
    let mut definition = sequence(vec![
        ("check", call("work", "check")),
        ("rest", wait(1)),
        ("decide", json!({ "Type": "Choice" })),
        ("pay", invoke("work", "pay")),
        (
            "keep",
            json!({ "Type": "Pass", "ResultPath": "$.kept", "Result": true }),
        ),
        ("send", invoke("work", "send")),
    ]);
    definition["States"]["decide"] = json!({
        "Type": "Choice",
        "Choices": [{ "Variable": "$.did", "StringEquals": "check", "Next": "pay" }],
    });
    definition
}

fn each() -> Value {
    let item = call("work", "States.Format('item {}', $)");
    json!({
        "Type": "Map",
        "ItemProcessor": sequence(vec![("item", item), ("rest", wait(1))]),
    })
}

fn approve() -> Value {
    let mut payload = sent(json!("approve"));
    payload["token.$"] = json!("$$.Task.Token");
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": { "FunctionName": "ask", "Payload": payload },
        "Retry": [again()],
    })
}

fn child() -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {
            "StateMachineArn": machine_arn(&Kind::Order.name()),
            "Name.$": "States.Format('{}-child', $$.Execution.Name)",
            "Input": {},
        },
        "ResultSelector": { "output.$": "$.Output" },
    })
}
