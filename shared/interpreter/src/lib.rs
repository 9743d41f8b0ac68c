//! The interpreter: [`advance`] takes what is known of an execution and what has happened, and
//! answers what is known now and what must be done.
//!
//! It is a pure function. Time and randomness come in with the event; effects go out as commands.
//! States that need no outside world (Pass, Choice, Succeed, Fail, the fan-out of Parallel and Map)
//! are fused: one transition goes through all of them, with every history event AWS would write.

pub mod bounds;
mod chance;
pub mod checkpoint;
pub mod command;
mod data_flow;
pub mod event;
mod frames;
pub mod history;
pub mod inspect;
pub mod job;
pub mod key;
pub mod payload;
mod redrive;
mod states;
mod surroundings;
pub mod token;
pub mod transition;

use segno_asl::definition::StateMachine;

use crate::{
    checkpoint::{Checkpoint, Status},
    event::{Event, EventKind},
    transition::{Corrupt, Draft, Owed, Transition},
};

/// Moves an execution forward by one event.
///
/// A late or repeated event yields an [empty](Transition::is_empty) transition. A failure *of the
/// execution* is not an `Err` here; it is a transition to
/// [`Status::Failed`], or wherever `Catch` leads.
///
/// # Errors
///
/// [`Corrupt`] if the checkpoint was written by another definition, or lacks payloads.
pub fn advance(
    machine: &StateMachine,
    checkpoint: Checkpoint,
    event: Event,
) -> Result<Transition, Corrupt> {
    transition::check(machine, &checkpoint)?;
    let owed_before = Owed::by(&checkpoint);
    let mut draft = Draft::new(machine, checkpoint, &event);
    match (&draft.checkpoint.status, event.kind) {
        (Status::NotStarted, EventKind::ExecutionStarted(start)) => {
            draft.start(*start);
            draft.run();
        }
        (Status::Running, EventKind::AttemptsClaimed { attempts, claim }) => {
            // A claim moves nothing but its attempt.
            for attempt in attempts {
                states::task::claim(&mut draft, attempt, &claim);
            }
        }
        (
            Status::Running,
            EventKind::ActivityTaken {
                attempt,
                worker_name,
                secret,
            },
        ) => states::task::take(&mut draft, attempt, worker_name, secret),
        (Status::Running, EventKind::AttemptEnded { attempt, outcome }) => {
            states::task::end(&mut draft, attempt, outcome);
            draft.run_if_moved();
        }
        (Status::Running, EventKind::Answered { attempt, outcome }) => {
            draft.forget_child(attempt);
            states::task::answer(&mut draft, attempt, outcome);
            draft.run_if_moved();
        }
        (
            Status::Running,
            EventKind::JobPolled {
                attempt,
                number,
                polled,
            },
        ) => {
            draft.polled(attempt, number, polled);
            draft.run_if_moved();
        }
        (Status::Running, EventKind::Beat { attempt, at }) => {
            states::task::beat(&mut draft, attempt, at);
        }
        (Status::Running, EventKind::Woken { number }) if draft.is_armed(number) => {
            draft.wake();
            draft.run_if_moved();
        }
        (Status::NotStarted | Status::Running, EventKind::Stopped { error }) => draft.abort(error),
        (Status::Running, EventKind::Continued { number })
            if number == draft.checkpoint.continuations() =>
        {
            draft.run();
        }
        (
            Status::Failed(_) | Status::TimedOut | Status::Aborted(_),
            EventKind::Redriven { number },
        ) if number == draft.checkpoint.redrives() + 1 => {
            draft.redrive();
            draft.run_if_moved();
        }
        // What a child came to is known now, though nobody asks any more.
        (
            Status::Succeeded { .. } | Status::Failed(_) | Status::TimedOut | Status::Aborted(_),
            EventKind::Answered { attempt, .. },
        ) => draft.forget_child(attempt),
        // Whatever the execution has come to meanwhile.
        (
            Status::Running
            | Status::Succeeded { .. }
            | Status::Failed(_)
            | Status::TimedOut
            | Status::Aborted(_),
            EventKind::JobCancelled { attempt },
        ) => draft.forget_job(attempt),
        // Late, repeated, or before its time. Spelled out, so that a new event has to be placed.
        (
            Status::NotStarted
            | Status::Running
            | Status::Succeeded { .. }
            | Status::Failed(_)
            | Status::TimedOut
            | Status::Aborted(_),
            EventKind::ExecutionStarted(_)
            | EventKind::AttemptsClaimed { .. }
            | EventKind::ActivityTaken { .. }
            | EventKind::AttemptEnded { .. }
            | EventKind::Answered { .. }
            | EventKind::JobPolled { .. }
            | EventKind::JobCancelled { .. }
            | EventKind::Beat { .. }
            | EventKind::Woken { .. }
            | EventKind::Redriven { .. }
            | EventKind::Stopped { .. }
            | EventKind::Continued { .. },
        ) => {}
    }
    if draft.is_history_full() {
        draft.overflow();
    }
    draft.finish(owed_before)
}
