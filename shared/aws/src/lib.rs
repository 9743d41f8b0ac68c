//! The engine's traits on DynamoDB, SQS and S3.
//!
//! One table has everything that is kept: the logs of executions, their head rows, what lies beside a
//! log, wake-ups that are far off, and what is registered. A commit is one item, written by one
//! conditional put; nothing is ever a transaction. What is too large for an item is in the bucket, put
//! there before the item that refers to it. Messages are on a standard queue.
//!
//! The crate reads no environment: clients are made of the [`SdkConfig`] that is handed in.
//!
//! | items | partition | sort key |
//! |---|---|---|
//! | commits, decisions and beats of an execution | `l`, hash of ARN and start nonce | `c`, `d`, `b` and a number |
//! | head row | `h`, ARN | `h` |
//! | claims of a worker | `w`, holder | `w` |
//! | attempts that wait for a worker | `a`, ARN of the activity | execution and attempt |
//! | wake-ups | `k`, one of 8 shards | time, execution |
//! | records | `r`, collection | name |
//! | contents | `t`, hash | `t` |
//! | passes of the console | `p`, kind and hash | `p` |
//!
//! The index `list` has the head rows by state machine and the attempts by activity.

mod beside;
mod catalog;
mod clients;
mod failure;
mod heads;
mod item;
mod known;
mod list;
mod log;
mod objects;
mod packing;
mod passes;
mod queue;
mod record;
mod retention;
mod store;
pub mod tasks;
#[cfg(feature = "training")]
pub mod training;
mod usage;

use std::{sync::Arc, time::Duration};

use aws_types::SdkConfig;
use segno_engine::{Clock, clock::SystemClock, wide::Wide};
use segno_interpreter::event::Timestamp;

use self::{
    known::Known,
    objects::Objects,
    queue::{Mapped, Sqs},
};
pub use self::{
    queue::{DELAY_MAX, Drained, QueueRecord, Reconciled},
    usage::{Usage, Used},
};

/// Name of the index of head rows by state machine, and of attempts by activity.
pub const LIST_INDEX: &str = "list";

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Places {
    /// Name of the table.
    pub table: String,
    /// Name of the bucket.
    pub bucket: String,
    /// The queues.
    pub queues: Queues,
}

/// URLs of the queues.
#[derive(Debug, Clone)]
pub struct Queues {
    /// Where messages are sent to.
    pub main: String,
    /// Where those go that were received a third time: one execution that kills its worker does not
    /// take others along.
    pub second: String,
    /// Where SQS puts those that were received too often.
    pub dead_letters: String,
}

/// What can be set.
#[derive(Clone)]
pub struct Options {
    /// How long executions are kept after they have closed. AWS keeps them for 90 days.
    pub retention: Duration,
    /// How long a message that was received is kept from being received again.
    pub visibility: Duration,
    /// The longest delay that is left to SQS: at most, and unless it is lowered for a test,
    /// 15 minutes.
    pub delay_max: Duration,
    /// How long a receive waits for messages, at most 20 seconds.
    pub poll: Duration,
    /// Counts what is used. Without it, the table is not asked for what a request costs.
    pub usage: Option<Arc<Usage>>,
    /// What time it is.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            retention: Duration::from_secs(90 * 86_400),
            visibility: Duration::from_secs(60),
            delay_max: Duration::from_secs(900),
            poll: Duration::from_secs(20),
            usage: None,
            now: Arc::new(|| SystemClock.now()),
        }
    }
}

/// Executions, messages, state machines and activities in an AWS account. Cloning shares it.
#[derive(Clone)]
pub struct AwsBackend {
    inner: Arc<Inner>,
}

struct Inner {
    table: Table,
    objects: Objects,
    queues: Sqs,
    mapped: Mapped,
    wide: Wide,
    known: Known,
    options: Options,
}

/// The table, and who asks it.
struct Table {
    client: aws_sdk_dynamodb::Client,
    name: String,
    usage: Option<Arc<Usage>>,
}

impl AwsBackend {
    /// A backend with the credentials, the region, the endpoints and the connections of `config`.
    pub fn new(config: &SdkConfig, places: Places, options: Options) -> Self {
        Self::with_table(config, config, places, options)
    }

    /// A backend whose table is reached by `table`, and all else by `config`.
    pub fn with_table(
        config: &SdkConfig,
        table: &SdkConfig,
        places: Places,
        options: Options,
    ) -> Self {
        let usage = options.usage.clone();
        Self {
            inner: Arc::new(Inner {
                table: Table {
                    client: clients::dynamodb(table, usage.clone()),
                    name: places.table,
                    usage: usage.clone(),
                },
                objects: Objects::new(config.clone(), places.bucket, usage.clone()),
                queues: Sqs::new(clients::sqs(config, usage), places.queues),
                mapped: Mapped::default(),
                wide: Wide::default(),
                known: Known::default(),
                options,
            }),
        }
    }

    fn now(&self) -> Timestamp {
        (self.inner.options.now)()
    }
}
