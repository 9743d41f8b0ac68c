//! A server that finds much: many open executions, which it goes on with while it answers, and old ones,
//! which it forgets.
//!
//! `SEGNO_OPEN_EXECUTIONS` says how many are open (3,000).

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "this is a test")]

mod local;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Clock, Engine, Invoker,
    catalog::{Machine, store_definition},
    clock::SystemClock,
    invoker::Call,
    operations::StartRequest,
};
use segno_interpreter::{
    event::{Outcome, Timestamp},
    payload::Payload,
};
use segno_local::LocalStore;
use serde_json::{Value, json};

use self::local::{Folder, PATIENCE, Server};

const DAY: Duration = Duration::from_secs(86_400);

/// How long a server may take to answer its first call, counted from the start of its process.
const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// How long it may take until all have gone on. It takes seconds, for some thousands.
const LONG: Duration = Duration::from_secs(600);

/// Executions that are started at the same time, to fill a store.
const STARTERS: usize = 64;

/// A clock that is behind.
#[derive(Clone, Copy)]
struct Behind(Duration);

impl Clock for Behind {
    fn now(&self) -> Timestamp {
        let behind = i64::try_from(self.0.as_millis()).unwrap();
        Timestamp(SystemClock.now().0 - behind)
    }

    async fn sleep_until(&self, time: Timestamp) {
        tokio::time::sleep(self.now().until(time)).await;
    }
}

/// Functions that begin, and never end.
struct Endless;

impl Invoker for Endless {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, _call: Call) -> Outcome {
        std::future::pending().await
    }
}

/// A state machine that a server has, and so many executions that are started of it.
struct Started<'a> {
    arn: &'a str,
    definition: &'a Value,
    name: &'a str,
    count: usize,
}

/// Starts executions that long ago in the store of a server that is not there, until each of them waits
/// for something or has ended. Then their process is gone.
fn fill(folder: &Path, ago: Duration, started: &[Started<'_>]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = LocalStore::open(&folder.join(".segno")).unwrap();
        let engine = Engine::new(store, Endless, Behind(ago));
        let worker = engine.clone();
        tokio::spawn(async move { worker.work().await });
        for started in started {
            fill_with(&engine, started).await;
        }
    });
    // What it has begun ends with it.
    drop(runtime);
}

async fn fill_with(engine: &Engine<LocalStore, Endless, Behind>, started: &Started<'_>) {
    let text = started.definition.to_string();
    store_definition(engine.store(), &text).await.unwrap();
    let role = "arn:aws:iam::123456789012:role/any";
    let name = started.arn.rsplit(':').next().unwrap();
    let machine = Arc::new(Machine::new(started.arn, name, text, role, Timestamp(0)));
    let commits = engine.store().metrics().commits.get();
    let next = Arc::new(AtomicUsize::default());
    let starters = (0..STARTERS).map(|_| {
        let (engine, machine, next) = (engine.clone(), Arc::clone(&machine), Arc::clone(&next));
        let (prefix, count) = (started.name.to_owned(), started.count);
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return;
                }
                let name = format!("{prefix}-{number}");
                let input = Payload::from(json!({}));
                let start = StartRequest::new(Arc::clone(&machine), name, input);
                engine.start(start).await.unwrap();
            }
        })
    });
    for starter in starters.collect::<Vec<_>>() {
        starter.await.unwrap();
    }
    let expected = commits + started.count as u64;
    while engine.store().metrics().commits.get() < expected {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Its time is up when a server starts that knows what time it is.
fn wait() -> Value {
    json!({ "StartAt": "W", "States": { "W": { "Type": "Wait", "Seconds": 1_800, "End": true } } })
}

fn pass() -> Value {
    json!({ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } })
}

/// A task whose worker will be gone.
fn task() -> Value {
    json!({ "StartAt": "T", "States": {
        "T": { "Type": "Task", "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:f",
            "Catch": [{ "ErrorEquals": ["Lambda.SdkClientException"], "Next": "P" }], "End": true },
        "P": { "Type": "Pass", "End": true } } })
}

fn activity(arn: &str) -> Value {
    json!({ "StartAt": "A", "States": { "A": { "Type": "Task", "Resource": arn, "End": true } } })
}

/// How many executions of a machine have this status.
fn count(server: &Server, machine: &str, status: &str) -> usize {
    let mut request =
        json!({ "stateMachineArn": machine, "statusFilter": status, "maxResults": 1_000 });
    let mut count = 0;
    loop {
        let page = server.ok("ListExecutions", request.clone());
        count += page["executions"].as_array().unwrap().len();
        match &page["nextToken"] {
            Value::Null => return count,
            token => request["nextToken"] = token.clone(),
        }
    }
}

