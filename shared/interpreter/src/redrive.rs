//! Redriving an execution that failed: the states that did not end are tried again, and what had
//! ended stays as it was.
//!
//! AWS: [Redriving executions](https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html).

use segno_asl::definition::StateKind;

use crate::{
    checkpoint::{FrameId, Phase, Status},
    history::Detail,
    states,
    transition::Draft,
};

impl Draft<'_> {
    /// Goes on where the execution failed. Its own time, and the retries of its states, begin anew.
    pub(crate) fn redrive(&mut self) {
        let Some(interrupted) = self.checkpoint.interrupted.take() else {
            return;
        };
        self.checkpoint.frames = interrupted.frames;
        self.checkpoint.ready = interrupted.ready;
        self.checkpoint.status = Status::Running;
        self.checkpoint.closed_at = None;
        self.checkpoint.deadline = self.machine.timeout.map(|timeout| self.at.after(timeout));
        self.checkpoint.counters.redrives += 1;
        if let Some(origin) = &mut self.checkpoint.origin {
            origin.redriven_at = Some(self.at);
        }
        let redrive_count = self.checkpoint.redrives();
        let redriven = self.record(
            self.checkpoint.recorded,
            Detail::ExecutionRedriven { redrive_count },
        );
        let frames: Vec<FrameId> = self.checkpoint.frames.keys().copied().collect();
        for frame in frames {
            self.try_again(frame, redriven);
        }
    }

    /// Tries again the state that a frame was in, unless it waits for frames or for time.
    fn try_again(&mut self, id: FrameId, redriven: u64) {
        // One that is tried before may have failed at once, and have taken this one along.
        let Some(frame) = self.checkpoint.frames.get_mut(&id) else {
            return;
        };
        let is_to_be_entered = self.checkpoint.ready.contains(&id);
        let waits = matches!(
            frame.phase,
            Phase::Waiting { .. } | Phase::Branching { .. } | Phase::Iterating(_)
        );
        if is_to_be_entered || waits {
            return;
        }
        frame.retries.fill(0);
        frame.previous = redriven;
        frame.phase = Phase::Ready;
        let state = self.state(id);
        let progress = match &state.kind {
            StateKind::Task(task) => states::task::schedule(self, id, state, task),
            StateKind::Parallel(parallel) => states::parallel::begin(self, id, state, parallel),
            StateKind::Map(map) => states::map::begin(self, id, state, map),
            StateKind::Pass(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed
            | StateKind::Fail(_) => return self.enter(id),
        };
        self.settle(id, progress);
    }
}
