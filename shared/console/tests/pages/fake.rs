//! An API that knows one execution.

use std::sync::{Arc, Mutex};

use segno_api::Response;
use segno_console::Operations;
use serde_json::{Value, json};

pub(crate) const EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:m:one";

/// What was asked: operations and their requests.
type Asked = Arc<Mutex<Vec<(String, Value)>>>;

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) described: Value,
    pub(crate) machine: Value,
    events: Vec<Value>,
    pub(crate) asked: Asked,
    pub(crate) refusal: Option<Response>,
}

impl Fake {
    /// An execution without history.
    pub(crate) fn of(definition: Value, status: &str) -> Self {
        Self {
            described: json!({
                "executionArn": EXECUTION,
                "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m",
                "name": "one",
                "status": status,
                "startDate": 1_700_000_000.0,
                "input": "{}",
            }),
            machine: json!({ "definition": definition.to_string() }),
            events: Vec::new(),
            asked: Arc::default(),
            refusal: None,
        }
    }

    /// The next history event, a tenth of a second after the one before: its id.
    pub(crate) fn event(&mut self, previous: u64, kind: &str, details: Value) -> u64 {
        let id = self.events.len() + 1;
        let mut event = json!({
            "id": id,
            "previousEventId": previous,
            "type": kind,
            "timestamp": 1_700_000_000.0 + id as f64 / 10.0,
        });
        if !details.is_null() {
            event["someEventDetails"] = details;
        }
        self.events.push(event);
        id as u64
    }

    /// How many history events there are.
    pub(crate) fn count(&self) -> usize {
        self.events.len()
    }

    /// As it was when there were so many.
    pub(crate) fn keep(&mut self, count: usize) {
        self.events.truncate(count);
    }

    fn answer(&self, operation: &str, request: &Value) -> Value {
        let is_newest_first = request["reverseOrder"] == true;
        match operation {
            "DescribeExecution" => self.described.clone(),
            "DescribeStateMachineForExecution" => self.machine.clone(),
            "GetExecutionHistory" if is_newest_first => {
                json!({ "events": self.events.iter().rev().collect::<Vec<_>>() })
            }
            "GetExecutionHistory" => {
                let from = request["nextToken"]
                    .as_str()
                    .map_or(0, |token| token.parse().unwrap());
                let count = usize::try_from(request["maxResults"].as_u64().unwrap()).unwrap();
                let to = (from + count).min(self.events.len());
                let token = (to < self.events.len()).then(|| to.to_string());
                json!({ "events": self.events[from..to], "nextToken": token })
            }
            // As one that cannot be tried.
            "TestState" => json!({}),
            other => panic!("{other} is not asked for"),
        }
    }
}

impl Operations for Fake {
    async fn call(&self, operation: &str, body: Vec<u8>) -> Response {
        let request: Value = serde_json::from_slice(&body).unwrap();
        let body = self.answer(operation, &request).to_string().into_bytes();
        self.asked
            .lock()
            .unwrap()
            .push((operation.to_owned(), request));
        self.refusal.clone().unwrap_or(Response {
            status: 200,
            error_type: None,
            body,
        })
    }
}
