//! What the engine must do once a transition is durable.

use crate::checkpoint::{AttemptId, Wake};

/// Something the engine owes. All of it can be derived again from the checkpoint
/// ([`Checkpoint::commands`](crate::checkpoint::Checkpoint::commands)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Command {
    /// Claim this attempt, perform it, and send
    /// [`AttemptEnded`](crate::event::EventKind::AttemptEnded).
    Perform(AttemptId),
    /// Offer this attempt to the workers of its activity, and send
    /// [`ActivityTaken`](crate::event::EventKind::ActivityTaken) when one takes it.
    Offer(AttemptId),
    /// Send [`Woken`](crate::event::EventKind::Woken) with the wake-up's number no earlier than it is
    /// due. It replaces any earlier one: an execution has one wake-up.
    Wake(Wake),
    /// Send [`Continued`](crate::event::EventKind::Continued) with this number: the budget was spent.
    Continue(u64),
    /// Stop the child that this attempt started, or may yet start.
    AbortChild(AttemptId),
    /// Ask what has become of the job that this attempt started, and send
    /// [`JobPolled`](crate::event::EventKind::JobPolled). That only reads: it may be done twice.
    Poll {
        /// The attempt.
        attempt: AttemptId,
        /// How many polls came before.
        number: u32,
    },
    /// Try to cancel the job that this attempt started, and send
    /// [`JobCancelled`](crate::event::EventKind::JobCancelled) whether that went well or not.
    CancelJob(AttemptId),
    /// Tell the world, and the parent, that the execution has ended.
    PublishStatus,
}
