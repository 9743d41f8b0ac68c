//! A store in memory: the plainest example of one, for tests and for servers that forget.

mod catalog;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use segno_interpreter::{
    checkpoint::Checkpoint,
    history::HistoryEvent,
    payload::{Payload, PayloadId, Payloads},
    transition::Transition,
};

use crate::store::{Created, End, Head, Loaded, Store, StoreError};

/// Keeps everything until the process ends. Checkpoints are kept as bytes, as a database keeps them.
#[derive(Default)]
pub struct MemoryStore {
    catalog: catalog::MemoryCatalog,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    logs: BTreeMap<String, Log>,
    heads: BTreeMap<String, Head>,
}

/// What the commits of one execution add up to.
#[derive(Default)]
struct Log {
    commits: u64,
    checkpoint: Vec<u8>,
    history: Vec<HistoryEvent>,
    payloads: BTreeMap<PayloadId, Payload>,
}

impl Log {
    fn select(&self, ids: impl IntoIterator<Item = PayloadId>) -> Payloads {
        ids.into_iter()
            .filter_map(|id| Some((id, self.payloads.get(&id)?.clone())))
            .collect()
    }
}

impl MemoryStore {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().expect("nothing panics under the lock")
    }
}

impl Store for MemoryStore {
    async fn load(&self, execution: &str) -> Result<Option<Loaded>, StoreError> {
        let tables = self.tables();
        let Some(log) = tables.logs.get(execution) else {
            return Ok(None);
        };
        let mut checkpoint =
            Checkpoint::decode(&log.checkpoint).map_err(|source| StoreError::Unreadable {
                execution: execution.to_owned(),
                source,
            })?;
        checkpoint.payloads = log.select(checkpoint.payload_ids());
        Ok(Some(Loaded {
            number: log.commits,
            checkpoint,
        }))
    }

    async fn commit(
        &self,
        execution: &str,
        number: u64,
        transition: &Transition,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let log = tables.logs.entry(execution.to_owned()).or_default();
        if number != log.commits + 1 {
            return Err(StoreError::Conflict { number });
        }
        log.commits = number;
        log.checkpoint = transition.checkpoint.encode();
        log.history.extend_from_slice(&transition.history);
        log.payloads.extend(transition.payloads.iter().cloned());
        Ok(())
    }

    async fn history(
        &self,
        execution: &str,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<HistoryEvent>, Payloads), StoreError> {
        let tables = self.tables();
        let Some(log) = tables.logs.get(execution) else {
            return Ok(Default::default());
        };
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let events: Vec<HistoryEvent> = log
            .history
            .iter()
            .skip(after)
            .take(limit)
            .cloned()
            .collect();
        let payloads = log.select(events.iter().flat_map(|event| event.detail.payload_ids()));
        Ok((events, payloads))
    }

    async fn create_head(&self, head: Head) -> Result<Created<Head>, StoreError> {
        Ok(create(
            &mut self.tables().heads,
            head.execution_arn.clone(),
            head,
        ))
    }

    async fn close_head(&self, execution: &str, end: End) -> Result<(), StoreError> {
        if let Some(head) = self.tables().heads.get_mut(execution) {
            head.end.get_or_insert(end);
        }
        Ok(())
    }

    async fn head(&self, execution: &str) -> Result<Option<Head>, StoreError> {
        Ok(self.tables().heads.get(execution).cloned())
    }

    async fn heads(&self, state_machine: &str) -> Result<Vec<Head>, StoreError> {
        let tables = self.tables();
        let of_machine = tables
            .heads
            .values()
            .filter(|head| head.state_machine_arn == state_machine);
        let mut heads: Vec<Head> = of_machine.cloned().collect();
        heads.sort_by_key(|head| std::cmp::Reverse(head.started_at));
        Ok(heads)
    }
}

fn create<T: Clone>(table: &mut BTreeMap<String, T>, key: String, row: T) -> Created<T> {
    if let Some(existing) = table.get(&key) {
        return Created::Existing(existing.clone());
    }
    table.insert(key, row.clone());
    Created::New(row)
}

#[cfg(test)]
mod tests {
    crate::store_contract!(async { super::MemoryStore::default() });
}
