//! StartSyncExecution: an Express execution, within the call.

use segno_asl::definition::MachineType;
use segno_engine::{Backend, Clock, Invoker, express::ExpressRun, store::EndStatus};
use segno_interpreter::event::Timestamp;
use serde_json::{Map, Value, json};

use super::executions::{StartExecution, split_test_case};
use crate::{Api, ApiError, names::check_unlabeled, seconds};

/// Memory is billed in steps of so many megabytes.
///
/// AWS: [Pricing](https://aws.amazon.com/step-functions/pricing/).
const BILLED_MEGABYTES: u64 = 64;

/// Duration is billed in steps of so many milliseconds.
const BILLED_MILLISECONDS: i64 = 100;

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn start_sync_execution(
        &self,
        request: StartExecution,
    ) -> Result<Value, ApiError> {
        let (arn, _) = split_test_case(&request.state_machine_arn);
        check_unlabeled(arn)?;
        let start = self.start_request(request, None).await?;
        if start.machine.machine_type == MachineType::Standard {
            return Err(ApiError::type_not_supported());
        }
        let run = self.engine.start_sync(start).await?;
        Ok(Value::Object(describe(&run)))
    }
}

fn describe(run: &ExpressRun) -> Map<String, Value> {
    let head = &run.head;
    let mut described = Map::new();
    let mut set = |key: &str, value: Value| drop(described.insert(key.into(), value));
    set("executionArn", head.key.arn.as_str().into());
    set("stateMachineArn", head.machine.arn.as_str().into());
    set("name", head.name.as_str().into());
    set("status", head.status().into());
    set("startDate", seconds(head.started_at).into());
    set("input", run.input.text().into());
    set("inputDetails", json!({ "included": true }));
    if let Some(header) = &head.trace_header {
        set("traceHeader", header.as_str().into());
    }
    let mut stopped_at = head.started_at;
    if let Some(end) = &head.shown.end {
        stopped_at = end.at;
        set("stopDate", seconds(end.at).into());
        let timed_out = (end.status == EndStatus::TimedOut).then_some("States.Timeout");
        let error = end.error.as_ref();
        let name = error.and_then(|error| error.name.as_deref()).or(timed_out);
        let cause = error.and_then(|error| error.cause.as_deref());
        for (key, value) in [("error", name), ("cause", cause)] {
            if let Some(value) = value {
                set(key, value.into());
            }
        }
    }
    if let Some(output) = &run.output {
        set("output", output.text().into());
    }
    set("outputDetails", json!({ "included": true }));
    set("billingDetails", billing(head.started_at, stopped_at));
    described
}

/// What AWS would bill at least: a small execution takes one step of memory.
fn billing(from: Timestamp, to: Timestamp) -> Value {
    let steps = ((to.0 - from.0).max(1) + BILLED_MILLISECONDS - 1) / BILLED_MILLISECONDS;
    json!({
        "billedMemoryUsedInMB": BILLED_MEGABYTES,
        "billedDurationInMilliseconds": steps * BILLED_MILLISECONDS,
    })
}
