//! The operations, by what they are about.

mod callbacks;
mod executions;
mod express;
mod history;
mod state_machines;
mod validate;
