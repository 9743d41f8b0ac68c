//! How an attempt comes due: what it sends, how long it may take, and what it will be known by.

use std::time::Duration;

use segno_asl::{
    data::value::Value,
    definition::{Count, Pattern, Resource, State, Task},
    errors::EvaluationError,
};

use super::events;
use crate::{
    checkpoint::{Attempt, AttemptId, FrameId, Origin, Phase},
    frames::{Failure, Progress},
    key::ExecutionKey,
    payload::PayloadId,
    token::{SecretHash, TaskToken},
    transition::Draft,
};

/// Makes an attempt due: the first one, or the next one after a retry.
pub(crate) fn schedule(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    task: &Task,
) -> Result<Progress, Failure> {
    let number = draft.checkpoint.counters.attempts;
    draft.checkpoint.counters.attempts += 1;
    let id = AttemptId { frame, number };
    let token = hand_out_token(draft, id, &task.resource);
    let attempt = attempt(draft, id, state, task, token);
    draft.token = None;
    Ok(Progress::Stays(Phase::Due(attempt?)))
}

fn attempt(
    draft: &mut Draft<'_>,
    id: AttemptId,
    state: &State,
    task: &Task,
    token: Option<SecretHash>,
) -> Result<Attempt, EvaluationError> {
    let frame = id.frame;
    let input = draft.effective_input(frame, state)?;
    let sent = draft.given(frame, state, task.work.parameters.as_ref(), input)?;
    let sent = draft.keep(sent);
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
        credentials_role_arn: credentials_role_arn.clone(),
    };
    let detail = events::scheduled(&task.resource, scheduled);
    draft.chain(frame, detail);
    let activity = match &task.resource {
        Resource::Activity { arn } => Some(arn.clone()),
        Resource::LambdaFunction { .. } | Resource::Service { .. } => None,
    };
    let timeout = timeout_seconds.filter(|_| activity.is_some());
    Ok(Attempt {
        id,
        input: sent,
        timeout_seconds,
        heartbeat_seconds,
        deadline: timeout.map(|seconds| draft.at.after(Duration::from_secs(seconds))),
        activity,
        token,
        child: child(draft, id, &task.resource, sent),
        credentials_role_arn,
    })
}

/// The token of an attempt that waits for one: its fields may read it from the context object.
fn hand_out_token(draft: &mut Draft<'_>, id: AttemptId, resource: &Resource) -> Option<SecretHash> {
    let Resource::Service {
        pattern: Pattern::WaitForTaskToken,
        ..
    } = resource
    else {
        return None;
    };
    let secret = draft.chance.secret();
    let token = TaskToken::new(origin(draft).key(), id, secret);
    draft.token = Some((id.frame, token.encode()));
    Some(secret.hash())
}

/// The execution that the attempt starts: with the name it is given, or one of its own.
fn child(
    draft: &Draft<'_>,
    id: AttemptId,
    resource: &Resource,
    sent: PayloadId,
) -> Option<ExecutionKey> {
    let Resource::Service {
        service, action, ..
    } = resource
    else {
        return None;
    };
    if (service.as_str(), action.as_str()) != ("states", "startExecution") {
        return None;
    }
    let parent = origin(draft).key();
    let sent = draft.payload(sent);
    let machine = sent.value().get("StateMachineArn")?.as_str()?;
    let (prefix, machine) = machine.split_once(":stateMachine:")?;
    let machine = machine.split(':').next().unwrap_or(machine);
    let key = parent.child(id, String::new());
    let name = match sent.value().get("Name").and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None => uuid(&key.nonce.0),
    };
    Some(ExecutionKey {
        arn: format!("{prefix}:execution:{machine}:{name}"),
        nonce: key.nonce,
    })
}

/// 128 bits in the form of a UUID.
fn uuid(bytes: &[u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}

fn origin<'a>(draft: &'a Draft<'_>) -> &'a Origin {
    draft
        .checkpoint
        .origin
        .as_ref()
        .expect("states are entered after the start")
}

/// The region of the execution, which is where its tasks are called.
fn region(draft: &Draft<'_>) -> String {
    origin(draft)
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
            super::super::count::count(jsonata, field, 1, scope).map(Some)
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
