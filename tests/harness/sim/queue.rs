//! A queue between processes that delivers at least once, late, in any order, twice, and to two at once.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use segno_engine::queue::{Body, Cause, Envelope, Message, Receipt, Received};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{chance::Chance, faults::Faults, world::ProcessId};

/// As far away as anything is.
const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);

/// The most messages that are received at once.
const BATCH: usize = 10;

/// The queue.
pub struct SharedQueue {
    visibility: Option<Duration>,
    is_durable: bool,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    sent: u64,
    receives: u64,
}

#[derive(Clone)]
struct Entry {
    message: Message,
    cause: Cause,
    /// From then on it can be received.
    visible_at: Instant,
    receives: u32,
    receipts: Vec<Receipt>,
    receiver: Option<ProcessId>,
}

/// How a message was sent.
pub(super) struct Sent {
    /// It is there twice.
    pub(super) is_copied: bool,
    /// It comes later than it could.
    pub(super) is_late: bool,
}

/// How a message was received.
pub(super) struct Taken {
    pub(super) received: Received,
    /// Others that could be received were there before it.
    pub(super) is_overtaking: bool,
    /// Somebody else can receive it at the same time.
    pub(super) is_double: bool,
}

impl SharedQueue {
    pub(super) fn new(faults: &Faults) -> Self {
        Self {
            visibility: faults.visibility,
            is_durable: faults.is_durable,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Takes messages in; some of them twice, some of them late. Gives of each how.
    pub(super) fn send(
        &self,
        envelopes: Vec<Envelope>,
        chance: &Chance,
        faults: &Faults,
    ) -> Vec<Sent> {
        let now = Instant::now();
        let mut state = self.state();
        let mut all = Vec::new();
        for Envelope { message, delay } in envelopes {
            let cause = Cause(state.sent);
            state.sent += 1;
            let is_copied = chance.one_in(faults.copies);
            let mut is_late = false;
            for _ in 0..1 + u64::from(is_copied) {
                let late = match chance.one_in(faults.delays) {
                    true => chance.millis(0..30_000),
                    false => Duration::ZERO,
                };
                is_late |= !late.is_zero();
                state.entries.push(Entry {
                    message: message.clone(),
                    cause,
                    visible_at: now + delay.min(FAR) + late,
                    receives: 0,
                    receipts: Vec::new(),
                    receiver: None,
                });
            }
            all.push(Sent { is_copied, is_late });
        }
        drop(state);
        self.changed.notify_waiters();
        all
    }

    /// Waits until something can be received.
    pub(super) async fn wait(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let now = Instant::now();
            let next = self.state().entries.iter().map(|e| e.visible_at).min();
            match next {
                Some(next) if next <= now => return,
                Some(next) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = sleep_until(next) => {}
                },
                None => changed.await,
            }
        }
    }

    /// What can be received now.
    pub(super) fn take(
        &self,
        limit: usize,
        receiver: ProcessId,
        chance: &Chance,
        faults: &Faults,
    ) -> Vec<Taken> {
        let now = Instant::now();
        let mut state = self.state();
        let mut visible: Vec<usize> = (0..state.entries.len())
            .filter(|index| state.entries[*index].visible_at <= now)
            .collect();
        let mut taken = Vec::new();
        let limit = limit.min(1 + chance.below(BATCH));
        while taken.len() < limit && !visible.is_empty() {
            let at = match faults.is_unordered {
                true => chance.below(visible.len()),
                false => 0,
            };
            let index = visible.remove(at);
            state.receives += 1;
            let receipt = Receipt(state.receives.to_string());
            let is_double = chance.one_in(faults.doubles);
            let entry = &mut state.entries[index];
            entry.receives += 1;
            entry.receipts.push(receipt.clone());
            entry.receiver = Some(receiver);
            entry.visible_at = match is_double {
                true => now,
                false => now + self.visibility.unwrap_or(FAR),
            };
            let received = Received {
                message: entry.message.clone(),
                cause: entry.cause,
                receipt,
                receives: entry.receives,
                until: self.visibility.map(|visibility| now + visibility),
            };
            taken.push(Taken {
                received,
                is_overtaking: at > 0,
                is_double,
            });
        }
        taken
    }

    pub(super) fn delete(&self, receipts: &[Receipt]) {
        let is_deleted = |entry: &Entry| entry.receipts.iter().any(|r| receipts.contains(r));
        self.state().entries.retain(|entry| !is_deleted(entry));
    }

    /// Keeps away what its last receiver still holds.
    pub(super) fn extend(&self, receipts: &[Receipt]) {
        let now = Instant::now();
        for entry in &mut self.state().entries {
            let is_last = entry.receipts.last().is_some_and(|r| receipts.contains(r));
            if is_last && entry.visible_at > now {
                entry.visible_at = now + self.visibility.unwrap_or(FAR);
            }
        }
    }

    /// What a process held until its end is there again; or everything is gone with it.
    pub(super) fn died(&self, process: ProcessId, now: Instant) {
        if self.visibility.is_some() {
            return;
        }
        let mut state = self.state();
        if !self.is_durable {
            state.entries.clear();
        }
        for entry in &mut state.entries {
            if entry.receiver == Some(process) && !entry.receipts.is_empty() {
                entry.visible_at = now.min(entry.visible_at);
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Whether nothing waits, and nobody holds anything.
    pub fn is_empty(&self) -> bool {
        self.state().entries.is_empty()
    }

    /// What waits or is held, for whoever must understand why.
    pub fn describe(&self) -> String {
        let now = Instant::now();
        let state = self.state();
        let lines = state.entries.iter().take(20).map(|entry| {
            let wait = entry.visible_at.saturating_duration_since(now);
            let Entry {
                message, receives, ..
            } = entry;
            let body = name(&message.body);
            format!(
                "  {} {body} in {wait:?}, received {receives} times",
                message.execution
            )
        });
        format!(
            "{} messages\n{}",
            state.entries.len(),
            lines.collect::<Vec<_>>().join("\n")
        )
    }
}

/// What a message is called.
pub(super) fn name(body: &Body) -> &'static str {
    match body {
        Body::Start(_) => "Start",
        Body::Wake { .. } => "Wake",
        Body::Due { .. } => "Due",
        Body::Ended { .. } => "Ended",
        Body::Answered => "Answered",
        Body::ChildEnded { .. } => "ChildEnded",
        Body::Stop { .. } => "Stop",
        Body::Redrive { .. } => "Redrive",
        Body::Look => "Look",
    }
}
