//! The logs of state machines: on standard output, and in CloudWatch Logs if that can be called.

use segno_engine::logs::{BoxFuture, Logs};
use segno_integrations::logs::{Entry, LogDelivery};
use serde_json::Value;

use super::log_lines::LogLines;

/// Where log entries go.
pub(super) struct LocalLogs {
    lines: LogLines,
    delivery: Option<LogDelivery>,
}

impl LocalLogs {
    pub(super) fn new(lines: LogLines, delivery: Option<LogDelivery>) -> Self {
        Self { lines, delivery }
    }

    /// Waits until everything is written that was logged before.
    pub(super) async fn flush(&self) {
        self.lines.flush();
        if let Some(delivery) = &self.delivery {
            delivery.flush().await;
        }
    }
}

impl Logs for LocalLogs {
    fn write(&self, log_groups: &[String], entry: Value) {
        if let Some(delivery) = &self.delivery {
            for group in log_groups {
                if !delivery.send(of_group(group, &entry)) {
                    tracing::warn!(group, "a log entry is lost: too many wait to be sent");
                }
            }
        }
        self.lines.write(log_groups, entry);
    }

    fn has<'a>(&'a self, log_group: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            match &self.delivery {
                Some(delivery) => delivery.has_group(log_group).await,
                None => true,
            }
        })
    }
}

fn of_group(group: &str, entry: &Value) -> Entry {
    let text = |member: &str| entry[member].as_str().unwrap_or_default();
    let machine = text("execution_arn").split(':').nth(6).unwrap_or_default();
    Entry {
        log_group_arn: group.to_owned(),
        machine: machine.to_owned(),
        timestamp: text("event_timestamp").parse().unwrap_or_default(),
        message: entry.clone(),
    }
}
