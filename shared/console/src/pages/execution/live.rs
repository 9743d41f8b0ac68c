//! What changes on a page while an execution goes on.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use serde_json::{Value, json};

use super::{View, acts::unanswered, opened, parts};
use crate::{Operations, ask::Refused, execution::Execution, url::Query};

/// Follows an execution for a page that shows it.
pub struct Watcher {
    execution: Execution,
    view: View,
    /// By id, the part that the page has: a hash of its text.
    sent: HashMap<String, u64>,
    /// How many calls the page has forms to answer for.
    unanswered: usize,
}

impl Watcher {
    pub(crate) async fn begin(
        operations: &impl Operations,
        execution_arn: &str,
        query: &Query,
    ) -> Result<Self, Refused> {
        let mut watcher = Self {
            execution: Execution::read(operations, execution_arn, &opened(query)).await?,
            view: View::of(query),
            sent: HashMap::new(),
            unanswered: 0,
        };
        watcher.unanswered = unanswered(&watcher.execution, &watcher.view).len();
        // What the page was made with need not be sent again.
        let seen = query
            .number("seen")
            .and_then(|seen| u64::try_from(seen).ok());
        if seen == Some(watcher.execution.run.last_id) {
            watcher.changed();
        }
        Ok(watcher)
    }

    /// Whether there will be no more news.
    pub fn has_ended(&self) -> bool {
        !self.execution.is_running()
    }

    pub(crate) async fn news(&mut self, operations: &impl Operations) -> Option<String> {
        // What cannot be read now may be read the next time.
        self.execution.refresh(operations).await.ok()?;
        let changed = self.changed();
        let unanswered = unanswered(&self.execution, &self.view).len();
        let has_other_acts = std::mem::replace(&mut self.unanswered, unanswered) != unanswered;
        let ended = self.has_ended();
        (!changed.is_empty() || has_other_acts || ended).then(|| {
            json!({ "parts": changed, "acts": has_other_acts, "ended": ended }).to_string()
        })
    }

    /// The parts that are not as they were sent.
    fn changed(&mut self) -> Vec<Value> {
        let mut changed = Vec::new();
        for (id, text, into) in parts(&self.execution, &self.view) {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            let hash = hasher.finish();
            if self.sent.insert(id.clone(), hash) != Some(hash) {
                changed.push(json!([id, text, into]));
            }
        }
        changed
    }
}
