//! Why AWS did not do what it was asked.

use std::error::Error;

use aws_smithy_runtime_api::client::result::SdkError;
use segno_engine::{catalog::CatalogError, store::StoreError};
use segno_interpreter::{checkpoint, key::ExecutionKey};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Of DynamoDB or SQS.
    #[error("the service does not answer as it should")]
    Service(#[source] Box<dyn Error + Send + Sync>),
    #[error("the bucket does not answer as it should: {0}")]
    Bucket(String),
    #[error("the queue does not take what is sent: {0}")]
    Queue(String),
    #[error("the operating system gives no randomness")]
    NoRandomness(#[from] getrandom::Error),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// Why what is stored cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("an item has version {found}, and this release reads up to {known}")]
    Version { found: u64, known: u64 },
    #[error("it is compressed with dictionary {0}, which this release does not have")]
    Dictionary(u8),
    #[error("an item lacks `{0}`")]
    Lacks(&'static str),
    #[error("object `{0}` is not in the bucket")]
    NoObject(String),
    #[error("it cannot be decompressed")]
    Compressed(#[source] std::io::Error),
    #[error("its parts are not what its header says")]
    Parts,
    #[error("it is damaged")]
    Damaged(#[from] serde_json::Error),
    #[error(transparent)]
    Checkpoint(#[from] checkpoint::Unreadable),
}

impl<E, R> From<SdkError<E, R>> for Failure
where
    E: Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        Self::Service(Box::new(error))
    }
}

impl From<aws_sdk_dynamodb::error::BuildError> for Failure {
    fn from(error: aws_sdk_dynamodb::error::BuildError) -> Self {
        Self::Service(Box::new(error))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error.into())
    }
}

impl From<checkpoint::Unreadable> for Failure {
    fn from(error: checkpoint::Unreadable) -> Self {
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
