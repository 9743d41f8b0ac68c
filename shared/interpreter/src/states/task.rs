//! [Task](https://states-language.net/spec.html#task-state): something is called, and answers.

mod events;
mod schedule;

use std::time::Duration;

use segno_asl::{
    definition::{Pattern, Resource, State, StateKind, Task},
    errors::StateError,
};

pub(crate) use self::schedule::schedule;
use crate::{
    checkpoint::{Attempt, AttemptId, Child, Claim, FrameId, Phase},
    event::{Outcome, Timestamp},
    frames::{Failure, Progress, too_large},
    inspect::Stage,
    payload::Payload,
    token::Secret,
    transition::Draft,
};

/// A worker performs the attempt from now on. Its time runs. The claim of a worker that was lost may
/// be taken over, which a history does not show.
pub(crate) fn claim(draft: &mut Draft<'_>, id: AttemptId, claim: &Claim) {
    let Some(frame) = draft.checkpoint.frames.get_mut(&id.frame) else {
        return;
    };
    match &mut frame.phase {
        Phase::Due(attempt) if attempt.id == id => {
            let attempt = attempt.clone();
            begin(draft, attempt, claim);
        }
        Phase::Claimed {
            attempt,
            claim: held,
            ..
        } if attempt.id == id && held.holder != claim.holder => {
            *held = claim.clone();
            draft.touch();
        }
        _ => {}
    }
}

fn begin(draft: &mut Draft<'_>, attempt: Attempt, claim: &Claim) {
    let frame = attempt.id.frame;
    draft.chain(frame, events::started(resource(draft, frame)));
    if let (true, Some(child)) = (waits_for_child(draft, frame), &attempt.child) {
        draft.checkpoint.children.push(Child {
            attempt: attempt.id,
            execution: child.clone(),
            is_abandoned: false,
        });
    }
    // That of an activity runs since it was offered.
    let deadline = attempt
        .deadline
        .or_else(|| later(draft, attempt.timeout_seconds));
    let heartbeat = later(draft, attempt.heartbeat_seconds).filter(|_| attempt.token.is_some());
    draft.frame_mut(frame).phase = Phase::Claimed {
        attempt,
        deadline,
        heartbeat,
        claim: claim.clone(),
    };
}

/// A worker of an activity takes the attempt.
pub(crate) fn take(
    draft: &mut Draft<'_>,
    id: AttemptId,
    worker_name: Option<String>,
    secret: Secret,
) {
    let Some(frame) = draft.checkpoint.frames.get(&id.frame) else {
        return;
    };
    let attempt = match &frame.phase {
        Phase::Due(attempt) if attempt.id == id && attempt.is_offered() => attempt.clone(),
        _ => return,
    };
    let detail = crate::history::Detail::ActivityStarted { worker_name };
    draft.chain(id.frame, detail);
    draft.frame_mut(id.frame).phase = Phase::Submitted {
        deadline: attempt.deadline,
        heartbeat: later(draft, attempt.heartbeat_seconds),
        attempt: Attempt {
            token: Some(secret.hash()),
            ..attempt
        },
    };
}

/// The call of an attempt is over. That of an attempt which is not the current one is late.
pub(crate) fn end(draft: &mut Draft<'_>, id: AttemptId, outcome: Outcome) {
    let Some(frame) = draft.checkpoint.frames.get(&id.frame) else {
        return;
    };
    let (attempt, deadline, heartbeat) = match &frame.phase {
        Phase::Claimed {
            attempt,
            deadline,
            heartbeat,
            ..
        } if attempt.id == id => (attempt.clone(), *deadline, *heartbeat),
        _ => return,
    };
    match (pattern(draft, id.frame), outcome) {
        // What was called has only begun.
        (Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken, Ok(response)) => {
            let output = draft.receive(response);
            let detail = events::submitted(resource(draft, id.frame), output);
            draft.chain(id.frame, detail);
            if is_job(draft, id.frame) {
                draft.begin_job(&attempt, output);
            }
            draft.frame_mut(id.frame).phase = Phase::Submitted {
                attempt,
                deadline,
                heartbeat,
            };
        }
        (_, outcome) => {
            // If it is not known whether there is a child, there may be one that is to be stopped.
            if !outcome.as_ref().is_err_and(is_unknown) {
                draft.forget_child(id);
            }
            complete(draft, id.frame, outcome);
        }
    }
}

