//! Status changes of executions, for whoever wants to hear of them.
//!
//! AWS: [Step Functions events](https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html).

use std::error::Error;

use segno_interpreter::{event::Timestamp, payload::Payload};
use serde_json::{Value, json};

use crate::{
    logs::BoxFuture,
    store::{EndStatus, Head, Shown},
};

/// What EventBridge calls such a change.
pub const DETAIL_TYPE: &str = "Step Functions Execution Status Change";

/// Bytes of input and output, as they stand in an event, beyond which they are left out.
///
/// AWS: [EventBridge payloads](https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html).
const PAYLOAD_BYTES_MAX: usize = 248 * 1024;

/// Who is told that the status of a Standard execution has changed: at least once of each change, in any
/// order, after it is durable. No execution waits for that, and none fails by it.
pub trait StatusChanges: Send + Sync + 'static {
    /// Is told of a change.
    ///
    /// # Errors
    ///
    /// It may not have arrived: it is told again later.
    fn tell<'a>(&'a self, change: &'a StatusChange) -> BoxFuture<'a, Result<(), Untold>>;
}

/// Why a change was not told.
pub type Untold = Box<dyn Error + Send + Sync>;

/// A status change, as EventBridge is told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusChange {
    /// ARN of the execution.
    pub execution_arn: String,
    /// When its status changed.
    pub at: Timestamp,
    /// The event's `detail`.
    pub detail: Value,
}

impl StatusChange {
    /// That an execution is now as `shown` says. `output` is that of one that has succeeded.
    pub fn new(
        head: &Head,
        shown: &Shown,
        input: Option<&Payload>,
        output: Option<&Payload>,
    ) -> Self {
        let end = shown.end.as_ref();
        let error = end.and_then(|end| end.error.as_ref());
        let obstacle = shown.redrive_obstacle();
        let [input, output] = [input, output].map(|payload| payload.map(Payload::text));
        let [input_bytes, output_bytes] =
            [input, output].map(|text| text.map_or(0, bytes_in_event));
        let has_input = input_bytes + output_bytes <= PAYLOAD_BYTES_MAX;
        let has_output = output_bytes <= PAYLOAD_BYTES_MAX;
        Self {
            execution_arn: head.key.arn.clone(),
            at: since(head, shown),
            detail: json!({
                "executionArn": head.key.arn,
                "stateMachineArn": head.machine.arn,
                "name": head.name,
                "status": end.map_or("RUNNING", |end| end.status.name()),
                "startDate": head.started_at.0,
                "stopDate": end.map(|end| end.at.0),
                "input": input.filter(|_| has_input),
                "output": output.filter(|_| has_output),
                "stateMachineVersionArn": head.machine.version_arn,
                "stateMachineAliasArn": head.machine.alias_arn,
                "redriveCount": shown.redrives,
                "redriveDate": shown.redriven_at.map(|at| at.0),
                "redriveStatus": match obstacle {
                    None => "REDRIVABLE",
                    Some(_) => "NOT_REDRIVABLE",
                },
                "redriveStatusReason": obstacle,
                "inputDetails": { "included": has_input },
                "outputDetails": output.map(|_| json!({ "included": has_output })),
                "error": error.and_then(|error| error.name.as_deref()),
                "cause": error.and_then(|error| error.cause.as_deref()),
            }),
        }
    }
}

/// Since when an execution is as `shown` says.
pub(crate) fn since(head: &Head, shown: &Shown) -> Timestamp {
    let ended = shown.end.as_ref().map(|end| end.at);
    ended.or(shown.redriven_at).unwrap_or(head.started_at)
}

/// Bytes of a text as a JSON string within an event.
fn bytes_in_event(text: &str) -> usize {
    Value::from(text).to_string().len()
}

