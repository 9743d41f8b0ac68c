//! The logs of state machines: on standard output, as JSON lines in the shape of CloudWatch's entries.
//! Everything else that the server says is on standard error.

use std::{
    io::{self, Write},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use segno_engine::logs::Logs;
use serde_json::Value;

/// How many entries wait to be written. Whoever reads them more slowly than they come loses some: an
/// execution waits for no reader.
const WAITING_MAX: usize = 10_000;

/// Writes entries, each as a line.
pub(super) struct LogLines {
    writer: SyncSender<Message>,
    lost: AtomicU64,
}

enum Message {
    Entry(Value),
    /// Everything before it is written, it says when.
    Flush(SyncSender<()>),
}

impl LogLines {
    /// Begins to write.
    ///
    /// # Errors
    ///
    /// There can be no further thread.
    pub(super) fn begin(output: impl Write + Send + 'static) -> io::Result<Self> {
        let (writer, messages) = sync_channel(WAITING_MAX);
        thread::Builder::new()
            .name("logs".into())
            .spawn(move || write_all(&messages, output))?;
        let lost = AtomicU64::new(0);
        Ok(Self { writer, lost })
    }

    /// Waits until everything is written that was logged before. Says how many entries nobody took.
    pub(super) fn flush(&self) {
        let (done, flushed) = sync_channel(1);
        // If the writer is gone, so is the reader: there is nothing to wait for.
        if self.writer.send(Message::Flush(done)).is_ok() {
            let _ = flushed.recv();
        }
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > 0 {
            tracing::warn!(lost, "log entries were not read, and are lost");
        }
    }
}

impl Logs for LogLines {
    fn write(&self, _log_groups: &[String], entry: Value) {
        match self.writer.try_send(Message::Entry(entry)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Ends when nobody logs any more, or nobody reads.
fn write_all(messages: &Receiver<Message>, mut output: impl Write) {
    for message in messages {
        let written = match message {
            Message::Entry(entry) => writeln!(output, "{entry}"),
            Message::Flush(done) => {
                let flushed = output.flush();
                // Whoever asked may not wait any more.
                let _ = done.send(());
                flushed
            }
        };
        if let Err(error) = written {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "the logs of state machines cannot be written any more"
            );
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What nobody reads any more.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_entry_is_a_line() {
        let output = Output::default();
        let lines = LogLines::begin(output.clone()).unwrap();
        lines.write(&[], json!({ "id": "1" }));
        lines.write(&[], json!({ "id": "2", "details": { "output": "a\nb" } }));
        lines.flush();
        let written = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            written,
            "{\"id\":\"1\"}\n{\"id\":\"2\",\"details\":{\"output\":\"a\\nb\"}}\n"
        );
    }

    #[test]
    fn nobody_waits_for_a_reader_that_is_gone() {
        let lines = LogLines::begin(Closed).unwrap();
        lines.write(&[], json!(1));
        lines.flush();
        lines.write(&[], json!(2));
        assert_eq!(lines.lost.load(Ordering::Relaxed), 1);
    }
}
