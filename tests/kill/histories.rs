//! What the histories say, held against what was performed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    line::Line,
    load::{Ended, end_of},
    machines::{Kind, Machines},
    performers::attempt,
};

/// The attempts of all executions, as their histories have them.
#[derive(Default)]
pub(crate) struct Ledger {
    started: BTreeSet<String>,
    /// Those that succeeded, or whose call did.
    succeeded: BTreeSet<String>,
    /// Those whose worker was gone.
    lost: BTreeSet<String>,
    /// The attempts that executions ended with, which had their result from one.
    results: BTreeSet<String>,
    parents: usize,
    performed: u32,
}

impl Ledger {
    /// Checks how an execution ended, and takes its attempts up.
    pub(crate) fn enter(&mut self, line: &Line, ended: &Ended) {
        let described = &ended.described;
        let status = match ended.kind {
            Kind::Stopped => "ABORTED",
            _ => "SUCCEEDED",
        };
        assert_eq!(described["status"], status, "{described}");
        let events = history(line, described["executionArn"].as_str().unwrap());
        self.enter_events(&events, status);
        let output = described["output"].as_str().unwrap_or("null");
        let output: Value = serde_json::from_str(output).unwrap();
        match ended.kind {
            Kind::Each => {
                let items = output.as_array().unwrap();
                assert_eq!(items.len(), 4, "{described}");
                self.results.extend(items.iter().map(by));
            }
            Kind::Pause | Kind::Approve | Kind::Activity => drop(self.results.insert(by(&output))),
            Kind::Parent => {
                self.parents += 1;
                // Nobody can tell whether a start was made twice: it is never lost.
                assert_eq!(count(&events, "TaskScheduled"), 1, "{described}");
                assert_eq!(output["Status"], "SUCCEEDED", "{described}");
            }
            Kind::Stopped => {}
        }
    }

    /// Takes up what was started by executions: each has started one.
    pub(crate) fn enter_children(&mut self, line: &Line, machines: &Machines) {
        let of_child = json!({ "stateMachineArn": machines.child });
        let children = line.list("ListExecutions", of_child, "executions");
        assert_eq!(children.len(), self.parents, "children, and their parents");
        for child in children {
            let described = end_of(line, child["executionArn"].as_str().unwrap());
            let kind = Kind::Pause;
            self.enter(line, &Ended { kind, described });
        }
    }

    fn enter_events(&mut self, events: &[Value], status: &str) {
        let kind = |event: &Value| event["type"].as_str().unwrap().to_owned();
        for (index, event) in events.iter().enumerate() {
            assert_eq!(event["id"], index + 1, "no event is missing: {events:?}");
        }
        let last = match status {
            "ABORTED" => "ExecutionAborted",
            _ => "ExecutionSucceeded",
        };
        assert_eq!(events.first().map(kind).unwrap(), "ExecutionStarted");
        assert_eq!(events.last().map(kind).unwrap(), last);
        // Which attempt an event is about: that of the event before it.
        let mut about: BTreeMap<u64, String> = BTreeMap::new();
        for event in events {
            let attempt = scheduled(event).or_else(|| {
                let before = event["previousEventId"].as_u64()?;
                about.get(&before).cloned()
            });
            let Some(attempt) = attempt else {
                continue;
            };
            about.insert(event["id"].as_u64().unwrap(), attempt.clone());
            self.enter_event(event, attempt);
        }
    }

    fn enter_event(&mut self, event: &Value, attempt: String) {
        match event["type"].as_str().unwrap() {
            "LambdaFunctionStarted" | "TaskStarted" | "ActivityStarted" => {
                assert!(self.started.insert(attempt), "started twice: {event}");
            }
            "LambdaFunctionSucceeded" | "TaskSubmitted" | "TaskSucceeded" | "ActivitySucceeded" => {
                self.succeeded.insert(attempt);
            }
            "LambdaFunctionFailed" | "TaskFailed" => {
                let details = match event["lambdaFunctionFailedEventDetails"].is_null() {
                    true => &event["taskFailedEventDetails"],
                    false => &event["lambdaFunctionFailedEventDetails"],
                };
                assert_eq!(details["error"], "Lambda.SdkClientException", "{event}");
                self.lost.insert(attempt);
            }
            // Nobody asks for it any more who would be handed it.
            "ActivityTimedOut" => drop(self.lost.insert(attempt)),
            _ => {}
        }
    }

    /// No attempt was performed twice, none without being started, and what was acknowledged counts.
    pub(crate) fn compare(
        &mut self,
        performed: &BTreeMap<String, u32>,
        acknowledged: &BTreeSet<String>,
    ) {
        for (attempt, times) in performed {
            assert_eq!(*times, 1, "performed {times} times: {attempt}");
            assert!(self.started.contains(attempt), "never started: {attempt}");
        }
        for attempt in &self.started {
            let is_lost = self.lost.contains(attempt);
            let is_performed = performed.contains_key(attempt);
            assert!(is_performed || is_lost, "not performed: {attempt}");
            let is_over = is_lost || self.succeeded.contains(attempt);
            assert!(is_over, "it has no end: {attempt}");
        }
        for attempt in acknowledged {
            let counts = self.results.contains(attempt);
            assert!(counts, "acknowledged, and of no account: {attempt}");
        }
        self.performed = performed.values().sum();
    }

    pub(crate) fn summary(&self) -> String {
        let (started, lost, performed) = (self.started.len(), self.lost.len(), self.performed);
        format!("{started} attempts started, {performed} performed, {lost} lost with their worker")
    }
}

fn history(line: &Line, execution: &str) -> Vec<Value> {
    let request = json!({ "executionArn": execution, "maxResults": 1_000 });
    line.list("GetExecutionHistory", request, "events")
}

fn count(events: &[Value], kind: &str) -> usize {
    events.iter().filter(|event| event["type"] == kind).count()
}

/// The attempt that a result came from.
fn by(result: &Value) -> String {
    result["by"].as_str().unwrap().to_owned()
}

/// The attempt that an event schedules, if it does.
fn scheduled(event: &Value) -> Option<String> {
    let details = &event["lambdaFunctionScheduledEventDetails"]["input"];
    let sent = [
        details,
        &event["activityScheduledEventDetails"]["input"],
        &event["taskScheduledEventDetails"]["parameters"],
    ];
    let sent = sent.into_iter().find_map(Value::as_str)?;
    let sent: Value = serde_json::from_str(sent).unwrap();
    let sent = match sent.get("Payload") {
        Some(payload) => payload,
        None => &sent,
    };
    sent.get("retry").map(|_| attempt(sent))
}
