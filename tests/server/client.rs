//! More of the client than other tests need, and definitions for it.

use serde_json::{Value, json};

pub(crate) use crate::local::Server;

impl Server {
    /// What a request is refused with: status, name and message.
    pub(crate) fn refused(&self, operation: &str, body: Value) -> (u16, String, String) {
        let (status, answer) = self.call(operation, body);
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        assert_ne!(status, 200, "{operation}: {answer}");
        (status, text("__type"), text("message"))
    }

    /// Expects a refusal of status 400.
    #[track_caller]
    pub(crate) fn refuses(&self, operation: &str, body: Value, name: &str, message: &str) {
        let refused = self.refused(operation, body);
        assert_eq!(refused, (400, name.to_owned(), message.to_owned()));
    }

    /// All entries of a list, asked for `limit` at a time.
    pub(crate) fn list(
        &self,
        operation: &str,
        mut body: Value,
        limit: u64,
        key: &str,
    ) -> Vec<Value> {
        let mut entries = Vec::new();
        body["maxResults"] = limit.into();
        loop {
            let page = self.ok(operation, body.clone());
            let found = page[key].as_array().unwrap();
            assert!(found.len() as u64 <= limit, "{page}");
            entries.extend(found.iter().cloned());
            match &page["nextToken"] {
                Value::Null => return entries,
                token => body["nextToken"] = token.clone(),
            }
        }
    }
}

/// The definition of a machine that ends in ten minutes.
pub(crate) fn wait() -> Value {
    json!({ "StartAt": "W", "States": { "W": { "Type": "Wait", "Seconds": 600, "End": true } } })
}

/// The definition of a machine that ends at once.
pub(crate) fn pass() -> Value {
    json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } })
}
