//! Bugs that are put in, each in what a backend does: the simulation must find them.

use std::borrow::Cow;

use segno_engine::{
    queue::{Body, Envelope},
    store::{Commit, Committed, Store, StoreError},
};
use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint},
    key::ExecutionKey,
    transition::Transition,
};
use serde_json::Value;

use super::{faults::Mutation, world::World};

/// What is stored of a transition.
pub(super) fn of_transition<'t>(world: &World, transition: &'t Transition) -> Cow<'t, Transition> {
    let edit: fn(&mut Value) = match world.faults.mutation {
        Some(Mutation::ClaimsAreNotChecked) => run_out,
        Some(Mutation::AttemptsAreNotCounted) => |checkpoint| {
            checkpoint["counters"]["attempts"] = 0.into();
        },
        _ => return Cow::Borrowed(transition),
    };
    let checkpoint = &transition.checkpoint;
    let mut stored: Value = serde_json::from_slice(&checkpoint.encode()).unwrap();
    edit(&mut stored);
    let mut stored = Checkpoint::decode(stored.to_string().as_bytes()).unwrap();
    stored.payloads = checkpoint.payloads.clone();
    Cow::Owned(Transition {
        checkpoint: stored,
        ..transition.clone()
    })
}

/// Ends all claims.
fn run_out(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(claim) = members.get_mut("claim") {
                claim["until"] = 0.into();
            }
            members.values_mut().for_each(run_out);
        }
        Value::Array(items) => items.iter_mut().for_each(run_out),
        _ => {}
    }
}

/// What comes of a commit that somebody else was before.
pub(super) async fn of_conflict(
    world: &World,
    execution: &ExecutionKey,
    commit: &Commit<'_>,
) -> Result<Committed, StoreError> {
    let newest = world.store.load(execution).await?;
    let newest = newest.expect("somebody else has made a commit");
    let is_head_written = commit.shown.is_some();
    match world.faults.mutation {
        Some(Mutation::CommitsAreUnconditional) => {
            let number = newest.number + 1;
            let next = Commit {
                number,
                ..commit.clone()
            };
            world.store.commit(execution, &next).await
        }
        Some(Mutation::CommitsAreKnownByContent)
            if newest.number == commit.number
                && claimed(&newest.checkpoint) == claimed(&commit.transition.checkpoint) =>
        {
            Ok(Committed { is_head_written })
        }
        _ => Err(StoreError::Conflict {
            number: commit.number,
        }),
    }
}

fn claimed(checkpoint: &Checkpoint) -> Vec<AttemptId> {
    let claimed = checkpoint.claimed_attempts();
    claimed.map(|(_, attempt, _)| attempt.id).collect()
}

/// What is sent of messages.
pub(super) fn of_sent(world: &World, messages: &mut Vec<Envelope>) {
    if world.is_mutated(Mutation::WakesAreLost) {
        messages.retain(|envelope| !matches!(envelope.message.body, Body::Wake { .. }));
    }
}

/// The number that a message bears, to tell it from others.
pub(super) fn number(body: &Body) -> Option<u64> {
    match body {
        Body::Wake { number } => Some(*number),
        Body::Due { attempt } | Body::Ended { attempt, .. } | Body::ChildEnded { attempt, .. } => {
            Some(attempt.number)
        }
        Body::Redrive { number } => Some(u64::from(*number)),
        Body::Start(_) | Body::Answered | Body::Stop { .. } | Body::Look => None,
    }
}
