//! Retention: how long things are kept, what is forgotten, and what must not be.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{DeleteRequest, WriteRequest},
};
use segno_engine::store::StoreError;
use segno_interpreter::{event::Timestamp, key::ExecutionKey};

use crate::{
    AwsBackend,
    failure::Failure,
    heads,
    item::{self, Item, attribute},
    list::{self, Filter},
    log,
};

/// How much longer the items of a log are kept than a closed execution. They are written while it is
/// open, and not again when it closes: this is how long it may be open before they are stamped anew.
const OPEN: Duration = Duration::from_secs(45 * 86_400);

/// How long an execution may be open before what it has written is stamped anew, and how long that has
/// been before it is again.
const STAMPED: Duration = Duration::from_secs(30 * 86_400);

/// Items that are deleted at a time.
const BATCH_WRITE_MAX: usize = 25;

impl AwsBackend {
    /// When what is written now of a log is forgotten, in seconds since the Unix epoch.
    pub(crate) fn log_ttl(&self) -> i64 {
        let kept = self.inner.options.retention + OPEN;
        item::seconds(self.now().after(kept))
    }

    /// Stamps anew what open executions have written that began more than thirty days ago, so that it is not
    /// forgotten before them. To be called each day: it reads the head rows of all executions. Gives how
    /// many executions there were to do something for.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: some are done, the others next time.
    pub async fn restamp(&self, now: Timestamp) -> Result<usize, StoreError> {
        let stamped = self.stamp_open(now).await;
        stamped.map_err(|failure| failure.of_arn("executions that are open for long"))
    }

    async fn stamp_open(&self, now: Timestamp) -> Result<usize, Failure> {
        let before = Timestamp(now.0 - milliseconds(STAMPED));
        let (mut stamped, mut start) = (0, None);
        loop {
            let (rows, next) = self.scan(start, Filter::OpenSince(before)).await?;
            for row in rows {
                let execution = heads::key_of(&row)?;
                stamped += usize::from(self.stamp_log(&execution, now).await?);
            }
            start = next;
            if start.is_none() {
                return Ok(stamped);
            }
        }
    }

    /// Stamps the items of a log anew, and its objects. Gives whether it was time for that.
    async fn stamp_log(&self, execution: &ExecutionKey, now: Timestamp) -> Result<bool, Failure> {
        let table = &self.inner.table;
        let kept = self.inner.options.retention + OPEN;
        let soon = item::seconds(now.after(kept - STAMPED));
        let (mut is_due, mut next) = (false, None);
        loop {
            let query = table
                .query()
                .key_condition_expression("pk = :pk")
                .filter_expression("#ttl < :soon")
                .projection_expression("pk, sk")
                .expression_attribute_names("#ttl", attribute::TTL)
                .expression_attribute_values(":pk", item::text(item::log_partition(execution)))
                .expression_attribute_values(":soon", item::number(soon))
                .set_exclusive_start_key(next);
            let page = table.page(query).await?;
            for key in page.items() {
                is_due = true;
                self.stamp_item(key, item::seconds(now.after(kept))).await?;
            }
            next = page.last_evaluated_key;
            if next.is_none() {
                break;
            }
        }
        if is_due {
            self.inner
                .objects
                .touch_all(&log::objects_prefix(execution))
                .await?;
        }
        Ok(is_due)
    }

    async fn stamp_item(&self, key: &Item, ttl: i64) -> Result<(), Failure> {
        let table = &self.inner.table;
        let updated = table
            .client
            .update_item()
            .table_name(&table.name)
            .set_key(Some(key.clone()))
            .update_expression("SET #ttl = :ttl")
            // What is gone stays gone.
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#ttl", attribute::TTL)
            .expression_attribute_values(":ttl", item::number(ttl))
            .set_return_consumed_capacity(table.capacity())
            .send()
            .await;
        match updated.map_err(SdkError::into_service_error) {
            Ok(updated) => table.wrote(updated.consumed_capacity()),
            Err(UpdateItemError::ConditionalCheckFailedException(_)) => table.refused(),
            Err(error) => return Err(Failure::Service(Box::new(error))),
        }
        Ok(())
    }

    /// Deletes executions that ended before this time, with all that belongs to them.
    pub(crate) async fn delete_closed(
        &self,
        ended_before: Timestamp,
        limit: usize,
    ) -> Result<usize, Failure> {
        let mut deleted = 0;
        let mut start = None;
        loop {
            let (rows, next) = self.scan(start, Filter::ClosedBefore(ended_before)).await?;
            for row in rows {
                if deleted == limit {
                    return Ok(deleted);
                }
                let execution = heads::key_of(&row)?;
                // The row last: what is left behind without it would not be found again.
                self.delete_log(&execution).await?;
                self.delete_row(&execution.arn, &row).await?;
                deleted += 1;
            }
            start = next;
            if start.is_none() {
                return Ok(deleted);
            }
        }
    }

    async fn delete_log(&self, execution: &ExecutionKey) -> Result<(), Failure> {
        self.inner.known.forget(execution);
        self.inner
            .objects
            .delete_all(&log::objects_prefix(execution))
            .await?;
        let table = &self.inner.table;
        loop {
            let query = table
                .query()
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", item::text(item::log_partition(execution)))
                .projection_expression("pk, sk")
                .consistent_read(true);
            let page = table.page(query).await?;
            if page.items().is_empty() {
                return Ok(());
            }
            for keys in page.items().chunks(BATCH_WRITE_MAX) {
                self.delete_items(keys).await?;
            }
        }
    }

    /// Deletes the items of these keys. What the table does not manage at once is found again.
    async fn delete_items(&self, keys: &[Item]) -> Result<(), Failure> {
        let table = &self.inner.table;
        let mut requests = Vec::with_capacity(keys.len());
        for key in keys {
            let delete = DeleteRequest::builder()
                .set_key(Some(key.clone()))
                .build()?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        let written = table
            .client
            .batch_write_item()
            .request_items(&table.name, requests)
            .set_return_consumed_capacity(table.capacity())
            .send()
            .await?;
        for consumed in written.consumed_capacity() {
            table.wrote(Some(consumed));
        }
        Ok(())
    }

    /// Executions whose head rows show them open, in the order of the index, after the one of this ARN.
    pub(crate) async fn open(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ExecutionKey>, Failure> {
        let mut start = match after {
            Some(arn) => {
                let row = self.inner.table.get(&heads::head_key(arn)).await?;
                // It was open a moment ago. Should it be gone all the same, it begins anew.
                row.map(|row| list::index_key(&row))
            }
            None => None,
        };
        let mut open = Vec::new();
        loop {
            let (rows, next) = self.scan(start, Filter::Open).await?;
            for row in rows {
                if open.len() == limit {
                    return Ok(open);
                }
                open.push(heads::key_of(&row)?);
            }
            start = next;
            if start.is_none() {
                return Ok(open);
            }
        }
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
