//! The Amazon States Language: a definition becomes a compiled state machine or diagnostics, and
//! its paths, templates and choice rules are evaluated here.
//!
//! The crate is pure: it knows no clock, no randomness, no environment and no IO. Time and chance
//! are the caller's to give.

pub mod choice;
pub mod data;
pub mod definition;
pub mod errors;
pub mod intrinsics;
pub mod jsonata;
pub mod limits;
