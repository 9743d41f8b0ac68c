//! What tests of the store begin with: empty folders, engines, state machines.

#![allow(dead_code, reason = "each test needs some of it")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Engine, Invoker,
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

/// A generous time-out: what waits for ever is what fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A folder that is not there yet, and that nothing else uses.
pub(crate) fn folder() -> PathBuf {
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}-{number}", env!("CARGO_CRATE_NAME"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // It may be left over from an earlier run.
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// A store in such a folder.
pub(crate) fn store() -> LocalStore {
    LocalStore::open(&folder()).unwrap()
}

/// Answers every call with what it is given.
pub(crate) struct Echo;

impl Invoker for Echo {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        Ok(call.input)
    }
}

/// An engine that works in the background until it is dropped.
pub(crate) type Local = Engine<LocalStore, Echo, SystemClock>;

/// An engine over a store. Whoever has it lets it [work](Engine::work).
pub(crate) fn engine(store: LocalStore) -> Local {
    Engine::new(store, Echo, SystemClock)
}

/// A state machine, whose definition the store has.
pub(crate) async fn machine(store: &LocalStore, name: &str, definition: &Value) -> Arc<Machine> {
    let text = definition.to_string();
    store_definition(store, &text).await.unwrap();
    let arn = format!("arn:aws:states:us-east-1:123456789012:stateMachine:{name}");
    let role = "arn:aws:iam::123456789012:role/any";
    Arc::new(Machine::new(arn, name, text, role, Timestamp(0)))
}

/// So many states in a row.
pub(crate) fn chain(length: usize, state: &Value) -> Value {
    let states: serde_json::Map<String, Value> = (0..length)
        .map(|index| {
            let mut state = state.clone();
            match index + 1 == length {
                true => state["End"] = json!(true),
                false => state["Next"] = json!(format!("S{}", index + 1)),
            }
            (format!("S{index}"), state)
        })
        .collect();
    json!({ "StartAt": "S0", "States": states })
}

/// Starts an execution, and waits for its end. Gives its status.
pub(crate) async fn run(
    engine: &Local,
    machine: &Arc<Machine>,
    name: &str,
    input: Payload,
) -> &'static str {
    let request = StartRequest::new(Arc::clone(machine), name, input);
    let head = engine.start(request).await.unwrap().into_inner();
    let closed = tokio::time::timeout(PATIENCE, engine.closed(&head.key.arn)).await;
    closed.unwrap().unwrap().status.name()
}
