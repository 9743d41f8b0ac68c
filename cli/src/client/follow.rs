//! Following an execution of a server: its history is asked for again and again.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, text};

/// Follows one execution.
pub(crate) struct Follower<'a> {
    client: &'a Client,
    execution: &'a str,
    /// Id of the last history event that was given out.
    last: u64,
}

/// How soon it is asked again: at first, and after a while without news.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// History events that are asked for at once.
const PAGE_EVENTS: u32 = 200;

impl<'a> Follower<'a> {
    pub(crate) fn new(client: &'a Client, execution: &'a str) -> Self {
        Self {
            client,
            execution,
            last: 0,
        }
    }

    /// What DescribeExecution answers.
    pub(crate) async fn describe(&self) -> anyhow::Result<Value> {
        let request = json!({ "executionArn": self.execution });
        self.client.call("DescribeExecution", &request).await
    }

    /// The history events since the last time, in order, without inputs and outputs.
    pub(crate) async fn news(&mut self) -> anyhow::Result<Vec<Value>> {
        let mut request = json!({
            "executionArn": self.execution,
            "reverseOrder": true,
            "includeExecutionData": false,
            "maxResults": PAGE_EVENTS,
        });
        let mut news: Vec<Value> = Vec::new();
        loop {
            let mut page = self.client.call("GetExecutionHistory", &request).await?;
            let Value::Array(events) = page["events"].take() else {
                break;
            };
            for event in events {
                let id = event["id"].as_u64().unwrap_or(0);
                // While pages are asked for, events are added at their other end: some come twice.
                let oldest = news.last().and_then(|event| event["id"].as_u64());
                if id > self.last && oldest.is_none_or(|oldest| id < oldest) {
                    news.push(event);
                }
            }
            let oldest = news.last().and_then(|event| event["id"].as_u64());
            let is_complete = oldest.is_none_or(|oldest| oldest <= self.last + 1);
            match page["nextToken"].take() {
                token if !is_complete && !token.is_null() => request["nextToken"] = token,
                _ => break,
            }
        }
        news.reverse();
        if let Some(id) = news.last().and_then(|event| event["id"].as_u64()) {
            self.last = id;
        }
        Ok(news)
    }

    /// Follows it until it is closed, and gives `show` each history event; what DescribeExecution
    /// answers then.
    pub(crate) async fn follow_to_end(
        &mut self,
        mut show: impl FnMut(&Value),
    ) -> anyhow::Result<Value> {
        let mut pause = PAUSES.0;
        loop {
            // Asked first: once it is closed, the history that is asked for next is whole.
            let described = self.describe().await?;
            let news = self.news().await?;
            news.iter().for_each(&mut show);
            if is_closed(&described) {
                return Ok(described);
            }
            pause = match news.is_empty() {
                true => (pause * 3 / 2).min(PAUSES.1),
                false => PAUSES.0,
            };
            tokio::time::sleep(pause).await;
        }
    }
}

fn is_closed(described: &Value) -> bool {
    !matches!(text(described, "status"), "RUNNING" | "PENDING_REDRIVE")
}
