//! [Succeed](https://states-language.net/spec.html#succeed-state): ends the machine, branch or
//! iteration.

use segno_asl::definition::{Next, State};

use crate::{
    checkpoint::FrameId,
    frames::{Failure, Progress},
    transition::Draft,
};

pub(crate) fn enter(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
) -> Result<Progress, Failure> {
    let left = draft.leave_idle(frame, state, state.output(), None)?;
    Ok(Progress::Leaves(left, Next::End))
}
