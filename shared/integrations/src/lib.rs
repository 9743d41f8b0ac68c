//! Calls what a Task names, and says what came back in Step Functions' words: results as the
//! states see them, errors by the names that `Retry` and `Catch` know.

pub mod aws;
pub mod iam;
pub mod lambda;
pub mod lint;
pub mod local;
mod models;
pub mod results;
mod sdk_error;

use segno_asl::errors::StateError;

/// What came of a call: JSON text, or the error that the state fails with.
pub type CallOutcome = Result<String, StateError>;
