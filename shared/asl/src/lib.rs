//! The Amazon States Language: a definition becomes a compiled state machine or diagnostics, and
//! its paths, templates and choice rules are evaluated here.
//!
//! The crate is pure: it knows no clock, no randomness, no environment and no IO.

pub mod data;
