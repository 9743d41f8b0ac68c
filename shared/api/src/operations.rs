//! The operations, by what they are about.

mod executions;
mod history;
mod state_machines;
mod validate;