impl Shown {
    /// Why an execution cannot be redriven, whatever the time; `None`: it can.
    pub fn redrive_obstacle(&self) -> Option<&'static str> {
        match &self.end {
            None => Some("Execution is RUNNING and cannot be redriven"),
            Some(end) if end.status == EndStatus::Succeeded => {
                Some("Execution is SUCCEEDED and cannot be redriven")
            }
            Some(_) if !self.is_redrivable => Some("Execution history event limit exceeded"),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use segno_asl::errors::StateError;
    use segno_interpreter::{
        key::{ExecutionKey, Nonce},
        payload::PayloadId,
    };

    use super::*;
    use crate::{catalog::Machine, store::End};

    fn head() -> Head {
        let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:order";
        Head {
            key: ExecutionKey {
                arn: "arn:aws:states:us-east-1:123456789012:execution:order:e".to_owned(),
                nonce: Nonce::default(),
            },
            name: "e".to_owned(),
            machine: Machine::new(machine, "order", "{}", "role", Timestamp(0)),
            trace_header: None,
            started_at: Timestamp(1_551_225_014_968),
            parent: None,
            shown: Shown::default(),
        }
    }

    fn ended(status: EndStatus, error: Option<StateError>) -> Shown {
        Shown {
            commit: 2,
            end: Some(End {
                status,
                at: Timestamp(1_551_225_017_576),
                output: (status == EndStatus::Succeeded).then_some(PayloadId(1)),
                error,
            }),
            is_redrivable: status != EndStatus::Succeeded,
            ..Shown::default()
        }
    }

    fn text_of(bytes: usize) -> Payload {
        Payload::stored(format!("\"{}\"", "x".repeat(bytes - 2)))
    }

    #[test]
    fn an_execution_that_runs_has_an_input_and_no_end() {
        let input = Payload::stored(r#"{"a": 1}"#);
        let change = StatusChange::new(&head(), &Shown::default(), Some(&input), None);
        assert_eq!(change.at, Timestamp(1_551_225_014_968));
        let expected = json!({
            "executionArn": "arn:aws:states:us-east-1:123456789012:execution:order:e",
            "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:order",
            "name": "e",
            "status": "RUNNING",
            "startDate": 1_551_225_014_968_i64,
            "stopDate": null,
            "input": "{\"a\": 1}",
            "output": null,
            "stateMachineVersionArn": null,
            "stateMachineAliasArn": null,
            "redriveCount": 0,
            "redriveDate": null,
            "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": "Execution is RUNNING and cannot be redriven",
            "inputDetails": { "included": true },
            "outputDetails": null,
            "error": null,
            "cause": null,
        });
        assert_eq!(change.detail, expected);
    }

    #[test]
    fn an_end_has_an_output_or_an_error() {
        let [input, output] = ["{}", r#""done""#].map(Payload::stored);
        let shown = ended(EndStatus::Succeeded, None);
        let change = StatusChange::new(&head(), &shown, Some(&input), Some(&output));
        assert_eq!(change.detail["status"], "SUCCEEDED");
        assert_eq!(change.detail["stopDate"], 1_551_225_017_576_i64);
        assert_eq!(change.detail["output"], "\"done\"");
        assert_eq!(change.detail["outputDetails"], json!({ "included": true }));

        let shown = ended(EndStatus::Failed, Some(StateError::new("Boom", "it broke")));
        let change = StatusChange::new(&head(), &shown, Some(&input), None);
        assert_eq!(change.at, Timestamp(1_551_225_017_576));
        assert_eq!(change.detail["status"], "FAILED");
        assert_eq!(change.detail["error"], "Boom");
        assert_eq!(change.detail["cause"], "it broke");
        assert_eq!(change.detail["redriveStatus"], "REDRIVABLE");
        assert_eq!(change.detail["redriveStatusReason"], Value::Null);
        assert_eq!(change.detail["outputDetails"], Value::Null);
    }

    #[test]
    fn what_is_too_large_for_an_event_is_left_out_the_input_first() {
        // A text of n bytes in quotes is n + 4 within a string: its quotes are escaped, too.
        let shown = ended(EndStatus::Succeeded, None);
        let included = |input: usize, output: usize| {
            let [input, output] = [input, output].map(text_of);
            let change = StatusChange::new(&head(), &shown, Some(&input), Some(&output));
            let is_there = |member: &str| !change.detail[member].is_null();
            let details = ["inputDetails", "outputDetails"].map(|details| {
                change.detail[details]["included"]
                    .as_bool()
                    .expect("it says so")
            });
            assert_eq!([is_there("input"), is_there("output")], details);
            details
        };
        let half = PAYLOAD_BYTES_MAX / 2 - 4;
        assert_eq!(included(half, half), [true, true]);
        assert_eq!(included(half, half + 1), [false, true]);
        assert_eq!(included(2, PAYLOAD_BYTES_MAX - 4), [false, true]);
        assert_eq!(included(2, PAYLOAD_BYTES_MAX - 3), [false, false]);
    }
}
