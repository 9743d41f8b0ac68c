//! Lists of head rows, by state machine and newest first.
//!
//! The rows of a machine are in eight partitions of the index, so that a machine that is started a thousand
//! times a second does not wait for one of them. A list merges these.

use std::collections::VecDeque;

use segno_engine::store::{Head, HeadCursor, HeadQuery};
use segno_interpreter::event::Timestamp;

use crate::{
    AwsBackend, LIST_INDEX,
    failure::Failure,
    item::{self, Item, attribute},
};

/// Partitions of a machine.
const SHARDS: u8 = 8;

/// Where a row is in the index.
pub(crate) struct Place {
    pub(crate) partition: String,
    pub(crate) sort: String,
}

impl Place {
    pub(crate) fn of(head: &Head) -> Self {
        let shard = item::short_hash(head.key.arn.as_bytes()).as_bytes()[0] % SHARDS;
        Self {
            partition: partition(&head.machine.arn, shard),
            sort: sort(&head.cursor()),
        }
    }
}

fn partition(machine: &str, shard: u8) -> String {
    format!("m{shard}{machine}")
}

/// Newest first, then by name: the ARNs of executions of a machine differ in nothing else.
fn sort(cursor: &HeadCursor) -> String {
    let name = cursor.arn.rsplit(':').next().unwrap_or_default();
    format!("{}{name}", newest_first(cursor.started_at))
}

/// A time such that texts are ordered as times are, but the other way round.
fn newest_first(at: Timestamp) -> String {
    moment(Timestamp(MOMENT_MAX - at.0))
}

/// The last millisecond that is told from others: in the year 10889.
const MOMENT_MAX: i64 = (1 << 48) - 1;

/// A time such that texts are ordered as times are.
pub(crate) fn moment(at: Timestamp) -> String {
    format!("{:012x}", at.0.clamp(0, MOMENT_MAX))
}

/// One partition of a list, as far as it was read.
struct Shard {
    partition: String,
    /// Where the next page begins; `None` if there is none.
    next: Option<Start>,
    heads: VecDeque<Head>,
}

enum Start {
    After(String),
    Key(Item),
}

impl AwsBackend {
    /// A page of head rows, newest first.
    pub(crate) async fn list(&self, query: &HeadQuery<'_>) -> Result<Vec<Head>, Failure> {
        // A version or an alias is an eighth part.
        let unqualified: Vec<&str> = query.machine.splitn(8, ':').take(7).collect();
        let machine = unqualified.join(":");
        let after = query.after.map(sort).unwrap_or_default();
        let mut shards: Vec<Shard> = (0..SHARDS)
            .map(|shard| Shard {
                partition: partition(&machine, shard),
                next: Some(Start::After(after.clone())),
                heads: VecDeque::new(),
            })
            .collect();
        let mut listed = Vec::new();
        while listed.len() < query.limit {
            for shard in &mut shards {
                self.fill(shard, query).await?;
            }
            let newest = shards
                .iter_mut()
                .filter(|shard| !shard.heads.is_empty())
                .min_by_key(|shard| {
                    let head = &shard.heads[0];
                    (std::cmp::Reverse(head.started_at), head.key.arn.clone())
                });
            match newest.and_then(|shard| shard.heads.pop_front()) {
                Some(head) => listed.push(head),
                None => break,
            }
        }
        Ok(listed)
    }

    /// Reads on until there is a row, or none is left.
    async fn fill(&self, shard: &mut Shard, query: &HeadQuery<'_>) -> Result<(), Failure> {
        while shard.heads.is_empty()
            && let Some(start) = shard.next.take()
        {
            let (rows, next) = self.page(&shard.partition, start, query).await?;
            shard.next = next.map(Start::Key);
            for row in rows.iter().filter(|row| !self.is_past(row)) {
                let head = self.read_row(row).await?;
                if head.is_of(query.machine) {
                    shard.heads.push_back(head);
                }
            }
        }
        Ok(())
    }

    async fn page(
        &self,
        partition: &str,
        start: Start,
        query: &HeadQuery<'_>,
    ) -> Result<(Vec<Item>, Option<Item>), Failure> {
        let table = &self.inner.table;
        let limit = query.limit.div_ceil(usize::from(SHARDS)).max(8);
        let mut request = table
            .query()
            .index_name(LIST_INDEX)
            .expression_attribute_values(":lk", item::text(partition))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        request = match start {
            Start::After(after) if after.is_empty() => request.key_condition_expression("lk = :lk"),
            Start::After(after) => request
                .key_condition_expression("lk = :lk AND ls > :after")
                .expression_attribute_values(":after", item::text(after)),
            Start::Key(key) => request
                .key_condition_expression("lk = :lk")
                .set_exclusive_start_key(Some(key)),
        };
        if let Some(status) = query.status {
            request = request
                .filter_expression("s = :s")
                .expression_attribute_values(":s", item::text(status));
        }
        let page = table.page(request).await?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }

    /// A page of the head rows of all machines, in no order: those for which this holds, and where
    /// the next page begins.
    pub(crate) async fn scan(
        &self,
        start: Option<Item>,
        filter: Filter,
    ) -> Result<(Vec<Item>, Option<Item>), Failure> {
        let table = &self.inner.table;
        let mut request = table
            .client
            .scan()
            .table_name(&table.name)
            .index_name(LIST_INDEX)
            .set_exclusive_start_key(start)
            .set_return_consumed_capacity(table.capacity());
        request = match filter {
            Filter::Open => request
                .filter_expression("s = :s")
                .expression_attribute_values(":s", item::text("RUNNING")),
            Filter::OpenSince(at) => request
                .filter_expression("s = :s AND ls > :ls")
                .expression_attribute_values(":s", item::text("RUNNING"))
                .expression_attribute_values(":ls", item::text(newest_first(at))),
            Filter::ClosedBefore(at) => request
                .filter_expression("e < :e")
                .expression_attribute_values(":e", item::number(at.0)),
        };
        let page = request.send().await?;
        table.read(page.consumed_capacity());
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }
}

/// Which head rows a scan gives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Filter {
    /// Those that show an execution open.
    Open,
    /// Those that show an execution open that started before this time.
    OpenSince(Timestamp),
    /// Those that ended before this time.
    ClosedBefore(Timestamp),
}

/// The key of a row in the index.
pub(crate) fn index_key(row: &Item) -> Item {
    let names = [
        attribute::PARTITION,
        attribute::SORT,
        attribute::LIST,
        attribute::PLACE,
    ];
    let of_row = names.into_iter().filter_map(|name| {
        let value = row.get(name)?;
        Some((name.to_owned(), value.clone()))
    });
    of_row.collect()
}
