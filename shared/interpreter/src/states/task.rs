//! [Task](https://states-language.net/spec.html#task-state): something is called, and answers.

mod events;

use segno_asl::{
    definition::{Count, Resource, State, StateKind, Task},
    errors::{EvaluationError, StateError},
    limits,
};
use serde_json::Value;

use crate::{
    checkpoint::{Attempt, AttemptId, FrameId, Phase},
    event::Outcome,
    frames::{Failure, Progress, too_large},
    payload::{Payload, PayloadId},
    transition::Draft,
};

/// Makes an attempt due: the first one, or the next one after a retry.
pub(crate) fn schedule(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    task: &Task,
) -> Result<Progress, Failure> {
    let input = draft.effective_input(frame, state)?;
    let sent = draft.shape(frame, task.work.parameters.as_ref(), input)?;
    let timeout_seconds = seconds(draft, frame, task.timeout.as_ref(), input, "TimeoutSeconds")?;
    let heartbeat_seconds = seconds(
        draft,
        frame,
        task.heartbeat.as_ref(),
        input,
        "HeartbeatSeconds",
    )?;
    let credentials_role_arn = credentials(draft, frame, task, input)?;
    let scheduled = events::Scheduled {
        region: region(draft),
        sent,
        timeout_seconds,
        heartbeat_seconds,
        credentials_role_arn,
    };
    let detail = events::scheduled(&task.resource, scheduled);
    draft.chain(frame, detail);
    let number = draft.checkpoint.counters.attempts;
    draft.checkpoint.counters.attempts += 1;
    let id = AttemptId { frame, number };
    Ok(Progress::Stays(Phase::Due(Attempt {
        id,
        input: sent,
        timeout_seconds,
    })))
}

/// A worker performs the attempt from now on. Its time runs.
pub(crate) fn claim(draft: &mut Draft<'_>, id: AttemptId) {
    let Some(frame) = draft.checkpoint.frames.get(&id.frame) else {
        return;
    };
    let Phase::Due(attempt) = &frame.phase else {
        return;
    };
    if attempt.id != id {
        return;
    }
    let attempt = attempt.clone();
    let timeout = attempt.timeout_seconds.map(std::time::Duration::from_secs);
    let deadline = timeout.map(|timeout| draft.at.after(timeout));
    let started = events::started(resource(draft, id.frame));
    draft.chain(id.frame, started);
    draft.frame_mut(id.frame).phase = Phase::Claimed { attempt, deadline };
}

/// The attempt was performed. That of an attempt which is not the current one is late.
pub(crate) fn end(draft: &mut Draft<'_>, id: AttemptId, outcome: Outcome) {
    let Some(frame) = draft.checkpoint.frames.get(&id.frame) else {
        return;
    };
    match &frame.phase {
        Phase::Claimed { attempt, .. } if attempt.id == id => {}
        _ => return,
    }
    let state = draft.state(id.frame);
    let StateKind::Task(task) = &state.kind else {
        return;
    };
    let progress = match outcome.and_then(|result| within_limit(&task.resource, result)) {
        Ok(result) => succeed(draft, id.frame, state, task, result),
        Err(error) => {
            let detail = events::failed(&task.resource, error.clone());
            draft.chain(id.frame, detail);
            Err(Failure::Error(error))
        }
    };
    draft.settle(id.frame, progress);
}

/// The attempt took longer than `TimeoutSeconds`.
pub(crate) fn time_out(
    draft: &mut Draft<'_>,
    frame: FrameId,
    task: &Task,
) -> Result<Progress, Failure> {
    let error = StateError::timeout();
    let detail = events::timed_out(&task.resource, error.clone());
    draft.chain(frame, detail);
    Err(Failure::Error(error))
}

fn succeed(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    task: &Task,
    result: Payload,
) -> Result<Progress, Failure> {
    let result = draft.receive(result);
    let detail = events::succeeded(&task.resource, result);
    draft.chain(frame, detail);
    let selected = draft.shape(frame, task.work.result_selector.as_ref(), result)?;
    let left = draft.leave_with(frame, state, task.work.result_path.as_ref(), selected)?;
    Ok(Progress::Leaves(left, task.work.next.clone()))
}

fn within_limit(resource: &Resource, result: Payload) -> Outcome {
    if result.text().len() <= limits::PAYLOAD_BYTES_MAX {
        return Ok(result);
    }
    Err(match resource {
        Resource::LambdaFunction { arn } | Resource::Activity { arn } => too_large(arn),
        Resource::Service { service, .. } => too_large(service),
    })
}

fn resource<'m>(draft: &Draft<'m>, frame: FrameId) -> &'m Resource {
    match &draft.state(frame).kind {
        StateKind::Task(task) => &task.resource,
        _ => unreachable!("only Task states have attempts"),
    }
}

/// The region of the execution, which is where its tasks are called.
fn region(draft: &Draft<'_>) -> String {
    let origin = draft
        .checkpoint
        .origin
        .as_ref()
        .expect("states are entered after the start");
    origin
        .execution_arn
        .split(':')
        .nth(3)
        .unwrap_or_default()
        .to_owned()
}

fn seconds(
    draft: &Draft<'_>,
    frame: FrameId,
    count: Option<&Count>,
    input: PayloadId,
    field: &str,
) -> Result<Option<u64>, EvaluationError> {
    match count {
        None => Ok(None),
        Some(Count::Literal(seconds)) => Ok(Some(*seconds)),
        Some(Count::Path(path)) => draft.reading(frame, input, |scope| {
            let value = path.select(scope)?;
            match value.as_u64().filter(|seconds| *seconds > 0) {
                Some(seconds) => Ok(Some(seconds)),
                None => Err(EvaluationError::runtime(format!(
                    "The {field}Path parameter does not reference a positive integer: {} == {value}",
                    path.text()
                ))),
            }
        }),
        Some(Count::Jsonata(jsonata)) => draft.reading(frame, input, |scope| {
            super::count::count(jsonata, field, 1, scope).map(Some)
        }),
    }
}

fn credentials(
    draft: &Draft<'_>,
    frame: FrameId,
    task: &Task,
    input: PayloadId,
) -> Result<Option<String>, EvaluationError> {
    let Some(template) = &task.credentials else {
        return Ok(None);
    };
    let value = draft.reading(frame, input, |scope| template.evaluate(scope))?;
    Ok(value
        .get("RoleArn")
        .and_then(Value::as_str)
        .map(str::to_owned))
}
