//! [Parallel](https://states-language.net/spec.html#parallel-state): branches, all of which must end.

use segno_asl::{
    data::value::Value,
    definition::{Parallel, State, StateKind},
};

use crate::{
    checkpoint::{FrameId, Phase, Role},
    frames::{Failure, Progress},
    history::Detail,
    payload::PayloadId,
    transition::Draft,
};

/// Opens the branches: the first time, or again after a retry.
pub(crate) fn begin(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    parallel: &Parallel,
) -> Result<Progress, Failure> {
    let input = input(draft, frame, state, parallel)?;
    let started = draft.chain(frame, Detail::ParallelStateStarted);
    for (index, start_at) in parallel.branches.iter().enumerate() {
        draft.open(
            Role::Branch { of: frame, index },
            start_at.clone(),
            input,
            started,
        );
    }
    let results = vec![None; parallel.branches.len()];
    Ok(Progress::Stays(Phase::Branching { results }))
}

/// What each branch is given.
pub(crate) fn input(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    parallel: &Parallel,
) -> Result<PayloadId, Failure> {
    let input = draft.effective_input(frame, state)?;
    let given = draft.given(frame, state, parallel.work.parameters.as_ref(), input)?;
    Ok(draft.keep(given))
}

/// A branch came to its end; `last` is its last history event.
pub(crate) fn branch_ended(
    draft: &mut Draft<'_>,
    frame: FrameId,
    index: usize,
    output: PayloadId,
    last: u64,
) {
    let Phase::Branching { results } = &mut draft.frame_mut(frame).phase else {
        return;
    };
    results[index] = Some(output);
    let results: Option<Vec<PayloadId>> = results.iter().copied().collect();
    if let Some(results) = results {
        let progress = succeed(draft, frame, &results, last);
        draft.settle(frame, progress);
    }
}

fn succeed(
    draft: &mut Draft<'_>,
    frame: FrameId,
    results: &[PayloadId],
    last: u64,
) -> Result<Progress, Failure> {
    let state = draft.state(frame);
    let StateKind::Parallel(parallel) = &state.kind else {
        unreachable!("only Parallel states have branches");
    };
    // The exit follows from the last branch's event as well, not from this one.
    draft.record(last, Detail::ParallelStateSucceeded);
    draft.frame_mut(frame).previous = last;
    let result: Value = results.iter().map(|id| draft.value(*id)).collect();
    let result = draft.add(result);
    draft.leave_work(frame, state, &parallel.work, result)
}
