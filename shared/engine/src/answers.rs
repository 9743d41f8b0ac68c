//! Answers to task tokens, as a step sees them: whoever puts a decision first has decided.

use segno_asl::errors::StateError;
use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint},
    event::{EventKind, Timestamp},
    key::ExecutionKey,
};

use crate::{
    Backend, Clock, Engine, Invoker,
    step::{Request, Told},
    store::{Created, Decision, StoreError},
};

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// The events of a request, after the answers that come before them. What ends an attempt with a
    /// token otherwise than by its answer must win the decision first; if it loses, the answer counts.
    pub(crate) async fn with_answers(
        &self,
        execution: &ExecutionKey,
        checkpoint: &Checkpoint,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Result<Vec<Told>, StoreError> {
        let Some(first) = checkpoint
            .token_attempts()
            .map(|attempt| attempt.id.number)
            .min()
        else {
            return Ok(request.told.clone());
        };
        let mut all = Vec::new();
        if request.folds_answers {
            let decisions = self.store().decisions(execution, first).await?;
            let answers = decisions.into_iter().filter_map(answered);
            all.extend(answers.map(|answer| Told::by(request.asked_by, answer)));
        }
        for told in &request.told {
            let mut before = Vec::new();
            match &told.event {
                EventKind::Woken { number } if is_due(checkpoint, *number, now) => {
                    self.expire(execution, checkpoint, now, &mut before).await?;
                }
                EventKind::AttemptEnded {
                    attempt,
                    outcome: Err(error),
                } if has_token(checkpoint, *attempt) => {
                    let error = Some(error.clone());
                    before.extend(self.close(execution, *attempt, error).await?);
                }
                EventKind::ExecutionStarted(_)
                | EventKind::Continued { .. }
                | EventKind::AttemptsClaimed { .. }
                | EventKind::ActivityTaken { .. }
                | EventKind::AttemptEnded { .. }
                | EventKind::Answered { .. }
                | EventKind::JobPolled { .. }
                | EventKind::JobCancelled { .. }
                | EventKind::Beat { .. }
                | EventKind::Woken { .. }
                | EventKind::Redriven { .. }
                | EventKind::Stopped { .. } => {}
            }
            all.extend(before.into_iter().map(|event| Told::by(told.by, event)));
            all.push(told.clone());
        }
        Ok(all)
    }

    /// The attempts whose time is up: those that were heard of meanwhile are not, and those that were
    /// answered are answered.
    async fn expire(
        &self,
        execution: &ExecutionKey,
        checkpoint: &Checkpoint,
        now: Timestamp,
        events: &mut Vec<EventKind>,
    ) -> Result<(), StoreError> {
        for (attempt, is_only_silent) in checkpoint.expired(now) {
            let silence = attempt
                .heartbeat_seconds
                .map(std::time::Duration::from_secs);
            if let (true, Some(silence)) = (is_only_silent, silence)
                && let Some(at) = self.store().last_beat(execution, attempt.id).await?
                && at.after(silence) > now
            {
                let attempt = attempt.id;
                events.push(EventKind::Beat { attempt, at });
                continue;
            }
            events.extend(self.close(execution, attempt.id, None).await?);
        }
        Ok(())
    }

    /// Decides that an attempt ends without an answer. If it was answered, that is what happens.
    async fn close(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        error: Option<StateError>,
    ) -> Result<Option<EventKind>, StoreError> {
        let closed = Decision::Closed(error);
        let decided = self.store().decide(execution, attempt, &closed).await?;
        Ok(match decided {
            Created::New(_) => None,
            Created::Existing(decision) => answered((attempt, decision)),
        })
    }
}

fn is_due(checkpoint: &Checkpoint, number: u64, now: Timestamp) -> bool {
    checkpoint
        .wake
        .is_some_and(|wake| wake.number == number && wake.due <= now)
}

fn has_token(checkpoint: &Checkpoint, attempt: AttemptId) -> bool {
    checkpoint
        .attempt(attempt)
        .is_some_and(|(_, attempt)| attempt.token.is_some())
}

/// What is decided is what happens: also if whoever decided that is gone before it was committed.
fn answered((attempt, decision): (AttemptId, Decision)) -> Option<EventKind> {
    let outcome = match decision {
        Decision::Answered(outcome) => outcome,
        Decision::Closed(error) => Err(error?),
    };
    Some(EventKind::Answered { attempt, outcome })
}
