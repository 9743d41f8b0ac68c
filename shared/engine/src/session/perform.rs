//! Performing attempts: the calls that this session makes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use segno_asl::{
    definition::{Resource, StateKind, StateMachine, StateName},
    errors::{StateError, names},
};
use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint},
    event::{EventKind, Outcome},
    key::ExecutionKey,
    payload::PayloadId,
};
use tokio::{
    task::{AbortHandle, JoinError, JoinSet},
    time::Instant,
};

use super::{Session, Turned};
use crate::{Backend, Clock, Engine, Invoker, invoker::Call, store::Head};

/// The calls that are being made. Dropping them abandons them.
#[derive(Default)]
pub(crate) struct Attempts {
    calls: JoinSet<Ended>,
    handles: BTreeMap<AttemptId, AbortHandle>,
    /// What was begun under the present claims. Nothing is begun twice.
    begun: BTreeSet<AttemptId>,
}

/// What came of a call.
pub(crate) struct Ended {
    attempt: AttemptId,
    /// `None`: it was not begun, for it was too late.
    event: Option<EventKind>,
}

impl Attempts {
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
    pub(crate) async fn next(&mut self) -> Option<Ended> {
        loop {
            let ended = self.calls.join_next().await?;
            if let Some(ended) = self.ended(ended) {
                return Some(ended);
            }
        }
    }

    /// What else has ended meanwhile: results that are ready together are committed together.
    pub(crate) fn others(&mut self) -> Vec<Ended> {
        let mut others = Vec::new();
        while let Some(ended) = self.calls.try_join_next() {
            others.extend(self.ended(ended));
        }
        others
    }

    fn ended(&mut self, ended: Result<Ended, JoinError>) -> Option<Ended> {
        let ended = match ended {
            Ok(ended) => ended,
            Err(broken) if broken.is_panic() => self.broken(&broken)?,
            Err(_cancelled) => return None,
        };
        self.handles.remove(&ended.attempt)?;
        if ended.event.is_none() {
            self.begun.remove(&ended.attempt);
        }
        Some(ended)
    }

    /// A call that panicked may have been made. It takes no other along.
    fn broken(&self, broken: &JoinError) -> Option<Ended> {
        let mut handles = self.handles.iter();
        let (attempt, _) = handles.find(|(_, handle)| handle.id() == broken.id())?;
        tracing::error!(error = broken as &dyn std::error::Error, "a call panicked");
        let cause = "The call ended in a defect of its integration; the log says where.";
        Some(Ended {
            attempt: *attempt,
            event: Some(EventKind::AttemptEnded {
                attempt: *attempt,
                outcome: Err(StateError::new(names::RUNTIME, cause)),
            }),
        })
    }

    /// Begins a call, unless this comes so late that somebody else may hold it lost.
    pub(crate) fn begin<S: Backend, I: Invoker, C: Clock>(
        &mut self,
        engine: &Engine<S, I, C>,
        head: &Arc<Head>,
        call: Call,
        until: Option<Instant>,
    ) {
        let (engine, head, attempt) = (engine.clone(), Arc::clone(head), call.attempt);
        let handle = self.calls.spawn(async move {
            if until.is_some_and(|until| Instant::now() > until) {
                let event = None;
                return Ended { attempt, event };
            }
            // What stands in for a service stands in for what comes after its call, too.
            let is_whole = engine.invoker().stands_in(&call);
            let outcome = engine.perform(&head.key, call).await;
            let event = Some(ended(attempt, outcome, is_whole));
            Ended { attempt, event }
        });
        self.handles.insert(attempt, handle);
        self.begun.insert(attempt);
    }

    /// Abandons the calls of attempts that are over: nobody waits for what they would come to.
    pub(crate) fn keep_claimed(&mut self, checkpoint: &Checkpoint, holder: &str) {
        if self.handles.is_empty() {
            return;
        }
        let claimed: BTreeMap<AttemptId, &str> = checkpoint
            .claimed_attempts()
            .map(|(_, attempt, claim)| (attempt.id, claim.holder.as_str()))
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
        self.begun.clear();
    }
}

impl<S: Backend, I: Invoker, C: Clock> Session<S, I, C> {
    /// Begins what was claimed. What comes too late for that, or was claimed by a commit that was not
    /// known to be one's own, is claimed anew.
    pub(super) fn perform(&mut self, turned: &Turned) {
        if self.attempts.is_empty() {
            self.holder.renewed(turned.begun);
        }
        let lifetime = self.engine.config().claim_lifetime;
        let until = lifetime.map(|lifetime| turned.begun + lifetime / 2);
        let is_late = until.is_some_and(|until| Instant::now() > until);
        let checkpoint = &turned.stepped.loaded.checkpoint;
        let mine: Vec<AttemptId> = checkpoint
            .claimed_attempts()
            .filter(|(_, _, claim)| self.holder.known() == Some(&claim.holder))
            .map(|(_, attempt, _)| attempt.id)
            .filter(|id| !self.attempts.begun.contains(id))
            .collect();
        if !mine.is_empty() && (is_late || !turned.stepped.is_committed) {
            return self.holder.rename();
        }
        let subject = &turned.subject;
        for id in mine {
            if let Some(call) = self.call(subject, checkpoint, id) {
                self.attempts
                    .begin(&self.engine, &subject.head, call, until);
            }
        }
    }

    /// What came of a call is what has happened.
    pub(super) fn took_note(&mut self, ended: Ended) {
        match ended.event {
            Some(event) => self.events.push(event),
            None => self.holder.rename(),
        }
    }
}

impl Ended {
    /// What has happened by it: nothing, if it was not begun.
    pub(crate) fn into_event(self) -> Option<EventKind> {
        self.event
    }
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Makes a call. An execution is started here, unless something stands in for it.
    pub(crate) async fn perform(&self, parent: &ExecutionKey, call: Call) -> Outcome {
        match !self.invoker().stands_in(&call) && call.starts_execution() {
            true => self.start_child(parent, &call).await,
            false => self.call(call).await,
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
        let call = Self::in_state(head, machine, checkpoint, state, id, attempt.input)?;
        Some(Self {
            child: attempt.child.clone(),
            credentials_role_arn: attempt.credentials_role_arn.clone(),
            timeout: attempt.timeout_seconds.map(Duration::from_secs),
            ..call
        })
    }

    /// What was called in a state for an attempt that may be over.
    pub(crate) fn in_state(
        head: &Head,
        machine: &StateMachine,
        checkpoint: &Checkpoint,
        state: &StateName,
        id: AttemptId,
        input: PayloadId,
    ) -> Option<Self> {
        let StateKind::Task(task) = &machine.state(state)?.kind else {
            return None;
        };
        Some(Self {
            execution_arn: head.key.arn.clone(),
            state_machine_arn: head.machine.arn.clone(),
            role_arn: head.machine.role_arn().to_owned(),
            credentials_role_arn: None,
            trace_header: head.trace_header.clone(),
            state: state.clone(),
            attempt: id,
            resource: task.resource.clone(),
            input: checkpoint.payloads.get(input)?.clone(),
            token: head.key.child(id, String::new()).nonce.to_string(),
            child: None,
            timeout: None,
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
