//! A backend in memory: the plainest example of one, for tests and for servers that forget.

mod catalog;
mod offers;
mod queue;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint},
    event::Timestamp,
    history::HistoryEvent,
    key::{ExecutionKey, Nonce},
    payload::{Payload, PayloadId, Payloads},
};

pub use self::queue::MemoryQueue;
use crate::{
    queue::{Cause, Envelope, Queue, QueueError, Receipt, Received},
    store::{
        Commit, Committed, Created, Decision, Head, HeadCursor, HeadQuery, Loaded, Offer, Shown,
        Store, StoreError,
    },
};

/// Keeps everything until the process ends. Checkpoints are kept as bytes, as a database keeps them.
#[derive(Default)]
pub struct MemoryStore {
    catalog: catalog::MemoryCatalog,
    tables: Mutex<Tables>,
    queue: MemoryQueue,
}

#[derive(Default)]
struct Tables {
    logs: BTreeMap<ExecutionKey, Log>,
    heads: BTreeMap<String, Head>,
    /// The executions of each state machine, newest first.
    lists: BTreeMap<String, BTreeSet<(Reverse<Timestamp>, String)>>,
    open: BTreeSet<String>,
    closed: BTreeSet<(Timestamp, String)>,
    claims: BTreeMap<String, Timestamp>,
    offers: offers::Offers,
}

/// What the commits of one execution add up to, and what lies beside them.
#[derive(Default)]
struct Log {
    /// Who wrote each commit.
    writers: Vec<Nonce>,
    cause: Option<Cause>,
    checkpoint: Vec<u8>,
    history: Vec<HistoryEvent>,
    payloads: BTreeMap<PayloadId, Payload>,
    decisions: BTreeMap<u64, (AttemptId, Decision)>,
    beats: BTreeMap<AttemptId, Timestamp>,
}

impl Log {
    fn writer(&self, commit: u64) -> Option<Nonce> {
        let index = usize::try_from(commit.checked_sub(1)?).ok()?;
        self.writers.get(index).copied()
    }

    fn select(&self, ids: impl IntoIterator<Item = PayloadId>) -> Payloads {
        ids.into_iter()
            .filter_map(|id| Some((id, self.payloads.get(&id)?.clone())))
            .collect()
    }
}

impl Tables {
    fn show(&mut self, arn: &str, shown: &Shown) {
        let Some(head) = self.heads.get_mut(arn) else {
            return;
        };
        if head.shown.commit >= shown.commit {
            return;
        }
        if let Some(end) = &head.shown.end {
            self.closed.remove(&(end.at, arn.to_owned()));
        }
        head.shown = shown.clone();
        match &shown.end {
            Some(end) => {
                self.open.remove(arn);
                self.closed.insert((end.at, arn.to_owned()));
            }
            None => drop(self.open.insert(arn.to_owned())),
        }
    }
}

impl MemoryStore {
    /// A store whose messages come back after a time, as those of a queue between processes do.
    pub fn with_visibility(visibility: Duration) -> Self {
        Self {
            queue: MemoryQueue::with_visibility(visibility),
            ..Self::default()
        }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().expect("nothing panics under the lock")
    }
}

impl Store for MemoryStore {
    async fn load(&self, execution: &ExecutionKey) -> Result<Option<Loaded>, StoreError> {
        let tables = self.tables();
        let Some(log) = tables
            .logs
            .get(execution)
            .filter(|log| !log.writers.is_empty())
        else {
            return Ok(None);
        };
        let mut checkpoint =
            Checkpoint::decode(&log.checkpoint).map_err(|source| StoreError::Unreadable {
                execution: execution.arn.clone(),
                source: source.into(),
            })?;
        checkpoint.payloads = log.select(checkpoint.payload_ids());
        Ok(Some(Loaded {
            number: log.writers.len() as u64,
            cause: log.cause,
            checkpoint,
        }))
    }

