//! Many executions: what has ended is forgotten in time, and memory is bounded.
//!
//! In memory they run on a virtual clock. A file has a thread of its own, for which no clock waits: there
//! they are a twentieth as many, and take their time. Memory is measured where Linux tells it.
//! `SEGNO_SOAK_EXECUTIONS` says how many (5,000).

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "this is a test"
)]

mod given;

use std::{fs, sync::Arc, time::Duration};

use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Backend, Clock, Config, Engine, Invoker, Observer,
    catalog::{Machine, store_definition},
    clock::SystemClock,
    invoker::Call,
    memory::MemoryStore,
    operations::StartRequest,
};
use segno_interpreter::{
    checkpoint::Status,
    event::{Outcome, Timestamp},
    key::ExecutionKey,
    payload::Payload,
    transition::Transition,
};
use serde_json::{Value, json};
use tokio::{
    sync::{
        Semaphore,
        mpsc::{UnboundedSender, unbounded_channel},
    },
    task::JoinSet,
    time::Instant,
};

/// How executions follow each other.
#[derive(Clone, Copy)]
struct Pace {
    executions: u64,
    /// So many are open at the same time.
    open: u32,
    /// So long each of them waits.
    wait: Duration,
    /// So long they are kept.
    retention: Duration,
    /// So many workers the activity has.
    workers: u32,
}

/// After so many parts of all executions, as much is kept as ever will be.
const WARM: u64 = 4;

/// So much more memory may be in use at the end than then.
const GROWTH_BYTES_MAX: u64 = 32 * 1024 * 1024;

const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:manual";

/// The time of the runtime, which jumps when nothing else is to be done.
#[derive(Clone, Copy)]
struct Virtual(Instant);

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        Timestamp(i64::try_from(self.0.elapsed().as_millis()).unwrap())
    }

    async fn sleep_until(&self, time: Timestamp) {
        tokio::time::sleep(self.now().until(time)).await;
    }
}

/// Answers its calls, and hands on the tokens that it gets.
struct Functions(UnboundedSender<String>);

impl Invoker for Functions {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        let input: Value = serde_json::from_str(call.input.text()).unwrap();
        if let Some(token) = input["Payload"]["token"].as_str() {
            self.0.send(token.to_owned()).unwrap();
        }
        Ok(call.input)
    }
}

/// Makes room for another execution when one has ended.
struct Watch(Arc<Semaphore>);

impl Observer for Watch {
    fn committed(&self, _execution: &ExecutionKey, transition: &Transition) {
        match &transition.checkpoint.status {
            Status::NotStarted | Status::Running => {}
            Status::Succeeded { .. } => self.0.add_permits(1),
            status => panic!("{status:?}"),
        }
    }
}

/// A wait, a function, a token and an activity, each with more time than it takes.
fn definition(wait: Duration) -> Value {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let payload = json!({ "token.$": "$$.Task.Token" });
    let year = 365 * 86_400;
    json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "Seconds": wait.as_secs(), "Next": "Call" },
        "Call": { "Type": "Task", "Resource": function, "Next": "Ask" },
        "Ask": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": { "FunctionName": function, "Payload": payload },
            "TimeoutSeconds": year, "Next": "Do" },
        "Do": { "Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": year,
            "HeartbeatSeconds": 86_400, "End": true },
    } })
}

/// Bytes of memory that the process has now.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() * 1_024
}

fn executions() -> u64 {
    let given = std::env::var("SEGNO_SOAK_EXECUTIONS").ok();
    given.map_or(5_000, |text| text.parse().expect("it is a number"))
}

async fn soak<S: Backend, C: Clock + Copy>(store: S, clock: C, pace: Pace) {
    let text = definition(pace.wait).to_string();
    store_definition(&store, &text).await.unwrap();
    let arn = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
    let role = "arn:aws:iam::123456789012:role/any";
    let machine = Arc::new(Machine::new(arn, "m", text, role, Timestamp(0)));
    let (tokens, mut asked) = unbounded_channel();
    let room = Arc::new(Semaphore::new(pace.open as usize));
    let watch = Watch(Arc::clone(&room));
    let config = Config::default();
    let engine = Engine::configured(store, Functions(tokens), clock, config, watch);
    let mut others = JoinSet::new();
    let (worker, keeper) = (engine.clone(), engine.clone());
    others.spawn(async move { worker.work().await });
    others.spawn(async move {
        loop {
            keeper.forget_closed(pace.retention).await.unwrap();
            tokio::time::sleep(pace.retention / 10).await;
        }
    });
    let answering = engine.clone();
    others.spawn(async move {
        while let Some(token) = asked.recv().await {
            let engine = answering.clone();
            tokio::spawn(async move {
                let answer = Payload::from(json!({}));
                engine.answer(&token, Ok(answer)).await.unwrap();
            });
        }
    });
    for _ in 0..pace.workers {
        let engine = engine.clone();
        others.spawn(async move {
            loop {
                let minute = Duration::from_secs(60);
                let task = engine.take_activity_task(ACTIVITY, None, minute).await;
                if let Some(task) = task.unwrap() {
                    let token = task.token.encode();
                    engine.beat(&token).await.unwrap();
                    engine.answer(&token, Ok(task.input)).await.unwrap();
                }
            }
        });
    }

    let Pace {
        executions, open, ..
    } = pace;
    let (begun, first) = (std::time::Instant::now(), clock.now());
    let mut warm = 0;
    for number in 0..executions {
        if number == executions / WARM {
            warm = resident();
        }
        room.acquire().await.unwrap().forget();
        let input = Payload::from(json!({ "number": number, "text": "x".repeat(200) }));
        let request = StartRequest::new(Arc::clone(&machine), number.to_string(), input);
        engine.start(request).await.unwrap();
    }
    drop(room.acquire_many(open).await.unwrap());
    let end = resident();
    let megabytes = |bytes: u64| bytes / 1_048_576;
    println!(
        "{executions} executions in {:?}, {:?} of their own time: {} MB after a quarter, {} MB at the end",
        begun.elapsed(),
        first.until(clock.now()),
        megabytes(warm),
        megabytes(end)
    );
    assert!(end < warm + GROWTH_BYTES_MAX, "memory grows");
}

#[tokio::test(start_paused = true)]
async fn in_memory() {
    let pace = Pace {
        executions: executions(),
        open: 200,
        wait: Duration::from_secs(600),
        retention: Duration::from_secs(3_600),
        workers: 1,
    };
    soak(MemoryStore::default(), Virtual(Instant::now()), pace).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_file() {
    let pace = Pace {
        executions: executions() / 20,
        open: u32::try_from(executions() / 100).unwrap().clamp(1, 1_000),
        wait: Duration::from_secs(1),
        retention: Duration::from_secs(1),
        workers: 4,
    };
    soak(given::store(), SystemClock, pace).await;
}
