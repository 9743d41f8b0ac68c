//! What is registered: state machines with their versions, aliases and tags, and activities.

mod content;
mod entry;
mod machine;
mod records;
mod state_machine;

use std::fmt;

pub use self::{
    content::ContentHash,
    entry::{Change, Decided, Entry, change, page, read},
    machine::{
        Encryption, LogLevel, Logging, Machine, Revision, definition, revision, store_definition,
    },
    records::{
        ActivityRecord, Alias, Route, StateMachineRecord, StateMachineStatus, Tags, Version,
    },
    state_machine::{ALIASES_MAX, Full, Referenced, VERSIONS_MAX},
};

/// Bytes of a record's body. An item of DynamoDB has at most 400 KB, its key included.
///
/// AWS: [DynamoDB quotas](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html).
pub const RECORD_BYTES_MAX: usize = 384 * 1024;

/// Where records about resources live, and the texts that they refer to.
///
/// A record is small, has a name, and is changed under optimistic concurrency: whoever writes names
/// the [`Etag`] of what they have read. One write changes one record, so everything that must agree
/// is in one record. A content is stored under its own hash, for good: executions name it long after
/// the record that did so has changed.
///
/// An embedded database and DynamoDB can both keep this cheaply: a record is an item whose partition
/// is the collection, a write is one conditional put. Whoever writes a catalog runs
/// `catalog_contract!` (feature `contract-tests`) over it.
pub trait Catalog: Send + Sync + 'static {
    /// The record of this key, if there is one. Strongly consistent.
    fn record(
        &self,
        key: &Key,
    ) -> impl Future<Output = Result<Option<Record>, CatalogError>> + Send;

    /// Writes a record of at most [`RECORD_BYTES_MAX`], if it still is as `expected`: `None` expects
    /// that there is none. Gives its new etag.
    ///
    /// # Errors
    ///
    /// - [`CatalogError::Conflict`]: it is not as expected. Nothing was written. Read again.
    /// - [`CatalogError::Unavailable`]: no answer. It may have been written.
    fn put_record(
        &self,
        key: &Key,
        expected: Option<Etag>,
        body: &[u8],
    ) -> impl Future<Output = Result<Etag, CatalogError>> + Send;

    /// Deletes a record, if it still is as `expected`.
    ///
    /// # Errors
    ///
    /// As those of [`put_record`](Self::put_record). A record that is gone is a conflict.
    fn delete_record(
        &self,
        key: &Key,
        expected: Etag,
    ) -> impl Future<Output = Result<(), CatalogError>> + Send;

    /// The records of a collection whose names come after `after`, at most `limit`, in the order of
    /// the bytes of their names.
    fn records(
        &self,
        collection: Collection,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(String, Record)>, CatalogError>> + Send;

    /// Stores a content under its hash. One that is there stays as it is. A content may be a
    /// definition, and have 1 MiB.
    fn put_content(
        &self,
        hash: &ContentHash,
        content: &[u8],
    ) -> impl Future<Output = Result<(), CatalogError>> + Send;

    /// The content of this hash. Strongly consistent.
    fn content(
        &self,
        hash: &ContentHash,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, CatalogError>> + Send;
}

/// A kind of record. Its text is persisted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// [`StateMachineRecord`], by ARN.
    StateMachines,
    /// [`ActivityRecord`], by ARN.
    Activities,
}

impl Collection {
    /// As a database names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StateMachines => "stateMachines",
            Self::Activities => "activities",
        }
    }
}

/// What names a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What kind of record it is.
    pub collection: Collection,
    /// Unique within the collection: 1 to 1,024 bytes.
    pub name: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.collection.as_str(), self.name)
    }
}

/// What is stored under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Tells this content from any other that the key ever had.
    pub etag: Etag,
    /// The record itself.
    pub body: Vec<u8>,
}

/// Names one state of a record. The catalog makes it; under one key it never comes again, not even
/// when the record was deleted and created anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Etag(pub u64);

/// Why a catalog did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Somebody else was there first. Nothing was written.
    #[error("`{key}` has changed meanwhile")]
    Conflict {
        /// The record.
        key: Key,
    },
    /// The record would outgrow [`RECORD_BYTES_MAX`]. Nothing was written.
    #[error("`{key}` would have {bytes} bytes, and {RECORD_BYTES_MAX} are possible")]
    TooLarge {
        /// The record.
        key: Key,
        /// What it would have.
        bytes: usize,
    },
    /// No answer. A write may have happened.
    #[error("the catalog does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is stored cannot be read.
    #[error("what is stored of `{name}` cannot be read")]
    Unreadable {
        /// The record or content.
        name: String,
        /// Why.
        #[source]
        source: Unreadable,
    },
}

/// Why a persisted form cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not what was written.
    #[error("it is damaged")]
    Damaged(#[from] serde_json::Error),
    /// A newer release wrote it.
    #[error("it has version {found}, and this release reads up to {known}")]
    Version {
        /// Its version.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// Something refers to a content that is not there, or is no text.
    #[error("there is no text of that hash")]
    Missing,
}
