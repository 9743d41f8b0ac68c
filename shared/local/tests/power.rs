//! The power is cut, and the disk has what was synced, and of the rest whatever it likes: every start
//! and every answer that was acknowledged is there, no attempt is performed twice, histories are whole.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "this is a test")]

#[path = "../../../tests/attempts.rs"]
mod attempts;
#[path = "../../../tests/chance.rs"]
mod chance;
mod given;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Catalog, Engine, Invoker, Store,
    catalog::{ContentHash, Machine},
    clock::SystemClock,
    invoker::Call,
    operations::StartRequest,
};
use segno_fault_vfs::Fate;
use segno_interpreter::{
    event::Outcome,
    history::ExecutionData,
    key::ExecutionKey,
    payload::{Payload, PayloadId},
};
use segno_local::LocalStore;
use serde_json::{Value, json};
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::sleep,
};

use self::{attempts::Attempts, chance::Chance};

/// Each begins with an empty disk.
const WORLDS: u64 = 8;

/// How often the power is cut in each.
const CUTS: u64 = 5;

/// How long a machine is up at most, until the power is cut.
const LIFE_MAX: Duration = Duration::from_millis(500);

/// Who starts executions at the same time.
const STARTERS: u64 = 4;

/// So much is written at once in every other life: then the log is brought into the file.
const BULK_BYTES: usize = 17 * 1024 * 1024;

type Local = Engine<LocalStore, Functions, SystemClock>;

/// What the world outside knows, and no power cut takes away.
#[derive(Default)]
struct Outside {
    /// Executions whose start was acknowledged.
    started: Vec<ExecutionKey>,
    /// How often each attempt was performed.
    performed: BTreeMap<String, u32>,
    /// Tokens that were sent out, and whose attempts they are.
    tokens: Vec<(String, String)>,
    /// Attempts whose answers were acknowledged.
    answered: BTreeSet<String>,
}

/// What a machine that is up tells the world.
#[derive(Clone)]
struct Teller {
    outside: Arc<Mutex<Outside>>,
    is_up: Arc<Mutex<bool>>,
}

impl Teller {
    fn tell(&self, what: impl FnOnce(&mut Outside)) {
        let is_up = self.is_up.lock().unwrap();
        if *is_up {
            what(&mut self.outside.lock().unwrap());
        }
    }
}

/// Functions that take a moment, and hand on the tokens that they get, to be answered as long as the
/// machine is up.
struct Functions {
    teller: Teller,
    tokens: UnboundedSender<(String, String)>,
}

impl Invoker for Functions {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        let input: Value = serde_json::from_str(call.input.text()).unwrap();
        let sent = input.get("Payload").unwrap_or(&input);
        let attempt = attempts::attempt(sent);
        self.teller
            .tell(|outside| *outside.performed.entry(attempt.clone()).or_default() += 1);
        sleep(Duration::from_millis(2)).await;
        if let Some(token) = sent["token"].as_str() {
            let asked = (token.to_owned(), attempt);
            self.teller.tell(|outside| {
                outside.tokens.push(asked.clone());
                self.tokens.send(asked).unwrap();
            });
        }
        Ok(Payload::parse("{}").unwrap())
    }
}

/// A function for each of some items, then one whose token is answered. What is lost is tried again.
fn definition() -> Value {
    let retry = json!([{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 99,
        "BackoffRate": 1.0 }]);
    let sent = |place: &str| {
        json!({ "execution.$": "$$.Execution.Name", "place.$": place,
            "retry.$": "$$.State.RetryCount" })
    };
    let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let work = json!({ "Type": "Task", "Resource": function, "Retry": retry, "End": true,
        "Parameters": sent("States.Format('item {}', $)") });
    let mut payload = sent("$$.State.Name");
    payload["token.$"] = json!("$$.Task.Token");
    json!({ "StartAt": "Each", "States": {
        "Each": { "Type": "Map", "ItemsPath": "$.items", "Next": "Approve",
            "ItemProcessor": { "StartAt": "Work", "States": { "Work": work } } },
        "Approve": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": { "FunctionName": function, "Payload": payload },
            "Retry": retry, "End": true },
    } })
}

/// A machine that is up. What it does ends when it is dropped.
struct Up {
    engine: Local,
    teller: Teller,
    folder: PathBuf,
    machine: Arc<Machine>,
    working: JoinSet<()>,
}

impl Up {
    async fn boot(folder: &Path, outside: &Arc<Mutex<Outside>>) -> Self {
        let store = LocalStore::open(folder).unwrap();
        let machine = given::machine(&store, "m", &definition()).await;
        let teller = Teller {
            outside: Arc::clone(outside),
            is_up: Arc::new(Mutex::new(true)),
        };
        let (tokens, mut asked) = unbounded_channel();
        // Whoever was asked before answers now, if not before.
        for earlier in &outside.lock().unwrap().tokens {
            tokens.send(earlier.clone()).unwrap();
        }
        let functions = Functions {
            teller: teller.clone(),
            tokens,
        };
        let engine = Engine::new(store, functions, SystemClock);
        let mut working = JoinSet::new();
        let worker = engine.clone();
        working.spawn(async move { worker.work().await });
        let answering = (engine.clone(), teller.clone());
        working.spawn(async move {
            while let Some((token, attempt)) = asked.recv().await {
                let (engine, teller) = answering.clone();
                let answer = Payload::from(json!({ "by": attempt }));
                // It may have been given up meanwhile.
                if engine.answer(&token, Ok(answer)).await.is_ok() {
                    teller.tell(|outside| outside.answered.extend([attempt]));
                }
            }
        });
        let recovering = engine.clone();
        working.spawn(async move {
            recovering.recover().await.unwrap();
        });
        Self {
            engine,
            teller,
            folder: folder.to_owned(),
            machine,
            working,
        }
    }

