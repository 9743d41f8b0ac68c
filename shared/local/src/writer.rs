//! Writing: one thread takes all writes that are waiting, and makes them durable together.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::{Builder, JoinHandle, sleep},
    time::{Duration, Instant},
};

use rusqlite::{Connection, MAIN_DB, wal::CheckpointMode};
use tokio::sync::oneshot;

use crate::{failure::Failure, file, folder::OpenError, metrics::Metrics};

/// Writes that are made durable together at most.
const TOGETHER_MAX: usize = 512;

/// Where there was company before, it is waited for while more comes in such a time…
const GAP: Duration = Duration::from_millis(1);

/// … and hardly longer than this in all: an fsync takes as long.
const GATHERING_MAX: Duration = Duration::from_millis(4);

/// Pages of 4 KiB in the write-ahead log from which on it is brought into the database file.
const LOG_PAGES_MAX: i32 = 4_096;

/// When a write counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// When it is on the disk, whatever happens to the machine.
    Synced,
    /// When it is visible and outlives the process. It is on the disk before any later write that is
    /// [`Synced`](Self::Synced) is done.
    Written,
}

/// The thread that writes. Dropping it waits for what is being written.
pub(crate) struct Writer {
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    metrics: Arc<Metrics>,
}

/// Something to be written, and whoever waits for it.
trait Job: Send {
    fn durability(&self) -> Durability;

    /// Writes it, as a part of a transaction. If that fails it is written again.
    fn apply(&mut self, db: &Connection) -> Result<(), Failure>;

    /// Tells whoever waits for it.
    fn answer(self: Box<Self>, done: Result<(), Failure>);
}

struct Pending<F, T> {
    durability: Durability,
    write: F,
    result: Option<T>,
    asker: oneshot::Sender<Result<T, Failure>>,
}

impl<F, T> Job for Pending<F, T>
where
    F: FnMut(&Connection) -> Result<T, Failure> + Send,
    T: Send,
{
    fn durability(&self) -> Durability {
        self.durability
    }

    fn apply(&mut self, db: &Connection) -> Result<(), Failure> {
        self.result = Some((self.write)(db)?);
        Ok(())
    }

    fn answer(self: Box<Self>, done: Result<(), Failure>) {
        let Self { result, asker, .. } = *self;
        // Whoever asked may be gone.
        let _ = asker.send(done.and_then(|()| result.ok_or(Failure::Closed)));
    }
}

impl Writer {
    /// Begins to write on this connection.
    pub(crate) fn start(connection: Connection, metrics: Arc<Metrics>) -> Result<Self, OpenError> {
        let (jobs, waiting) = channel();
        let desk = Desk::new(connection, Arc::clone(&metrics));
        let thread = Builder::new()
            .name("segno-writer".into())
            .spawn(move || desk.work(&waiting))
            .map_err(OpenError::NoThread)?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            metrics,
        })
    }

    /// Writes something, and waits until it is done. What was not done was not written, unless the disk
    /// failed just when it was to become durable.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        durability: Durability,
        write: impl FnMut(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.metrics.writes.add(1);
        let (asker, answer) = oneshot::channel();
        let job = Box::new(Pending {
            durability,
            write,
            result: None,
            asker,
        });
        let jobs = self.jobs.as_ref().ok_or(Failure::Closed)?;
        jobs.send(job).map_err(|_| Failure::Closed)?;
        answer.await.unwrap_or(Err(Failure::Closed))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // Its panic was told by the hook.
            let _ = thread.join();
        }
    }
}

/// Where the thread works.
struct Desk {
    connection: Connection,
    durability: Durability,
    /// Pages in the write-ahead log.
    log_pages: Arc<AtomicI32>,
    /// How many there must be for the next attempt to bring them into the file.
    checkpoint_at: i32,
    /// Writes that were made durable together last.
    company: usize,
    /// Whether an fsync has failed. What is written after it would stand on what may not be there.
    is_distrusted: bool,
    metrics: Arc<Metrics>,
}

