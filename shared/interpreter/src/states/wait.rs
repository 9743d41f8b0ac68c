//! [Wait](https://states-language.net/spec.html#wait-state): for so long, or until then.

use segno_asl::{
    data::{number::to_json, path::Path, timestamp, value::Value},
    definition::{State, Wait, WaitUntil},
    errors::EvaluationError,
    jsonata::Expected,
    limits,
};

use crate::{
    checkpoint::{FrameId, Phase},
    event::Timestamp,
    frames::{Failure, Progress},
    payload::PayloadId,
    states::count::whole_number,
    transition::Draft,
};

pub(crate) fn enter(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    wait: &Wait,
) -> Result<Progress, Failure> {
    let input = draft.effective_input(frame, state)?;
    let until = until(draft, frame, wait, input)?;
    if until.0.saturating_sub(draft.at.0) / 1_000 > limits::WAIT_SECONDS_MAX {
        return Err(EvaluationError::runtime("Wait state delay is too long.").into());
    }
    if until <= draft.at {
        return leave(draft, frame, state, wait);
    }
    Ok(Progress::Stays(Phase::Waiting { until }))
}

pub(crate) fn leave(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    wait: &Wait,
) -> Result<Progress, Failure> {
    let left = draft.leave_idle(frame, state, state.output(), state.assign.as_ref())?;
    Ok(Progress::Leaves(left, wait.next.clone()))
}

fn until(
    draft: &Draft<'_>,
    frame: FrameId,
    wait: &Wait,
    input: PayloadId,
) -> Result<Timestamp, EvaluationError> {
    let in_seconds =
        |seconds: i64| Timestamp(draft.at.0.saturating_add(seconds.saturating_mul(1_000)));
    match &wait.until {
        WaitUntil::Seconds(seconds) => Ok(in_seconds(i64::try_from(*seconds).unwrap_or(i64::MAX))),
        WaitUntil::Timestamp(at) => Ok(Timestamp(at.as_millisecond())),
        WaitUntil::SecondsPath(path) => {
            let missing = "The SecondsPath parameter does not reference an input value:";
            let value = read(draft, frame, path, input, missing)?;
            seconds(path, &value).map(in_seconds)
        }
        WaitUntil::TimestampPath(path) => {
            let missing = "The TimestampPath parameter does not reference an input value:";
            let value = read(draft, frame, path, input, missing)?;
            instant(path, &value)
        }
        WaitUntil::SecondsJsonata(jsonata) => draft.reading(frame, input, |scope| {
            let value = jsonata.evaluate_as(Expected::Number, "Seconds", scope)?;
            whole_number("Seconds", &value, 0).map(in_seconds)
        }),
        WaitUntil::TimestampJsonata(jsonata) => draft.reading(frame, input, |scope| {
            let value = jsonata.evaluate_as(Expected::String, "Timestamp", scope)?;
            computed_instant(&value)
        }),
    }
}

fn computed_instant(value: &Value) -> Result<Timestamp, EvaluationError> {
    let parsed = value.as_str().and_then(timestamp::parse);
    parsed
        .map(|at| Timestamp(at.as_millisecond()))
        .ok_or_else(|| {
            let text = plain_text(value);
            let detail = format!(
                "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
            );
            EvaluationError::query(detail, Some("Timestamp".into()))
        })
}

fn read(
    draft: &Draft<'_>,
    frame: FrameId,
    path: &Path,
    input: PayloadId,
    missing: &str,
) -> Result<Value, EvaluationError> {
    draft.reading(frame, input, |scope| match path.read(scope) {
        Ok(value) => Ok(value.into_owned()),
        Err(_) => Err(EvaluationError::runtime(format!(
            "{missing} {}",
            path.text()
        ))),
    })
}

fn seconds(path: &Path, value: &Value) -> Result<i64, EvaluationError> {
    let refuse = |what: &str| {
        let (path, value) = (path.text(), plain_text(value));
        Err(EvaluationError::runtime(format!(
            "The SecondsPath parameter {what}: {path} == {value}"
        )))
    };
    match value.as_i64() {
        None => refuse("cannot be parsed as a long value"),
        Some(seconds) if seconds < 0 => refuse("references a negative value"),
        Some(seconds) => Ok(seconds),
    }
}

fn instant(path: &Path, value: &Value) -> Result<Timestamp, EvaluationError> {
    let parsed = value.as_str().and_then(timestamp::parse);
    parsed
        .map(|at| Timestamp(at.as_millisecond()))
        .ok_or_else(|| {
            EvaluationError::runtime(format!(
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset \
             date-time format string: {} == {}",
                path.text(),
                plain_text(value)
            ))
        })
}

/// A value as these messages show it: a string without its quotes.
fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| to_json(value), str::to_owned)
}
