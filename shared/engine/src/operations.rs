//! What can be asked of an engine: the same calls behind every door.

pub mod arn;
mod start;
mod stop;

pub use start::StartRequest;
