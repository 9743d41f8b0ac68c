//! JSONPath as AWS runs it.

/// Why a path was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPath(String);

impl InvalidPath {
    pub(crate) fn new(why: impl Into<String>) -> InvalidPath {
        InvalidPath(why.into())
    }
}
