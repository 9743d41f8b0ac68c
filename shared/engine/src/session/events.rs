//! What messages mean: the events that they bring to an execution.

use std::sync::Arc;

use segno_asl::{definition::StateMachine, errors::StateError};
use segno_interpreter::{
    bounds::Bounds,
    checkpoint::{AttemptId, Checkpoint, Status},
    event::{EventKind, Start, Timestamp},
    key::ExecutionKey,
    payload::{Payload, PayloadId},
};

use super::{Session, Subject};
use crate::{
    Backend, Clock, Invoker, StepError,
    invoker::Call,
    nested,
    queue::{Body, Received},
    step::Told,
    store::{Created, Head},
};

/// What became of attempts whose worker is gone, and of children whose end was not told.
pub(super) struct Lost {
    pub(super) events: Vec<EventKind>,
    /// Somebody else has promised to perform other attempts, until then at least.
    pub(super) claimed_until: Option<Timestamp>,
}

impl Lost {
    /// Attempts of which nobody knows what became.
    pub(super) fn attempts(&self) -> usize {
        let is_end = |event: &&EventKind| matches!(event, EventKind::AttemptEnded { .. });
        self.events.iter().filter(is_end).count()
    }
}

impl<S: Backend, I: Invoker, C: Clock> Session<S, I, C> {
    /// The execution that the messages are about; `None` if there is none of that key.
    pub(super) async fn subject(
        &mut self,
        received: &[Received],
    ) -> Result<Option<Subject>, StepError> {
        if let Some(subject) = &self.subject {
            return Ok(Some(subject.clone()));
        }
        let started = received.iter().find_map(start_of);
        let head = match started {
            // It may be the first to come: whoever sent it may be gone before the row was there.
            Some((head, input)) if self.engine.store().is_durable() => {
                let created = self.engine.store().create_head(head, input).await?;
                Some(match created {
                    Created::New(_) => head.clone(),
                    Created::Existing(other) => other,
                })
            }
            Some((head, _)) => Some(head.clone()),
            None => self.engine.store().head(&self.execution.arn).await?,
        };
        let Some(head) = head.filter(|head| head.key == self.execution) else {
            return Ok(None);
        };
        let machine = self.engine.machine_of(&head).await?;
        let head = Arc::new(head);
        self.subject = Some(Subject { head, machine });
        Ok(self.subject.clone())
    }

    /// Everything that has happened, as far as it is known: here, and by the messages.
    pub(super) async fn told(
        &mut self,
        subject: &Subject,
        received: &[Received],
        checkpoint: &Checkpoint,
    ) -> Result<Vec<Told>, StepError> {
        let anew = self.claimed_anew(checkpoint)?;
        let here = anew.into_iter().chain(self.events.iter().cloned());
        let mut told: Vec<Told> = here.map(|event| Told::by(None, event)).collect();
        if let (Status::NotStarted, Some(first)) = (&checkpoint.status, received.first()) {
            let start = self.unheard_start(subject, received).await?;
            told.extend(start.map(|event| Told::by(Some(first.cause), event)));
        }
        for received in received {
            let event = self.event_of(subject, received, checkpoint).await?;
            told.extend(event.map(|event| Told::by(Some(received.cause), event)));
        }
        Ok(told)
    }

    /// That the execution begins, if the message that says so is late, or was lost with the process whose
    /// queue it was in: the head row is there, and the input.
    async fn unheard_start(
        &self,
        subject: &Subject,
        received: &[Received],
    ) -> Result<Option<EventKind>, StepError> {
        if received.iter().any(|received| start_of(received).is_some()) {
            return Ok(None);
        }
        let store = self.engine.store();
        let input = store.payload(&self.execution, PayloadId(0)).await?;
        let bounds = self.engine.config().bounds;
        Ok(input.map(|input| started(&subject.head, input, bounds)))
    }

    /// What a message brings about. Answers are read by the step.
    async fn event_of(
        &self,
        subject: &Subject,
        received: &Received,
        checkpoint: &Checkpoint,
    ) -> Result<Option<EventKind>, StepError> {
        Ok(match &received.message.body {
            Body::Start(start) => {
                let bounds = self.engine.config().bounds;
                Some(started(&subject.head, start.1.clone(), bounds))
            }
            Body::Wake { number } => Some(EventKind::Woken { number: *number }),
            Body::Ended { attempt, outcome } => Some(EventKind::AttemptEnded {
                attempt: *attempt,
                outcome: outcome.clone(),
            }),
            Body::ChildEnded { attempt, child } => {
                self.child_ended(subject, checkpoint, *attempt, child)
                    .await?
            }
            Body::Stop { error } => Some(EventKind::Stopped {
                error: error.clone(),
            }),
            Body::Redrive { number } => Some(EventKind::Redriven { number: *number }),
            Body::Due { .. } | Body::Answered | Body::Look => None,
        })
    }

