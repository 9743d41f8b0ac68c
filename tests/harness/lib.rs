//! What the tests that cross crates have in common: cases, and a world in which to run them.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "this crate is tests"
)]

pub mod case;
pub mod emulated;
pub mod http;
pub mod lambda;
pub mod sim;
pub mod state_test;
pub mod world;

use std::path::{Path, PathBuf};

/// A path in the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join(path)
}
