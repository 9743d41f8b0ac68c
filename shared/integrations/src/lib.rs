//! Calls what a Task names, and says what came back in Step Functions' words: results as the
//! states see them, errors by the names that `Retry` and `Catch` know.

pub mod api_gateway;
pub mod aws;
pub mod eks;
mod encode;
mod fields;
pub mod http;
pub mod iam;
pub mod lambda;
pub mod lint;
pub mod local;
pub mod logs;
mod models;
pub mod put;
pub mod results;
mod sdk_error;
pub mod services;
mod signature;
pub mod sync;
pub mod tasks;
mod wire;

pub use self::wire::Reach;

use segno_asl::errors::StateError;

/// What came of a call: JSON text, or the error that the state fails with.
pub type CallOutcome = Result<String, StateError>;
