//! Recovery: what another process has left behind is set in motion again, so many executions at a time.
//!
//! However many are open, whoever calls meanwhile is answered: only a few of them stand in line.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard},
};

use segno_interpreter::key::ExecutionKey;
use tokio::sync::Notify;

use crate::{
    Backend, Clock, Engine, Invoker, lock,
    queue::{Body, Message},
    store::StoreError,
};

/// Executions that are told to look at what they owe and have not done so yet, at most.
const TOLD_MAX: usize = 256;

/// Executions that are told at once.
const PAGE: usize = TOLD_MAX / 2;

/// Executions that were told to look at what they owe, and have not done so yet.
#[derive(Default)]
pub(crate) struct Recovery {
    told: Mutex<HashSet<ExecutionKey>>,
    has_changed: Notify,
}

impl Recovery {
    /// An execution has looked at what it owes, or never will.
    pub(crate) fn has_looked(&self, execution: &ExecutionKey) {
        if self.told().remove(execution) {
            self.has_changed.notify_waiters();
        }
    }

    /// Waits until so many more may be told, and puts them down.
    async fn tell(&self, executions: &[ExecutionKey]) {
        loop {
            let changed = self.has_changed.notified();
            tokio::pin!(changed);
            // From here on nothing is missed.
            changed.as_mut().enable();
            {
                let mut told = self.told();
                if told.len() + executions.len() <= TOLD_MAX {
                    told.extend(executions.iter().cloned());
                    return;
                }
            }
            changed.await;
        }
    }

    fn told(&self) -> MutexGuard<'_, HashSet<ExecutionKey>> {
        lock(&self.told)
    }
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Sets everything in motion again that another process has left behind: each open execution is
    /// told to look at what it owes. A queue that forgets its messages with the process needs it whenever
    /// a process begins; any other one when its messages were lost. Where messages stay within the process,
    /// somebody must [work](Self::work) meanwhile: only so many are told before the first ones have looked.
    ///
    /// Gives how many there were.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: those that were not told yet stand still until it is called again.
    pub async fn recover(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        let mut after: Option<String> = None;
        loop {
            let page = self.store().open_executions(after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(count);
            };
            after = Some(last.arn.clone());
            count += page.len() as u64;
            if !self.store().is_durable() {
                self.recovery().tell(&page).await;
            }
            let look = |execution| Message::recheck(execution, Body::Look).now();
            let messages = page.iter().cloned().map(look).collect();
            if let Err(error) = self.store().send(messages).await {
                // Whoever calls again tells them again.
                for execution in &page {
                    self.recovery().has_looked(execution);
                }
                return Err(StoreError::Unavailable(Box::new(error)));
            }
        }
    }
}
