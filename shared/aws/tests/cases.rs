//! The conformance cases that the engine runs, on DynamoDB, SQS and S3.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod harness;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use harness::{Emulator, config, options, trial};
use libtest_mimic::{Arguments, Trial};
use segno_asl::definition::{Resource, StateName, Task};
use segno_aws::{AwsBackend, Options};
use segno_engine::{
    Config, Engine, Invoker, Unobserved,
    catalog::{Machine, store_definition},
    clock::SkippingClock,
    invoker::Call,
    memory::MemoryStore,
    operations::StartRequest,
};
use segno_interpreter::{
    event::{Outcome, Timestamp},
    history::HistoryEvent,
    payload::Payload,
};
use segno_tests::{case::Case, repository};

/// The answers of a case, as an invoker.
struct Answers(Arc<Case>, Mutex<BTreeMap<String, usize>>);

impl Invoker for Answers {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    fn stands_in(&self, call: &Call) -> bool {
        matches!(call.resource, Resource::Activity { .. })
    }

    async fn invoke(&self, call: Call) -> Outcome {
        let resource = call.resource.to_string();
        let function = match resource.contains(":function:") {
            true => resource.rsplit(':').next().unwrap().to_owned(),
            false => resource,
        };
        let mut calls = self.1.lock().unwrap();
        let call = calls.entry(function.clone()).or_default();
        *call += 1;
        self.0.answer(&function, *call - 1).0
    }
}

/// What is to be the same on every store: types and payloads of the history, by pages.
async fn history<S: segno_engine::Backend>(
    store: S,
    case: &Arc<Case>,
    name: &str,
) -> (String, Vec<String>) {
    let definition = case.definition.to_string();
    store_definition(&store, &definition).await.unwrap();
    let answers = Answers(Arc::clone(case), Mutex::default());
    let config = Config {
        holds_on: true,
        ..Config::default()
    };
    let engine = Engine::configured(store, answers, SkippingClock::default(), config, Unobserved);
    let machine = Machine::new(
        format!("arn:aws:states:us-east-1:123456789012:stateMachine:{name}"),
        name,
        definition,
        "arn:aws:iam::123456789012:role/case",
        Timestamp(0),
    );
    let input = Payload::from(case.input.clone());
    let head = engine
        .run(StartRequest::new(machine, "one", input))
        .await
        .unwrap();
    let mut lines = Vec::new();
    let mut after = 0;
    loop {
        // Small pages find what is at their edges; of a history of thousands, the first ones do.
        let page = if after < 100 { 7 } else { 1_000 };
        let (events, payloads) = engine
            .store()
            .history(&head.key, after, page)
            .await
            .unwrap();
        let Some(HistoryEvent { id, .. }) = events.last() else {
            break;
        };
        after = *id;
        for event in events {
            let texts: Vec<String> = event
                .detail
                .payload_ids()
                .map(|id| {
                    payloads
                        .get(id)
                        .expect("a page has its payloads")
                        .text()
                        .to_owned()
                })
                .collect();
            lines.push(format!(
                "{} {} {texts:?}",
                event.previous_event_id,
                event.detail.type_name()
            ));
        }
    }
    (head.status().to_owned(), lines)
}

/// The cases of a folder, one after the other: two at a time would get each other's messages.
async fn conform(emulator: &Emulator, folder: &Path) {
    let options = Options {
        now: Options::default().now,
        visibility: Duration::from_secs(30),
        ..options()
    };
    let backend = AwsBackend::new(&config(&emulator.url()), emulator.places().await, options);
    for (index, path) in files(folder).iter().enumerate() {
        let case = Arc::new(Case::read(path).unwrap());
        let name = format!("case-{index}");
        let (status, found) = history(backend.clone(), &case, &name).await;
        assert_eq!(status, case.expect.status, "{}", path.display());
        let (_, expected) = history(MemoryStore::default(), &case, &name).await;
        assert_eq!(
            without_chance(found),
            without_chance(expected),
            "{}",
            path.display()
        );
    }
}

/// Ids, tokens and times differ from one run to the next: such a line is compared by its type.
fn without_chance(lines: Vec<String>) -> Vec<String> {
    let is_by_chance = |line: &str| {
        ["202", "197", "AAAA", "-4"]
            .iter()
            .any(|part| line.contains(part))
    };
    lines
        .into_iter()
        .map(|line| match is_by_chance(&line) {
            true => line.split(' ').take(2).collect::<Vec<_>>().join(" "),
            false => line,
        })
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut entries: Vec<PathBuf> = entries.collect();
    entries.sort();
    entries
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let emulator = Emulator::ministack().map(Arc::new);
    let folders = files(&repository("tests/conformance/states"));
    let trials: Vec<Trial> = folders
        .into_iter()
        .map(|folder| {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            trial(
                &name,
                emulator.as_ref(),
                async move |emulator: Arc<Emulator>| {
                    conform(&emulator, &folder).await;
                },
            )
        })
        .collect();
    drop(emulator);
    libtest_mimic::run(&arguments, trials).exit_code()
}
