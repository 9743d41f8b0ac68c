//! What the engine must do once a transition is durable.

use crate::{checkpoint::AttemptId, event::Timestamp};

/// Something the engine owes. All of it can be derived again from the checkpoint
/// ([`Checkpoint::commands`](crate::checkpoint::Checkpoint::commands)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Command {
    /// Claim this attempt, perform it, and send
    /// [`AttemptEnded`](crate::event::EventKind::AttemptEnded).
    Perform(AttemptId),
    /// Send [`Woken`](crate::event::EventKind::Woken) no earlier than that. It replaces any earlier
    /// one: an execution has one wake-up.
    WakeAt(Timestamp),
    /// Send [`Continued`](crate::event::EventKind::Continued) with this number: the budget was spent.
    Continue(u64),
    /// Tell the world that the execution has ended.
    PublishStatus,
}
