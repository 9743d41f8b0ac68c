//! Retention: what closed long ago is forgotten, a few executions at a time.

use std::time::Duration;

use segno_interpreter::event::Timestamp;
use tokio::time::{Instant, sleep};

use crate::{Backend, Clock, Engine, Invoker, store::StoreError};

/// Executions that are forgotten in one write. Whoever waits to write meanwhile waits for them, too.
const BATCH: usize = 16;

/// How long others write at least before more is forgotten.
const PAUSE_MIN: Duration = Duration::from_millis(1);

/// How often it is looked for what is to be forgotten.
const PERIOD: Duration = Duration::from_secs(60);

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Forgets the executions that closed longer ago than this. Gives how many there were. Others have
    /// the store for at least half the time.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: some may be forgotten, the others next time.
    pub async fn forget_closed(&self, retention: Duration) -> Result<u64, StoreError> {
        let milliseconds = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
        let closed_before = Timestamp(self.clock().now().0.saturating_sub(milliseconds));
        let mut count = 0;
        loop {
            let begun = Instant::now();
            let expired = self.store().expire(closed_before, BATCH).await?;
            count += expired as u64;
            if expired < BATCH {
                return Ok(count);
            }
            sleep(begun.elapsed().max(PAUSE_MIN)).await;
        }
    }

    /// Keeps executions for this time after they have closed, and forgets them then; until it is dropped.
    pub async fn keep_for(&self, retention: Duration) {
        loop {
            match self.forget_closed(retention).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "executions are forgotten that closed long ago"),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "what closed long ago is not forgotten yet");
                }
            }
            sleep(PERIOD).await;
        }
    }
}