    /// Writes so much that the log is brought into the file, beginning with the next moment.
    async fn fill_log(&self, life: u64) {
        let bulk = life.to_string().repeat(BULK_BYTES);
        let hash = ContentHash::of(bulk.as_bytes());
        let stored = self
            .engine
            .store()
            .put_content(&hash, bulk.as_bytes())
            .await;
        stored.unwrap();
    }

    /// Starts executions until the end.
    fn load(&mut self, life: u64, chance: &mut Chance) {
        for starter in 0..STARTERS {
            let (engine, teller) = (self.engine.clone(), self.teller.clone());
            let (machine, mut chance) = (Arc::clone(&self.machine), chance.fork());
            self.working.spawn(async move {
                for number in 0.. {
                    let input = json!({ "items": [0, 1, 2] });
                    let name = format!("{life}-{starter}-{number}");
                    let start = StartRequest::new(Arc::clone(&machine), name, Payload::from(input));
                    if let Ok(started) = engine.start(start).await {
                        let key = started.into_inner().key;
                        teller.tell(|outside| outside.started.push(key));
                    }
                    sleep(chance.up_to(Duration::from_millis(10))).await;
                }
            });
        }
    }

    /// The power is cut: what the disk has from then on is in another folder.
    async fn cut(mut self, chance: &mut Chance) -> (PathBuf, u64) {
        let to = given::folder();
        let is_careless = chance.next().is_multiple_of(2);
        let mut fate = || match chance.next() % 3 {
            0 if is_careless => Fate::Kept,
            1 if is_careless => Fate::Torn,
            _ => Fate::Lost,
        };
        {
            // Nothing is told while it happens.
            let mut is_up = self.teller.is_up.lock().unwrap();
            *is_up = false;
            segno_fault_vfs::power_cut(&self.folder, &to, &mut fate).unwrap();
        }
        let checkpoints = self.engine.store().metrics().checkpoints.get();
        self.working.shutdown().await;
        segno_fault_vfs::forget(&self.folder);
        // What is left of it is in the way of nothing.
        let _ = fs::remove_dir_all(&self.folder);
        (to, checkpoints)
    }
}

/// How a world ended.
struct World {
    executions: usize,
    attempts: Attempts,
    checkpoints: u64,
}

async fn world(seed: u64) -> World {
    let mut chance = Chance::new(seed);
    let outside = Arc::new(Mutex::new(Outside::default()));
    let mut folder = given::folder();
    let mut checkpoints = 0;
    for life in 0..CUTS {
        let mut up = Up::boot(&folder, &outside).await;
        up.load(life, &mut chance);
        if life % 2 == 1 {
            up.fill_log(life).await;
        }
        sleep(chance.up_to(LIFE_MAX)).await;
        let (left, brought) = up.cut(&mut chance).await;
        folder = left;
        checkpoints += brought;
    }
    let up = Up::boot(&folder, &outside).await;
    let started = outside.lock().unwrap().started.clone();
    assert!(!started.is_empty(), "world {seed}: nothing was started");
    for key in &started {
        let closed = tokio::time::timeout(given::PATIENCE, up.engine.closed(&key.arn)).await;
        let end = closed
            .unwrap()
            .unwrap_or_else(|error| panic!("world {seed}: {error}"));
        assert_eq!(end.status.name(), "SUCCEEDED", "world {seed}: {}", key.arn);
    }
    // What was not acknowledged may be there, too, and then it is whole.
    let all = all(&up).await;
    let mut attempts = Attempts::default();
    let mut results = BTreeSet::new();
    for (key, output) in &all {
        let (events, payloads) = up.engine.store().history(key, 0, usize::MAX).await.unwrap();
        let json = |event: &segno_interpreter::history::HistoryEvent| {
            event.to_json(&payloads, ExecutionData::Included)
        };
        let events: Vec<Value> = events.iter().map(json).collect();
        attempts.enter(&events, "ExecutionSucceeded");
        let output = up.engine.store().payload(key, *output).await.unwrap();
        let output: Value = serde_json::from_str(output.unwrap().text()).unwrap();
        results.insert(output["by"].as_str().unwrap().to_owned());
    }
    let outside = outside.lock().unwrap();
    attempts.compare(&outside.performed);
    for attempt in &outside.answered {
        assert!(results.contains(attempt), "world {seed}: {attempt}");
    }
    World {
        executions: all.len(),
        attempts,
        checkpoints,
    }
}

/// All executions that there are, when they have ended, and their outputs.
async fn all(up: &Up) -> Vec<(ExecutionKey, PayloadId)> {
    let store = up.engine.store();
    for open in store.open_executions(None, usize::MAX).await.unwrap() {
        up.engine.closed(&open.arn).await.unwrap();
    }
    let query = segno_engine::store::HeadQuery {
        machine: &up.machine.arn,
        status: None,
        after: None,
        limit: usize::MAX,
    };
    let heads = store.heads(&query).await.unwrap();
    let output = |head: &segno_engine::store::Head| head.shown.end.as_ref()?.output;
    heads
        .into_iter()
        .map(|head| (head.key.clone(), output(&head).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_power_cuts() {
    segno_fault_vfs::install();
    let mut worlds = JoinSet::new();
    for seed in 0..WORLDS {
        worlds.spawn(world(seed));
    }
    let mut checkpoints = 0;
    while let Some(world) = worlds.join_next().await {
        let world = world.unwrap();
        let executions = world.executions;
        println!("{executions} executions, {}", world.attempts.summary());
        checkpoints += world.checkpoints;
    }
    println!("{} power cuts; checkpoints: {checkpoints}", WORLDS * CUTS);
    assert!(checkpoints > 0, "the log was never brought into the file");
}