#[test]
fn however_many_are_open_the_first_call_is_answered_soon_and_all_go_on() {
    let given = std::env::var("SEGNO_OPEN_EXECUTIONS").ok();
    let open: usize = given.map_or(3_000, |text| text.parse().expect("it is a number"));
    let folder = Folder::with("open", &[]);
    let options = ["--no-discovery", "--lambda", "f=cmd:cat"];
    let server = Server::start_kept(&folder.0, &options);
    let manual = server.ok("CreateActivity", json!({ "name": "manual" }));
    let manual = manual["activityArn"].as_str().unwrap();
    let definitions = [wait(), task(), activity(manual)];
    let machines = ["wait", "task", "manual"];
    let arns: Vec<String> = std::iter::zip(machines, &definitions)
        .map(|(name, definition)| server.create(name, definition))
        .collect();
    drop(server);
    let each = open / machines.len();
    let started: Vec<Started<'_>> = std::iter::zip(&arns, &definitions)
        .map(|(arn, definition)| Started {
            arn,
            definition,
            name: "e",
            count: each,
        })
        .collect();
    let begun = Instant::now();
    fill(&folder.0, Duration::from_secs(3_600), &started);
    println!(
        "{} executions are left open after {:?}",
        3 * each,
        begun.elapsed()
    );

    let begun = Instant::now();
    let server = Server::start_kept(&folder.0, &options);
    let last = format!(
        "{}:e-{}",
        arns[2].replace("stateMachine", "execution"),
        each - 1
    );
    server.ok("DescribeExecution", json!({ "executionArn": last }));
    let first = begun.elapsed();
    println!("the first call is answered after {first:?}");
    assert!(
        first < FIRST_ANSWER,
        "the first answer came after {first:?}"
    );

    // Meanwhile others are answered, and new ones start.
    let mut longest = Duration::ZERO;
    for number in 0.. {
        let asked = Instant::now();
        server.begin(&arns[1], &format!("new-{number}"), "{}");
        longest = longest.max(asked.elapsed());
        if server.said().contains("going on with what has not ended") {
            break;
        }
        assert!(begun.elapsed() < LONG, "it does not get on");
        std::thread::sleep(Duration::from_millis(20));
    }
    println!(
        "all are told after {:?}; the longest call took {longest:?}",
        begun.elapsed()
    );
    assert!(longest < FIRST_ANSWER, "a call took {longest:?}");
    for machine in &arns[..2] {
        while count(&server, machine, "RUNNING") > 0 {
            assert!(begun.elapsed() < LONG, "some do not go on");
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(count(&server, machine, "SUCCEEDED") >= each);
    }
    println!("all have ended that can after {:?}", begun.elapsed());
    assert_eq!(count(&server, &arns[2], "RUNNING"), each);
    let taken = server.ok("GetActivityTask", json!({ "activityArn": manual }));
    assert!(taken["taskToken"].is_string(), "{taken}");
}

/// Whether a server knows an execution.
fn is_there(server: &Server, machine: &str, name: &str) -> bool {
    let arn = format!("{}:{name}", machine.replace("stateMachine", "execution"));
    let (status, answer) = server.call("DescribeExecution", json!({ "executionArn": arn }));
    assert!(
        status == 200 || answer["__type"] == "ExecutionDoesNotExist",
        "{answer}"
    );
    status == 200
}

fn forgets(server: &Server, machine: &str, name: &str) {
    let begun = Instant::now();
    while is_there(server, machine, name) {
        assert!(begun.elapsed() < PATIENCE, "{name} is not forgotten");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn executions_are_forgotten_ninety_days_after_they_closed() {
    let folder = Folder::with("old", &[]);
    let server = Server::start_kept(&folder.0, &["--no-discovery"]);
    let machine = server.create("m", &pass());
    drop(server);
    let (arn, definition) = (machine.as_str(), &pass());
    for (name, days, count) in [("older", 91, 100), ("younger", 89, 3)] {
        let started = Started {
            arn,
            definition,
            name,
            count,
        };
        fill(&folder.0, days * DAY, &[started]);
    }

    let server = Server::start_kept(&folder.0, &["--no-discovery"]);
    for number in 0..100 {
        forgets(&server, &machine, &format!("older-{number}"));
    }
    assert_eq!(count(&server, &machine, "SUCCEEDED"), 3);
    let again = server.run(&machine, "older-0", "[1]");
    assert_eq!(again["output"], "[1]", "the name is free");
    drop(server);

    let options = ["--no-discovery", "--retention-days", "30"];
    let server = Server::start_kept(&folder.0, &options);
    forgets(&server, &machine, "younger-0");
    assert!(is_there(&server, &machine, "older-0"), "it is of today");
}
