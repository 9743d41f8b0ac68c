//! Status changes go to a bus of EventBridge, in the shape in which Step Functions tells of its own.
//!
//! AWS: [PutEvents](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).

use std::sync::Arc;

use segno_engine::{
    logs::BoxFuture,
    status::{DETAIL_TYPE, StatusChange, StatusChanges, Untold},
};
use segno_integrations::services::{Caller, Services};
use serde_json::{Value, json};

/// The `source` of the events: nobody but AWS may send those of `aws.states`.
const SOURCE: &str = "segno.states";

/// A bus of EventBridge.
pub(crate) struct EventBus {
    services: Arc<Services>,
    /// Its name.
    name: String,
}

impl EventBus {
    /// The bus of this name.
    pub(crate) fn new(services: Arc<Services>, name: String) -> Self {
        Self { services, name }
    }
}

impl StatusChanges for EventBus {
    fn tell<'a>(&'a self, change: &'a StatusChange) -> BoxFuture<'a, Result<(), Untold>> {
        Box::pin(async move {
            let sent = json!({ "Entries": [entry(&self.name, change)] });
            let put = self
                .services
                .result("aws-sdk:eventbridge", "putEvents", sent, Caller::default())
                .await;
            match put {
                Ok(answer) => taken(&answer),
                Err(error) => {
                    let [name, cause] = [error.name, error.cause].map(Option::unwrap_or_default);
                    Err(format!("{name}: {cause}").into())
                }
            }
        })
    }
}

/// A change as PutEvents takes it.
fn entry(bus: &str, change: &StatusChange) -> Value {
    json!({
        "EventBusName": bus,
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Detail": change.detail.to_string(),
        "Resources": [change.execution_arn],
        // In seconds. EventBridge keeps no more of it.
        "Time": change.at.0 / 1_000,
    })
}

/// PutEvents succeeds although it has taken no event.
fn taken(answer: &Value) -> Result<(), Untold> {
    if answer["FailedEntryCount"].as_u64() == Some(0) {
        return Ok(());
    }
    let text = |member: &str| answer["Entries"][0][member].as_str().unwrap_or_default();
    Err(format!("{}: {}", text("ErrorCode"), text("ErrorMessage")).into())
}

#[cfg(test)]
mod tests {
    use segno_interpreter::event::Timestamp;

    use super::*;

    #[test]
    fn an_entry_has_the_shape_of_step_functions_own_events() {
        let change = StatusChange {
            execution_arn: "arn:aws:states:us-east-1:123456789012:execution:order:e".into(),
            at: Timestamp(1_551_225_014_968),
            detail: json!({ "status": "RUNNING" }),
        };
        let expected = json!({
            "EventBusName": "default",
            "Source": "segno.states",
            "DetailType": "Step Functions Execution Status Change",
            "Detail": "{\"status\":\"RUNNING\"}",
            "Resources": ["arn:aws:states:us-east-1:123456789012:execution:order:e"],
            "Time": 1_551_225_014,
        });
        assert_eq!(entry("default", &change), expected);
    }

    #[test]
    fn an_event_that_is_not_taken_is_told_again() {
        let entries = json!([{ "EventId": "1" }]);
        let answer = json!({ "FailedEntryCount": 0, "Entries": entries });
        assert!(taken(&answer).is_ok());
        let entries = json!([{ "ErrorCode": "InternalFailure", "ErrorMessage": "not now" }]);
        let refused = taken(&json!({ "FailedEntryCount": 1, "Entries": entries }));
        let why = refused.map_err(|error| error.to_string());
        assert_eq!(why, Err("InternalFailure: not now".to_owned()));
        assert!(taken(&json!({})).is_err());
    }
}
