//! The state machines of the load. Each task sends what tells its attempt from all others.

use serde_json::{Value, json};

use crate::local::Server;

const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:work";

pub(crate) struct Machines {
    /// ARNs of those that are started, by [`Kind`].
    of: Vec<String>,
    /// ARN of the one that another starts.
    pub(crate) child: String,
    /// ARN of the activity.
    pub(crate) activity: String,
}

/// What an execution does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It waits, calls a function, and waits again.
    Pause,
    /// It calls a function for each of several items.
    Each,
    /// It waits for the answer to a token.
    Approve,
    /// It starts an execution, and waits for its end.
    Parent,
    /// It waits for the worker of an activity.
    Activity,
    /// It waits until it is stopped.
    Stopped,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Pause,
        Self::Each,
        Self::Approve,
        Self::Parent,
        Self::Activity,
        Self::Stopped,
    ];

    pub(crate) fn of(number: u64) -> Self {
        let index = usize::try_from(number).unwrap() % Self::ALL.len();
        Self::ALL[index]
    }
}

impl Machines {
    pub(crate) fn create(server: &Server) -> Self {
        let activity = server.ok("CreateActivity", json!({ "name": "manual" }));
        let activity = activity["activityArn"].as_str().unwrap().to_owned();
        let child = server.create("child", &pause());
        let of = Kind::ALL.map(|kind| {
            let definition = match kind {
                Kind::Pause => pause(),
                Kind::Each => each(),
                Kind::Approve => approve(),
                Kind::Parent => parent(&child),
                Kind::Activity => manual(&activity),
                Kind::Stopped => stopped(),
            };
            server.create(&format!("{kind:?}"), &definition)
        });
        Self {
            of: of.into(),
            child,
            activity,
        }
    }

    pub(crate) fn of(&self, kind: Kind) -> &str {
        let index = Kind::ALL.iter().position(|it| *it == kind).unwrap();
        &self.of[index]
    }
}

/// What a performer is sent: see [`attempt`](crate::attempts::attempt).
fn sent(place: &str) -> Value {
    json!({
        "execution.$": "$$.Execution.Name",
        "place.$": place,
        "retry.$": "$$.State.RetryCount",
    })
}

/// A task that goes on whatever has become of its worker.
fn task(resource: &str, parameters: Value) -> Value {
    json!({
        "Type": "Task",
        "Resource": resource,
        "Parameters": parameters,
        "Retry": [{
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 1,
            "BackoffRate": 1.0,
            "MaxAttempts": 99
        }],
        "End": true,
    })
}

fn pause() -> Value {
    let mut work = task(FUNCTION, sent("$$.State.Name"));
    work.as_object_mut().unwrap().remove("End");
    work["Next"] = json!("Rest");
    json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "Seconds": 1, "Next": "Work" },
        "Work": work,
        "Rest": { "Type": "Wait", "Seconds": 1, "End": true },
    } })
}

fn each() -> Value {
    let work = task(FUNCTION, sent("States.Format('item {}', $)"));
    json!({ "StartAt": "Each", "States": {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": { "StartAt": "Work", "States": { "Work": work } },
            "End": true,
        },
    } })
}

fn approve() -> Value {
    let mut payload = sent("$$.State.Name");
    payload["token.$"] = json!("$$.Task.Token");
    let parameters = json!({ "FunctionName": FUNCTION, "Payload": payload });
    let resource = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    json!({ "StartAt": "Approve", "States": { "Approve": task(resource, parameters) } })
}

fn parent(child: &str) -> Value {
    let parameters = json!({ "StateMachineArn": child, "Input": {} });
    let resource = "arn:aws:states:::states:startExecution.sync:2";
    json!({ "StartAt": "Begin", "States": { "Begin": task(resource, parameters) } })
}

/// The task may be handed to a worker who is not there any more: it is given up soon.
fn manual(activity: &str) -> Value {
    let mut manual = task(activity, sent("$$.State.Name"));
    manual["TimeoutSeconds"] = json!(4);
    json!({ "StartAt": "Manual", "States": { "Manual": manual } })
}

fn stopped() -> Value {
    json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "Seconds": 86_400, "End": true },
    } })
}
