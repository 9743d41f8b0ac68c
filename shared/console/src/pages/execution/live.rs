//! What changes on a page while an execution goes on.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::{View, acts::unanswered, opened, parts};
use crate::{Operations, ask::Refused, execution::Execution, url::Query};

/// Follows an execution for a page that shows it.
pub struct Watcher {
    execution: Execution,
    view: View,
    /// By id, the part that the page has: the hash of its text.
    sent: HashMap<String, u64>,
    /// Rows that the page has.
    rows: HashSet<String>,
    /// How many calls the page has forms to answer for.
    unanswered: usize,
}

impl Watcher {
    /// Begins with what a page shows that was made with the first so many history events; without a number,
    /// it shows nothing.
    pub(crate) async fn begin(
        operations: &impl Operations,
        execution_arn: &str,
        query: &Query,
    ) -> Result<Self, Refused> {
        let mut watcher = Self {
            execution: Execution::begin(operations, execution_arn, &opened(query)).await?,
            view: View::of(query),
            sent: HashMap::new(),
            rows: HashSet::new(),
            unanswered: 0,
        };
        let mut seen = watcher.execution.look(operations).await?;
        let count = query.number("seen").unwrap_or(0).min(seen.len());
        let news = seen.split_off(count);
        watcher.execution.take(seen);
        if count > 0 {
            watcher.changed();
        }
        watcher.unanswered = unanswered(&watcher.execution, &watcher.view).len();
        watcher.execution.take(news);
        Ok(watcher)
    }

    /// Whether there will be no more news.
    pub fn has_ended(&self) -> bool {
        !self.execution.is_running()
    }

    /// Looks again, and tells what has changed.
    pub(crate) async fn news(&mut self, operations: &impl Operations) -> Option<String> {
        // What cannot be read now may be read the next time.
        self.execution.refresh(operations).await.ok()?;
        self.tell()
    }

    /// What has changed since it was told last.
    pub(crate) fn tell(&mut self) -> Option<String> {
        let changed = self.changed();
        let unanswered = unanswered(&self.execution, &self.view).len();
        let has_other_acts = std::mem::replace(&mut self.unanswered, unanswered) != unanswered;
        let ended = self.has_ended();
        let seen = self.execution.run.last_id;
        (!changed.is_empty() || has_other_acts || ended).then(|| {
            json!({ "parts": changed, "acts": has_other_acts, "ended": ended, "seen": seen })
                .to_string()
        })
    }

    /// The parts that are not as they were sent: the id and the text of each, of a row also where it is
    /// and the row before it. Rows that are gone come first, without a text.
    fn changed(&mut self) -> Vec<Value> {
        let parts = parts(&self.execution, &self.view);
        let rows = parts.iter().filter(|part| !part.into.is_empty());
        let rows: HashSet<String> = rows.map(|part| part.id.clone()).collect();
        let gone = self.rows.difference(&rows);
        let mut changed: Vec<Value> = gone.map(|id| json!([id, ""])).collect();
        self.sent
            .retain(|id, _| rows.contains(id) || !self.rows.contains(id));
        self.rows = rows;
        let mut before: (&str, &str) = ("", "");
        for part in &parts {
            if self.sent.insert(part.id.clone(), part.hash) != Some(part.hash) {
                let after = if part.into == before.0 { before.1 } else { "" };
                changed.push(match part.into {
                    "" => json!([part.id, part.text]),
                    into => json!([part.id, part.text, into, after]),
                });
            }
            before = (part.into, &part.id);
        }
        changed
    }
}
