//! What messages mean: the events that they bring to an execution.

use std::sync::Arc;

use segno_asl::errors::StateError;
use segno_interpreter::{
    bounds::Bounds,
    checkpoint::{AttemptId, Checkpoint},
    event::{EventKind, Start},
    key::ExecutionKey,
    payload::{Payload, PayloadId},
};

use super::{Session, Subject};
use crate::{
    Backend, Clock, Invoker, StepError, nested,
    queue::{Body, Received},
    store::{Created, Head},
};

impl<S: Backend, I: Invoker, C: Clock> Session<S, I, C> {
    /// The execution that the messages are about; `None` if there is none of that key.
    pub(super) async fn subject(
        &mut self,
        received: &[Received],
    ) -> Result<Option<Subject>, StepError> {
        if let Some(subject) = &self.subject {
            return Ok(Some(subject.clone()));
        }
        let started = received
            .iter()
            .find_map(|received| match &received.message.body {
                Body::Start(start) => Some(&**start),
                _ => None,
            });
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

    /// What a message brings about. Answers are read by the step.
    pub(super) async fn event_of(
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
        &self,
        subject: &Subject,
        checkpoint: &Checkpoint,
    ) -> Result<Vec<EventKind>, StepError> {
        let mut events = Vec::new();
        for (state, attempt, claim) in checkpoint.claimed_attempts() {
            if self.attempts.contains(attempt.id) {
                continue;
            }
            if self.engine.holds(claim).await? {
                self.look_when(claim.until).await?;
                continue;
            }
            let id = attempt.id;
            match self.call(subject, checkpoint, id) {
                Some(call) if self.engine.can_repeat(&call) => {
                    self.events_of_takeover(id, &mut events);
                }
                _ => events.push(EventKind::AttemptEnded {
                    attempt: id,
                    outcome: Err(lost(&subject.machine, state)),
                }),
            }
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
        Ok(events)
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

    /// Stops that come before the execution itself: whoever starts it late finds it stopped.
    pub(super) async fn entomb(&self, received: Vec<Received>) -> Result<(), StepError> {
        for received in received {
            if let Body::Stop { error } = received.message.body {
                self.engine.entomb(&self.execution, error).await?;
            }
        }
        Ok(())
    }

    /// The attempt is performed again, by this session.
    fn events_of_takeover(&self, attempt: AttemptId, events: &mut Vec<EventKind>) {
        let now = self.engine.clock().now();
        events.push(EventKind::AttemptsClaimed {
            attempts: vec![attempt],
            claim: self.engine.claim_of(&self.holder, now),
        });
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
fn lost(machine: &segno_asl::definition::StateMachine, state: &str) -> StateError {
    let service = machine.state(state).map_or("Task", nested::error_prefix);
    StateError::new(
        format!("{service}.SdkClientException"),
        "The worker that made this call is gone, and whether it was made is not known.",
    )
}