    /// How a child ended, as the result of the attempt that started it.
    async fn child_ended(
        &self,
        subject: &Subject,
        checkpoint: &Checkpoint,
        attempt: AttemptId,
        child: &ExecutionKey,
    ) -> Result<Option<EventKind>, StepError> {
        let store = self.engine.store();
        let head = store.head(&child.arn).await?;
        let Some(head) = head.filter(|head| head.key == *child && head.shown.end.is_some()) else {
            return Ok(None);
        };
        let input = store.payload(child, PayloadId(0)).await?;
        let output = match head.shown.end.as_ref().and_then(|end| end.output) {
            Some(output) => store.payload(child, output).await?,
            None => None,
        };
        // What the attempt's state makes of it depends on how it was called.
        let pattern = checkpoint
            .attempt(attempt)
            .and_then(|(state, _)| nested::pattern(&subject.machine, state));
        let outcome = nested::outcome(&head, input, output, pattern);
        Ok(Some(EventKind::Answered { attempt, outcome }))
    }

    /// What became of attempts whose worker is gone, and of children whose end was not told.
    pub(super) async fn lost(
        &mut self,
        subject: &Subject,
        checkpoint: &Checkpoint,
    ) -> Result<Lost, StepError> {
        let mut events = Vec::new();
        let mut claimed_until: Option<Timestamp> = None;
        for (state, attempt, claim) in checkpoint.claimed_attempts() {
            if self.holder.is_own(&claim.holder) {
                continue;
            }
            if let Some(until) = self.engine.held_until(claim).await? {
                claimed_until = Some(claimed_until.map_or(until, |first| first.min(until)));
                continue;
            }
            let id = attempt.id;
            let is_repeatable = match self.call(subject, checkpoint, id) {
                Some(call) => self.engine.can_repeat(&call) && !self.is_decided(id).await?,
                None => false,
            };
            events.push(match is_repeatable {
                true => self.claim(vec![id])?,
                false => EventKind::AttemptEnded {
                    attempt: id,
                    outcome: Err(lost(&subject.machine, state)),
                },
            });
        }
        if self.is_abandoned(subject).await? {
            events.push(EventKind::Stopped {
                error: StateError {
                    name: None,
                    cause: None,
                },
            });
        }
        for child in &checkpoint.children {
            let ended = self
                .child_ended(subject, checkpoint, child.attempt, &child.execution)
                .await?;
            events.extend(ended);
        }
        Ok(Lost {
            events,
            claimed_until,
        })
    }

    /// Whether the parent has stopped waiting, and whoever was to say so may be gone.
    async fn is_abandoned(&self, subject: &Subject) -> Result<bool, StepError> {
        let Some(parent) = &subject.head.parent else {
            return Ok(false);
        };
        let loaded = self.engine.load(&parent.execution).await?;
        let mut children = loaded.checkpoint.children.iter();
        Ok(children.any(|child| child.execution == self.execution && child.is_abandoned))
    }

    /// Whether it is decided how an attempt ends: if its call was made again, its token could not be
    /// answered any more.
    async fn is_decided(&self, attempt: AttemptId) -> Result<bool, StepError> {
        let store = self.engine.store();
        let decisions = store.decisions(&self.execution, attempt.number).await?;
        Ok(decisions.iter().any(|(decided, _)| *decided == attempt))
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

    /// Messages to an execution that is not there. A stop may come before the execution itself: whoever
    /// starts that late finds it stopped.
    pub(super) async fn dismiss(&mut self, received: Vec<Received>) -> Result<(), StepError> {
        for message in &received {
            if let Body::Stop { error } = &message.message.body
                && let Err(refused) = self.engine.entomb(&self.execution, error.clone()).await
            {
                self.unread.extend(received);
                return Err(refused);
            }
        }
        self.held.extend(received);
        self.events.clear();
        self.must_recheck = false;
        Ok(())
    }
}

fn start_of(received: &Received) -> Option<&(Head, Payload)> {
    match &received.message.body {
        Body::Start(start) => Some(start),
        _ => None,
    }
}

/// The event that an execution begins with.
pub(crate) fn started(head: &Head, input: Payload, bounds: Bounds) -> EventKind {
    EventKind::ExecutionStarted(Box::new(Start {
        execution: head.key.clone(),
        state_machine_arn: head.machine.arn.clone(),
        version_arn: head.machine.version_arn.clone(),
        alias_arn: head.machine.alias_arn.clone(),
        role_arn: head.machine.role_arn().to_owned(),
        input,
        parent: head.parent.clone(),
        bounds,
        time_limit: None,
    }))
}

/// The error of an attempt whose worker is gone: whether the call was made is not known, so it is not
/// made again but by the definition's `Retry`.
fn lost(machine: &StateMachine, state: &str) -> StateError {
    let service = machine.state(state).map_or("Task", nested::error_prefix);
    StateError::new(
        format!("{service}.SdkClientException"),
        "The worker that made this call is gone, and whether it was made is not known.",
    )
}
