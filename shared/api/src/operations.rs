//! The operations, by what they are about.

mod activities;
mod aliases;
mod callbacks;
mod configuration;
mod executions;
mod express;
mod history;
mod map_runs;
mod redrive;
mod state_machines;
mod tags;
mod test_state;
mod validate;
mod versions;

pub(crate) use self::redrive::Redrives;
