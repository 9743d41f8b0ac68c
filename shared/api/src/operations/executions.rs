//! Starting, stopping, describing and listing executions.

use segno_asl::{data::json_text::JsonError, definition::MachineType, errors::StateError};
use segno_engine::{
    Backend, Clock, Invoker,
    catalog::{Machine, StateMachineRecord},
    operations::{Pick, StartRequest, arn::Qualifier},
    store::{Created, End, EndStatus, Head, HeadCursor, HeadQuery},
};
use segno_interpreter::{
    event::Timestamp,
    key::Nonce,
    payload::{Payload, PayloadId},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    map_runs::no_map_run,
    state_machines::{IncludedData, OfExecution},
};
use crate::{
    Api, ApiError,
    names::{check_arn, check_name, state_machine_arn, unlabeled_arn},
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
    map_run_arn: Option<String>,
    status_filter: Option<String>,
    redrive_filter: Option<String>,
    #[serde(flatten)]
    page: PageRequest,
}

/// An execution can be redriven for so long after its end.
///
/// AWS: [Redriving executions](https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html).
const REDRIVE_PERIOD_MILLISECONDS: i64 = 14 * 24 * 3_600_000;

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    /// Starts an execution. A request of the same nonce is the same start, however that has ended.
    pub(crate) async fn start_execution(
        &self,
        request: StartExecution,
        nonce: Option<Nonce>,
    ) -> Result<Value, ApiError> {
        let start = self.start_request(request, nonce).await?;
        let input = start.input.clone();
        let head = match self.engine.start(start).await? {
            Created::New(head) => head,
            Created::Existing(head) if nonce == Some(head.key.nonce) => head,
            // The same start again, while the first one runs, is the same execution.
            Created::Existing(head) if self.is_same_start(&head, &input).await? => head,
            Created::Existing(head) => {
                return Err(ApiError::execution_already_exists(head.key.arn));
            }
        };
        Ok(json!({
            "executionArn": head.key.arn,
            "startDate": seconds(head.started_at),
        }))
    }

    /// What a request asks the engine to start.
    pub(crate) async fn start_request(
        &self,
        request: StartExecution,
        nonce: Option<Nonce>,
    ) -> Result<StartRequest, ApiError> {
        let (arn, test_case) = split_test_case(&request.state_machine_arn);
        let machine = self.machine_to_start(arn).await?;
        let name = request.name.unwrap_or_else(|| name_of(nonce));
        check_name(&name)?;
        let input = read_input(request.input.as_deref().unwrap_or("{}"))?;
        if let Some(test_case) = test_case {
            let prepared = self.engine.invoker().prepare(&machine, &name, test_case);
            prepared.map_err(ApiError::validation)?;
        }
        Ok(StartRequest {
            nonce,
            trace_header: request.trace_header,
            ..StartRequest::new(machine, name, input)
        })
    }

    /// The state machine of an ARN, as an execution keeps it. An alias picks one of its versions.
    async fn machine_to_start(&self, arn: &str) -> Result<Machine, ApiError> {
        let parsed = unlabeled_arn(arn)?;
        let found = self
            .engine
            .find_state_machine(&parsed, Pick::ByWeight)
            .await?;
        let found = found.ok_or_else(|| ApiError::state_machine_does_not_exist(arn))?;
        match found.record.is_deleting() {
            true => Err(ApiError::state_machine_deleting(parsed.unqualified())),
            false => Ok(found.machine),
        }
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

    pub(crate) async fn describe_execution(&self, request: OfExecution) -> Result<Value, ApiError> {
        let head = self.head(&request.execution_arn).await?;
        let with_data = request.included_data == IncludedData::AllData;
        let mut described = self.describe(&head);
        let mut show = |key: &str, details: &str, payload: Option<Payload>| {
            if let Some(payload) = payload {
                described[key] = with_data.then(|| payload.text()).into();
                described[details] = json!({ "included": with_data });
            }
        };
        let store = self.engine.store();
        let input = store.payload(&head.key, PayloadId(0)).await?;
        show("input", "inputDetails", input);
        if let Some(output) = head.shown.end.as_ref().and_then(|end| end.output) {
            let output = store.payload(&head.key, output).await?;
            show("output", "outputDetails", output);
        }
        Ok(described)
    }

    pub(crate) async fn list_executions(&self, request: ListExecutions) -> Result<Value, ApiError> {
        let arn = match (&request.state_machine_arn, &request.map_run_arn) {
            (Some(arn), None) => arn,
            (None, Some(map_run)) => return Err(no_map_run(map_run)),
            (None, None) | (Some(_), Some(_)) => {
                return Err(ApiError::validation(
                    "Must specify either a state machine ARN or a Map Run ARN",
                ));
            }
        };
        let status = request.status_filter.as_deref();
        if request.redrive_filter.is_some() || status == Some("PENDING_REDRIVE") {
            return Err(ApiError::validation(
                "Filtering by redrive is only supported for a Map Run ARN",
            ));
        }
        self.check_has_list(arn).await?;
        let after = request.page.after()?;
        let after = after.as_deref().map(read_cursor).transpose()?;
        // One more than asked for tells whether there is another page.
        let query = HeadQuery {
            machine: arn,
            status,
            after: after.as_ref(),
            limit: request.page.limit() + 1,
        };
        let heads = self.engine.store().heads(&query).await?;
        let (heads, next_token) = request.page.cut(heads, |head| {
            let HeadCursor { started_at, arn } = head.cursor();
            format!("{} {arn}", started_at.0)
        });
        let items: Vec<Value> = heads.iter().map(item).collect();
        Ok(json!({ "executions": items, "nextToken": next_token }))
    }

    /// Checks that a state machine, a version or an alias is there, and has executions to list.
    async fn check_has_list(&self, arn: &str) -> Result<(), ApiError> {
        let parsed = state_machine_arn(arn)?;
        let record = self.engine.state_machine(&parsed.unqualified()).await?;
        let is_there = |record: &StateMachineRecord| match parsed.qualifier {
            Qualifier::None => parsed.label.is_none(),
            Qualifier::Version(number) => record.version(number).is_some(),
            Qualifier::Alias(name) => record.aliases.contains_key(name),
        };
        match record.filter(is_there).map(|record| record.machine_type) {
            None => Err(ApiError::state_machine_does_not_exist(arn)),
            Some(MachineType::Express) => Err(ApiError::type_not_supported()),
            Some(MachineType::Standard) => Ok(()),
        }
    }

    /// The head row of an execution.
    pub(crate) async fn head(&self, arn: &str) -> Result<Head, ApiError> {
        check_arn(arn, "execution")?;
        let head = self.engine.store().head(arn).await?;
        head.ok_or_else(|| ApiError::execution_does_not_exist(arn))
    }

    /// DescribeExecution's answer, without input and output.
    fn describe(&self, head: &Head) -> Value {
        let end = head.shown.end.as_ref();
        let error = end.and_then(|end| end.error.as_ref());
        let (redrive_status, reason) = match self.redrive_standing(head) {
            Redrive::Possible => ("REDRIVABLE", None),
            Redrive::Impossible(reason) => ("NOT_REDRIVABLE", Some(reason)),
        };
        json!({
            "executionArn": head.key.arn,
            "stateMachineArn": head.machine.arn,
            "stateMachineVersionArn": head.machine.version_arn,
            "stateMachineAliasArn": head.machine.alias_arn,
            "name": head.name,
            "status": head.status(),
            "startDate": seconds(head.started_at),
            "stopDate": end.map(|end| seconds(end.at)),
            "traceHeader": head.trace_header,
            "error": error.map(|error| &error.name),
            "cause": error.map(|error| &error.cause),
            "redriveCount": head.shown.redrives,
            "redriveDate": head.shown.redriven_at.map(seconds),
            "redriveStatus": redrive_status,
            "redriveStatusReason": reason,
        })
    }

    pub(super) fn redrive_standing(&self, head: &Head) -> Redrive {
        let failed = head.shown.end.as_ref();
        let failed = failed.filter(|end| end.status != EndStatus::Succeeded);
        let is_past =
            |end: &End| self.engine.clock().now().0 - end.at.0 > REDRIVE_PERIOD_MILLISECONDS;
        if failed.is_some_and(is_past) {
            return Redrive::Impossible("Execution redrivable period exceeded".into());
        }
        match head.shown.redrive_obstacle() {
            None => Redrive::Possible,
            Some(obstacle) => Redrive::Impossible(obstacle.into()),
        }
    }
}

