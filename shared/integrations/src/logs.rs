//! CloudWatch Logs, as a place for log entries.
//!
//! AWS: [Logging in CloudWatch Logs](https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html).

mod batch;

use std::{collections::HashMap, sync::Arc, time::Duration};

use segno_asl::errors::StateError;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use self::batch::{Batch, Destination};
use crate::services::{Caller, Services};

/// How many entries wait to be sent. What comes beyond is lost: an execution waits for no log.
const WAITING_MAX: usize = 10_000;

/// How long an entry waits for others that go along.
const LINGER: Duration = Duration::from_millis(200);

/// How often a batch is tried, and how long after a failure it is tried next.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// An entry of the log of a state machine.
#[derive(Debug)]
pub struct Entry {
    /// ARN of the log group.
    pub log_group_arn: String,
    /// Name of the state machine.
    pub machine: String,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// The entry itself.
    pub message: Value,
}

/// Sends entries to CloudWatch Logs, in the order in which they come.
#[derive(Debug, Clone)]
pub struct LogDelivery {
    sender: mpsc::Sender<Message>,
    services: Arc<Services>,
}

#[derive(Debug)]
enum Message {
    Entry(Entry),
    /// Everything before it has been sent, it says when.
    Flush(oneshot::Sender<()>),
}

impl LogDelivery {
    /// Begins to send what is given to it, on the runtime that this is called on.
    pub fn begin(services: Arc<Services>) -> Self {
        let (sender, messages) = mpsc::channel(WAITING_MAX);
        let sending = Sending {
            services: Arc::clone(&services),
            streams: HashMap::new(),
        };
        tokio::spawn(sending.run(messages));
        Self { sender, services }
    }

    /// Takes an entry. Says whether there was room for it.
    pub fn send(&self, entry: Entry) -> bool {
        self.sender.try_send(Message::Entry(entry)).is_ok()
    }

    /// Waits until everything is sent that was taken before.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.sender.send(Message::Flush(done)).await.is_ok() {
            // If the other side is gone there is nothing left to wait for.
            let _ = flushed.await;
        }
    }

    /// Whether there is a log group of this ARN. If nobody can tell, there is: entries are only tried.
    pub async fn has_group(&self, arn: &str) -> bool {
        let name = batch::group_name(arn);
        let asked = json!({ "LogGroupNamePrefix": name });
        match call(&self.services, "describeLogGroups", asked).await {
            Ok(found) => found["LogGroups"]
                .as_array()
                .is_some_and(|groups| groups.iter().any(|group| group["LogGroupName"] == name)),
            Err(error) => {
                tracing::warn!(
                    ?error,
                    group = name,
                    "nobody can tell whether there is the log group"
                );
                true
            }
        }
    }
}

async fn call(services: &Services, action: &str, parameters: Value) -> Result<Value, StateError> {
    let nobody = Caller::default();
    services
        .result("aws-sdk:cloudwatchlogs", action, parameters, nobody)
        .await
}

/// The other end of a delivery.
struct Sending {
    services: Arc<Services>,
    /// The log stream of each state machine in a group, once it is made.
    streams: HashMap<Destination, String>,
}

impl Sending {
    async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut batches: HashMap<Destination, Batch> = HashMap::new();
        while let Some(message) = messages.recv().await {
            let mut flushed = Vec::new();
            let mut next = Some(message);
            let linger = tokio::time::sleep(LINGER);
            tokio::pin!(linger);
            while let Some(message) = next {
                match message {
                    Message::Flush(done) => {
                        flushed.push(done);
                        break;
                    }
                    Message::Entry(entry) => {
                        let destination = Destination::of(&entry);
                        let batch = batches.entry(destination.clone()).or_default();
                        if let Some(full) = batch.add(entry) {
                            self.put(&destination, full).await;
                        }
                    }
                }
                next = tokio::select! {
                    message = messages.recv() => message,
                    () = &mut linger => None,
                };
            }
            for (destination, batch) in batches.drain() {
                self.put(&destination, batch).await;
            }
            for done in flushed {
                // Whoever asked may not wait any more.
                let _ = done.send(());
            }
        }
    }

    /// Sends a batch, more than once if it must be. What cannot be sent is lost, and said to be.
    async fn put(&mut self, destination: &Destination, batch: Batch) {
        let (entries, events) = batch.into_events();
        for attempt in 1..=TRIES {
            match self.try_put(destination, &events).await {
                Ok(()) => return,
                Err(error) if attempt == TRIES || is_missing(&error) => {
                    let group = &destination.log_group;
                    tracing::warn!(
                        ?error,
                        group,
                        entries,
                        "log entries could not be sent, and are lost"
                    );
                    return;
                }
                Err(_) => tokio::time::sleep(PAUSE * attempt).await,
            }
        }
    }

    async fn try_put(
        &mut self,
        destination: &Destination,
        events: &Value,
    ) -> Result<(), StateError> {
        let stream = match self.streams.get(destination) {
            Some(stream) => stream.clone(),
            None => self.make_stream(destination).await?,
        };
        let parameters = json!({
            "LogGroupName": destination.log_group,
            "LogStreamName": stream,
            "LogEvents": events,
        });
        let put = call(&self.services, "putLogEvents", parameters).await;
        put.map(|_| ())
    }

    async fn make_stream(&mut self, destination: &Destination) -> Result<String, StateError> {
        let stream = destination.stream_name();
        let parameters = json!({
            "LogGroupName": destination.log_group,
            "LogStreamName": stream,
        });
        call(&self.services, "createLogStream", parameters).await?;
        self.streams.insert(destination.clone(), stream.clone());
        Ok(stream)
    }
}

/// Whether trying again is no use: the group is gone.
fn is_missing(error: &StateError) -> bool {
    let name = error.name.as_deref().unwrap_or_default();
    name.ends_with(".ResourceNotFoundException")
}
