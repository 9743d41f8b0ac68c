//! Why the database did not do what it was asked.

use rusqlite::ErrorCode;
use segno_engine::{catalog::CatalogError, store::StoreError};
use segno_interpreter::{checkpoint::Unreadable, key::ExecutionKey};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the disk of the store is full")]
    Full(#[source] rusqlite::Error),
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
                source,
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