/// Whether an error says that it is not known what came of a call.
fn is_unknown(error: &StateError) -> bool {
    let name = error.name.as_deref();
    name.is_some_and(|name| name.ends_with(".SdkClientException"))
}

/// The answer to a token, or the end of a child. It may come before the call is over that sent the
/// token out.
pub(crate) fn answer(draft: &mut Draft<'_>, id: AttemptId, outcome: Outcome) {
    let Some(frame) = draft.checkpoint.frames.get(&id.frame) else {
        return;
    };
    match &frame.phase {
        Phase::Claimed { attempt, .. } | Phase::Submitted { attempt, .. } if attempt.id == id => {
            complete(draft, id.frame, outcome);
        }
        _ => {}
    }
}

/// The holder of a token is alive: its silence begins anew.
pub(crate) fn beat(draft: &mut Draft<'_>, id: AttemptId, at: Timestamp) {
    let Some(frame) = draft.checkpoint.frames.get_mut(&id.frame) else {
        return;
    };
    let (Phase::Claimed {
        attempt, heartbeat, ..
    }
    | Phase::Submitted {
        attempt, heartbeat, ..
    }) = &mut frame.phase
    else {
        return;
    };
    let Some(seconds) = attempt.heartbeat_seconds.filter(|_| attempt.id == id) else {
        return;
    };
    let until = at.after(Duration::from_secs(seconds));
    if heartbeat.is_some_and(|heartbeat| heartbeat < until) {
        *heartbeat = Some(until);
        draft.touch();
    }
}

/// The attempt has come to something.
pub(crate) fn complete(draft: &mut Draft<'_>, frame: FrameId, outcome: Outcome) {
    let state = draft.state(frame);
    let StateKind::Task(task) = &state.kind else {
        return;
    };
    let progress = match outcome.and_then(|result| within_bounds(draft, &task.resource, result)) {
        Ok(result) => succeed(draft, frame, state, task, result),
        Err(error) => {
            let detail = events::failed(&task.resource, error.clone());
            draft.chain(frame, detail);
            Err(Failure::Error(error))
        }
    };
    draft.settle(frame, progress);
}

/// The attempt took longer than `TimeoutSeconds`, or was silent for longer than `HeartbeatSeconds`.
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
    draft.note(Stage::Result, &result.into());
    draft.leave_work(frame, state, &task.work, result)
}

fn within_bounds(draft: &Draft<'_>, resource: &Resource, result: Payload) -> Outcome {
    let max = draft.checkpoint.bounds().payload_bytes_max;
    if max.is_none_or(|max| result.text_bytes() <= max) {
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

fn pattern(draft: &Draft<'_>, frame: FrameId) -> Pattern {
    match resource(draft, frame) {
        Resource::Service { pattern, .. } => *pattern,
        Resource::LambdaFunction { .. } | Resource::Activity { .. } => Pattern::RequestResponse,
    }
}

/// Whether the state is done when the execution that it starts is.
fn waits_for_child(draft: &Draft<'_>, frame: FrameId) -> bool {
    matches!(pattern(draft, frame), Pattern::Sync | Pattern::Sync2)
}

/// Whether the state is done when a job is that another service runs. Children tell of their end
/// themselves.
fn is_job(draft: &Draft<'_>, frame: FrameId) -> bool {
    let resource = resource(draft, frame);
    let is_child =
        matches!(resource, Resource::Service { service, .. } if service.as_str() == "states");
    waits_for_child(draft, frame) && !is_child
}

fn later(draft: &Draft<'_>, seconds: Option<u64>) -> Option<Timestamp> {
    seconds.map(|seconds| draft.at.after(Duration::from_secs(seconds)))
}
