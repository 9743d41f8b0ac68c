//! Entries that are sent together.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_smithy_types::{DateTime, date_time::Format};
use serde_json::{Value, json};

use super::Entry;

/// What a request may hold: entries, and bytes of theirs with so many for each besides.
///
/// AWS: [PutLogEvents](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html).
const ENTRIES_MAX: usize = 10_000;
const BYTES_MAX: usize = 1_048_576;
const BYTES_EACH: usize = 26;

/// A state machine in a log group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Destination {
    /// Name of the log group.
    pub(super) log_group: String,
    machine: String,
}

/// The name in the ARN of a log group, which ends with `:*`.
pub(super) fn group_name(arn: &str) -> &str {
    let name = arn.splitn(7, ':').last().unwrap_or(arn);
    name.strip_suffix(":*").unwrap_or(name)
}

impl Destination {
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            log_group: group_name(&entry.log_group_arn).to_owned(),
            machine: entry.machine.clone(),
        }
    }

    /// A new stream's name, as Step Functions makes them: `states/MACHINE/2024-01-02-03-04/1a2b3c4d`.
    pub(super) fn stream_name(&self) -> String {
        let now = DateTime::from(SystemTime::now());
        let text = now.fmt(Format::DateTime).unwrap_or_default();
        let minute = text.get(..16).unwrap_or_default().replace(['T', ':'], "-");
        let id = uuid::Uuid::new_v4().simple().to_string();
        format!("states/{}/{minute}/{}", self.machine, &id[..8])
    }
}

/// Entries for one stream.
#[derive(Debug, Default)]
pub(super) struct Batch {
    events: Vec<(i64, String)>,
    bytes: usize,
}

impl Batch {
    /// Takes an entry; gives what was there before if both do not fit into one request.
    pub(super) fn add(&mut self, entry: Entry) -> Option<Self> {
        let message = entry.message.to_string();
        let bytes = message.len() + BYTES_EACH;
        let is_full = self.events.len() == ENTRIES_MAX || self.bytes + bytes > BYTES_MAX;
        let full = (is_full && !self.events.is_empty()).then(|| std::mem::take(self));
        self.bytes += bytes;
        self.events.push((entry.timestamp, message));
        full
    }

    /// How many there are, and what is sent: in the order of time.
    pub(super) fn into_events(mut self) -> (usize, Value) {
        self.events.sort_by_key(|(timestamp, _)| *timestamp);
        let count = self.events.len();
        let oldest = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = oldest.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
        let events = self.events.into_iter().map(|(timestamp, message)| {
            // An entry of the future would be refused.
            json!({ "Timestamp": timestamp.min(now), "Message": message })
        });
        (count, events.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(timestamp: i64, text: &str) -> Entry {
        Entry {
            log_group_arn: "arn:aws:logs:us-east-1:1:log-group:/aws/vendedlogs/g:*".into(),
            machine: "m".into(),
            timestamp,
            message: text.into(),
        }
    }

    #[test]
    fn a_stream_is_named_after_machine_and_minute() {
        let destination = Destination::of(&entry(0, ""));
        assert_eq!(destination.log_group, "/aws/vendedlogs/g");
        let name = destination.stream_name();
        let parts: Vec<&str> = name.split('/').collect();
        assert!(
            matches!(parts[..], ["states", "m", minute, id] if minute.len() == 16 && id.len() == 8)
        );
    }

    #[test]
    fn a_batch_is_in_order_and_fits_a_request() {
        let mut batch = Batch::default();
        assert!(batch.add(entry(2, "b")).is_none());
        assert!(batch.add(entry(1, "a")).is_none());
        let full = batch.add(entry(3, &"x".repeat(BYTES_MAX - 30))).unwrap();
        let (count, events) = full.into_events();
        let wanted = json!([
            { "Timestamp": 1, "Message": "\"a\"" },
            { "Timestamp": 2, "Message": "\"b\"" },
        ]);
        assert_eq!((count, events), (2, wanted));
        assert_eq!(batch.events.len(), 1);
    }
}
