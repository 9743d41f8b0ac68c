//! Every case, through the interpreter and through the engine over a store.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::{path::Path, sync::Arc};

use segno_asl::definition::Resource;
use segno_engine::{
    Config, Engine, Invoker, Unobserved, catalog::Machine, clock::SkippingClock, invoker::Call,
    memory::MemoryStore, operations::StartRequest, store::Store,
};
use segno_interpreter::{
    event::{Outcome, Timestamp},
    payload::Payload,
};
use segno_tests::{case::Case, world::World};

/// The answers of a case, as an invoker.
struct Answers(
    Arc<Case>,
    std::sync::Mutex<std::collections::BTreeMap<String, usize>>,
);

impl Invoker for Answers {
    fn accepts(
        &self,
        _state: &segno_asl::definition::StateName,
        _task: &segno_asl::definition::Task,
    ) -> Result<(), String> {
        Ok(())
    }

    fn stands_in(&self, call: &Call) -> bool {
        matches!(call.resource, Resource::Activity { .. })
    }

    async fn invoke(&self, call: Call) -> Outcome {
        let resource = call.resource.to_string();
        let is_function = resource.contains(":function:");
        let function = if is_function {
            resource.rsplit(':').next().unwrap().to_owned()
        } else {
            resource
        };
        let number = {
            let mut calls = self.1.lock().unwrap();
            let number = calls.entry(function.clone()).or_default();
            *number += 1;
            *number - 1
        };
        self.0.answer(&function, number).0
    }
}

fn interpreter_conforms(path: &Path) -> datatest_stable::Result<()> {
    let case = Case::read(path)?;
    let machine = case.machine()?;
    let ended = World::new(&machine, &case).run(&case.input, case.stop_after_seconds)?;
    Ok(case.check(&ended)?)
}

/// The time that functions take is real here: the cases that depend on it are in a folder of their
/// own, which only the interpreter runs.
fn engine_conforms(path: &Path) -> datatest_stable::Result<()> {
    let case = Arc::new(Case::read(path)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    runtime.block_on(run_in_engine(&case))
}

async fn run_in_engine(case: &Arc<Case>) -> datatest_stable::Result<()> {
    let answers = Answers(Arc::clone(case), Default::default());
    let config = Config {
        holds_on: true,
        ..Config::default()
    };
    let engine = Engine::configured(
        MemoryStore::default(),
        answers,
        SkippingClock::default(),
        config,
        Unobserved,
    );
    let machine = Machine::new(
        "arn:aws:states:us-east-1:123456789012:stateMachine:case",
        "case",
        case.definition.to_string(),
        "arn:aws:iam::123456789012:role/case",
        Timestamp(0),
    );
    let input = Payload::from(case.input.clone());
    let head = engine.run(StartRequest::new(machine, "one", input)).await?;
    let end = head.shown.end.as_ref().ok_or("the head row is open")?;
    if end.status.name() != case.expect.status {
        return Err(format!(
            "status: expected {}, found {}",
            case.expect.status,
            end.status.name()
        )
        .into());
    }
    let output = match end.output {
        Some(output) => engine.store().payload(&head.key, output).await?,
        None => None,
    };
    let output = output.map(|output| output.value().into());
    if output != case.expect.output {
        return Err(format!(
            "output: expected {:?}, found {output:?}",
            case.expect.output
        )
        .into());
    }
    Ok(())
}

datatest_stable::harness! {
    { test = interpreter_conforms, root = "conformance/states", pattern = r"\.json$" },
    { test = interpreter_conforms, root = "conformance/timing", pattern = r"\.json$" },
    { test = engine_conforms, root = "conformance/states", pattern = r"\.json$" },
}
