//! Messages that were received too often, and are sent back.

use std::time::Duration;

use segno_engine::queue::QueueError;

use super::{
    Handle,
    form::Form,
    queue_error,
    sqs::{Parcel, Target},
};
use crate::{AwsBackend, Options, failure::Failure};

/// How long a message is delayed that is sent back for the first time. Each further time is twice as
/// long, up to what SQS can.
const DELAY: Duration = Duration::from_secs(60);

/// What a drain did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// Messages that were sent back.
    pub sent_back: usize,
    /// Messages that cannot be read here, and were left where they are: a newer release may have
    /// sent them.
    pub unreadable: usize,
}

impl AwsBackend {
    /// Sends dead letters back to the second queue, marked, with a delay that grows each time.
    ///
    /// # Errors
    ///
    /// [`QueueError`]: some may be in both queues.
    pub async fn drain(&self) -> Result<Drained, QueueError> {
        self.drain_all().await.map_err(queue_error)
    }

    async fn drain_all(&self) -> Result<Drained, Failure> {
        let queues = &self.inner.queues;
        let options = Options {
            poll: Duration::ZERO,
            ..self.inner.options.clone()
        };
        let mut drained = Drained::default();
        loop {
            let letters = queues.receive(Target::DeadLetters, 10, &options).await?;
            if letters.is_empty() {
                return Ok(drained);
            }
            let mut parcels = Vec::new();
            let mut handles = Vec::new();
            for letter in letters {
                let mut form = match Form::decode(&letter.body) {
                    Ok(form) => form,
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(error, id = letter.id, "a dead letter cannot be read");
                        drained.unreadable += 1;
                        continue;
                    }
                };
                let delay = DELAY * 2_u32.saturating_pow(form.drains.min(10));
                form.recheck = true;
                form.drains += 1;
                parcels.push(Parcel::new(&form, delay.min(options.delay_max))?);
                handles.push(Handle {
                    source: Target::DeadLetters,
                    row: None,
                    handle: letter.handle,
                });
            }
            drained.sent_back += parcels.len();
            queues.send(Target::Second, parcels).await?;
            queues.delete(&handles).await?;
        }
    }
}
