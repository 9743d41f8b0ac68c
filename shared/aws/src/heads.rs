//! Head rows: what Describe and List show of executions.
//!
//! What is fixed when an execution starts is one compressed attribute; what changes is another one, so
//! that showing an end need not read. A row has less than a kilobyte, and an update of it costs one write
//! unit, and one of the index.

use aws_sdk_dynamodb::error::SdkError;
use segno_asl::errors::StateError;
use segno_engine::{
    catalog::Machine,
    store::{Created, End, EndStatus, Head, Shown},
};
use segno_interpreter::{
    checkpoint::{Parent, Status},
    event::Timestamp,
    key::{ExecutionKey, Nonce},
    payload::{Payload, PayloadId},
};
use serde::{Deserialize, Serialize};

use crate::{
    AwsBackend,
    failure::{Failure, Unreadable},
    item::{self, Item, Key, Put, attribute},
    list, packing,
};

/// Names of attributes that only head rows have. Beside them there is `e`: when the execution ended, in
/// milliseconds since the Unix epoch.
pub(crate) mod column {
    /// Number of the commit that says what is shown.
    pub(crate) const COMMIT: &str = "c";
    /// Status, as DescribeExecution names it.
    pub(crate) const STATUS: &str = "s";
    /// What is shown.
    pub(crate) const SHOWN: &str = "x";
}

/// Bytes of an error beyond which it is not in the head row: the log has it.
const ERROR_BYTES_MAX: usize = 256;

/// What is fixed of a head row. The rest is in its key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fixed {
    machine: Machine,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace_header: Option<String>,
    started_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<Parent>,
    name: String,
}

impl Fixed {
    pub(crate) fn of(head: &Head) -> Self {
        Self {
            machine: head.machine.clone(),
            trace_header: head.trace_header.clone(),
            started_at: head.started_at,
            parent: head.parent.clone(),
            name: head.name.clone(),
        }
    }

    /// The head of an execution that nothing else is known of.
    pub(crate) fn into_head(self, key: ExecutionKey) -> Head {
        Head {
            key,
            name: self.name,
            machine: self.machine,
            trace_header: self.trace_header,
            started_at: self.started_at,
            parent: self.parent,
            shown: Shown::default(),
        }
    }
}

