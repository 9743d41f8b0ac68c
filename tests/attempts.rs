//! Attempts as histories have them, held against what was performed outside.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The attempts of executions.
#[derive(Default)]
pub(crate) struct Attempts {
    started: BTreeSet<String>,
    /// Those that succeeded, or whose call did.
    succeeded: BTreeSet<String>,
    /// Those whose worker was gone.
    lost: BTreeSet<String>,
}

/// What tells an attempt from all others, of what its performer was sent: the execution, the place in
/// it, and the number of the retry.
pub(crate) fn attempt(sent: &Value) -> String {
    let text = |key: &str| sent[key].as_str().unwrap();
    let retry = sent["retry"].as_u64().unwrap();
    format!("{}, {}, retry {retry}", text("execution"), text("place"))
}

impl Attempts {
    /// Takes up the attempts of an execution. Its history is whole.
    pub(crate) fn enter(&mut self, events: &[Value], last: &str) {
        let kind = |event: &Value| event["type"].as_str().unwrap().to_owned();
        for (index, event) in events.iter().enumerate() {
            assert_eq!(event["id"], index + 1, "no event is missing: {events:?}");
        }
        assert_eq!(events.first().map(kind).unwrap(), "ExecutionStarted");
        assert_eq!(events.last().map(kind).unwrap(), last);
        // Which attempt an event is about: that of the event before it.
        let mut about: BTreeMap<u64, String> = BTreeMap::new();
        for event in events {
            let attempt = scheduled(event).or_else(|| {
                let before = event["previousEventId"].as_u64()?;
                about.get(&before).cloned()
            });
            if let Some(attempt) = attempt {
                about.insert(event["id"].as_u64().unwrap(), attempt.clone());
                self.enter_event(event, attempt);
            }
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
            // Whoever was handed it was gone.
            "ActivityTimedOut" => drop(self.lost.insert(attempt)),
            _ => {}
        }
    }

    /// No attempt was performed twice, none without being started, and none that was started is left out
    /// but by a worker that was gone.
    pub(crate) fn compare(&self, performed: &BTreeMap<String, u32>) {
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
    }

    pub(crate) fn summary(&self) -> String {
        let (started, lost) = (self.started.len(), self.lost.len());
        format!("{started} attempts, {lost} of them lost with their worker")
    }
}

/// The attempt that an event schedules, if it does.
fn scheduled(event: &Value) -> Option<String> {
    let sent = [
        &event["lambdaFunctionScheduledEventDetails"]["input"],
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
