//! Why the database did not do what it was asked.

use rusqlite::{ErrorCode, ffi};
use segno_engine::{catalog::CatalogError, store::StoreError};
use segno_interpreter::{checkpoint::Unreadable, key::ExecutionKey};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the disk of the store is full")]
    Full(#[source] rusqlite::Error),
    /// What was written since the last fsync may be on the disk or not, and no later fsync tells: the
    /// operating system does not try to write it again.
    #[error(
        "the disk has not confirmed what was written: nothing more is written until the server is started again; \
         look after the disk first"
    )]
    NotSynced(#[source] Option<rusqlite::Error>),
    #[error("the file of the store is damaged")]
    Damaged(#[source] rusqlite::Error),
    #[error("the file of the store cannot be read or written")]
    Database(#[source] rusqlite::Error),
    #[error("what is stored cannot be read")]
    Unreadable(#[from] Unreadable),
    #[error("a row of payloads is none: {0}")]
    Malformed(String),
    #[error("the store is closed")]
    Closed,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let extended = error.sqlite_error().map(|error| error.extended_code);
        if let Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) = extended {
            return Self::NotSynced(Some(error));
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error),
            _ => Self::Database(error),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error.into())
    }
}

impl Failure {
    /// As the engine is told of it, who asked about this execution.
    pub(crate) fn of(self, execution: &ExecutionKey) -> StoreError {
        self.of_arn(&execution.arn)
    }

    pub(crate) fn of_arn(self, arn: &str) -> StoreError {
        match self {
            Self::Unreadable(source) => StoreError::Unreadable {
                execution: arn.to_owned(),
                source: source.into(),
            },
            other => StoreError::Unavailable(Box::new(other)),
        }
    }
}

impl From<Failure> for CatalogError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}
