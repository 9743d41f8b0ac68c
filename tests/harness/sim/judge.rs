//! What must hold when all is quiet.

use std::sync::Arc;

use segno_engine::{Store, store::EndStatus};
use segno_interpreter::{
    checkpoint::Status,
    history::{Detail, HistoryEvent},
    key::ExecutionKey,
    payload::Payloads,
};
use serde_json::Value;

use super::{
    book::error_name,
    callers::{Plans, Start},
    functions::answerer,
    sim::Sim,
    traffic,
    world::World,
};

/// More history events than any execution has.
const EVENTS_MAX: usize = 100_000;

/// The executions that are open.
pub(super) async fn open(world: &World) -> Vec<ExecutionKey> {
    let mut open = world.book.open();
    open.extend(world.store.open_executions(None, EVENTS_MAX).await.unwrap());
    open
}

/// What stands still.
pub(super) async fn stuck(sim: &Arc<Sim>) -> String {
    let world = &sim.world;
    let mut lines = vec![format!(
        "it never comes to rest: {} are busy, {}",
        sim.busy(),
        world.queue.describe()
    )];
    for key in open(world).await {
        let loaded = world.store.load(&key).await.unwrap();
        let phases = loaded.map(|loaded| {
            let frames = loaded.checkpoint.frames.values();
            let phases: Vec<_> = frames.map(|f| (f.state.clone(), f.phase.clone())).collect();
            (loaded.number, loaded.checkpoint.wake, phases)
        });
        lines.push(format!("  {key} is open: {phases:?}"));
    }
    lines.join("\n")
}

/// Judges a simulation that has come to rest.
///
/// # Errors
///
/// The promise that was broken.
pub(super) async fn judge(world: &World, plans: &Plans) -> Result<(), String> {
    let broken = world.violations();
    if !broken.is_empty() {
        return Err(broken.join("\n"));
    }
    for start in &plans.starts {
        is_as_expected(world, start)
            .await
            .map_err(|what| format!("{}: {what}", start.arn()))?;
    }
    for key in world.book.express() {
        // It is kept nowhere but in the message.
        if world.faults.is_durable && world.book.begun_in(&key.arn) == 0 {
            return Err(format!("{key} was started, and never ran"));
        }
    }
    for key in world.book.executions() {
        is_consistent(world, &key)
            .await
            .map_err(|what| format!("{key}: {what}"))?;
    }
    traffic::nothing_breeds(world)
}

/// The execution has ended as its program says.
async fn is_as_expected(world: &World, start: &Start) -> Result<(), String> {
    let keys = world.book.starts(&start.arn());
    if start.program.is_express {
        return Ok(());
    }
    if keys.len() > 1 {
        return Err(format!("{} starts of one name were taken", keys.len()));
    }
    let Some(head) = world.store.head(&start.arn()).await.unwrap() else {
        return match keys.is_empty() {
            true => Ok(()),
            false => Err("the start was acknowledged, and there is no execution".into()),
        };
    };
    if keys.iter().any(|key| *key != head.key) {
        return Err("another start was acknowledged than the one that there is".into());
    }
    let Some(end) = head.shown.end else {
        return Err("it is open".into());
    };
    if let Some(status) = world.book.stop(&start.arn())
        && status != end.status
    {
        return Err(format!(
            "whoever stopped it heard {status:?}, and it is {:?}",
            end.status
        ));
    }
    let expected = &start.program.expected;
    if expected.is_open {
        return Ok(());
    }
    match end.status {
        EndStatus::Aborted if start.stop_after.is_some() => Ok(()),
        EndStatus::TimedOut if expected.errors.contains("TIMED_OUT") => Ok(()),
        EndStatus::Failed => {
            let name = end.error.and_then(|error| error.name).unwrap_or_default();
            match expected.errors.contains(&name) {
                true => Ok(()),
                false => Err(format!("it failed with {name}, expected {expected:?}")),
            }
        }
        EndStatus::Succeeded => {
            let output = world
                .store
                .payload(&head.key, end.output.unwrap())
                .await
                .unwrap();
            let output = output.ok_or("its output is gone")?;
            match &expected.success {
                Some(pattern) if pattern.matches(&output.value().into()) => Ok(()),
                _ => Err(format!(
                    "it came to {}, expected {expected:?}",
                    output.text()
                )),
            }
        }
        status => Err(format!("it is {status:?}, expected {expected:?}")),
    }
}

