//! What a store has done, counted.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use segno_interpreter::payload::{PARSED, RENDERED};

use crate::log::Entry;

/// What a store has done since it was opened, and the process with payloads since it began. Displayed
/// as Prometheus reads it.
///
/// Prometheus: [text format](https://prometheus.io/docs/instrumenting/exposition_formats/).
#[derive(Debug, Default)]
pub struct Metrics {
    /// Starts and commits, decisions, and whatever else was asked to be written.
    pub writes: Counter,
    /// Transactions that ended with an fsync. Each has one or more writes.
    pub synced_transactions: Counter,
    /// Transactions of writes that no fsync is made for.
    pub other_transactions: Counter,
    /// Writes that were refused, because the disk was full or failed.
    pub failed_writes: Counter,
    /// Times that the log of the database was brought into its file. That takes two fsyncs, or none if
    /// there was nothing to bring.
    pub checkpoints: Counter,
    /// Commits to logs of executions.
    pub commits: Counter,
    /// Bytes of text in those commits: checkpoints, history events and payloads.
    pub commit_bytes: Counter,
    /// Commits whose checkpoint was written as a difference.
    pub differences: Counter,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, number: usize) {
        self.0.fetch_add(number as u64, Ordering::Relaxed);
    }

    /// The number as it is now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Metrics {
    pub(crate) fn count(&self, entry: &Entry) {
        self.commits.add(1);
        self.commit_bytes.add(entry.bytes());
        self.differences.add(usize::from(entry.is_difference()));
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counters = [
            (
                "store_writes",
                "Writes that the store was asked for.",
                self.writes.get(),
            ),
            (
                "store_synced_transactions",
                "Transactions with an fsync, each of one or more writes.",
                self.synced_transactions.get(),
            ),
            (
                "store_other_transactions",
                "Transactions that no fsync was made for.",
                self.other_transactions.get(),
            ),
            (
                "store_failed_writes",
                "Writes that were refused: the disk was full or failed.",
                self.failed_writes.get(),
            ),
            (
                "store_checkpoints",
                "Times that the write-ahead log was brought into the database file.",
                self.checkpoints.get(),
            ),
            (
                "store_commits",
                "Commits to the logs of executions.",
                self.commits.get(),
            ),
            (
                "store_commit_bytes",
                "Bytes of checkpoints, history events and payloads in those commits.",
                self.commit_bytes.get(),
            ),
            (
                "store_differences",
                "Commits whose checkpoint was written as a difference.",
                self.differences.get(),
            ),
        ];
        write_counters(f, &counters)?;
        PayloadWork.fmt(f)
    }
}

/// What this process has done to payloads. Displayed as Prometheus reads it.
#[derive(Debug, Clone, Copy)]
pub struct PayloadWork;

impl fmt::Display for PayloadWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counters = [
            (
                "payloads_parsed",
                "Payload texts that were parsed.",
                PARSED.times(),
            ),
            (
                "payload_bytes_parsed",
                "Bytes of those texts.",
                PARSED.bytes(),
            ),
            (
                "payloads_rendered",
                "Payloads that were made into text.",
                RENDERED.times(),
            ),
            (
                "payload_bytes_rendered",
                "Bytes of those texts.",
                RENDERED.bytes(),
            ),
        ];
        write_counters(f, &counters)
    }
}

/// Writes counters as Prometheus reads them: each has a name, without `segno_` and `_total`, a sentence
/// that says what it counts, and its value.
///
/// # Errors
///
/// They could not be written.
pub fn write_counters(f: &mut fmt::Formatter<'_>, counters: &[(&str, &str, u64)]) -> fmt::Result {
    for (name, help, value) in counters {
        writeln!(f, "# HELP segno_{name}_total {help}")?;
        writeln!(f, "# TYPE segno_{name}_total counter")?;
        writeln!(f, "segno_{name}_total {value}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_has_help_type_and_value() {
        let metrics = Metrics::default();
        metrics.commits.add(3);
        let text = metrics.to_string();
        let lines: Vec<&str> = text.lines().collect();
        let at = lines
            .iter()
            .position(|line| *line == "segno_store_commits_total 3")
            .expect("it is there");
        assert!(lines[at - 2].starts_with("# HELP segno_store_commits_total "));
        assert_eq!(lines[at - 1], "# TYPE segno_store_commits_total counter");
        assert!(text.contains("\nsegno_payloads_parsed_total "));
    }
}
