//! The control flow of an execution: frames enter states, leave them, end and fail. The states
//! themselves are in [`states`].

use std::{collections::BTreeMap, sync::Arc};

use segno_asl::{
    definition::{Next, State, StateKind, StateName, StateType},
    errors::{Catcher, EvaluationError, Jitter, StateError, names},
    limits,
};

use crate::{
    checkpoint::{Entered, Frame, FrameId, Origin, Phase, Role, Status},
    data_flow::Left,
    event::{Start, Timestamp},
    history::{Detail, MapIteration},
    payload::PayloadId,
    states,
    transition::Draft,
};

/// What became of a state when it was entered or resumed.
pub(crate) enum Progress {
    /// It is done.
    Leaves(Left, Next),
    /// It waits for something.
    Stays(Phase),
}

/// Why a state failed.
pub(crate) enum Failure {
    /// One of its fields could not be evaluated.
    Evaluation(EvaluationError),
    /// What it did failed, or it is a Fail state.
    Error(StateError),
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        Self::Evaluation(error)
    }
}

impl Draft<'_> {
    /// Begins the execution.
    pub(crate) fn start(&mut self, start: Start) {
        let input = self.receive(start.input);
        self.record(
            0,
            Detail::ExecutionStarted {
                input,
                role_arn: start.role_arn.clone(),
                version_arn: start.version_arn,
                alias_arn: start.alias_arn,
            },
        );
        self.checkpoint.status = Status::Running;
        let timeout = self
            .machine
            .timeout
            .into_iter()
            .chain(start.time_limit)
            .min();
        self.checkpoint.deadline = timeout.map(|timeout| self.at.after(timeout));
        self.checkpoint.origin = Some(Box::new(Origin {
            execution_arn: start.execution.arn,
            nonce: start.execution.nonce,
            state_machine_arn: start.state_machine_arn,
            role_arn: start.role_arn,
            input,
            started_at: self.at,
            parent: start.parent,
            bounds: start.bounds,
            redriven_at: None,
        }));
        let start_at = self.machine.start_at.clone();
        // The first state does not follow from the start: its previous event id is 0.
        self.open(Role::Root, start_at, input, 0);
    }

    /// Opens a frame whose first state can be entered.
    pub(crate) fn open(
        &mut self,
        role: Role,
        state: StateName,
        input: PayloadId,
        previous: u64,
    ) -> FrameId {
        let id = FrameId(self.checkpoint.counters.frames);
        self.checkpoint.counters.frames += 1;
        let frame = Frame {
            role,
            state,
            phase: Phase::Ready,
            input,
            entered: Entered {
                at: self.at,
                event_id: 0,
                previous_event_id: previous,
            },
            previous,
            retries: Vec::new(),
            variables: BTreeMap::new(),
        };
        self.checkpoint.frames.insert(id, frame);
        self.checkpoint.ready.push_back(id);
        id
    }

    /// Enters states, frame after frame in turn, until nothing more can happen or the budget is
    /// spent. Taking turns keeps a branch that loops from starving its siblings.
    pub(crate) fn run(&mut self) {
        while !self.is_spent() && !self.is_history_full() {
            let Some(frame) = self.checkpoint.ready.pop_front() else {
                return;
            };
            self.enter(frame);
        }
        self.checkpoint.counters.continuations += 1;
    }

    /// The history is full: whatever the execution has come to, this is its end.
    pub(crate) fn overflow(&mut self) {
        let max = self.checkpoint.bounds().history_events_max;
        let max = max.unwrap_or(limits::HISTORY_EVENTS_MAX);
        let cause = format!("The execution reached the maximum number of history events ({max}).");
        let last = self.checkpoint.recorded;
        self.close_failed(StateError::new(names::RUNTIME, cause), last);
    }

    /// The same, unless the event was late: what the last transition left is owed to an event of its
    /// own.
    pub(crate) fn run_if_moved(&mut self) {
        if self.has_recorded() {
            self.run();
        }
    }

    pub(crate) fn enter(&mut self, id: FrameId) {
        let state = self.state(id);
        let frame = self.frame(id);
        let (name, input, previous) = (frame.state.clone(), frame.input, frame.previous);
        let state_type = state.state_type();
        let event_id = self.chain(
            id,
            Detail::StateEntered {
                state_type,
                name,
                input,
            },
        );
        let at = self.at;
        let frame = self.frame_mut(id);
        frame.entered = Entered {
            at,
            event_id,
            previous_event_id: previous,
        };
        frame.retries = vec![0; state.work().map_or(0, |work| work.retry.len())];
        let progress = self.begin(id, state);
        self.settle_in(state, id, progress);
    }

    /// Lets a state that was entered do what it does.
    pub(crate) fn begin(&mut self, id: FrameId, state: &State) -> Result<Progress, Failure> {
        match &state.kind {
            StateKind::Pass(pass) => states::pass::enter(self, id, state, pass),
            StateKind::Task(task) => states::task::schedule(self, id, state, task),
            StateKind::Choice(choice) => states::choice::enter(self, id, state, choice),
            StateKind::Wait(wait) => states::wait::enter(self, id, state, wait),
            StateKind::Succeed => states::succeed::enter(self, id, state),
            StateKind::Fail(fail) => states::fail::enter(self, id, state, fail),
            StateKind::Parallel(parallel) => states::parallel::begin(self, id, state, parallel),
            StateKind::Map(map) => states::map::begin(self, id, state, map),
        }
    }

    /// Does what the progress of a state asks for.
    pub(crate) fn settle(&mut self, id: FrameId, progress: Result<Progress, Failure>) {
        let state = self.state(id);
        self.settle_in(state, id, progress);
    }

    /// The same, for whoever knows the state that the frame is in.
    fn settle_in(&mut self, state: &State, id: FrameId, progress: Result<Progress, Failure>) {
        match progress {
            Ok(Progress::Stays(phase)) => self.frame_mut(id).phase = phase,
            Ok(Progress::Leaves(left, next)) => self.leave(id, state, left, &next),
            Err(failure) => self.fail(id, failure),
        }
    }

    fn leave(&mut self, id: FrameId, state: &State, left: Left, next: &Next) {
        // The state itself is done: neither its `Retry` nor its `Catch` sees this.
        if self.is_too_large(left.output) {
            self.failing = Some(self.checkpoint.running());
            let error = too_large(&self.state_name(id));
            return self.fail_frame(id, error);
        }
        self.exit(id, state.state_type(), left.output, left.assigned);
        match next {
            Next::State(next) => self.go_to(id, next, left.output),
            Next::End => self.end(id, left.output),
        }
    }

    fn is_too_large(&self, output: PayloadId) -> bool {
        let max = self.checkpoint.bounds().payload_bytes_max;
        max.is_some_and(|max| self.payload(output).text_bytes() > max)
    }

    fn exit(
        &mut self,
        id: FrameId,
        state_type: StateType,
        output: PayloadId,
        assigned: Vec<(Arc<str>, PayloadId)>,
    ) {
        let name = self.state_name(id);
        self.frame_mut(id)
            .variables
            .extend(assigned.iter().cloned());
        self.chain(
            id,
            Detail::StateExited {
                state_type,
                name,
                output,
                assigned,
            },
        );
    }

    fn go_to(&mut self, id: FrameId, next: &StateName, input: PayloadId) {
        let frame = self.frame_mut(id);
        frame.state = next.clone();
        frame.input = input;
        frame.phase = Phase::Ready;
        self.checkpoint.ready.push_back(id);
    }

    /// A frame has come to its end.
    fn end(&mut self, id: FrameId, output: PayloadId) {
        let frame = self.frame(id);
        let (role, last) = (frame.role, frame.previous);
        match role {
            Role::Root => {
                self.record(last, Detail::ExecutionSucceeded { output });
                self.close(Status::Succeeded { output });
            }
            Role::Branch { of, index } => {
                self.checkpoint.frames.remove(&id);
                states::parallel::branch_ended(self, of, index, output, last);
            }
            Role::Iteration { of, index, .. } => {
                self.checkpoint.frames.remove(&id);
                states::map::iteration_ended(self, of, index, output, last);
            }
        }
    }

    /// A state failed: it is tried again, or caught, or its frame fails.
    pub(crate) fn fail(&mut self, id: FrameId, failure: Failure) {
        let error = self.state_error(id, failure);
        self.note_failure(&error);
        let state = self.state(id);
        if self.failing.is_none() {
            self.failing = Some(self.checkpoint.running());
        }
        self.abort_children(id, self.frame(id).previous);
        if let Some(until) = self.retry_at(id, state, &error) {
            self.failing = None;
            self.frame_mut(id).phase = Phase::BackingOff { until };
            return;
        }
        self.announce_failure(id);
        let name = error.name.as_deref();
        match state
            .work()
            .and_then(|work| work.catch.iter().find(|catcher| catcher.matches(name)))
        {
            Some(catcher) => self.caught(id, catcher, &error),
            None => self.fail_frame(id, error),
        }
    }

    /// Writes the event that only the failure of a Parallel or Map state has.
    fn announce_failure(&mut self, id: FrameId) {
        match self.state(id).state_type() {
            StateType::Parallel => drop(self.chain(id, Detail::ParallelStateFailed)),
            StateType::Map => drop(self.chain(id, Detail::MapStateFailed)),
            StateType::Pass
            | StateType::Task
            | StateType::Choice
            | StateType::Wait
            | StateType::Succeed
            | StateType::Fail => {}
        }
    }

    /// The error as `Retry` and `Catch` see it. A failed expression leaves an event of its own.
    fn state_error(&mut self, id: FrameId, failure: Failure) -> StateError {
        let error = match failure {
            Failure::Error(error) => return error,
            Failure::Evaluation(error) => error,
        };
        let frame = self.frame(id);
        let (name, entered) = (frame.state.clone(), frame.entered);
        let cause = match self.is_inspected() {
            // There is no history to look the event up in.
            true => error.detail,
            false => format!(
                "An error occurred while executing the state '{name}' (entered at the event id #{}). {}",
                entered.event_id, error.detail
            ),
        };
        let state_error = StateError::new(error.name, cause);
        if error.name == names::QUERY_EVALUATION_ERROR {
            let detail = Detail::EvaluationFailed {
                error: state_error.clone(),
                location: error.location,
                state: name,
            };
            let event_id = self.record(self.evaluation_follows(id), detail);
            self.frame_mut(id).previous = event_id;
        }
        state_error
    }

    /// What a failed evaluation follows from: as long as the state has done nothing, from what its
    /// entered event follows from, not from that event. In Wait states AWS was recorded otherwise.
    fn evaluation_follows(&self, id: FrameId) -> u64 {
        let frame = self.frame(id);
        let is_untouched = frame.previous == frame.entered.event_id;
        match self.state(id).state_type() {
            StateType::Wait => frame.previous,
            _ if is_untouched => frame.entered.previous_event_id,
            _ => frame.previous,
        }
    }

    /// When the state is tried again, if a retrier still has attempts left for this error. The first
    /// retrier that matches decides, also when it is exhausted.
    fn retry_at(&mut self, id: FrameId, state: &State, error: &StateError) -> Option<Timestamp> {
        let retriers = &state.work()?.retry;
        let index = retriers
            .iter()
            .position(|retrier| retrier.matches(error.name.as_deref()))?;
        let retrier = &retriers[index];
        let used = &mut self.frame_mut(id).retries[index];
        if *used >= retrier.max_attempts {
            return None;
        }
        *used += 1;
        let delay = retrier.delay(*used);
        let delay = match retrier.jitter {
            Jitter::None => delay,
            Jitter::Full => self.chance.jitter(delay),
        };
        Some(self.at.after(delay))
    }

    fn caught(&mut self, id: FrameId, catcher: &Catcher, error: &StateError) {
        let error_output = self.add(error.output());
        let left = self.leave_caught(id, self.state(id), catcher, error_output);
        // What goes wrong now is not caught again: it would come back here for ever.
        match left {
            Ok(left) if self.is_too_large(left.output) => {
                let error = too_large(&self.state_name(id));
                self.fail_frame(id, error);
            }
            Ok(left) => {
                self.failing = None;
                let state_type = self.state(id).state_type();
                self.exit(id, state_type, left.output, left.assigned);
                self.go_to(id, &catcher.next, left.output);
            }
            Err(error) => {
                let error = self.state_error(id, Failure::Evaluation(error));
                self.fail_frame(id, error);
            }
        }
    }

    /// A frame failed: so does the state around it, and what else runs in there is aborted.
    fn fail_frame(&mut self, id: FrameId, error: StateError) {
        let frame = self.frame(id);
        let (role, last) = (frame.role, frame.previous);
        let parent = match role {
            Role::Root => return self.close_failed(error, last),
            Role::Branch { of, .. } => of,
            Role::Iteration { of, index, .. } => {
                let name = self.state_name(of);
                self.record(
                    last,
                    Detail::MapIterationFailed(MapIteration { name, index }),
                );
                of
            }
        };
        // A task that failed is aborted along with its siblings; nothing else that failed is.
        if self.state(id).state_type() == StateType::Task {
            self.record(
                last,
                Detail::StateAborted {
                    state_type: StateType::Task,
                },
            );
        }
        self.remove(id);
        self.frame_mut(parent).previous = last;
        self.fail(parent, Failure::Error(error));
    }

    /// Aborts everything that runs inside the state that a frame is in.
    fn abort_children(&mut self, parent: FrameId, cause_event: u64) {
        let frames = &self.checkpoint.frames;
        let children: Vec<FrameId> = frames
            .iter()
            .filter(|(_, frame)| frame.role.parent() == Some(parent))
            .map(|(id, _)| *id)
            .collect();
        for child in children {
            self.abort_children(child, cause_event);
            let frame = self.frame(child);
            let (role, has_entered) = (frame.role, frame.phase != Phase::Ready);
            let state_type = self.state(child).state_type();
            let can_abort = matches!(
                state_type,
                StateType::Task | StateType::Wait | StateType::Parallel | StateType::Map
            );
            if has_entered && can_abort {
                self.record(cause_event, Detail::StateAborted { state_type });
            }
            if let Role::Iteration { index, .. } = role {
                let name = self.state_name(parent);
                self.record(
                    cause_event,
                    Detail::MapIterationAborted(MapIteration { name, index }),
                );
            }
            self.remove(child);
        }
    }

    fn remove(&mut self, id: FrameId) {
        self.checkpoint.frames.remove(&id);
        self.checkpoint.ready.retain(|ready| *ready != id);
    }

    /// Time has passed: everything that is due by now happens, in the order in which it was due.
    pub(crate) fn wake(&mut self) {
        let now = self.at;
        // This one is spent: whatever the execution waits for next has another number.
        self.checkpoint.wake = None;
        self.touch();
        let mut due: Vec<(Timestamp, FrameId)> = self
            .checkpoint
            .frames
            .iter()
            .filter_map(|(id, frame)| Some((frame.phase.due()?, *id)))
            .filter(|(due, _)| *due <= now)
            .collect();
        due.sort_unstable();
        let deadline = self.checkpoint.deadline.filter(|deadline| *deadline <= now);
        for (at, id) in due {
            if deadline.is_some_and(|deadline| deadline <= at) {
                break;
            }
            // What was due before may have ended the frame, or moved it on.
            let is_due = self
                .checkpoint
                .frames
                .get(&id)
                .is_some_and(|f| f.phase.due() == Some(at));
            if is_due {
                self.resume(id);
            }
        }
        if deadline.is_some() && !self.checkpoint.status.is_closed() {
            self.time_out();
        }
        self.poll_jobs();
    }

    fn resume(&mut self, id: FrameId) {
        let state = self.state(id);
        let phase = std::mem::replace(&mut self.frame_mut(id).phase, Phase::Ready);
        let progress = match (phase, &state.kind) {
            (Phase::Waiting { .. }, StateKind::Wait(wait)) => {
                states::wait::leave(self, id, state, wait)
            }
            (
                Phase::Claimed { .. } | Phase::Submitted { .. } | Phase::Due(_),
                StateKind::Task(task),
            ) => states::task::time_out(self, id, task),
            (Phase::BackingOff { .. }, StateKind::Task(task)) => {
                states::task::schedule(self, id, state, task)
            }
            (Phase::BackingOff { .. }, StateKind::Parallel(parallel)) => {
                states::parallel::begin(self, id, state, parallel)
            }
            (Phase::BackingOff { .. }, StateKind::Map(map)) => {
                states::map::begin(self, id, state, map)
            }
            (phase, _) => Ok(Progress::Stays(phase)),
        };
        self.settle(id, progress);
    }

    /// The execution's own time is up.
    fn time_out(&mut self) {
        // AWS names no error here: `DescribeExecution` of what timed out has neither error nor cause.
        let error = StateError {
            name: None,
            cause: None,
        };
        self.record(self.interrupted(), Detail::ExecutionTimedOut(error));
        self.failing = Some(self.checkpoint.running());
        self.close(Status::TimedOut);
    }

    /// The execution is stopped.
    pub(crate) fn abort(&mut self, error: StateError) {
        self.record(self.interrupted(), Detail::ExecutionAborted(error.clone()));
        self.failing = Some(self.checkpoint.running());
        self.close(Status::Aborted(error));
    }

    /// What the end of an interrupted execution follows from: what its current state's entered event
    /// follows from.
    fn interrupted(&self) -> u64 {
        let root = self
            .checkpoint
            .frames
            .values()
            .find(|frame| frame.role == Role::Root);
        root.map_or(0, |frame| frame.entered.previous_event_id)
    }

    fn close_failed(&mut self, error: StateError, previous: u64) {
        self.record(previous, Detail::ExecutionFailed(error.clone()));
        self.close(Status::Failed(error));
    }

    fn close(&mut self, status: Status) {
        self.checkpoint.interrupted = self.failing.take().map(Box::new);
        self.checkpoint.status = status;
        self.checkpoint.closed_at = Some(self.at);
        self.checkpoint.frames.clear();
        self.checkpoint.ready.clear();
        self.checkpoint.deadline = None;
    }
}

/// A payload that AWS would not take.
pub(crate) fn too_large(what: &str) -> StateError {
    let cause = format!(
        "The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit."
    );
    StateError::new(names::DATA_LIMIT_EXCEEDED, cause)
}
