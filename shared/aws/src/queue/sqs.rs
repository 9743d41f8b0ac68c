//! The queues of SQS: what is sent and received in batches.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    types::{
        BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry,
        DeleteMessageBatchRequestEntry, MessageSystemAttributeName, SendMessageBatchRequestEntry,
    },
};
use tokio::time::sleep;

use super::{DELAY_MAX, Handle, QueueRecord, form::Form};
use crate::{Options, Queues, failure::Failure};

/// Messages of a batch.
///
/// AWS: [Amazon SQS message quotas](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
const BATCH_MAX: usize = 10;

/// Bytes of the messages of a batch. SQS takes more by now, but not everywhere.
const BATCH_BYTES_MAX: usize = 256 * 1024;

/// How often those of a batch are sent again that were not taken, and how long it is waited before.
const ATTEMPTS_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// One of the queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Main,
    Second,
    DeadLetters,
}

impl Target {
    const ALL: [Self; 3] = [Self::Main, Self::Second, Self::DeadLetters];

    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::Main => "m",
            Self::Second => "s",
            Self::DeadLetters => "d",
        }
    }

    pub(super) fn of_letter(letter: &str) -> Self {
        let found = Self::ALL.into_iter().find(|it| it.letter() == letter);
        found.unwrap_or(Self::Main)
    }
}

/// The queues, and who asks them.
pub(crate) struct Sqs {
    client: Client,
    queues: Queues,
}

/// A message, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parcel {
    body: String,
    delay_seconds: i32,
}

/// A message that was received.
pub(super) struct Arrived {
    pub(super) id: String,
    pub(super) handle: String,
    pub(super) body: String,
    pub(super) receives: u32,
}

impl Arrived {
    pub(super) fn record(&self) -> QueueRecord<'_> {
        QueueRecord {
            message_id: &self.id,
            receipt_handle: &self.handle,
            body: &self.body,
            receives: self.receives,
            queue_arn: "",
        }
    }
}

impl Parcel {
    /// A message that is received no earlier than after this delay, which SQS must be able to keep.
    pub(super) fn new(form: &Form, delay: Duration) -> Result<Self, Failure> {
        Ok(Self {
            body: form.encode()?,
            delay_seconds: delay_seconds(delay),
        })
    }
}

/// Whole seconds, rounded up.
///
/// # Panics
///
/// If that is more than SQS can delay: such a message waits in the table.
fn delay_seconds(delay: Duration) -> i32 {
    assert!(
        delay <= DELAY_MAX,
        "SQS cannot delay a message by {delay:?}"
    );
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    i32::try_from(seconds).expect("at most 900")
}

/// Splits messages into what SQS takes at once.
fn batches(parcels: Vec<Parcel>) -> Vec<Vec<Parcel>> {
    let mut batches: Vec<(Vec<Parcel>, usize)> = Vec::new();
    for parcel in parcels {
        let bytes = parcel.body.len();
        let has_room = |(batch, all): &&mut (Vec<Parcel>, usize)| {
            batch.len() < BATCH_MAX && *all + bytes <= BATCH_BYTES_MAX
        };
        match batches.last_mut().filter(has_room) {
            Some((batch, all)) => {
                batch.push(parcel);
                *all += bytes;
            }
            None => batches.push((vec![parcel], bytes)),
        }
    }
    batches.into_iter().map(|(batch, _)| batch).collect()
}

impl Sqs {
    pub(crate) fn new(client: Client, queues: Queues) -> Self {
        Self { client, queues }
    }

    fn url(&self, target: Target) -> &str {
        match target {
            Target::Main => &self.queues.main,
            Target::Second => &self.queues.second,
            Target::DeadLetters => &self.queues.dead_letters,
        }
    }

    /// The queue of this ARN: its name is the last part of both.
    pub(super) fn source(&self, arn: &str) -> Target {
        let name = arn.rsplit(':').next();
        let is_of = |target: &Target| self.url(*target).rsplit('/').next() == name;
        Target::ALL.into_iter().find(is_of).unwrap_or(Target::Main)
    }

    pub(super) async fn send(&self, to: Target, parcels: Vec<Parcel>) -> Result<(), Failure> {
        for batch in batches(parcels) {
            self.send_batch(to, batch).await?;
        }
        Ok(())
    }

    async fn send_batch(&self, to: Target, mut batch: Vec<Parcel>) -> Result<(), Failure> {
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS_MAX {
            let failed = self.try_to_send(to, &batch).await?;
            if failed.is_empty() {
                return Ok(());
            }
            batch = failed_ones(batch, &failed);
            sleep(pause).await;
            pause *= 2;
        }
        match self.try_to_send(to, &batch).await?.first() {
            None => Ok(()),
            Some(failed) => Err(refused(failed)),
        }
    }

