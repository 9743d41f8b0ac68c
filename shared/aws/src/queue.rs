//! Messages: a standard queue of SQS, and rows of the table for what waits longer than SQS lets wait.

mod dead_letters;
mod form;
mod mapping;
mod sqs;
mod wakes;

use std::time::Duration;

use segno_engine::{
    Queue,
    queue::{Cause, Envelope, QueueError, Receipt, Received},
};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

pub use self::{dead_letters::Drained, wakes::Reconciled};
use self::{
    form::{Form, Row},
    sqs::{Parcel, Target},
};
pub(crate) use self::{mapping::Mapped, sqs::Sqs};
use crate::{AwsBackend, failure::Failure};

/// The longest delay of SQS.
///
/// AWS: [Amazon SQS message quotas](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
pub const DELAY_MAX: Duration = Duration::from_secs(900);

/// How often a message is received before it is moved to the second queue.
const RECEIVES_MAX: u32 = 2;

/// How long to wait between two receives that do not wait themselves.
const PAUSE: Duration = Duration::from_millis(100);

/// A message as an event source mapping hands it to a Lambda function.
#[derive(Debug, Clone, Copy)]
pub struct QueueRecord<'a> {
    /// Its id.
    pub message_id: &'a str,
    /// What it is deleted by.
    pub receipt_handle: &'a str,
    /// Its text.
    pub body: &'a str,
    /// `ApproximateReceiveCount` of its attributes.
    pub receives: u32,
    /// ARN of the queue that it was in.
    pub queue_arn: &'a str,
}

impl Queue for AwsBackend {
    async fn send(&self, messages: Vec<Envelope>) -> Result<(), QueueError> {
        self.send_all(messages).await.map_err(queue_error)
    }

    fn is_durable(&self) -> bool {
        true
    }

    /// A message that was received too often is moved to the second queue instead.
    async fn receive(&self, limit: usize) -> Result<Vec<Received>, QueueError> {
        loop {
            let received = self.poll(limit).await?;
            if !received.is_empty() {
                return Ok(received);
            }
            if self.inner.options.poll.as_secs() == 0 {
                sleep(PAUSE).await;
            }
        }
    }

    async fn delete(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        self.delete_all(&receipts).await.map_err(queue_error)
    }

    fn visibility(&self) -> Option<Duration> {
        Some(self.inner.options.visibility)
    }

    async fn extend(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        self.extend_all(&receipts).await.map_err(queue_error)
    }
}

fn queue_error(failure: Failure) -> QueueError {
    QueueError(Box::new(failure))
}

impl AwsBackend {
    /// Receives messages, or none if none comes within [`poll`](crate::Options::poll).
    ///
    /// # Errors
    ///
    /// [`QueueError`].
    pub async fn poll(&self, limit: usize) -> Result<Vec<Received>, QueueError> {
        self.receive_once(limit).await.map_err(queue_error)
    }

    /// Whether a message is to be moved to the second queue before anything is loaded: it may be what
    /// kills its workers.
    pub fn is_suspect(&self, received: &Received) -> bool {
        received.receives > RECEIVES_MAX && Handle::of(&received.receipt).source == Target::Main
    }

    /// Moves messages to the second queue, where each is received by itself; marked, because nobody knows
    /// what was done for them.
    ///
    /// # Errors
    ///
    /// [`QueueError`]: they may be in both queues.
    pub async fn move_to_second(&self, received: Vec<Received>) -> Result<(), QueueError> {
        self.isolate(received).await.map_err(queue_error)
    }

    async fn isolate(&self, received: Vec<Received>) -> Result<(), Failure> {
        let mut parcels = Vec::with_capacity(received.len());
        let mut handles = Vec::with_capacity(received.len());
        for mut received in received {
            received.message.is_recheck = true;
            let mut handle = Handle::of(&received.receipt);
            let mut form = self.form_of(&received.message).await?;
            // The row goes along with the message, and is deleted with the new one.
            form.row = handle.row.take();
            parcels.push(Parcel::new(&form, Duration::ZERO)?);
            handles.push(handle);
        }
        self.inner.queues.send(Target::Second, parcels).await?;
        self.delete_handles(&handles).await
    }

