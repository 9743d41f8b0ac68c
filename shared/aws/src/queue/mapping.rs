//! Messages that an event source mapping has handed over.
//!
//! The mapping deletes all of them that the invocation does not report as failed, with one request. As
//! long as the invocation is short, that is the cheapest; one that goes on
//! [deletes](AwsBackend::delete_finished) what is done itself.
//!
//! AWS: [Reporting batch item failures](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html).

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use segno_engine::queue::{QueueError, Received};
use tokio::time::Instant;

use super::{Handle, QueueRecord, queue_error, sqs::Target};
use crate::{AwsBackend, failure::Failure};

/// The messages that mappings have handed to this process, by what they are deleted by.
#[derive(Default)]
pub(crate) struct Mapped(Mutex<HashMap<String, Delivery>>);

struct Delivery {
    message_id: String,
    source: Target,
    is_done: bool,
}

impl Mapped {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Delivery>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a message is done; `false` if no mapping deletes it.
    pub(super) fn is_done(&self, handle: &Handle) -> bool {
        let mut all = self.all();
        let delivery = all.get_mut(&handle.handle);
        delivery.is_some_and(|delivery| {
            delivery.is_done = true;
            true
        })
    }
}

impl AwsBackend {
    /// Takes over the messages of an invocation, which began at `begun`. From here on they are kept from
    /// others for [`visibility`](crate::Options::visibility) only, however long the queue's own is: what
    /// a dead worker leaves, another one takes soon. Those that were received too often are moved to the
    /// second queue. What cannot be read is left to the mapping as failed.
    ///
    /// # Errors
    ///
    /// [`QueueError`]: none of them was taken.
    pub async fn take_over(
        &self,
        records: &[QueueRecord<'_>],
        begun: Instant,
    ) -> Result<Vec<Received>, QueueError> {
        self.take(records, begun).await.map_err(queue_error)
    }

    async fn take(
        &self,
        records: &[QueueRecord<'_>],
        begun: Instant,
    ) -> Result<Vec<Received>, Failure> {
        let until = begun + self.inner.options.visibility;
        // What an invocation has left behind that failed is no message of this one.
        self.inner.mapped.all().clear();
        let mut received = Vec::with_capacity(records.len());
        for record in records {
            let source = self.inner.queues.source(record.queue_arn);
            let delivery = Delivery {
                message_id: record.message_id.to_owned(),
                source,
                is_done: false,
            };
            let handle = record.receipt_handle.to_owned();
            self.inner.mapped.all().insert(handle, delivery);
            match self.read(source, *record, Some(until)).await {
                Ok(message) => received.push(message),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    let id = record.message_id;
                    tracing::error!(error, id, "a message cannot be read");
                }
            }
        }
        let receipts: Vec<_> = received.iter().map(|m| m.receipt.clone()).collect();
        self.extend_all(&receipts).await?;
        let (suspects, received) = received
            .into_iter()
            .partition::<Vec<_>, _>(|message| self.is_suspect(message));
        if !suspects.is_empty() {
            self.isolate(suspects).await?;
        }
        Ok(received)
    }

    /// Deletes what is done of the messages that mappings have handed over. For an invocation that goes
    /// on: their time would be over before it ends.
    ///
    /// # Errors
    ///
    /// [`QueueError`]: they are deleted the next time, or by the mapping.
    pub async fn delete_finished(&self) -> Result<(), QueueError> {
        let done: Vec<Handle> = {
            let all = self.inner.mapped.all();
            let done = all.iter().filter(|(_, delivery)| delivery.is_done);
            done.map(|(handle, delivery)| Handle {
                source: delivery.source,
                row: None,
                handle: handle.clone(),
            })
            .collect()
        };
        if done.is_empty() {
            return Ok(());
        }
        self.inner.queues.delete(&done).await.map_err(queue_error)?;
        let mut all = self.inner.mapped.all();
        for handle in done {
            all.remove(&handle.handle);
        }
        Ok(())
    }

    /// The invocation ends: the ids of those of its messages that were not done, which the mapping must
    /// not delete.
    pub fn hand_back(&self) -> Vec<String> {
        let mut all = self.inner.mapped.all();
        let left = std::mem::take(&mut *all).into_values();
        let failed = left.filter(|delivery| !delivery.is_done);
        failed.map(|delivery| delivery.message_id).collect()
    }
}
