//! [Fail](https://states-language.net/spec.html#fail-state): ends the machine, branch or iteration
//! with an error.

use segno_asl::{
    data::value::Value,
    definition::{DataFlow, Fail, State, Text},
    errors::{EvaluationError, StateError},
    jsonata::Expected,
};

use crate::{
    checkpoint::FrameId,
    frames::{Failure, Progress},
    inspect::Stage,
    transition::Draft,
};

pub(crate) fn enter(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    fail: &Fail,
) -> Result<Progress, Failure> {
    if matches!(state.data_flow, DataFlow::JsonPath { .. }) {
        // It has no `InputPath`, but AWS shows what the default leaves of the input.
        let input = draft.frame(frame).input;
        draft.note(Stage::InputPath, &input.into());
    }
    let name = read(draft, frame, fail.error.as_ref(), "Error")?;
    let cause = read(draft, frame, fail.cause.as_ref(), "Cause")?;
    Err(Failure::Error(StateError { name, cause }))
}

fn read(
    draft: &Draft<'_>,
    frame: FrameId,
    text: Option<&Text>,
    field: &str,
) -> Result<Option<String>, EvaluationError> {
    let input = draft.frame(frame).input;
    match text {
        None => Ok(None),
        Some(Text::Literal(text)) => Ok(Some(text.clone())),
        Some(Text::Computed(expression)) => {
            let field = format!("{field}Path");
            match draft.reading(frame, input, |scope| expression.evaluate(&field, scope))? {
                Value::String(text) => Ok(Some(text.to_string())),
                other => Err(EvaluationError::runtime(format!(
                    "The {field} parameter does not reference a string: {} == {other}",
                    expression.text()
                ))),
            }
        }
        Some(Text::Jsonata(jsonata)) => draft.reading(frame, input, |scope| {
            let text = jsonata.evaluate_as(Expected::String, field, scope)?;
            Ok(text.as_str().map(str::to_owned))
        }),
    }
}
