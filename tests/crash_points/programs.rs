//! What dies: a state machine for each kind of effect, and what is done with its execution.

use std::time::Duration;

use segno_tests::sim::{
    book::{Behaviour, Book, Plan},
    callers::{Meddle, Plans, Start},
    program::{Expected, Program, machine_arn},
};
use serde_json::{Value, json};

/// Something that is run again and again, each time with another death.
pub(crate) struct Subject {
    /// What it is called.
    pub(crate) name: &'static str,
    /// Its state machines: the first one is started.
    machines: Vec<(&'static str, Value)>,
    /// How its tasks behave.
    behaviours: Vec<(&'static str, Behaviour)>,
    activities: Vec<&'static str>,
    /// So much later it is stopped.
    stop_after: Option<Duration>,
    /// Whether it is redriven, should it fail.
    is_redriven: bool,
    /// The state machine whose executions somebody stops.
    meddled: Option<&'static str>,
    /// Whether the execution that is started is Express.
    is_express: bool,
    /// How it ends; nothing is kept of Express.
    pub(crate) ends: &'static str,
    /// Whether it dies a second time, too, before everything that recovers it.
    pub(crate) dies_twice: bool,
}

/// So long whatever comes first takes at most: what comes later comes after it, whoever dies.
const LATER: Duration = Duration::from_secs(600);

fn subject(name: &'static str, definition: Value) -> Subject {
    Subject {
        name,
        machines: vec![("first", definition)],
        behaviours: Vec::new(),
        activities: Vec::new(),
        stop_after: None,
        is_redriven: false,
        meddled: None,
        is_express: false,
        ends: "ExecutionSucceeded",
        dies_twice: true,
    }
}

impl Subject {
    fn with(mut self, state: &'static str, behaviour: Behaviour) -> Self {
        self.behaviours.push((state, behaviour));
        self
    }

    fn and_machine(mut self, name: &'static str, definition: Value) -> Self {
        self.machines.push((name, definition));
        self
    }

    /// Dying twice would take long, and show nothing that others do not.
    fn dying_once(self) -> Self {
        Self {
            dies_twice: false,
            ..self
        }
    }

    /// Whether it is lost with the messages of a process: nothing else is kept of Express.
    pub(crate) fn is_express(&self) -> bool {
        self.is_express || self.machines.iter().any(|(name, _)| is_express(name))
    }

    /// What is registered and done in a world with this book.
    pub(crate) fn plans(&self, book: &Book) -> Plans {
        for (state, behaviour) in &self.behaviours {
            book.define(state, behaviour.clone());
        }
        let programs: Vec<Program> = self
            .machines
            .iter()
            .map(|(name, definition)| self.program(name, definition))
            .collect();
        let start = Start {
            insists: true,
            stop_after: self.stop_after,
            is_redriven: self.is_redriven,
            ..Start::new(programs[0].clone(), "e")
        };
        let meddles = self.meddled.iter().map(|machine| Meddle {
            machine: (*machine).to_owned(),
            after: LATER,
            is_redrive: false,
        });
        Plans {
            programs,
            activities: self.activities.iter().map(|name| activity(name)).collect(),
            starts: vec![start],
            meddles: meddles.collect(),
        }
    }

    /// What must become of it is what becomes of it when nobody dies: that is compared elsewhere.
    fn program(&self, name: &str, definition: &Value) -> Program {
        Program {
            name: name.to_owned(),
            definition: definition.clone(),
            expected: Expected::anything(),
            is_express: self.is_express || is_express(name),
        }
    }
}

/// Whether the state machine of this name is Express.
fn is_express(name: &str) -> bool {
    name == "express"
}

fn activity(name: &str) -> String {
    format!("arn:aws:states:us-east-1:123456789012:activity:{name}")
}

/// States one after the other.
fn sequence(states: &[(&str, Value)]) -> Value {
    let mut all = serde_json::Map::new();
    for (index, (name, state)) in states.iter().enumerate() {
        let mut state = state.clone();
        match states.get(index + 1) {
            Some((next, _)) => state["Next"] = json!(next),
            None if state["Type"] != "Fail" => state["End"] = json!(true),
            None => {}
        }
        all.insert((*name).to_owned(), state);
    }
    json!({ "StartAt": states[0].0, "States": all })
}

/// A call of a function, made again if its worker was lost.
fn call(name: &str) -> Value {
    json!({
        "Type": "Task",
        "Resource": format!("arn:aws:lambda:us-east-1:123456789012:function:{name}"),
        "Retry": [again("Lambda.SdkClientException")],
    })
}

fn again(error: &str) -> Value {
    json!({ "ErrorEquals": [error], "IntervalSeconds": 1, "MaxAttempts": 9, "BackoffRate": 1.0 })
}

/// A task that hands out a token.
fn token(name: &str) -> Value {
    json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": { "FunctionName": name, "Payload": { "token.$": "$$.Task.Token" } },
        "ResultSelector": { "by.$": "$.by" },
        "Retry": [again("Lambda.SdkClientException")],
    })
}

