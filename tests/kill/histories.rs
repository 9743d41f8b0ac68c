//! How executions ended, and what their histories say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    attempts::Attempts,
    line::Line,
    load::{Ended, end_of},
    machines::{Kind, Machines},
};

#[derive(Default)]
pub(crate) struct Ledger {
    attempts: Attempts,
    /// The attempts that executions have their results from.
    results: BTreeSet<String>,
    parents: usize,
}

impl Ledger {
    /// Checks how an execution ended, and takes its attempts up.
    pub(crate) fn enter(&mut self, line: &Line, ended: &Ended) {
        let described = &ended.described;
        let (status, last) = match ended.kind {
            Kind::Stopped => ("ABORTED", "ExecutionAborted"),
            _ => ("SUCCEEDED", "ExecutionSucceeded"),
        };
        assert_eq!(described["status"], status, "{described}");
        let events = history(line, described["executionArn"].as_str().unwrap());
        self.attempts.enter(&events, last);
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

    /// What was performed is what the histories say, and what was acknowledged counts.
    pub(crate) fn compare(
        &self,
        performed: &BTreeMap<String, u32>,
        acknowledged: &BTreeSet<String>,
    ) {
        self.attempts.compare(performed);
        for attempt in acknowledged {
            let counts = self.results.contains(attempt);
            assert!(counts, "acknowledged, and of no account: {attempt}");
        }
    }

    pub(crate) fn summary(&self) -> String {
        self.attempts.summary()
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
