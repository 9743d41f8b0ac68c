//! Starting, stopping, redriving, describing and listing executions.

use segno_asl::{data::json_text::JsonError, definition::MachineType, errors::StateError};
use segno_engine::{
    Backend, Clock, Invoker,
    operations::{RedriveError, StartRequest},
    store::{Created, EndStatus, Head, HeadCursor, HeadQuery},
};
use segno_interpreter::{
    event::Timestamp,
    payload::{Payload, PayloadId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

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
    pub(crate) state_machine_arn: String,
    pub(crate) name: Option<String>,
    pub(crate) input: Option<String>,
    pub(crate) trace_header: Option<String>,
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
pub(crate) struct DescribeExecution {
    execution_arn: String,
    included_data: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<String>,
    redrive_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<f64>,
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

/// An execution can be redriven for so long after its end.
///
/// AWS: [Redriving executions](https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html).
const REDRIVE_PERIOD_MILLISECONDS: i64 = 14 * 24 * 3_600_000;

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn start_execution(
        &self,
        request: StartExecution,
    ) -> Result<StartedExecution, ApiError> {
        let start = self.start_request(request).await?;
        let input = start.input.clone();
        let head = match self.engine.start(start).await? {
            Created::New(head) => head,
            // The same start again, while the first one runs, is the same execution.
            Created::Existing(head) if self.is_same_start(&head, &input).await? => head,
            Created::Existing(head) => {
                return Err(ApiError::execution_already_exists(head.key.arn));
            }
        };
        Ok(StartedExecution {
            start_date: seconds(head.started_at),
            execution_arn: head.key.arn,
        })
    }

    /// What a request asks the engine to start.
    pub(crate) async fn start_request(
        &self,
        request: StartExecution,
    ) -> Result<StartRequest, ApiError> {
        let (arn, test_case) = split_test_case(&request.state_machine_arn);
        let machine = self.machine(arn).await?;
        let name = request
            .name
            .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        check_name(&name)?;
        let input = request.input.as_deref().unwrap_or("{}");
        let input = read_input(input, self.engine.config().bounds.payload_bytes_max)?;
        if let Some(test_case) = test_case {
            let prepared = self.engine.invoker().prepare(&machine, &name, test_case);
            prepared.map_err(ApiError::validation)?;
        }
        Ok(StartRequest {
            trace_header: request.trace_header,
            ..StartRequest::new(machine, name, input)
        })
    }

    async fn is_same_start(&self, head: &Head, input: &Payload) -> Result<bool, ApiError> {
        let first = self.engine.store().payload(&head.key, PayloadId(0)).await?;
        Ok(head.shown.end.is_none() && first.is_some_and(|first| first.text() == input.text()))
    }

    pub(crate) async fn stop_execution(&self, request: StopExecution) -> Result<Value, ApiError> {
        self.head(&request.execution_arn).await?;
        let error = StateError {
            name: request.error,
            cause: request.cause,
        };
        let end = self.engine.stop(&request.execution_arn, error).await?;
        Ok(json!({ "stopDate": seconds(end.at) }))
    }

    pub(crate) async fn redrive_execution(&self, request: OfExecution) -> Result<Value, ApiError> {
        let head = self.head(&request.execution_arn).await?;
        let standing = self.redrive_standing(&head);
        if let Redrive::Impossible(reason) = standing {
            return Err(ApiError::execution_not_redrivable(&head.key.arn, &reason));
        }
        match self.engine.redrive(&request.execution_arn).await {
            Ok(at) => Ok(json!({ "redriveDate": seconds(at) })),
            Err(RedriveError::NotRedrivable) => {
                let reason = "Execution is RUNNING and cannot be redriven";
                Err(ApiError::execution_not_redrivable(&head.key.arn, reason))
            }
            Err(error) => Err(ApiError::internal(error)),
        }
    }

    pub(crate) async fn describe_execution(
        &self,
        request: DescribeExecution,
    ) -> Result<Value, ApiError> {
        let head = self.head(&request.execution_arn).await?;
        let with_data = request.included_data.as_deref() != Some("METADATA_ONLY");
        let mut described = self.describe(&head);
        let mut show = |key: &str, details: &str, payload: Option<Payload>| {
            if let (true, Some(payload)) = (with_data, &payload) {
                described.insert(key.into(), payload.text().into());
            }
            if payload.is_some() {
                described.insert(details.into(), json!({ "included": with_data }));
            }
        };
        let store = self.engine.store();
        let input = store.payload(&head.key, PayloadId(0)).await?;
        show("input", "inputDetails", input);
        if let Some(output) = head.shown.end.as_ref().and_then(|end| end.output) {
            let output = store.payload(&head.key, output).await?;
            show("output", "outputDetails", output);
        }
        Ok(Value::Object(described))
    }

    pub(crate) async fn list_executions(
        &self,
        request: ListExecutions,
    ) -> Result<Executions, ApiError> {
        let Some(arn) = &request.state_machine_arn else {
            return Err(ApiError::validation("Must specify a state machine ARN"));
        };
        let machine = self.machine(arn).await?;
        if machine.machine_type == MachineType::Express {
            return Err(ApiError::type_not_supported(
                "This operation is not supported by this type of state machine",
            ));
        }
        let status = request.status_filter.as_deref();
        if let Some(status) = status.filter(|status| !STATUSES.contains(status)) {
            let constraint = format!("satisfy enum value set: [{}]", STATUSES.join(", "));
            return Err(ApiError::constraint(status, "statusFilter", &constraint));
        }
        let limit = request.page.limit();
        let after = match request.page.after()? {
            Some(place) => Some(read_cursor(&place)?),
            None => None,
        };
        // One more than asked for tells whether there is another page.
        let query = HeadQuery {
            machine: arn,
            status,
            after: after.as_ref(),
            limit: limit + 1,
        };
        let heads = self.engine.store().heads(&query).await?;
        let (heads, next_token) = request.page.cut(heads, |head| {
            let HeadCursor { started_at, arn } = head.cursor();
            format!("{} {arn}", started_at.0)
        });
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

    /// DescribeExecution's answer, without input and output. What does not apply is absent.
    fn describe(&self, head: &Head) -> Map<String, Value> {
        let mut described = Map::new();
        let mut set = |key: &str, value: Value| drop(described.insert(key.into(), value));
        set("executionArn", head.key.arn.as_str().into());
        set("stateMachineArn", head.machine.arn.as_str().into());
        set("name", head.name.as_str().into());
        set("status", head.status().into());
        set("startDate", seconds(head.started_at).into());
        set("redriveCount", head.shown.redrives.into());
        for (key, value) in [
            ("traceHeader", &head.trace_header),
            ("stateMachineVersionArn", &head.machine.version_arn),
            ("stateMachineAliasArn", &head.machine.alias_arn),
        ] {
            if let Some(value) = value {
                set(key, value.as_str().into());
            }
        }
        if let Some(at) = head.shown.redriven_at {
            set("redriveDate", seconds(at).into());
        }
        if let Some(end) = &head.shown.end {
            set("stopDate", seconds(end.at).into());
            let error = end.error.as_ref();
            for (key, value) in [
                ("error", error.and_then(|error| error.name.as_deref())),
                ("cause", error.and_then(|error| error.cause.as_deref())),
            ] {
                if let Some(value) = value {
                    set(key, value.into());
                }
            }
        }
        match self.redrive_standing(head) {
            Redrive::Possible => set("redriveStatus", "REDRIVABLE".into()),
            Redrive::Impossible(reason) => {
                set("redriveStatus", "NOT_REDRIVABLE".into());
                set("redriveStatusReason", reason.into());
            }
        }
        described
    }

    fn redrive_standing(&self, head: &Head) -> Redrive {
        let Some(end) = &head.shown.end else {
            return Redrive::Impossible("Execution is RUNNING and cannot be redriven".into());
        };
        if end.status == EndStatus::Succeeded {
            return Redrive::Impossible("Execution is SUCCEEDED and cannot be redriven".into());
        }
        let since: Timestamp = end.at;
        if self.engine.clock().now().0 - since.0 > REDRIVE_PERIOD_MILLISECONDS {
            return Redrive::Impossible("Execution redrivable period exceeded".into());
        }
        match head.shown.is_redrivable {
            true => Redrive::Possible,
            false => Redrive::Impossible("Execution history event limit exceeded".into()),
        }
    }
}

/// Whether an execution can be redriven, and if not, why.
enum Redrive {
    Possible,
    Impossible(String),
}

/// The ARN of a state machine, and the test case of mocks that Step Functions Local takes behind it.
///
/// AWS: [Testing with mocked service integrations](https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-test-sm-exec.html).
fn split_test_case(arn: &str) -> (&str, Option<&str>) {
    match arn.split_once('#') {
        Some((arn, case)) => (arn, Some(case)),
        None => (arn, None),
    }
}

/// Reads the input of an execution of at most `max` bytes.
pub(crate) fn read_input(text: &str, max: Option<usize>) -> Result<Payload, ApiError> {
    if text.is_empty() {
        return Err(ApiError::invalid_execution_input(
            "Invalid execution input.",
        ));
    }
    if let Some(max) = max.filter(|max| text.len() > *max) {
        let constraint = format!("have length less than or equal to {max}");
        return Err(ApiError::constraint(
            "(too long to show)",
            "input",
            &constraint,
        ));
    }
    Payload::parse(text)
        .map_err(|error| ApiError::invalid_execution_input(JsonError::of(text, &error)))
}

/// The place in a list that a token names.
fn read_cursor(place: &str) -> Result<HeadCursor, ApiError> {
    let cursor = place.split_once(' ').and_then(|(started_at, arn)| {
        Some(HeadCursor {
            started_at: Timestamp(started_at.parse().ok()?),
            arn: arn.to_owned(),
        })
    });
    cursor.ok_or_else(|| ApiError::invalid_token("Invalid token"))
}

fn item(head: Head) -> ExecutionItem {
    ExecutionItem {
        status: head.status(),
        stop_date: head.shown.end.as_ref().map(|end| seconds(end.at)),
        start_date: seconds(head.started_at),
        redrive_count: head.shown.redrives,
        redrive_date: head.shown.redriven_at.map(seconds),
        execution_arn: head.key.arn,
        state_machine_arn: head.machine.arn,
        state_machine_version_arn: head.machine.version_arn,
        state_machine_alias_arn: head.machine.alias_arn,
        name: head.name,
    }
}
