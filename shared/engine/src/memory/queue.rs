//! A queue in memory.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::queue::{Cause, Envelope, Message, Queue, QueueError, Receipt, Received};

/// Keeps messages until the process ends.
#[derive(Default)]
pub struct MemoryQueue {
    state: Mutex<State>,
    /// Something can be received that could not before.
    changed: Notify,
    visibility: Option<Duration>,
}

#[derive(Default)]
struct State {
    /// By the time from which they may be received, and the order in which they came.
    waiting: BTreeMap<(Instant, u64), Entry>,
    /// Received, and to be received again at that time.
    received: HashMap<Receipt, (Instant, Entry)>,
    sent: u64,
    receives: u64,
}

struct Entry {
    message: Message,
    cause: Cause,
    receives: u32,
}

impl MemoryQueue {
    /// A queue whose messages come back, unless they are deleted before that time is over. It counts
    /// as durable: whoever shares it may die.
    pub fn with_visibility(visibility: Duration) -> Self {
        Self {
            visibility: Some(visibility),
            ..Self::default()
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under the lock")
    }

    /// What can be received now, and when there may be more.
    fn take(&self, limit: usize) -> (Vec<Received>, Option<Instant>) {
        let now = Instant::now();
        let mut state = self.state();
        state.bring_back(now);
        let mut taken = Vec::new();
        while taken.len() < limit
            && let Some(first) = state.waiting.first_entry()
            && first.key().0 <= now
        {
            let mut entry = first.remove();
            entry.receives += 1;
            state.receives += 1;
            let receipt = Receipt(state.receives.to_string());
            taken.push(Received {
                message: entry.message.clone(),
                cause: entry.cause,
                receipt: receipt.clone(),
                receives: entry.receives,
                until: self.visibility.map(|visibility| now + visibility),
            });
            if let Some(visibility) = self.visibility {
                state.received.insert(receipt, (now + visibility, entry));
            }
        }
        (taken, state.next())
    }
}

impl State {
    fn add(&mut self, at: Instant, entry: Entry) {
        self.sent += 1;
        self.waiting.insert((at, self.sent), entry);
    }

    /// Messages that were received and not deleted in time.
    fn bring_back(&mut self, now: Instant) {
        let lapsed: Vec<Receipt> = self
            .received
            .iter()
            .filter(|(_, (until, _))| *until <= now)
            .map(|(receipt, _)| receipt.clone())
            .collect();
        for receipt in lapsed {
            if let Some((until, entry)) = self.received.remove(&receipt) {
                self.add(until, entry);
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let waiting = self.waiting.keys().next().map(|(at, _)| *at);
        let received = self.received.values().map(|(until, _)| *until);
        received.chain(waiting).min()
    }
}

impl Queue for MemoryQueue {
    async fn send(&self, messages: Vec<Envelope>) -> Result<(), QueueError> {
        if messages.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        let mut state = self.state();
        for Envelope { message, delay } in messages {
            let cause = Cause(state.sent);
            // A time that no clock reaches is one that nobody waits for.
            let far = Duration::from_secs(86_400 * 365 * 30);
            let entry = Entry {
                message,
                cause,
                receives: 0,
            };
            state.add(now + delay.min(far), entry);
        }
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    fn is_durable(&self) -> bool {
        self.visibility.is_some()
    }

    async fn receive(&self, limit: usize) -> Result<Vec<Received>, QueueError> {
        loop {
            let changed = self.changed.notified();
            let (taken, next) = self.take(limit);
            if !taken.is_empty() {
                // Another receiver may find more.
                self.changed.notify_one();
                return Ok(taken);
            }
            match next {
                Some(next) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = sleep_until(next) => {}
                },
                None => changed.await,
            }
        }
    }

    async fn delete(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        let mut state = self.state();
        for receipt in receipts {
            state.received.remove(&receipt);
        }
        Ok(())
    }

    fn visibility(&self) -> Option<Duration> {
        self.visibility
    }

    async fn extend(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        let until = Instant::now() + self.visibility.unwrap_or_default();
        let mut state = self.state();
        for receipt in receipts {
            if let Some((visible, _)) = state.received.get_mut(&receipt) {
                *visible = until;
            }
        }
        Ok(())
    }
}
