//! Performing attempts: the calls that this session makes.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use segno_asl::{
    definition::{Resource, StateKind, StateMachine},
    errors::{StateError, names},
};
use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint},
    event::{EventKind, Outcome},
    key::ExecutionKey,
};
use tokio::{
    task::{AbortHandle, JoinError, JoinSet},
    time::Instant,
};

use super::{Session, Subject};
use crate::{Backend, Clock, Engine, Invoker, invoker::Call, step::Stepped, store::Head};

/// The calls that are being made. Dropping them abandons them.
#[derive(Default)]
pub(crate) struct Attempts {
    calls: JoinSet<(AttemptId, EventKind)>,
    handles: HashMap<AttemptId, AbortHandle>,
    /// Attempts of activities that something here stands in for, to be begun once they are taken.
    expected: HashSet<AttemptId>,
}

impl Attempts {
    pub(super) fn expect(&mut self, id: AttemptId) {
        self.expected.insert(id);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    pub(crate) fn contains(&self, id: AttemptId) -> bool {
        self.handles.contains_key(&id)
    }

    pub(crate) fn room(&self, max: usize) -> usize {
        max.saturating_sub(self.handles.len())
    }

    /// Waits for the next call to end; never, if there is none.
    pub(crate) async fn next(&mut self) -> Option<EventKind> {
        loop {
            let ended = self.calls.join_next().await?;
            if let Some(event) = self.ended(ended) {
                return Some(event);
            }
        }
    }

    /// What else has ended meanwhile: results that are ready together are committed together.
    pub(crate) fn others(&mut self) -> Vec<EventKind> {
        let mut events = Vec::new();
        while let Some(ended) = self.calls.try_join_next() {
            events.extend(self.ended(ended));
        }
        events
    }

    fn ended(&mut self, ended: Result<(AttemptId, EventKind), JoinError>) -> Option<EventKind> {
        match ended {
            Ok((id, event)) => self.handles.remove(&id).map(|_| event),
            Err(error) if error.is_panic() => self.panicked(&error),
            Err(_cancelled) => None,
        }
    }

    /// A call that panicked may have been made.
    fn panicked(&mut self, error: &JoinError) -> Option<EventKind> {
        let mut handles = self.handles.iter();
        let attempt =
            handles.find_map(|(id, handle)| (handle.id() == error.id()).then_some(*id))?;
        self.handles.remove(&attempt);
        tracing::error!(error = error as &dyn std::error::Error, "a call panicked");
        let cause = "The call ended in a defect of its integration; the log says where.";
        Some(EventKind::AttemptEnded {
            attempt,
            outcome: Err(StateError::new(names::RUNTIME, cause)),
        })
    }

    /// Begins a call.
    pub(crate) fn begin<S: Backend, I: Invoker, C: Clock>(
        &mut self,
        engine: &Engine<S, I, C>,
        head: &Arc<Head>,
        call: Call,
    ) {
        let (engine, head, id) = (engine.clone(), Arc::clone(head), call.attempt);
        let handle = self.calls.spawn(async move {
            // What stands in for a service stands in for what comes after its call, too.
            let is_whole = engine.invoker().stands_in(&call);
            let outcome = engine.perform(&head.key, call).await;
            (id, ended(id, outcome, is_whole))
        });
        self.handles.insert(id, handle);
    }

    /// Abandons the calls of attempts that are over: nobody waits for what they would come to.
    pub(crate) fn keep_claimed(&mut self, checkpoint: &Checkpoint, holder: &str) {
        if self.handles.is_empty() {
            return;
        }
        let claimed: HashMap<AttemptId, &str> = checkpoint
            .claimed_attempts()
            .map(|(_, attempt, claim)| (attempt.id, claim.holder.as_str()))
            .chain(
                checkpoint
                    .token_attempts()
                    .filter(|attempt| attempt.is_offered())
                    .map(|attempt| (attempt.id, holder)),
            )
            .collect();
        self.handles.retain(|id, handle| {
            let is_wanted = claimed.get(id) == Some(&holder);
            if !is_wanted {
                handle.abort();
            }
            is_wanted
        });
    }

    pub(super) fn abandon_all(&mut self) {
        self.calls.abort_all();
        self.handles.clear();
        self.expected.clear();
    }
}

impl<S: Backend, I: Invoker, C: Clock> Session<S, I, C> {
    /// Begins what was claimed, unless the commit took so long that somebody else may hold it lost.
    pub(super) fn perform(&mut self, subject: &Subject, stepped: &Stepped, begun: Instant) {
        if !stepped.is_committed {
            return;
        }
        let lifetime = self.engine.config().claim_lifetime;
        if lifetime.is_some_and(|lifetime| begun.elapsed() > lifetime / 2) {
            return;
        }
        let checkpoint = &stepped.loaded.checkpoint;
        let taken = std::mem::take(&mut self.attempts.expected);
        let mine: Vec<AttemptId> = checkpoint
            .claimed_attempts()
            .filter(|(_, attempt, claim)| {
                claim.holder == self.holder && !self.attempts.contains(attempt.id)
            })
            .map(|(_, attempt, _)| attempt.id)
            .chain(taken)
            .collect();
        for id in mine {
            if let Some(call) = self.call(subject, checkpoint, id) {
                self.attempts.begin(&self.engine, &subject.head, call);
            }
        }
    }

    /// What to call for an attempt; `None` if it is not the current one of its frame.
    pub(super) fn call(
        &self,
        subject: &Subject,
        checkpoint: &Checkpoint,
        id: AttemptId,
    ) -> Option<Call> {
        Call::of(&subject.head, &subject.machine, checkpoint, id)
    }
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Makes a call. An execution is started here, unless something stands in for it.
    pub(crate) async fn perform(&self, parent: &ExecutionKey, call: Call) -> Outcome {
        match !self.invoker().stands_in(&call) && call.starts_execution() {
            true => self.start_child(parent, &call).await,
            false => self.invoker().invoke(call).await,
        }
    }
}

impl Call {
    /// What to call for an attempt; `None` if it is not the current one of its frame.
    pub(crate) fn of(
        head: &Head,
        machine: &StateMachine,
        checkpoint: &Checkpoint,
        id: AttemptId,
    ) -> Option<Self> {
        let (state, attempt) = checkpoint.attempt(id)?;
        let StateKind::Task(task) = &machine.state(state)?.kind else {
            return None;
        };
        Some(Self {
            execution_arn: head.key.arn.clone(),
            state_machine_arn: head.machine.arn.clone(),
            role_arn: head.machine.role_arn().to_owned(),
            trace_header: head.trace_header.clone(),
            state: state.clone(),
            attempt: id,
            resource: task.resource.clone(),
            input: checkpoint.payloads.get(attempt.input)?.clone(),
            child: attempt.child.clone(),
            timeout: attempt.timeout_seconds.map(Duration::from_secs),
        })
    }

    /// Whether the engine itself answers the call: it starts an execution.
    pub fn starts_execution(&self) -> bool {
        matches!(
            &self.resource,
            Resource::Service { service, action, .. }
                if service == "states" && action == "startExecution"
        )
    }
}

fn ended(attempt: AttemptId, outcome: Outcome, is_whole: bool) -> EventKind {
    match is_whole {
        true => EventKind::Answered { attempt, outcome },
        false => EventKind::AttemptEnded { attempt, outcome },
    }
}
