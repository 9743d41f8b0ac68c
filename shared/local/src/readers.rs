//! Reading: on connections of their own, which see what is durable.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};

use rusqlite::Connection;

use crate::{failure::Failure, file};

/// Connections that are kept for the next reader.
const KEPT: usize = 4;

/// Connections that read.
pub(crate) struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self {
            file,
            idle: Mutex::default(),
        }
    }

    /// Reads what is found by its key. That takes some microseconds, less than another thread would
    /// take to wake up: so it is done here and now.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let connection = match self.idle().pop() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let result = read(&connection);
        let mut idle = self.idle();
        if idle.len() < KEPT {
            idle.push(connection);
        }
        result
    }

    /// Reads what has to be looked for, on a thread that may take its time.
    pub(crate) async fn scan<T: Send + 'static>(
        self: &Arc<Self>,
        scan: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let readers = Arc::clone(self);
        let scanned = tokio::task::spawn_blocking(move || readers.read(scan)).await;
        scanned.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => Err(Failure::Closed),
        })
    }

    fn connect(&self) -> Result<Connection, Failure> {
        let connection = file::connect(&self.file)?;
        connection.pragma_update(None, "query_only", "ON")?;
        Ok(connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().expect("nothing panics under the lock")
    }
}