/// Whether an execution can be redriven, and if not, why.
pub(super) enum Redrive {
    Possible,
    Impossible(String),
}

/// The name of an execution that is given none: a UUID, the same for the same start.
fn name_of(nonce: Option<Nonce>) -> String {
    let uuid = match nonce {
        Some(nonce) => uuid::Builder::from_random_bytes(nonce.0).into_uuid(),
        None => uuid::Uuid::new_v4(),
    };
    uuid.to_string()
}

/// The ARN of a state machine, and the test case of mocks that Step Functions Local takes behind it.
///
/// AWS: [Testing with mocked service integrations](https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-test-sm-exec.html).
pub(super) fn split_test_case(arn: &str) -> (&str, Option<&str>) {
    match arn.split_once('#') {
        Some((arn, case)) => (arn, Some(case)),
        None => (arn, None),
    }
}

pub(crate) fn read_input(text: &str) -> Result<Payload, ApiError> {
    if text.is_empty() {
        return Err(ApiError::invalid_execution_input(
            "Invalid execution input.",
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

fn item(head: &Head) -> Value {
    json!({
        "executionArn": head.key.arn,
        "stateMachineArn": head.machine.arn,
        "name": head.name,
        "status": head.status(),
        "startDate": seconds(head.started_at),
        "stopDate": head.shown.end.as_ref().map(|end| seconds(end.at)),
        "stateMachineVersionArn": head.machine.version_arn,
        "stateMachineAliasArn": head.machine.alias_arn,
        "redriveCount": head.shown.redrives,
        "redriveDate": head.shown.redriven_at.map(seconds),
    })
}