/// What is shown.
#[derive(Default, Serialize, Deserialize)]
struct StoredShown {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<StoredEnd>,
    #[serde(default, skip_serializing_if = "is_default")]
    redrives: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redriven_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    is_redrivable: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredEnd {
    status: String,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<PayloadId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<StateError>,
    /// It has an error, which is in the checkpoint of the commit that says so.
    #[serde(default, skip_serializing_if = "is_default")]
    is_error_in_log: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl StoredShown {
    fn of(shown: &Shown) -> Result<Self, serde_json::Error> {
        let end = match &shown.end {
            None => None,
            Some(end) => {
                let bytes = serde_json::to_vec(&end.error)?.len();
                let is_error_in_log = bytes > ERROR_BYTES_MAX;
                Some(StoredEnd {
                    status: end.status.name().to_owned(),
                    at: end.at,
                    output: end.output,
                    error: end.error.clone().filter(|_| !is_error_in_log),
                    is_error_in_log,
                })
            }
        };
        Ok(Self {
            end,
            redrives: shown.redrives,
            redriven_at: shown.redriven_at,
            is_redrivable: shown.is_redrivable,
        })
    }
}

impl AwsBackend {
    /// Creates a head row and stores the input, unless there is a row of that ARN.
    pub(crate) async fn create(
        &self,
        head: &Head,
        input: &Payload,
    ) -> Result<Created<Head>, Failure> {
        // Whoever starts an execution and whoever is told so both put the row down. To ask first costs
        // a fifth of a put that is refused.
        if let Some(existing) = self.row(&head.key.arn).await? {
            if !self.is_past(&existing) {
                return self.created(head, &existing).await;
            }
            self.delete_row(&head.key.arn, &existing).await?;
        }
        // The input first: a head row without it would be an execution that cannot begin.
        self.put_input(&head.key, input).await?;
        match self.inner.table.put_new(row_of(head)?).await? {
            Put::Done => Ok(Created::New(head.clone())),
            Put::Refused(Some(existing)) => self.created(head, &existing).await,
            // Somebody has deleted it since.
            Put::Refused(None) => Err(Unreadable::Lacks("a head row").into()),
        }
    }

    async fn created(&self, head: &Head, existing: &Item) -> Result<Created<Head>, Failure> {
        let existing = self.read_row(existing).await?;
        Ok(match existing.key == head.key {
            true => Created::New(existing),
            false => Created::Existing(existing),
        })
    }

    /// Writes what a head row shows, unless it shows what a later commit said.
    pub(crate) async fn show(
        &self,
        execution: &ExecutionKey,
        shown: &Shown,
    ) -> Result<(), Failure> {
        let table = &self.inner.table;
        let stored = serde_json::to_vec(&StoredShown::of(shown)?)?;
        let expression = match shown.end {
            Some(_) => "SET c = :c, s = :s, x = :x, e = :e, #ttl = :ttl",
            None => "SET c = :c, s = :s, x = :x REMOVE e, #ttl",
        };
        let mut update = table
            .client
            .update_item()
            .table_name(&table.name)
            .set_key(Some(head_key(&execution.arn).item()))
            .update_expression(expression)
            .condition_expression("w = :w AND c < :c")
            .expression_attribute_names("#ttl", attribute::TTL)
            .expression_attribute_values(":w", item::bytes(execution.nonce.0))
            .expression_attribute_values(":c", item::number(shown.commit))
            .expression_attribute_values(":s", item::text(status(shown)))
            .expression_attribute_values(":x", item::bytes(packing::pack(&stored)))
            .set_return_consumed_capacity(table.capacity());
        if let Some(end) = &shown.end {
            let ttl = item::seconds(end.at.after(self.inner.options.retention));
            update = update
                .expression_attribute_values(":e", item::number(end.at.0))
                .expression_attribute_values(":ttl", item::number(ttl));
        }
        match update.send().await {
            Ok(updated) => table.wrote(updated.consumed_capacity()),
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                table.refused();
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The head row of an ARN, unless it is past its retention.
    pub(crate) async fn find(&self, arn: &str) -> Result<Option<Head>, Failure> {
        match self.row(arn).await? {
            Some(row) if !self.is_past(&row) => Ok(Some(self.read_row(&row).await?)),
            Some(_) | None => Ok(None),
        }
    }

    async fn row(&self, arn: &str) -> Result<Option<Item>, Failure> {
        self.inner.table.get(&head_key(arn)).await
    }

    /// Deletes a head row, if it still is this one.
    pub(crate) async fn delete_row(&self, arn: &str, row: &Item) -> Result<bool, Failure> {
        let table = &self.inner.table;
        let commit = row.get(column::COMMIT).cloned();
        let writer = row.get(attribute::WRITER).cloned();
        let deleted = table
            .client
            .delete_item()
            .table_name(&table.name)
            .set_key(Some(head_key(arn).item()))
            .condition_expression("w = :w AND c = :c")
            .expression_attribute_values(":w", writer.ok_or(Unreadable::Lacks("w"))?)
            .expression_attribute_values(":c", commit.ok_or(Unreadable::Lacks("c"))?)
            .set_return_consumed_capacity(table.capacity())
            .send()
            .await;
        match deleted {
            Ok(deleted) => {
                table.wrote(deleted.consumed_capacity());
                Ok(true)
            }
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                table.refused();
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a row is past its retention: the table may take days to delete it.
    pub(crate) fn is_past(&self, row: &Item) -> bool {
        let ttl: Option<i64> = item::optional_number(row, attribute::TTL);
        ttl.is_some_and(|ttl| ttl <= item::seconds(self.now()))
    }

    /// The head that a row is of.
    pub(crate) async fn read_row(&self, row: &Item) -> Result<Head, Failure> {
        item::check_version(row)?;
        let fixed = packing::unpack(item::read_bytes(row, attribute::DATA)?)?;
        let fixed: Fixed = serde_json::from_slice(&fixed)?;
        let key = key_of(row)?;
        let shown = self.read_shown(&key, row).await?;
        Ok(Head {
            shown,
            ..fixed.into_head(key)
        })
    }

    async fn read_shown(&self, execution: &ExecutionKey, row: &Item) -> Result<Shown, Failure> {
        let stored = match item::optional_bytes(row, column::SHOWN) {
            Some(packed) => serde_json::from_slice(&packing::unpack(packed)?)?,
            None => StoredShown::default(),
        };
        let commit = item::read_number(row, column::COMMIT)?;
        let end = match stored.end {
            None => None,
            Some(end) => {
                let error = match end.is_error_in_log {
                    true => self.error_of(execution, commit).await?,
                    false => end.error,
                };
                Some(End {
                    status: EndStatus::parse(&end.status).ok_or(Unreadable::Lacks("a status"))?,
                    at: end.at,
                    output: end.output,
                    error,
                })
            }
        };
        Ok(Shown {
            commit,
            end,
            redrives: stored.redrives,
            redriven_at: stored.redriven_at,
            is_redrivable: stored.is_redrivable,
        })
    }

    /// What an execution ended with at this commit.
    async fn error_of(
        &self,
        execution: &ExecutionKey,
        commit: u64,
    ) -> Result<Option<StateError>, Failure> {
        match self.status_at(execution, commit).await? {
            Status::Failed(error) | Status::Aborted(error) => Ok(Some(error)),
            Status::NotStarted | Status::Running | Status::Succeeded { .. } | Status::TimedOut => {
                Ok(None)
            }
        }
    }
}

/// A new head row.
fn row_of(head: &Head) -> Result<Item, Failure> {
    let fixed = Fixed::of(head);
    let place = list::Place::of(head);
    let mut row = item::new(&head_key(&head.key.arn));
    row.extend([
        (attribute::WRITER.to_owned(), item::bytes(head.key.nonce.0)),
        (
            attribute::DATA.to_owned(),
            item::bytes(packing::pack(&serde_json::to_vec(&fixed)?)),
        ),
        (column::COMMIT.to_owned(), item::number(head.shown.commit)),
        (column::STATUS.to_owned(), item::text(status(&head.shown))),
        (attribute::LIST.to_owned(), item::text(place.partition)),
        (attribute::PLACE.to_owned(), item::text(place.sort)),
    ]);
    Ok(row)
}

/// The texts of a row, before they are compressed.
#[cfg(feature = "training")]
pub(crate) fn texts(head: &Head, shown: &Shown) -> Result<[Vec<u8>; 2], serde_json::Error> {
    Ok([
        serde_json::to_vec(&Fixed::of(head))?,
        serde_json::to_vec(&StoredShown::of(shown)?)?,
    ])
}

fn status(shown: &Shown) -> &'static str {
    shown
        .end
        .as_ref()
        .map_or("RUNNING", |end| end.status.name())
}

pub(crate) fn head_key(arn: &str) -> Key {
    Key::new(format!("h{arn}"), "h")
}

/// What names the execution that a row is of.
pub(crate) fn key_of(row: &Item) -> Result<ExecutionKey, Unreadable> {
    let arn = item::read_text(row, attribute::PARTITION)?.strip_prefix('h');
    let nonce = item::read_bytes(row, attribute::WRITER)?;
    Ok(ExecutionKey {
        arn: arn.ok_or(Unreadable::Lacks("an ARN"))?.to_owned(),
        nonce: Nonce(nonce.try_into().map_err(|_| Unreadable::Lacks("a nonce"))?),
    })
}
