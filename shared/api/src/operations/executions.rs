//! Starting, stopping, describing and listing executions.

use segno_asl::{data::json_text::JsonError, errors::StateError, limits};
use segno_engine::{
    Catalog, Clock, Invoker, Store,
    operations::StartRequest,
    store::{Created, Head},
};
use segno_interpreter::payload::Payload;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::state_machines::OfExecution;
use crate::{
    Api, ApiError,
    names::{check_arn, check_name},
    page::PageRequest,
    seconds,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartExecution {
    state_machine_arn: String,
    name: Option<String>,
    input: Option<String>,
    trace_header: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartedExecution {
    execution_arn: String,
    start_date: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StopExecution {
    execution_arn: String,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListExecutions {
    state_machine_arn: Option<String>,
    status_filter: Option<String>,
    #[serde(flatten)]
    page: PageRequest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Executions {
    executions: Vec<ExecutionItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecutionItem {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    status: &'static str,
    start_date: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<f64>,
    redrive_count: u32,
}

/// The statuses, in the order in which AWS lists them in its message.
const STATUSES: [&str; 6] = [
    "SUCCEEDED",
    "TIMED_OUT",
    "PENDING_REDRIVE",
    "ABORTED",
    "FAILED",
    "RUNNING",
];

impl<S: Store + Catalog, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn start_execution(
        &self,
        request: StartExecution,
    ) -> Result<StartedExecution, ApiError> {
        let machine = self.machine(&request.state_machine_arn).await?;
        let name = request
            .name
            .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        check_name(&name)?;
        let input = read_input(request.input.as_deref().unwrap_or("{}"))?;
        let trace_header = request.trace_header;
        let start = StartRequest {
            machine,
            name,
            input: input.clone(),
            trace_header,
        };
        let head = match self.engine.start(start).await? {
            Created::New(head) => head,
            // The same start again, while the first one runs, is the same execution.
            Created::Existing(head) if head.end.is_none() && head.input.text() == input.text() => {
                head
            }
            Created::Existing(head) => {
                return Err(ApiError::execution_already_exists(head.execution_arn));
            }
        };
        Ok(StartedExecution {
            start_date: seconds(head.started_at),
            execution_arn: head.execution_arn,
        })
    }

    pub(crate) async fn stop_execution(&self, request: StopExecution) -> Result<Value, ApiError> {
        self.head(&request.execution_arn).await?;
        let error = StateError {
            name: request.error,
            cause: request.cause,
        };
        self.engine.stop(&request.execution_arn, error).await?;
        let head = self.head(&request.execution_arn).await?;
        let stopped_at = head
            .end
            .map_or_else(|| self.engine.clock().now(), |end| end.at);
        Ok(json!({ "stopDate": seconds(stopped_at) }))
    }

    pub(crate) async fn describe_execution(&self, request: OfExecution) -> Result<Value, ApiError> {
        let head = self.head(&request.execution_arn).await?;
        Ok(describe(&head))
    }

    pub(crate) async fn list_executions(
        &self,
        request: ListExecutions,
    ) -> Result<Executions, ApiError> {
        let Some(arn) = &request.state_machine_arn else {
            return Err(ApiError::validation("Must specify a state machine ARN"));
        };
        self.machine(arn).await?;
        let mut heads = self.engine.store().heads(arn).await?;
        if let Some(status) = &request.status_filter {
            if !STATUSES.contains(&status.as_str()) {
                let constraint = format!("satisfy enum value set: [{}]", STATUSES.join(", "));
                return Err(ApiError::constraint(status, "statusFilter", &constraint));
            }
            heads.retain(|head| head.status() == status);
        }
        let (heads, next_token) = request.page.cut(heads)?;
        Ok(Executions {
            executions: heads.into_iter().map(item).collect(),
            next_token,
        })
    }

    /// The head row of an execution.
    pub(crate) async fn head(&self, arn: &str) -> Result<Head, ApiError> {
        check_arn(arn, "execution")?;
        let head = self.engine.store().head(arn).await?;
        head.ok_or_else(|| ApiError::execution_does_not_exist(arn))
    }
}

fn read_input(text: &str) -> Result<Payload, ApiError> {
    if text.is_empty() {
        return Err(ApiError::invalid_execution_input(
            "Invalid execution input.",
        ));
    }
    if text.len() > limits::PAYLOAD_BYTES_MAX {
        let constraint = format!(
            "have length less than or equal to {}",
            limits::PAYLOAD_BYTES_MAX
        );
        return Err(ApiError::constraint(
            "(too long to show)",
            "input",
            &constraint,
        ));
    }
    Payload::parse(text)
        .map_err(|error| ApiError::invalid_execution_input(JsonError::of(text, &error)))
}

fn item(head: Head) -> ExecutionItem {
    ExecutionItem {
        status: head.status(),
        stop_date: head.end.as_ref().map(|end| seconds(end.at)),
        start_date: seconds(head.started_at),
        execution_arn: head.execution_arn,
        state_machine_arn: head.state_machine_arn,
        name: head.name,
        redrive_count: 0,
    }
}

/// DescribeExecution's answer: what does not apply is absent.
fn describe(head: &Head) -> Value {
    let status = head.status();
    let mut described = json!({
        "executionArn": head.execution_arn,
        "stateMachineArn": head.state_machine_arn,
        "name": head.name,
        "status": status,
        "startDate": seconds(head.started_at),
        "input": head.input.text(),
        "inputDetails": { "included": true },
        "redriveCount": 0,
    });
    let mut set = |key: &str, value: Value| described[key] = value;
    if let Some(header) = &head.trace_header {
        set("traceHeader", header.as_str().into());
    }
    if let Some(end) = &head.end {
        set("stopDate", seconds(end.at).into());
        if let Some(output) = &end.output {
            set("output", output.text().into());
            set("outputDetails", json!({ "included": true }));
        }
        if let Some(error) = &end.error {
            for (key, value) in [("error", &error.name), ("cause", &error.cause)] {
                if let Some(value) = value {
                    set(key, value.as_str().into());
                }
            }
        }
    }
    if matches!(status, "FAILED" | "ABORTED" | "TIMED_OUT") {
        set("redriveStatus", "REDRIVABLE".into());
    } else {
        set("redriveStatus", "NOT_REDRIVABLE".into());
        let reason = format!("Execution is {status} and cannot be redriven");
        set("redriveStatusReason", reason.into());
    }
    described
}