    async fn send_all(&self, messages: Vec<Envelope>) -> Result<(), Failure> {
        let mut parcels = Vec::with_capacity(messages.len());
        for Envelope { message, delay } in messages {
            let form = self.form_of(&message).await?;
            match delay <= self.inner.options.delay_max {
                true => parcels.push(Parcel::new(&form, delay)?),
                false => self.put_row(&form, delay).await?,
            }
        }
        self.inner.queues.send(Target::Main, parcels).await
    }

    async fn receive_once(&self, limit: usize) -> Result<Vec<Received>, Failure> {
        let options = &self.inner.options;
        // The time of a message begins after that.
        let until = Instant::now() + options.visibility;
        let messages = self
            .inner
            .queues
            .receive(Target::Main, limit, options)
            .await?;
        let mut received = Vec::with_capacity(messages.len());
        let mut suspects = Vec::new();
        for message in &messages {
            match self.read(Target::Main, message.record(), Some(until)).await {
                Ok(message) if self.is_suspect(&message) => suspects.push(message),
                Ok(message) => received.push(message),
                // It comes again: to somebody who can read it, or to the dead letters in the end.
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, id = message.id, "a message cannot be read");
                }
            }
        }
        if !suspects.is_empty() {
            self.isolate(suspects).await?;
        }
        Ok(received)
    }

    async fn read(
        &self,
        source: Target,
        record: QueueRecord<'_>,
        until: Option<Instant>,
    ) -> Result<Received, Failure> {
        let form = Form::decode(record.body)?;
        let handle = Handle {
            source,
            row: form.row.clone(),
            handle: record.receipt_handle.to_owned(),
        };
        Ok(Received {
            message: self.message_of(form).await?,
            cause: cause(record.message_id),
            receipt: handle.receipt(),
            receives: record.receives,
            until,
        })
    }

    async fn delete_all(&self, receipts: &[Receipt]) -> Result<(), Failure> {
        let handles: Vec<Handle> = receipts.iter().map(Handle::of).collect();
        self.delete_handles(&handles).await?;
        for row in handles.iter().filter_map(|handle| handle.row.as_ref()) {
            self.inner.table.delete(&row.key()).await?;
        }
        Ok(())
    }

    /// Deletes messages, but for those that an event source mapping deletes.
    async fn delete_handles(&self, handles: &[Handle]) -> Result<(), Failure> {
        let own = handles
            .iter()
            .filter(|handle| !self.inner.mapped.is_done(handle));
        let own: Vec<Handle> = own.cloned().collect();
        self.inner.queues.delete(&own).await
    }

    async fn extend_all(&self, receipts: &[Receipt]) -> Result<(), Failure> {
        let handles: Vec<Handle> = receipts.iter().map(Handle::of).collect();
        let visibility = self.inner.options.visibility;
        self.inner.queues.extend(&handles, visibility).await
    }
}

/// A short hash of a message's id.
fn cause(message_id: &str) -> Cause {
    let hash = Sha256::digest(message_id.as_bytes());
    let first = hash[..8].try_into().expect("a hash has more than 8 bytes");
    Cause(u64::from_be_bytes(first))
}

/// What a receipt says: in which queue the message is, which row of the table goes with it, and what
/// SQS knows it by.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Handle {
    source: Target,
    row: Option<Row>,
    handle: String,
}

impl Handle {
    fn receipt(&self) -> Receipt {
        let (shard, sort) = match &self.row {
            Some(row) => (row.shard.to_string(), row.sort.as_str()),
            None => (String::new(), ""),
        };
        let source = self.source.letter();
        Receipt(format!("{source}\n{shard}\n{sort}\n{}", self.handle))
    }

    /// What a receipt says that was made here.
    fn of(receipt: &Receipt) -> Self {
        let mut lines = receipt.0.splitn(4, '\n');
        let mut line = || lines.next().unwrap_or_default();
        let (source, shard, sort, handle) = (line(), line(), line(), line());
        Self {
            source: Target::of_letter(source),
            row: shard.parse().ok().map(|shard| Row {
                shard,
                sort: sort.to_owned(),
            }),
            handle: handle.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_tells_what_it_was_made_of() {
        let row = Row {
            shard: 3,
            sort: "0123abc".into(),
        };
        for (source, row) in [(Target::Main, None), (Target::Second, Some(row))] {
            let handle = Handle {
                source,
                row,
                handle: "AQEB+/=".into(),
            };
            assert_eq!(Handle::of(&handle.receipt()), handle);
        }
    }
}
