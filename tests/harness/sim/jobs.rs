//! The jobs that tasks start, in a service of its own: it outlives all processes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::Instant;

/// All jobs.
#[derive(Default)]
pub struct Jobs(Mutex<BTreeMap<String, Job>>);

struct Job {
    ends_at: Instant,
    is_end_known: bool,
    is_cancelled: bool,
}

impl Jobs {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Job>> {
        self.0.lock().unwrap()
    }

    /// Starts a job, unless one of that name was started.
    pub fn start(&self, name: String, runs: Duration) {
        self.all().entry(name).or_insert_with(|| Job {
            ends_at: Instant::now() + runs,
            is_end_known: false,
            is_cancelled: false,
        });
    }

    /// Whether a job is over; `None` if there is none of that name.
    pub fn is_over(&self, name: &str) -> Option<bool> {
        let mut all = self.all();
        let job = all.get_mut(name)?;
        job.is_end_known |= job.ends_at <= Instant::now();
        Some(job.is_end_known)
    }

    /// Cancels a job. Whether there is one of that name.
    pub fn cancel(&self, name: &str) -> bool {
        let mut all = self.all();
        let job = all.get_mut(name);
        job.map(|job| job.is_cancelled = true).is_some()
    }

    /// How many were started.
    pub fn started(&self) -> usize {
        self.all().len()
    }

    /// How many were cancelled.
    pub fn cancelled(&self) -> usize {
        self.all().values().filter(|job| job.is_cancelled).count()
    }

    /// How many nobody cares about: neither their end is known, nor were they cancelled.
    pub fn left(&self) -> usize {
        let is_left = |job: &&Job| !job.is_end_known && !job.is_cancelled;
        self.all().values().filter(is_left).count()
    }
}