impl Desk {
    fn new(mut connection: Connection, metrics: Arc<Metrics>) -> Self {
        let log_pages = Arc::new(AtomicI32::new(0));
        let counted = Arc::clone(&log_pages);
        let hooked = connection.wal_hook(Some(move |_: &mut _, pages| {
            counted.store(pages, Ordering::Relaxed);
            Ok(())
        }));
        if let Err(error) = hooked {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the log is not counted"
            );
        }
        Self {
            connection,
            durability: Durability::Synced,
            log_pages,
            checkpoint_at: LOG_PAGES_MAX,
            company: 1,
            is_distrusted: false,
            metrics,
        }
    }

    fn work(mut self, waiting: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = waiting.recv() {
            let mut jobs = vec![first];
            self.gather(waiting, &mut jobs);
            self.company = jobs.len();
            self.write(jobs);
            // Nobody waits for that any more.
            self.checkpoint();
        }
    }

    /// Takes whatever else is waiting. Whoever had company before gives it a moment to come: that costs
    /// less than an fsync for each.
    fn gather(&self, waiting: &Receiver<Box<dyn Job>>, jobs: &mut Vec<Box<dyn Job>>) {
        jobs.extend(waiting.try_iter().take(TOGETHER_MAX));
        if self.company == 1 && jobs.len() == 1 {
            return;
        }
        let begun = Instant::now();
        while jobs.len() < TOGETHER_MAX && begun.elapsed() < GATHERING_MAX {
            // Asleep, and not waiting for them: nobody has to wake this thread for each.
            sleep(GAP);
            let before = jobs.len();
            jobs.extend(waiting.try_iter().take(TOGETHER_MAX));
            if jobs.len() == before {
                return;
            }
        }
    }

    /// Makes writes durable and answers them. If that cannot be done together, one by one: what is wrong
    /// with one is not the fault of the others.
    fn write(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let done = self.transact(&mut jobs);
        if let Err(failure) = &done {
            self.distrust_after(failure);
        }
        match (done, jobs.len()) {
            (Err(_), 2..) => jobs.into_iter().for_each(|job| self.write(vec![job])),
            (Ok(()), _) => jobs.into_iter().for_each(|job| job.answer(Ok(()))),
            (Err(failure), _) => {
                self.metrics.failed_writes.add(1);
                if let Some(job) = jobs.pop() {
                    job.answer(Err(failure));
                }
            }
        }
    }

    /// Writes in one transaction.
    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Failure> {
        if self.is_distrusted {
            return Err(Failure::NotSynced(None));
        }
        let is_synced = jobs
            .iter()
            .any(|job| job.durability() == Durability::Synced);
        self.sync(if is_synced {
            Durability::Synced
        } else {
            Durability::Written
        })?;
        self.connection
            .prepare_cached("BEGIN IMMEDIATE")?
            .execute([])?;
        let written = jobs
            .iter_mut()
            .try_for_each(|job| job.apply(&self.connection))
            .and_then(|()| Ok(self.connection.prepare_cached("COMMIT")?.execute([])?));
        if let Err(failure) = written {
            // SQLite may have done so itself.
            if !self.connection.is_autocommit() {
                self.connection.prepare_cached("ROLLBACK")?.execute([])?;
            }
            return Err(failure);
        }
        match is_synced {
            true => self.metrics.synced_transactions.add(1),
            false => self.metrics.other_transactions.add(1),
        }
        Ok(())
    }

    /// Whether the next transaction ends with an fsync.
    fn sync(&mut self, durability: Durability) -> Result<(), Failure> {
        if self.durability != durability {
            let synchronous = match durability {
                Durability::Synced => "FULL",
                Durability::Written => "NORMAL",
            };
            self.connection
                .pragma_update(None, "synchronous", synchronous)?;
            self.durability = durability;
        }
        Ok(())
    }

    /// Brings the write-ahead log into the file, if it has grown.
    fn checkpoint(&mut self) {
        let pages = self.log_pages.load(Ordering::Relaxed);
        if pages < LOG_PAGES_MAX {
            self.checkpoint_at = LOG_PAGES_MAX;
        }
        if pages < self.checkpoint_at {
            return;
        }
        // A reader that holds the log up does not make this an attempt at each write.
        self.checkpoint_at = pages.saturating_add(LOG_PAGES_MAX / 4);
        self.metrics.checkpoints.add(1);
        let done = self
            .connection
            .wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE);
        if let Err(failure) = done.map_err(Failure::from) {
            let error = &failure as &dyn std::error::Error;
            tracing::warn!(error, "the write-ahead log grows");
            self.distrust_after(&failure);
        }
    }

    /// After an fsync that failed, nothing is written any more: not even what closing would bring into
    /// the file. Whoever opens the store next begins with what is readable.
    fn distrust_after(&mut self, failure: &Failure) {
        if self.is_distrusted || !matches!(failure, Failure::NotSynced(_)) {
            return;
        }
        self.is_distrusted = true;
        let error = failure as &dyn std::error::Error;
        tracing::error!(error, "the store takes no more writes");
        if let Err(error) = file::keep_log(&self.connection, true) {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the log will not be kept");
        }
    }
}
