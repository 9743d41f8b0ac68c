//! [Choice](https://states-language.net/spec.html#choice-state): the first rule that holds decides.

use segno_asl::{
    definition::{Choice, Next, State},
    errors::{EvaluationError, names},
};

use crate::{
    checkpoint::FrameId,
    frames::{Failure, Progress},
    transition::Draft,
};

pub(crate) fn enter(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    choice: &Choice,
) -> Result<Progress, Failure> {
    let input = draft.effective_input(frame, state)?;
    let chosen = draft.reading(frame, input, |scope| {
        for rule in &choice.rules {
            if rule.condition.holds(scope)? {
                return Ok(Some(rule));
            }
        }
        Ok(None)
    })?;
    let (next, output, assign) = match (chosen, &choice.default) {
        (Some(rule), _) => (&rule.next, rule.output.as_ref(), rule.assign.as_ref()),
        (None, Some(default)) => (default, state.output(), state.assign.as_ref()),
        (None, None) => return Err(no_choice_matched().into()),
    };
    let left = draft.leave_idle(frame, state, output, assign)?;
    Ok(Progress::Leaves(left, Next::State(next.clone())))
}

fn no_choice_matched() -> EvaluationError {
    EvaluationError {
        name: names::NO_CHOICE_MATCHED,
        detail: "No choice rule matched, and there is no Default.".into(),
        location: None,
    }
}