/// A task that starts an execution.
fn start(machine: &str, pattern: &str) -> Value {
    let result = match pattern {
        "" => json!({ "started": true }),
        _ => json!({ "out.$": "$.Output" }),
    };
    json!({
        "Type": "Task", "Resource": format!("arn:aws:states:::states:startExecution{pattern}"),
        "Parameters": {
            "StateMachineArn": machine_arn(machine), "Input": {},
            "Name.$": "States.Format('{}-child', $$.Execution.Name)",
        },
        "ResultSelector": result,
    })
}

fn pass() -> Value {
    json!({ "Type": "Pass" })
}

fn wait(seconds: u64) -> Value {
    json!({ "Type": "Wait", "Seconds": seconds })
}

fn answers(seconds: u64) -> Behaviour {
    Behaviour::Answers {
        after: Duration::from_secs(seconds),
        fails: 0,
        is_repeatable: false,
    }
}

/// Its first attempts fail. It may be called again: what fails does not depend on who has died.
fn failing(times: usize) -> Behaviour {
    Behaviour::Answers {
        after: Duration::from_secs(1),
        fails: times,
        is_repeatable: true,
    }
}

fn caught(mut state: Value, next: &str) -> Value {
    state["Catch"] = json!([{ "ErrorEquals": ["States.ALL"], "Next": next, "ResultPath": null }]);
    state
}

/// All of them.
pub(crate) fn subjects() -> Vec<Subject> {
    let mut all = tasks();
    all.extend(tokens());
    all.extend(several());
    all.extend(children());
    all.extend(jobs());
    all.extend(ends());
    all
}

fn tasks() -> Vec<Subject> {
    let mut retried = call("again");
    retried["Retry"] = json!([again("Boom")]);
    vec![
        subject("task", sequence(&[("a", call("a")), ("b", call("b"))]))
            .with("a", answers(1))
            .with("b", answers(100)),
        subject("retry", sequence(&[("again", retried)])).with("again", failing(2)),
        subject(
            "catch",
            sequence(&[("bad", caught(call("bad"), "end")), ("end", pass())]),
        )
        .with("bad", failing(usize::MAX)),
        subject(
            "wait",
            sequence(&[("first", wait(30)), ("second", wait(900))]),
        ),
        subject("budget", sequence(&[("items", items()), ("map", many())])),
    ]
}

fn tokens() -> Vec<Subject> {
    let hour = Duration::from_secs(3_600);
    let mut silent = token("silent");
    silent["TimeoutSeconds"] = json!(3_000);
    let mut beating = token("beating");
    // Each death may cost a beat.
    beating["HeartbeatSeconds"] = json!(1_500);
    let handed_out = |name| sequence(&[(name, token(name))]);
    let mut offered = json!({
        "Type": "Task", "Resource": activity("offered"), "TimeoutSeconds": 4_000,
        "ResultSelector": { "by.$": "$.by" }, "Retry": [again("States.Timeout")],
    });
    offered["HeartbeatSeconds"] = json!(3_000);
    vec![
        subject("callback", handed_out("answered")).with(
            "answered",
            Behaviour::Token(Plan::Once(Duration::from_secs(20))),
        ),
        subject("callback during the call", handed_out("at-once"))
            .with("at-once", Behaviour::Token(Plan::AtOnce)),
        subject(
            "callback refused",
            sequence(&[
                ("refused", caught(token("refused"), "end")),
                ("end", pass()),
            ]),
        )
        .with("refused", Behaviour::Token(Plan::Refused(hour))),
        subject(
            "time-out",
            sequence(&[("silent", caught(silent, "end")), ("end", pass())]),
        )
        .with("silent", Behaviour::Token(Plan::Never)),
        subject("beats", sequence(&[("beating", beating)])).with(
            "beating",
            Behaviour::Token(Plan::Beats(Duration::from_secs(400), 6)),
        ),
        Subject {
            activities: vec!["offered"],
            ..subject("activity", sequence(&[("offered", offered)])).with(
                "offered",
                Behaviour::Token(Plan::Once(Duration::from_secs(20))),
            )
        },
    ]
}

fn several() -> Vec<Subject> {
    let map = json!({
        "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1,
        "ItemProcessor": sequence(&[("item", call("item"))]),
    });
    let parallel = json!({
        "Type": "Parallel",
        "Branches": [sequence(&[("fast", call("fast"))]), sequence(&[("slow", call("slow"))])],
    });
    vec![
        subject("map", sequence(&[("items", items()), ("map", map)])).with("item", answers(2)),
        subject("parallel", sequence(&[("both", parallel)]))
            .with("fast", answers(2))
            .with("slow", answers(LATER.as_secs()))
            .dying_once(),
    ]
}

