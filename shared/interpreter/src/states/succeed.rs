//! [Succeed](https://states-language.net/spec.html#succeed-state): ends the machine, branch or
//! iteration.

use segno_asl::{
    data::reference_path::ReferencePath,
    definition::{Next, State},
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
) -> Result<Progress, Failure> {
    let input = draft.effective_input(frame, state)?;
    let whole = ReferencePath::compile("$").expect("`$` is a reference path");
    let left = draft.leave_with(frame, state, Some(&whole), input)?;
    Ok(Progress::Leaves(left, Next::End))
}