    async fn commit(
        &self,
        execution: &ExecutionKey,
        commit: &Commit<'_>,
    ) -> Result<Committed, StoreError> {
        let mut tables = self.tables();
        let log = tables.logs.entry(execution.clone()).or_default();
        if commit.number != log.writers.len() as u64 + 1 {
            return match log.writer(commit.number) == Some(commit.writer) {
                true => Ok(Committed {
                    is_head_written: true,
                }),
                false => Err(StoreError::Conflict {
                    number: commit.number,
                }),
            };
        }
        let transition = commit.transition;
        log.writers.push(commit.writer);
        log.cause = commit.cause;
        log.checkpoint = transition.checkpoint.encode();
        log.history.extend_from_slice(&transition.history);
        log.payloads.extend(transition.payloads.iter().cloned());
        if let Some(shown) = commit.shown {
            tables.show(&execution.arn, shown);
        }
        Ok(Committed {
            is_head_written: true,
        })
    }

    async fn history(
        &self,
        execution: &ExecutionKey,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<HistoryEvent>, Payloads), StoreError> {
        let tables = self.tables();
        let Some(log) = tables.logs.get(execution) else {
            return Ok(Default::default());
        };
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let page = log.history.iter().skip(after).take(limit);
        let events: Vec<HistoryEvent> = page.cloned().collect();
        let payloads = log.select(events.iter().flat_map(|event| event.detail.payload_ids()));
        Ok((events, payloads))
    }

    async fn payload(
        &self,
        execution: &ExecutionKey,
        id: PayloadId,
    ) -> Result<Option<Payload>, StoreError> {
        let tables = self.tables();
        let log = tables.logs.get(execution);
        Ok(log.and_then(|log| log.payloads.get(&id).cloned()))
    }

    async fn create_head(&self, head: &Head, input: &Payload) -> Result<Created<Head>, StoreError> {
        let mut tables = self.tables();
        let arn = &head.key.arn;
        if let Some(existing) = tables.heads.get(arn) {
            return Ok(match existing.key == head.key {
                true => Created::New(existing.clone()),
                false => Created::Existing(existing.clone()),
            });
        }
        tables.heads.insert(arn.clone(), head.clone());
        tables.open.insert(arn.clone());
        let list = tables.lists.entry(head.machine.arn.clone()).or_default();
        list.insert((Reverse(head.started_at), arn.clone()));
        let log = tables.logs.entry(head.key.clone()).or_default();
        log.payloads.insert(PayloadId(0), input.clone());
        Ok(Created::New(head.clone()))
    }

    async fn update_head(&self, execution: &ExecutionKey, shown: &Shown) -> Result<(), StoreError> {
        self.tables().show(&execution.arn, shown);
        Ok(())
    }

    async fn head(&self, arn: &str) -> Result<Option<Head>, StoreError> {
        Ok(self.tables().heads.get(arn).cloned())
    }

    async fn heads(&self, query: &HeadQuery<'_>) -> Result<Vec<Head>, StoreError> {
        let tables = self.tables();
        let unqualified = query.machine.splitn(8, ':').take(7).collect::<Vec<_>>();
        let Some(list) = tables.lists.get(&unqualified.join(":")) else {
            return Ok(Vec::new());
        };
        let after = match query.after {
            None => Bound::Unbounded,
            Some(HeadCursor { started_at, arn }) => {
                Bound::Excluded((Reverse(*started_at), arn.clone()))
            }
        };
        let heads = list
            .range((after, Bound::Unbounded))
            .filter_map(|(_, arn)| tables.heads.get(arn))
            .filter(|head| head.is_of(query.machine))
            .filter(|head| query.status.is_none_or(|status| head.status() == status));
        Ok(heads.take(query.limit).cloned().collect())
    }

    async fn decide(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        decision: &Decision,
    ) -> Result<Created<Decision>, StoreError> {
        let mut tables = self.tables();
        let log = tables.logs.entry(execution.clone()).or_default();
        if let Some((_, first)) = log.decisions.get(&attempt.number) {
            return Ok(Created::Existing(first.clone()));
        }
        log.decisions
            .insert(attempt.number, (attempt, decision.clone()));
        Ok(Created::New(decision.clone()))
    }

