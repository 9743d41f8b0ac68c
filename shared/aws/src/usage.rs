//! What is used of AWS, counted.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Counts requests as they go out, and the capacity that the table says they consumed.
#[derive(Debug, Default)]
pub struct Usage {
    used: Mutex<Used>,
}

/// What was used so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Used {
    /// Requests by service and operation, with those that were tried again.
    pub requests: BTreeMap<String, u64>,
    /// Write units of the table and its index.
    pub write_units: f64,
    /// Read units of the table and its index.
    pub read_units: f64,
    /// Writes whose condition did not hold. They cost write units that the table does not tell.
    pub refused_writes: u64,
}

impl Usage {
    /// What was used so far.
    pub fn so_far(&self) -> Used {
        self.used().clone()
    }

    /// Forgets what was used so far, and gives it.
    pub fn take(&self) -> Used {
        std::mem::take(&mut self.used())
    }

    pub(crate) fn request(&self, service: &str, operation: &str) {
        let name = format!("{service}:{operation}");
        *self.used().requests.entry(name).or_default() += 1;
    }

    pub(crate) fn refused(&self) {
        self.used().refused_writes += 1;
    }

    pub(crate) fn wrote(&self, consumed: &ConsumedCapacity) {
        self.used().write_units += consumed.capacity_units().unwrap_or_default();
    }

    pub(crate) fn read(&self, consumed: &ConsumedCapacity) {
        self.used().read_units += consumed.capacity_units().unwrap_or_default();
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().expect("nothing panics under the lock")
    }
}
