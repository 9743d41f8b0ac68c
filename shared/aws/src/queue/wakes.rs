//! What waits longer than SQS lets wait: rows of the table, in the order of their times.
//!
//! The scheduled [reconcile](AwsBackend::reconcile) makes a delayed message of each row as its time comes
//! near. The row is deleted with the message. One that is still there after its time is sent again: its
//! message may be lost.

use std::time::Duration;

use segno_interpreter::event::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    DELAY_MAX,
    form::{Form, Row},
    sqs::{Parcel, Target},
};
use crate::{
    AwsBackend,
    failure::Failure,
    item::{self, Item, Key, attribute},
    list::moment,
    packing,
};

/// Partitions of rows.
const SHARDS: u8 = 8;

/// A row waits in the table until its time is nearer than this part of the longest delay. What is left
/// makes up for clocks that differ: a row is never written for a time that was looked at already.
const HORIZON: f64 = 14.0 / 15.0;

/// How long after its time a row is sent again for the first time. Each further time is twice as far.
const OVERDUE: Duration = Duration::from_secs(120);

/// How long a row is kept that nothing ever came of: longer than any execution lives.
const TTL: Duration = Duration::from_secs(400 * 86_400);

/// What a reconcile did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Rows whose time comes near, and that were sent.
    pub sent: usize,
    /// Rows whose time is past, and that were sent again.
    pub sent_again: usize,
}

/// How far the reconcile has come, in milliseconds since the Unix epoch.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    /// When it was there last.
    at: i64,
    /// Rows up to this time have been sent.
    until: i64,
}

impl AwsBackend {
    /// Puts down a message that waits longer than SQS lets wait.
    pub(super) async fn put_row(&self, form: &Form, delay: Duration) -> Result<(), Failure> {
        let due = self.now().after(delay);
        let mut drawn = [0; 8];
        getrandom::fill(&mut drawn)?;
        // Two messages for one time are two rows: each goes with its own.
        let name = item::short_hash(&[form.execution().arn.as_bytes(), &drawn].concat());
        let row = Row {
            shard: name.as_bytes()[0] % SHARDS,
            sort: format!("{}{name}", moment(due)),
        };
        let text = serde_json::to_vec(form)?;
        let mut item = item::new(&row.key());
        item.insert("t".into(), item::number(due.0));
        item.insert(
            attribute::TTL.into(),
            item::number(item::seconds(due.after(TTL))),
        );
        self.attach(&mut item, &form.execution(), &text).await?;
        self.inner.table.put(item).await
    }

    /// Sends what waits in the table and whose time comes near, and again what is still there after its
    /// time. To be called each minute; if it was not for a while, it makes up for that.
    ///
    /// # Errors
    ///
    /// [`QueueError`](segno_engine::queue::QueueError): some may be sent, and are sent once more the
    /// next time.
    pub async fn reconcile(
        &self,
        now: Timestamp,
    ) -> Result<Reconciled, segno_engine::queue::QueueError> {
        self.send_rows(now).await.map_err(super::queue_error)
    }

    async fn send_rows(&self, now: Timestamp) -> Result<Reconciled, Failure> {
        let progress = self.progress().await?;
        let until = now.after(self.horizon());
        let mut reconciled = Reconciled::default();
        for shard in 0..SHARDS {
            let rows = self.rows_until(shard, until).await?;
            let mut parcels = Vec::new();
            for (sort, item) in rows {
                let due = Timestamp(item::read_number(&item, "t")?);
                if due.0 > progress.until {
                    reconciled.sent += 1;
                } else if is_overdue(due, Timestamp(progress.at), now) {
                    reconciled.sent_again += 1;
                } else {
                    continue;
                }
                parcels.push(
                    self.parcel_of(Row { shard, sort }, &item, now.until(due))
                        .await?,
                );
            }
            self.inner.queues.send(Target::Main, parcels).await?;
        }
        // Only now: should this be the end, they are sent once more.
        self.put_progress(&Progress {
            at: now.0,
            until: until.0.max(progress.until),
        })
        .await?;
        Ok(reconciled)
    }

    fn horizon(&self) -> Duration {
        self.inner.options.delay_max.min(DELAY_MAX).mul_f64(HORIZON)
    }

    async fn parcel_of(&self, row: Row, item: &Item, delay: Duration) -> Result<Parcel, Failure> {
        let text = self.text_of(item).await?;
        let text = String::from_utf8(text).map_err(|_| crate::failure::Unreadable::Parts)?;
        let mut form = Form::decode(&text)?;
        form.row = Some(row);
        Parcel::new(&form, delay.min(DELAY_MAX))
    }

    /// The rows of a shard up to a time.
    async fn rows_until(
        &self,
        shard: u8,
        until: Timestamp,
    ) -> Result<Vec<(String, Item)>, Failure> {
        let table = &self.inner.table;
        let query = table
            .query()
            .key_condition_expression("pk = :pk AND sk < :until")
            .expression_attribute_values(":pk", item::text(format!("k{shard}")))
            .expression_attribute_values(":until", item::text(moment(Timestamp(until.0 + 1))))
            .consistent_read(true);
        let items = table.all(query).await?.into_iter();
        items
            .map(|item| {
                let sort = item::read_text(&item, attribute::SORT)?.to_owned();
                Ok((sort, item))
            })
            .collect()
    }

    async fn progress(&self) -> Result<Progress, Failure> {
        let Some(item) = self.inner.table.get(&progress_key()).await? else {
            return Ok(Progress::default());
        };
        item::check_version(&item)?;
        let text = packing::unpack(item::read_bytes(&item, attribute::DATA)?)?;
        Ok(serde_json::from_slice(&text)?)
    }

    async fn put_progress(&self, progress: &Progress) -> Result<(), Failure> {
        let mut item = item::new(&progress_key());
        let packed = packing::pack(&serde_json::to_vec(progress)?);
        item.insert(attribute::DATA.into(), item::bytes(packed));
        self.inner.table.put(item).await
    }
}

fn progress_key() -> Key {
    Key::new("k", "progress")
}

/// Whether a row is sent again now: two minutes after its time, and four, and eight, and so on.
fn is_overdue(due: Timestamp, last: Timestamp, now: Timestamp) -> bool {
    let mut after = OVERDUE;
    loop {
        let again = due.after(after);
        if again > now {
            return false;
        }
        if again > last {
            return true;
        }
        after *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_stays_is_sent_again_less_and_less_often() {
        let minute = |n: i64| Timestamp(n * 60_000);
        let again: Vec<i64> = (1..=20)
            .filter(|n| is_overdue(minute(0), minute(n - 1), minute(*n)))
            .collect();
        assert_eq!(again, [2, 4, 8, 16]);
        assert!(
            is_overdue(minute(0), minute(17), minute(1_000)),
            "it was away"
        );
    }
}