    async fn decisions(
        &self,
        execution: &ExecutionKey,
        from: u64,
    ) -> Result<Vec<(AttemptId, Decision)>, StoreError> {
        let tables = self.tables();
        let decisions = tables.logs.get(execution).map(|log| &log.decisions);
        let wanted = decisions.into_iter().flat_map(|all| all.range(from..));
        Ok(wanted.map(|(_, decision)| decision.clone()).collect())
    }

    async fn beat(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let log = tables.logs.entry(execution.clone()).or_default();
        let last = log.beats.entry(attempt).or_insert(at);
        *last = at.max(*last);
        Ok(())
    }

    async fn last_beat(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let tables = self.tables();
        let log = tables.logs.get(execution);
        Ok(log.and_then(|log| log.beats.get(&attempt).copied()))
    }

    async fn renew_claims(&self, holder: &str, until: Timestamp) -> Result<(), StoreError> {
        self.tables().claims.insert(holder.to_owned(), until);
        Ok(())
    }

    async fn claims_until(&self, holder: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables().claims.get(holder).copied())
    }

    async fn offer(&self, offer: &Offer) -> Result<(), StoreError> {
        self.tables().offers.add(offer);
        Ok(())
    }

    async fn offers(&self, activity: &str, limit: usize) -> Result<Vec<Offer>, StoreError> {
        let tables = self.tables();
        Ok(tables.offers.of(activity).take(limit).cloned().collect())
    }

    async fn withdraw(&self, offer: &Offer) -> Result<(), StoreError> {
        self.tables().offers.remove(offer);
        Ok(())
    }

    async fn expire(&self, closed_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut tables = self.tables();
        let expired: Vec<(Timestamp, String)> = tables
            .closed
            .iter()
            .take_while(|(at, _)| *at < closed_before)
            .take(limit)
            .cloned()
            .collect();
        for entry in &expired {
            tables.closed.remove(entry);
            let Some(head) = tables.heads.remove(&entry.1) else {
                continue;
            };
            tables.logs.remove(&head.key);
            if let Some(list) = tables.lists.get_mut(&head.machine.arn) {
                list.remove(&(Reverse(head.started_at), entry.1.clone()));
                if list.is_empty() {
                    tables.lists.remove(&head.machine.arn);
                }
            }
        }
        Ok(expired.len())
    }

    async fn open_executions(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ExecutionKey>, StoreError> {
        let tables = self.tables();
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let open = tables.open.range::<str, _>((after, Bound::Unbounded));
        Ok(open
            .filter_map(|arn| Some(tables.heads.get(arn)?.key.clone()))
            .take(limit)
            .collect())
    }
}

impl Queue for MemoryStore {
    async fn send(&self, messages: Vec<Envelope>) -> Result<(), QueueError> {
        self.queue.send(messages).await
    }

    fn is_durable(&self) -> bool {
        self.queue.is_durable()
    }

    async fn receive(&self, limit: usize) -> Result<Vec<Received>, QueueError> {
        self.queue.receive(limit).await
    }

    async fn delete(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        self.queue.delete(receipts).await
    }

    fn visibility(&self) -> Option<Duration> {
        self.queue.visibility()
    }

    async fn forget_wake(&self, execution: &ExecutionKey) {
        self.queue.forget_wake(execution).await;
    }

    async fn extend(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        self.queue.extend(receipts).await
    }
}

#[cfg(test)]
mod tests {
    crate::store_contract!(async { super::MemoryStore::default() });
    crate::queue_contract!(super::MemoryQueue::with_visibility(
        std::time::Duration::from_secs(30)
    ));
}

#[cfg(test)]
mod catalog_tests {
    crate::catalog_contract!(async { super::MemoryStore::default() });
}