    /// Sends a batch, and gives what was not taken of it but may be the next time.
    async fn try_to_send(
        &self,
        to: Target,
        batch: &[Parcel],
    ) -> Result<Vec<BatchResultErrorEntry>, Failure> {
        let mut request = self.client.send_message_batch().queue_url(self.url(to));
        for (index, parcel) in batch.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(&parcel.body)
                .delay_seconds(parcel.delay_seconds)
                .build();
            request = request.entries(entry.map_err(unbuilt)?);
        }
        let sent = request.send().await?;
        match sent.failed.iter().find(|failed| failed.sender_fault) {
            Some(failed) => Err(refused(failed)),
            None => Ok(sent.failed),
        }
    }

    pub(super) async fn receive(
        &self,
        from: Target,
        limit: usize,
        options: &Options,
    ) -> Result<Vec<Arrived>, Failure> {
        let received = self
            .client
            .receive_message()
            .queue_url(self.url(from))
            .max_number_of_messages(limit.clamp(1, BATCH_MAX) as i32)
            .visibility_timeout(seconds(options.visibility))
            .wait_time_seconds(seconds(options.poll))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .send()
            .await?;
        let messages = received.messages.unwrap_or_default().into_iter();
        Ok(messages
            .map(|message| {
                let count = message.attributes.as_ref().and_then(|attributes| {
                    attributes.get(&MessageSystemAttributeName::ApproximateReceiveCount)
                });
                Arrived {
                    // It was received at least this time.
                    receives: count.and_then(|count| count.parse().ok()).unwrap_or(1),
                    id: message.message_id.unwrap_or_default(),
                    handle: message.receipt_handle.unwrap_or_default(),
                    body: message.body.unwrap_or_default(),
                }
            })
            .collect())
    }

    /// Deletes messages. One whose receipt is not valid any more was received by somebody else.
    pub(super) async fn delete(&self, handles: &[Handle]) -> Result<(), Failure> {
        for target in Target::ALL {
            let handles: Vec<&Handle> = of(handles, target).collect();
            for batch in handles.chunks(BATCH_MAX) {
                let mut request = self
                    .client
                    .delete_message_batch()
                    .queue_url(self.url(target));
                for (index, handle) in batch.iter().enumerate() {
                    let entry = DeleteMessageBatchRequestEntry::builder()
                        .id(index.to_string())
                        .receipt_handle(&handle.handle)
                        .build();
                    request = request.entries(entry.map_err(unbuilt)?);
                }
                all_done(&request.send().await?.failed)?;
            }
        }
        Ok(())
    }

    /// Keeps messages from being received again, for that long from now.
    pub(super) async fn extend(
        &self,
        handles: &[Handle],
        visibility: Duration,
    ) -> Result<(), Failure> {
        for target in Target::ALL {
            let handles: Vec<&Handle> = of(handles, target).collect();
            for batch in handles.chunks(BATCH_MAX) {
                let mut request = self
                    .client
                    .change_message_visibility_batch()
                    .queue_url(self.url(target));
                for (index, handle) in batch.iter().enumerate() {
                    let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                        .id(index.to_string())
                        .receipt_handle(&handle.handle)
                        .visibility_timeout(seconds(visibility))
                        .build();
                    request = request.entries(entry.map_err(unbuilt)?);
                }
                all_done(&request.send().await?.failed)?;
            }
        }
        Ok(())
    }
}

fn of(handles: &[Handle], target: Target) -> impl Iterator<Item = &Handle> {
    handles.iter().filter(move |handle| handle.source == target)
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

/// Those of a batch that failed.
fn failed_ones(batch: Vec<Parcel>, failed: &[BatchResultErrorEntry]) -> Vec<Parcel> {
    let failed: Vec<usize> = failed.iter().filter_map(|f| f.id.parse().ok()).collect();
    let numbered = batch.into_iter().enumerate();
    numbered
        .filter(|(index, _)| failed.contains(index))
        .map(|(_, parcel)| parcel)
        .collect()
}

/// Whether all of a batch was done that could be: a message that is gone, or that was received by
/// somebody else, stays as it is.
fn all_done(failed: &[BatchResultErrorEntry]) -> Result<(), Failure> {
    const GONE: [&str; 4] = [
        "ReceiptHandleIsInvalid",
        "InvalidParameterValue",
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
    ];
    let failed = failed.iter().find(|f| !GONE.contains(&f.code.as_str()));
    failed.map_or(Ok(()), |failed| Err(refused(failed)))
}

fn refused(failed: &BatchResultErrorEntry) -> Failure {
    let message = failed.message.as_deref().unwrap_or_default();
    Failure::Queue(format!("{}: {message}", failed.code))
}

fn unbuilt(error: aws_sdk_sqs::error::BuildError) -> Failure {
    Failure::Service(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(bytes: usize) -> Parcel {
        Parcel {
            body: "x".repeat(bytes),
            delay_seconds: 0,
        }
    }

    #[test]
    fn a_delay_is_never_shorter_and_at_most_fifteen_minutes() {
        let delays = [0, 1, 1_000, 1_001, 899_999, 900_000].map(Duration::from_millis);
        assert_eq!(delays.map(delay_seconds), [0, 1, 1, 2, 900, 900]);
    }

    #[test]
    #[should_panic(expected = "SQS cannot delay")]
    fn what_sqs_cannot_delay_is_not_sent() {
        delay_seconds(Duration::from_millis(900_001));
    }

    #[test]
    fn batches_have_at_most_ten_messages_and_256_kilobytes() {
        let sizes = |parcels| -> Vec<usize> { batches(parcels).iter().map(Vec::len).collect() };
        assert_eq!(sizes(vec![parcel(1); 21]), [10, 10, 1]);
        assert_eq!(sizes(vec![parcel(100 * 1024); 5]), [2, 2, 1]);
        assert!(sizes(vec![]).is_empty());
    }
}
