//! SQLite on a disk that fills up, fails, and forgets what was not synced: for tests.
//!
//! [`install`] puts a layer between SQLite and the operating system's files, for every database that
//! the process opens from then on. It knows of each file what an fsync has made durable and what was
//! written since, so that it can tell what a power cut would leave ([`power_cut`]).

mod disk;
mod vfs;

pub use self::{
    disk::{Fate, Fault, fail, forget, power_cut, syncs},
    vfs::install,
};
