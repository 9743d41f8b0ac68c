//! What wakes executions.

use std::time::Duration;

use segno_asl::errors::StateError;
use segno_interpreter::{
    checkpoint::AttemptId, event::Outcome, key::ExecutionKey, payload::Payload,
};

use tokio::time::Instant;

use crate::store::Head;

/// Where messages wait: the only thing that wakes an execution.
///
/// The promise: a message that was [sent](Queue::send) is received at least once, no earlier than its
/// delay says, in any order, and again unless whoever received it [deletes](Queue::delete) it before
/// its time is over. Of the wake-ups of an execution it need keep only that with the highest number: the
/// others would change nothing. A queue that lives in the memory of one process may lose its messages
/// with it if the store then tells which executions are [open](crate::Store::open_executions): so that
/// it knows, its commits write head rows along.
pub trait Queue: Send + Sync + 'static {
    /// Sends messages, each to be received no earlier than after its delay.
    fn send(&self, messages: Vec<Envelope>) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Whether messages outlive the process. Where they do not, whatever a message is to bring about
    /// must be durable before it is sent.
    fn is_durable(&self) -> bool;

    /// Waits for messages, and receives at most `limit`.
    fn receive(
        &self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Received>, QueueError>> + Send;

    /// Deletes messages that were received.
    fn delete(&self, receipts: Vec<Receipt>)
    -> impl Future<Output = Result<(), QueueError>> + Send;

    /// How long a message that was received is kept from being received again; `None`: until the
    /// process ends.
    fn visibility(&self) -> Option<Duration>;

    /// An execution has ended: its wake-ups would change nothing. A queue that can find them may drop
    /// them, so that they do not wait for their time.
    fn forget_wake(&self, _execution: &ExecutionKey) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Keeps messages that were received from being received again, for that long from now. One that
    /// was received again meanwhile, or is deleted, stays as it is.
    fn extend(&self, receipts: Vec<Receipt>)
    -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// A message, and when it may be received.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// The message.
    pub message: Message,
    /// How long it waits at least.
    pub delay: Duration,
}

/// Something that an execution is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Which execution.
    pub execution: ExecutionKey,
    /// What it is told.
    pub body: Body,
    /// Whether what the execution owes is to be issued again if the message changes nothing: whoever
    /// sent it cannot know what was done.
    pub is_recheck: bool,
}

/// What an execution is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Begin. The head row, should it not be there yet, and the input.
    Start(Box<(Head, Payload)>),
    /// An armed wake-up is due.
    Wake {
        /// Its number.
        number: u64,
    },
    /// An attempt is due, and whoever left it has no room for it.
    Due {
        /// Which one.
        attempt: AttemptId,
    },
    /// The call of an attempt is over, and whoever made it cannot commit that.
    Ended {
        /// Which one.
        attempt: AttemptId,
        /// What came of it.
        outcome: Outcome,
    },
    /// The token of an attempt was answered: the store has the answer.
    Answered,
    /// A child has ended.
    ChildEnded {
        /// The attempt that started it.
        attempt: AttemptId,
        /// The child.
        child: ExecutionKey,
    },
    /// Stop.
    Stop {
        /// Why.
        error: StateError,
    },
    /// Try again what failed.
    Redrive {
        /// Which redrive it is, counted from 1.
        number: u32,
    },
    /// Go on, if there is anything to go on with.
    Look,
}

impl Message {
    /// A message that is sent for the first time by somebody who will see it through.
    pub fn new(execution: ExecutionKey, body: Body) -> Self {
        Self {
            execution,
            body,
            is_recheck: false,
        }
    }

    /// A message by somebody who may be gone before what it is about is done.
    pub fn recheck(execution: ExecutionKey, body: Body) -> Self {
        Self {
            execution,
            body,
            is_recheck: true,
        }
    }

    /// In an envelope that may be opened at once.
    pub fn now(self) -> Envelope {
        self.after(Duration::ZERO)
    }

    /// In an envelope that may be opened after a while.
    pub fn after(self, delay: Duration) -> Envelope {
        Envelope {
            message: self,
            delay,
        }
    }
}

/// A message that was received.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The message.
    pub message: Message,
    /// Recognises the message: the same whenever it is received.
    pub cause: Cause,
    /// What it is deleted by.
    pub receipt: Receipt,
    /// How often it was received, this time included.
    pub receives: u32,
    /// From then on somebody else may receive it, unless it is [extended](Queue::extend): no later than
    /// the queue counts. `None`: nobody else will, as long as the process lives.
    pub until: Option<Instant>,
}

impl Received {
    /// Whether what the execution owes is to be issued again if the message changes nothing.
    pub fn is_recheck(&self) -> bool {
        self.receives > 1 || self.message.is_recheck
    }
}

/// A short hash of a message's id, which the commit bears that the message brings about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause(pub u64);

/// What a received message is deleted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Receipt(pub String);

/// Why a queue did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the queue does not answer")]
pub struct QueueError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
