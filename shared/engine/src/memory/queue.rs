//! A queue in memory.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use segno_interpreter::key::ExecutionKey;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::queue::{Body, Cause, Envelope, Message, Queue, QueueError, Receipt, Received};

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
    waiting: BTreeMap<Place, Entry>,
    /// The one wake-up of each execution that waits, and where.
    wakes: HashMap<ExecutionKey, (u64, Place)>,
    /// Received, and to be received again at that time.
    received: HashMap<Receipt, (Instant, Entry)>,
    sent: u64,
    receives: u64,
}

type Place = (Instant, u64);

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
            state.no_longer_waits(&entry);
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

/// What became of an earlier wake-up when another came.
enum Wakes {
    /// There was none.
    First,
    /// It does not wait any more.
    Replaced(Entry),
    /// It is the newer one.
    Late,
}

impl Entry {
    /// Whether whoever receives it next looks at what is owed.
    fn is_recheck(&self) -> bool {
        self.receives > 0 || self.message.is_recheck
    }
}

impl State {
    fn add(&mut self, at: Instant, mut entry: Entry) {
        self.sent += 1;
        let place = (at, self.sent);
        if let Body::Wake { number } = entry.message.body {
            match self.replace_wake(&entry.message.execution, number, place) {
                Wakes::Replaced(former) => entry.message.is_recheck |= former.is_recheck(),
                Wakes::First => {}
                Wakes::Late => return,
            }
        }
        self.waiting.insert(place, entry);
    }

    /// Only the newest wake-up of an execution counts: those before it need not wait for their time.
    fn replace_wake(&mut self, execution: &ExecutionKey, number: u64, place: Place) -> Wakes {
        match self.wakes.get_mut(execution) {
            Some((newest, _)) if *newest > number => Wakes::Late,
            Some((newest, at)) => {
                *newest = number;
                let former = std::mem::replace(at, place);
                let former = self.waiting.remove(&former);
                former.map_or(Wakes::First, Wakes::Replaced)
            }
            None => {
                self.wakes.insert(execution.clone(), (number, place));
                Wakes::First
            }
        }
    }

    fn no_longer_waits(&mut self, entry: &Entry) {
        if let Body::Wake { .. } = entry.message.body {
            self.wakes.remove(&entry.message.execution);
        }
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

    async fn forget_wake(&self, execution: &ExecutionKey) {
        let mut state = self.state();
        if let Some((_, place)) = state.wakes.remove(execution) {
            state.waiting.remove(&place);
        }
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

#[cfg(test)]
mod tests {
    use segno_interpreter::key::Nonce;

    use super::*;

    fn execution(name: &str) -> ExecutionKey {
        ExecutionKey {
            arn: format!("arn:aws:states:us-east-1:123456789012:execution:m:{name}"),
            nonce: Nonce([1; 16]),
        }
    }

    fn wake(name: &str, number: u64, seconds: u64) -> Envelope {
        let message = Message::new(execution(name), Body::Wake { number });
        message.after(Duration::from_secs(seconds))
    }

    /// The wake-ups that are received within a year.
    async fn wakes(queue: &MemoryQueue) -> Vec<(String, u64)> {
        let mut wakes = Vec::new();
        let year = Instant::now() + Duration::from_secs(365 * 86_400);
        while let Ok(received) = tokio::time::timeout_at(year, queue.receive(10)).await {
            for received in received.unwrap() {
                if let Body::Wake { number } = received.message.body {
                    let arn = received.message.execution.arn;
                    wakes.push((arn.rsplit(':').next().unwrap().to_owned(), number));
                }
            }
        }
        wakes
    }

    #[tokio::test(start_paused = true)]
    async fn of_the_wake_ups_of_an_execution_only_the_newest_waits() {
        let queue = MemoryQueue::default();
        let sent = vec![
            wake("a", 1, 86_400),
            wake("b", 7, 9),
            wake("a", 2, 5),
            wake("a", 1, 3),
        ];
        queue.send(sent).await.unwrap();
        assert_eq!(queue.state().waiting.len(), 2);
        assert_eq!(
            wakes(&queue).await,
            [("a".to_owned(), 2), ("b".to_owned(), 7)]
        );
        queue.send(vec![wake("a", 1, 5)]).await.unwrap();
        assert_eq!(
            wakes(&queue).await,
            [("a".to_owned(), 1)],
            "none waits that is newer"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_waits_for_the_time_of_an_execution_that_has_ended() {
        let queue = MemoryQueue::default();
        let look = Message::new(execution("a"), Body::Look).now();
        queue.send(vec![wake("a", 1, 86_400), look]).await.unwrap();
        queue.forget_wake(&execution("a")).await;
        assert_eq!(queue.state().waiting.len(), 1, "what is no wake-up stays");
        assert!(wakes(&queue).await.is_empty());
        assert!(queue.state().wakes.is_empty());
    }
}
