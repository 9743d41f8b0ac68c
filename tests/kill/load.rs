//! The load: executions that are started, whatever becomes of the server meanwhile.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    chance::Chance,
    line::Line,
    local::PATIENCE,
    machines::{Kind, Machines},
};

pub(crate) struct Load {
    executions: u64,
    pub(crate) machines: Machines,
    begun: AtomicU64,
    tried: Mutex<Vec<Tried>>,
}

/// An execution that somebody tried to start.
struct Tried {
    kind: Kind,
    arn: String,
    /// Whether the server said that it was.
    is_acknowledged: bool,
}

/// An execution that has ended.
pub(crate) struct Ended {
    pub(crate) kind: Kind,
    /// What DescribeExecution says.
    pub(crate) described: Value,
}

impl Load {
    pub(crate) fn new(executions: u64, machines: Machines) -> Self {
        Self {
            executions,
            machines,
            begun: AtomicU64::default(),
            tried: Mutex::default(),
        }
    }

    /// Starts executions, one after another, until enough are acknowledged.
    pub(crate) fn start(&self, line: &Line, pace: Duration, chance: &mut Chance) {
        loop {
            let number = self.begun.fetch_add(1, Ordering::Relaxed);
            if number >= self.executions {
                return;
            }
            self.start_one(line, number);
            thread::sleep(chance.up_to(2 * pace));
        }
    }

    /// Under a new name, as long as it is not known what became of the last one.
    fn start_one(&self, line: &Line, number: u64) {
        let kind = Kind::of(number);
        let machine = self.machines.of(kind);
        for trial in 0.. {
            let name = format!("{number}-{trial}");
            let input = json!({ "items": [0, 1, 2, 3] }).to_string();
            let start = json!({ "stateMachineArn": machine, "name": name, "input": input });
            let answer = line.ask("StartExecution", &start);
            let arn = format!("{}:{name}", machine.replace("stateMachine", "execution"));
            self.tried.lock().unwrap().push(Tried {
                kind,
                arn: arn.clone(),
                is_acknowledged: answer.is_some(),
            });
            if let Some((status, answer)) = answer {
                assert_eq!((status, &answer["executionArn"]), (200, &json!(arn)));
                if kind == Kind::Stopped {
                    line.ok("StopExecution", &json!({ "executionArn": arn }));
                }
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until all have ended. Those that were acknowledged are there.
    pub(crate) fn wait_for_all(&self, line: &Line) -> Vec<Ended> {
        let tried = self.tried.lock().unwrap();
        let ended = tried.iter().filter_map(|tried| {
            let asked = json!({ "executionArn": tried.arn });
            let (status, answer) = line.insist("DescribeExecution", &asked);
            if status != 200 {
                assert_eq!(answer["__type"], "ExecutionDoesNotExist");
                assert!(!tried.is_acknowledged, "{} is lost", tried.arn);
                return None;
            }
            if tried.kind == Kind::Stopped && !tried.is_acknowledged {
                // Nobody has stopped it.
                line.ok("StopExecution", &asked);
            }
            Some(Ended {
                kind: tried.kind,
                described: end_of(line, &tried.arn),
            })
        });
        ended.collect()
    }
}

/// Waits until an execution has ended.
pub(crate) fn end_of(line: &Line, arn: &str) -> Value {
    let begun = Instant::now();
    loop {
        let described = line.ok("DescribeExecution", &json!({ "executionArn": arn }));
        if described["status"] != "RUNNING" {
            return described;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not end: {described}");
        thread::sleep(Duration::from_millis(10));
    }
}