fn children() -> Vec<Subject> {
    let child = || sequence(&[("work", call("work"))]);
    let long = || sequence(&[("long", wait(20_000))]);
    let mut several = start("waiting", ".sync");
    several["ResultSelector"] = json!({ "status.$": "$.Status" });
    let aborted = json!({
        "Type": "Parallel",
        "Branches": [
            sequence(&[("late", wait(LATER.as_secs())), ("bad", json!({ "Type": "Fail", "Error": "Bad" }))]),
            sequence(&[("child", start("waiting", ".sync:2"))]),
        ],
    });
    vec![
        subject("child", sequence(&[("child", start("worker", ".sync:2"))]))
            .and_machine("worker", child())
            .with("work", answers(5)),
        subject(
            "child of a child",
            sequence(&[("child", start("between", ".sync"))]),
        )
        .and_machine(
            "between",
            sequence(&[("child", start("worker", ".sync:2"))]),
        )
        .and_machine("worker", child())
        .with("work", answers(5)),
        subject(
            "child that nobody waits for",
            sequence(&[("child", start("worker", ""))]),
        )
        .and_machine("worker", child())
        .with("work", answers(5)),
        subject(
            "Express child",
            sequence(&[("child", start("express", ""))]),
        )
        .and_machine("express", child())
        .with("work", answers(5)),
        subject(
            "Express child that is waited for",
            sequence(&[
                ("child", caught(start("express", ".sync:2"), "end")),
                ("end", pass()),
            ]),
        )
        .and_machine("express", child())
        .with("work", answers(5)),
        Subject {
            meddled: Some("waiting"),
            ..subject(
                "child that somebody stops",
                sequence(&[("child", caught(several, "end")), ("end", pass())]),
            )
            .and_machine("waiting", long())
        },
        Subject {
            ends: "ExecutionFailed",
            ..subject(
                "child of a branch that fails",
                sequence(&[("both", aborted)]),
            )
            .and_machine("waiting", long())
        },
        Subject {
            stop_after: Some(LATER),
            ends: "ExecutionAborted",
            ..subject(
                "child of what is stopped",
                sequence(&[("child", start("waiting", ".sync:2"))]),
            )
            .and_machine("waiting", long())
        },
    ]
}

fn jobs() -> Vec<Subject> {
    let job = |name: &str| {
        json!({
            "Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync",
            "Parameters": { "JobName": name }, "Retry": [again("Glue.SdkClientException")],
        })
    };
    let runs = |seconds, is_recognised| Behaviour::Job {
        runs: Duration::from_secs(seconds),
        is_recognised,
    };
    let mut limited = job("late");
    // However often somebody dies, the job is started before.
    limited["TimeoutSeconds"] = json!(LATER.as_secs());
    let limited = sequence(&[("late", caught(limited, "end")), ("end", pass())]);
    vec![
        subject(
            "job that is recognised, and one that is not",
            sequence(&[("known", job("known")), ("unknown", job("unknown"))]),
        )
        .with("known", runs(10, true))
        .with("unknown", runs(10, false)),
        subject("job that takes too long", limited).with("late", runs(20_000, true)),
        Subject {
            stop_after: Some(LATER),
            ends: "ExecutionAborted",
            ..subject("job of what is stopped", sequence(&[("long", job("long"))]))
                .with("long", runs(20_000, true))
                .dying_once()
        },
    ]
}

fn ends() -> Vec<Subject> {
    let mut limited = sequence(&[("long", wait(20_000))]);
    limited["TimeoutSeconds"] = json!(3_000);
    vec![
        Subject {
            stop_after: Some(LATER),
            ends: "ExecutionAborted",
            ..subject("stop", sequence(&[("hanging", call("hanging"))]))
                .with("hanging", answers(30_000))
        },
        Subject {
            is_redriven: true,
            ..subject(
                "redrive",
                sequence(&[("a", call("a")), ("once", call("once"))]),
            )
            .with("a", answers(1))
            .with("once", failing(1))
        },
        Subject {
            is_redriven: true,
            ends: "ExecutionTimedOut",
            ..subject("time of the execution, and redrive", limited)
        },
        Subject {
            is_express: true,
            ends: "",
            ..subject("express", sequence(&[("a", call("a"))])).with("a", answers(1))
        },
    ]
}

fn items() -> Value {
    json!({ "Type": "Pass", "Result": [1, 2, 3], "ResultPath": "$.items" })
}

/// More states than fit into one transition.
fn many() -> Value {
    let names: Vec<String> = (0..60).map(|number| format!("p{number}")).collect();
    let states: Vec<(&str, Value)> = names.iter().map(|name| (name.as_str(), pass())).collect();
    json!({ "Type": "Map", "ItemsPath": "$.items", "ItemProcessor": sequence(&states) })
}
