//! `segno dev --ephemeral`, over HTTP as an AWS client speaks to it.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod activities;
mod aliases;
mod client;
mod console;
mod executions;
#[path = "../../shared/integrations/tests/hostile/mod.rs"]
mod hostile;
#[path = "../local.rs"]
mod local;
mod requests;
mod services;
mod state_machines;
mod tags;
mod versions;
