//! A catalog in memory: the plainest example of one.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard},
};

use super::MemoryStore;
use crate::catalog::{Catalog, CatalogError, Collection, ContentHash, Etag, Key, Record};

/// Keeps records and contents until the process ends.
#[derive(Default)]
pub(super) struct MemoryCatalog {
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    records: BTreeMap<Key, Record>,
    contents: BTreeMap<ContentHash, Vec<u8>>,
    /// Writes so far: that names each state of each record.
    writes: u64,
}

impl MemoryCatalog {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().expect("nothing panics under the lock")
    }
}

impl Tables {
    fn expect(&self, key: &Key, expected: Option<Etag>) -> Result<(), CatalogError> {
        match self.records.get(key).map(|record| record.etag) == expected {
            true => Ok(()),
            false => Err(CatalogError::Conflict { key: key.clone() }),
        }
    }
}

impl Catalog for MemoryStore {
    async fn record(&self, key: &Key) -> Result<Option<Record>, CatalogError> {
        Ok(self.catalog.tables().records.get(key).cloned())
    }

    async fn put_record(
        &self,
        key: &Key,
        expected: Option<Etag>,
        body: &[u8],
    ) -> Result<Etag, CatalogError> {
        let mut tables = self.catalog.tables();
        tables.expect(key, expected)?;
        tables.writes += 1;
        let etag = Etag(tables.writes);
        let body = body.to_vec();
        tables.records.insert(key.clone(), Record { etag, body });
        Ok(etag)
    }

    async fn delete_record(&self, key: &Key, expected: Etag) -> Result<(), CatalogError> {
        let mut tables = self.catalog.tables();
        tables.expect(key, Some(expected))?;
        tables.records.remove(key);
        Ok(())
    }

    async fn records(
        &self,
        collection: Collection,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>, CatalogError> {
        let name = after.unwrap_or_default().to_owned();
        let after = Bound::Excluded(Key { collection, name });
        let tables = self.catalog.tables();
        let of_collection = tables
            .records
            .range((after, Bound::Unbounded))
            .take_while(|(key, _)| key.collection == collection);
        Ok(of_collection
            .take(limit)
            .map(|(key, record)| (key.name.clone(), record.clone()))
            .collect())
    }

    async fn put_content(&self, hash: &ContentHash, content: &[u8]) -> Result<(), CatalogError> {
        let mut tables = self.catalog.tables();
        tables
            .contents
            .entry(hash.clone())
            .or_insert_with(|| content.to_vec());
        Ok(())
    }

    async fn content(&self, hash: &ContentHash) -> Result<Option<Vec<u8>>, CatalogError> {
        Ok(self.catalog.tables().contents.get(hash).cloned())
    }
}

#[cfg(test)]
mod tests {
    crate::catalog_contract!(async { crate::memory::MemoryStore::default() });
}