/// Head row, checkpoint and history of an execution say the same, and what was acknowledged is there.
async fn is_consistent(world: &World, key: &ExecutionKey) -> Result<(), String> {
    let loaded = world
        .store
        .load(key)
        .await
        .unwrap()
        .ok_or("its log is gone")?;
    let checkpoint = loaded.checkpoint;
    if !checkpoint.status.is_closed() || checkpoint.wake.is_some() {
        return Err(format!(
            "it is {:?}, and waits for {:?}",
            checkpoint.status, checkpoint.wake
        ));
    }
    // Whoever is to cancel a job may be gone with all messages.
    if world.faults.is_durable && !checkpoint.jobs.is_empty() {
        return Err(format!("it owes something to {:?}", checkpoint.jobs));
    }
    let head = world.store.head(&key.arn).await.unwrap();
    // One that was stopped before it was ever started has no row.
    if let Some(head) = head.filter(|head| head.key == *key) {
        let shown = head.shown.end.map(|end| end.status.name());
        if shown != Some(checkpoint.status.name()) {
            return Err(format!(
                "it is {:?}, and shows {shown:?}",
                checkpoint.status
            ));
        }
        if head.shown.redrives != checkpoint.redrives() {
            return Err("its redrives are not shown".into());
        }
    }
    was_told(world, key, checkpoint.status.name()).await?;
    if checkpoint.redrives() < world.book.redrives(&key.arn) {
        return Err("a redrive was acknowledged, and is lost".into());
    }
    let (events, payloads) = world.store.history(key, 0, EVENTS_MAX).await.unwrap();
    is_whole(
        &events,
        u64::from(checkpoint.redrives()),
        &checkpoint.status,
    )?;
    let scheduled = events.iter().filter(|event| is_scheduled(event)).count();
    let begun = world.book.begun_in(&key.arn);
    if begun > scheduled {
        return Err(format!("{begun} attempts were begun, of {scheduled}"));
    }
    if checkpoint.recorded != events.len() as u64 {
        return Err(format!(
            "{} of {} events are there",
            events.len(),
            checkpoint.recorded
        ));
    }
    answers_count(world, key, &events, &payloads)
}

/// Whoever listens has heard that it began and how it ended, unless a message was lost that guarded that.
async fn was_told(world: &World, key: &ExecutionKey, status: &str) -> Result<(), String> {
    let head = world.store.head(&key.arn).await.unwrap();
    // One that was stopped before it was ever started has no row.
    if !world.faults.is_durable || head.is_none_or(|head| head.key != *key) {
        return Ok(());
    }
    let heard = world.book.heard_of(&key.arn);
    match heard.contains("RUNNING") && heard.contains(status) {
        true => Ok(()),
        false => Err(format!(
            "it is {status}, and whoever listens heard {heard:?}"
        )),
    }
}

/// Whether an attempt begins with this event.
fn is_scheduled(event: &HistoryEvent) -> bool {
    matches!(
        event.detail,
        Detail::LambdaFunctionScheduled { .. }
            | Detail::ActivityScheduled { .. }
            | Detail::TaskScheduled { .. }
    )
}

/// Ids have no gaps, nothing follows from what comes later, and it ends as often as it was begun.
fn is_whole(events: &[HistoryEvent], redrives: u64, status: &Status) -> Result<(), String> {
    for (index, event) in events.iter().enumerate() {
        if event.id != index as u64 + 1 || event.previous_event_id >= event.id {
            return Err(format!("event {} is at place {index}", event.id));
        }
    }
    let ends = events.iter().filter(|event| event.detail.is_end()).count() as u64;
    let ends_with_end = events.last().is_some_and(|event| event.detail.is_end());
    if ends != redrives + 1 || !ends_with_end {
        return Err(format!("{ends} ends, {redrives} redrives"));
    }
    let last = events.last().map(|event| event.detail.type_name());
    let is_same = match status {
        Status::Succeeded { .. } => last.as_deref() == Some("ExecutionSucceeded"),
        Status::Failed(_) => last.as_deref() == Some("ExecutionFailed"),
        Status::TimedOut => last.as_deref() == Some("ExecutionTimedOut"),
        Status::Aborted(_) => last.as_deref() == Some("ExecutionAborted"),
        Status::NotStarted | Status::Running => false,
    };
    match is_same {
        true => Ok(()),
        false => Err(format!("it is {status:?}, and ends with {last:?}")),
    }
}

/// An answer that was acknowledged is what its attempt came to, unless that was aborted.
fn answers_count(
    world: &World,
    key: &ExecutionKey,
    events: &[HistoryEvent],
    payloads: &Payloads,
) -> Result<(), String> {
    let aborts = events.iter().any(|event| {
        matches!(
            event.detail,
            Detail::StateAborted { .. }
                | Detail::MapIterationAborted(_)
                | Detail::ExecutionAborted(_)
                | Detail::ExecutionTimedOut(_)
                | Detail::ExecutionFailed(_)
        )
    });
    let given = |event: &HistoryEvent| -> Option<Value> {
        match &event.detail {
            Detail::TaskSucceeded { output, .. } | Detail::ActivitySucceeded { output } => {
                Some(payloads.get(*output)?.value().into())
            }
            Detail::TaskFailed { error, .. } | Detail::ActivityFailed(error)
                if error_name(event) == Some("Refused") =>
            {
                serde_json::from_str(error.cause.as_deref()?).ok()
            }
            _ => None,
        }
    };
    let given: Vec<Value> = events.iter().filter_map(given).collect();
    for ((arn, attempt), answers) in world.book.answers() {
        if arn != key.arn || aborts {
            continue;
        }
        let is_there = given.iter().any(|value| {
            value["attempt"].as_u64() == Some(attempt.number)
                && answerer(value).is_some_and(|by| answers.contains(&by))
        });
        if !is_there {
            return Err(format!(
                "the answer to {attempt:?} was acknowledged, and is lost"
            ));
        }
    }
    Ok(())
}
