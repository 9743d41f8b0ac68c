//! The engine's traits in one process: executions, and what is registered, in one SQLite file;
//! messages in memory.
//!
//! One thread writes. It takes all writes that are waiting, makes them durable with one fsync, and
//! only then answers any of them. Reads see what is durable, and nothing else.
//!
//! The file is `segno.db` in the store's folder, and anybody may look into it:
//!
//! ```text
//! sqlite3 .segno/segno.db "SELECT name, status, error FROM executions ORDER BY started_at DESC LIMIT 10"
//! ```
//!
//! Messages need not outlive the process, because each is owed by a checkpoint: after a restart,
//! [`Engine::recover`](segno_engine::Engine::recover) tells every open execution to look at what it
//! owes.

mod beside;
mod catalog;
mod executions;
mod failure;
mod file;
mod folder;
mod log;
mod metrics;
mod payloads;
mod queue;
mod readers;
mod store;
mod writer;

use std::{path::Path, sync::Arc};

use segno_engine::{memory::MemoryStore, wide::Wide};

use self::{folder::Folder, readers::Readers, writer::Writer};
pub use self::{
    folder::OpenError,
    metrics::{Counter, Metrics, PayloadWork, write_counters},
};

/// Executions, state machines and activities in a folder; messages in memory.
///
/// Another process that opens the folder meanwhile is refused.
pub struct LocalStore {
    // In the order in which they are dropped: nobody reads any more, what is waiting is written, the file
    // is closed by the writer as the last one, and only then may another process have it.
    readers: Arc<Readers>,
    writer: Writer,
    /// Messages, offers and claims: what is of no use to another process.
    memory: MemoryStore,
    wide: Wide,
    metrics: Arc<Metrics>,
    _folder: Folder,
}

impl LocalStore {
    /// Opens the store in a folder; creates both if they are not there.
    ///
    /// # Errors
    ///
    /// [`OpenError`]. What was in the folder is left as it is.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let folder = Folder::claim(folder)?;
        let file = folder.file();
        let metrics = Arc::new(Metrics::default());
        let writer = Writer::start(file::open(&file)?, Arc::clone(&metrics))?;
        Ok(Self {
            readers: Arc::new(Readers::new(file)),
            writer,
            memory: MemoryStore::default(),
            wide: Wide::default(),
            metrics,
            _folder: folder,
        })
    }

    /// What it has done so far, kept up to date.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }
}
