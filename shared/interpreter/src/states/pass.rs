//! [Pass](https://states-language.net/spec.html#pass-state): hands its input on, or data of its own.

use segno_asl::definition::{DataFlow, Pass, State};

use crate::{
    checkpoint::FrameId,
    data_flow::Data,
    frames::{Failure, Progress},
    inspect::Stage,
    transition::Draft,
};

pub(crate) fn enter(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    pass: &Pass,
) -> Result<Progress, Failure> {
    let left = match &state.data_flow {
        DataFlow::JsonPath { .. } => {
            let result = match &pass.result {
                Some(result) => {
                    let result = Data::Made(result.clone());
                    draft.note(Stage::Result, &result);
                    result
                }
                None => {
                    let input = draft.effective_input(frame, state)?;
                    draft.given(frame, state, pass.parameters.as_ref(), input)?
                }
            };
            draft.leave_with(frame, state, pass.result_path.as_ref(), result)?
        }
        // Its work is none: it has no `$states.result`.
        DataFlow::Jsonata { output } => {
            draft.leave_idle(frame, state, output.as_ref(), state.assign.as_ref())?
        }
    };
    Ok(Progress::Leaves(left, pass.next.clone()))
}
