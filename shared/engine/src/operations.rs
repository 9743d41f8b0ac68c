//! What can be asked of an engine: the same calls behind every door.

mod activity;
pub mod arn;
mod callback;
mod redrive;
mod start;
mod state_machines;
mod stop;
mod test_state;

pub use self::{
    activity::ActivityTask,
    callback::AnswerError,
    redrive::RedriveError,
    start::{RunError, StartError, StartRequest},
    state_machines::{Found, Pick, StateMachineError},
    test_state::{MockedWork, Untested},
};
