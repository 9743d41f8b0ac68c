//! History events as the JSON that GetExecutionHistory answers with.

use std::sync::Arc;

use segno_asl::errors::StateError;
use serde_json::{Map, Value, json};

use super::{Detail, HistoryEvent, MapIteration, TaskResource, TaskScheduled};
use crate::payload::{PayloadId, Payloads};

/// Whether inputs and outputs are shown (`includeExecutionData`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionData {
    /// They are.
    Included,
    /// They are left out, with their `…Details`.
    Withheld,
}

impl HistoryEvent {
    /// The event as GetExecutionHistory answers it. Payloads are JSON text in a string; `payloads`
    /// must hold those that the event refers to.
    pub fn to_json(&self, payloads: &Payloads, data: ExecutionData) -> Value {
        let mut event = Map::new();
        event.insert("timestamp".into(), json!(self.at.0 as f64 / 1_000.0));
        event.insert("type".into(), self.detail.type_name().into());
        event.insert("id".into(), self.id.into());
        event.insert("previousEventId".into(), self.previous_event_id.into());
        let mut details = Details {
            fields: Map::new(),
            payloads,
            data,
        };
        if let Some(key) = details.fill(&self.detail) {
            event.insert(key.into(), Value::Object(details.fields));
        }
        Value::Object(event)
    }
}

impl HistoryEvent {
    /// The event as CloudWatch Logs gets it: all that is text or number is text, and the details have
    /// no name of their own.
    ///
    /// AWS: [Logging in CloudWatch Logs](https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html).
    pub fn to_log_entry(
        &self,
        execution_arn: &str,
        redrives: u32,
        payloads: &Payloads,
        data: ExecutionData,
    ) -> Value {
        let mut details = Details {
            fields: Map::new(),
            payloads,
            data,
        };
        details.fill(&self.detail);
        json!({
            "id": self.id.to_string(),
            "type": self.detail.type_name(),
            "details": details.fields,
            "previous_event_id": self.previous_event_id.to_string(),
            "event_timestamp": self.at.0.to_string(),
            "execution_arn": execution_arn,
            "redrive_count": redrives.to_string(),
        })
    }
}

impl Detail {
    /// The event's type: `TaskStateEntered`, `MapIterationFailed`, …
    pub fn type_name(&self) -> String {
        let fixed = match self {
            Self::StateEntered { state_type, .. } => {
                return format!("{}StateEntered", state_type.name());
            }
            Self::StateExited { state_type, .. } => {
                return format!("{}StateExited", state_type.name());
            }
            Self::StateAborted { state_type } => {
                return format!("{}StateAborted", state_type.name());
            }
            Self::ExecutionStarted { .. } => "ExecutionStarted",
            Self::ExecutionRedriven { .. } => "ExecutionRedriven",
            Self::ExecutionSucceeded { .. } => "ExecutionSucceeded",
            Self::ExecutionFailed(_) => "ExecutionFailed",
            Self::ExecutionAborted(_) => "ExecutionAborted",
            Self::ExecutionTimedOut(_) => "ExecutionTimedOut",
            Self::LambdaFunctionScheduled { .. } => "LambdaFunctionScheduled",
            Self::LambdaFunctionStarted => "LambdaFunctionStarted",
            Self::LambdaFunctionSucceeded { .. } => "LambdaFunctionSucceeded",
            Self::LambdaFunctionFailed(_) => "LambdaFunctionFailed",
            Self::LambdaFunctionTimedOut(_) => "LambdaFunctionTimedOut",
            Self::ActivityScheduled { .. } => "ActivityScheduled",
            Self::ActivityStarted { .. } => "ActivityStarted",
            Self::ActivitySucceeded { .. } => "ActivitySucceeded",
            Self::ActivityFailed(_) => "ActivityFailed",
            Self::ActivityTimedOut(_) => "ActivityTimedOut",
            Self::TaskScheduled(_) => "TaskScheduled",
            Self::TaskStarted(_) => "TaskStarted",
            Self::TaskSubmitted { .. } => "TaskSubmitted",
            Self::TaskSucceeded { .. } => "TaskSucceeded",
            Self::TaskFailed { .. } => "TaskFailed",
            Self::TaskTimedOut { .. } => "TaskTimedOut",
            Self::ParallelStateStarted => "ParallelStateStarted",
            Self::ParallelStateSucceeded => "ParallelStateSucceeded",
            Self::ParallelStateFailed => "ParallelStateFailed",
            Self::MapStateStarted { .. } => "MapStateStarted",
            Self::MapStateSucceeded => "MapStateSucceeded",
            Self::MapStateFailed => "MapStateFailed",
            Self::MapIterationStarted(_) => "MapIterationStarted",
            Self::MapIterationSucceeded(_) => "MapIterationSucceeded",
            Self::MapIterationFailed(_) => "MapIterationFailed",
            Self::MapIterationAborted(_) => "MapIterationAborted",
            Self::EvaluationFailed { .. } => "EvaluationFailed",
        };
        fixed.to_owned()
    }

    /// The payloads it refers to.
    pub fn payload_ids(&self) -> impl Iterator<Item = PayloadId> {
        let (one, assigned): (_, &[(Arc<str>, PayloadId)]) = match self {
            Self::ExecutionStarted { input, .. }
            | Self::StateEntered { input, .. }
            | Self::LambdaFunctionScheduled { input, .. }
            | Self::ActivityScheduled { input, .. } => (Some(*input), &[]),
            Self::ExecutionSucceeded { output }
            | Self::LambdaFunctionSucceeded { output }
            | Self::ActivitySucceeded { output }
            | Self::TaskSubmitted { output, .. }
            | Self::TaskSucceeded { output, .. } => (Some(*output), &[]),
            Self::StateExited {
                output, assigned, ..
            } => (Some(*output), assigned),
            Self::TaskScheduled(scheduled) => (Some(scheduled.parameters), &[]),
            Self::ExecutionFailed(_)
            | Self::ExecutionAborted(_)
            | Self::ExecutionTimedOut(_)
            | Self::ExecutionRedriven { .. }
            | Self::StateAborted { .. }
            | Self::LambdaFunctionStarted
            | Self::LambdaFunctionFailed(_)
            | Self::LambdaFunctionTimedOut(_)
            | Self::ActivityStarted { .. }
            | Self::ActivityFailed(_)
            | Self::ActivityTimedOut(_)
            | Self::TaskStarted(_)
            | Self::TaskFailed { .. }
            | Self::TaskTimedOut { .. }
            | Self::ParallelStateStarted
            | Self::ParallelStateSucceeded
            | Self::ParallelStateFailed
            | Self::MapStateStarted { .. }
            | Self::MapStateSucceeded
            | Self::MapStateFailed
            | Self::MapIterationStarted(_)
            | Self::MapIterationSucceeded(_)
            | Self::MapIterationFailed(_)
            | Self::MapIterationAborted(_)
            | Self::EvaluationFailed { .. } => (None, &[]),
        };
        one.into_iter().chain(assigned.iter().map(|(_, id)| *id))
    }
}

/// The details of one event in the making.
struct Details<'a> {
    fields: Map<String, Value>,
    payloads: &'a Payloads,
    data: ExecutionData,
}

impl Details<'_> {
    /// Fills in the details; the key they go under, or `None` if events of the type have none.
    fn fill(&mut self, detail: &Detail) -> Option<&'static str> {
        match detail {
            Detail::ExecutionStarted { .. }
            | Detail::ExecutionRedriven { .. }
            | Detail::ExecutionSucceeded { .. }
            | Detail::ExecutionFailed(_)
            | Detail::ExecutionAborted(_)
            | Detail::ExecutionTimedOut(_) => self.fill_execution(detail),
            Detail::StateEntered { name, input, .. } => {
                self.set("name", name);
                self.payload("input", *input);
                Some("stateEnteredEventDetails")
            }
            Detail::StateExited {
                name,
                output,
                assigned,
                ..
            } => {
                self.set("name", name);
                self.payload("output", *output);
                self.assigned(assigned);
                Some("stateExitedEventDetails")
            }
            Detail::LambdaFunctionScheduled { .. }
            | Detail::LambdaFunctionSucceeded { .. }
            | Detail::LambdaFunctionFailed(_)
            | Detail::LambdaFunctionTimedOut(_) => self.fill_lambda(detail),
            Detail::ActivityScheduled { .. }
            | Detail::ActivityStarted { .. }
            | Detail::ActivitySucceeded { .. }
            | Detail::ActivityFailed(_)
            | Detail::ActivityTimedOut(_) => self.fill_activity(detail),
            Detail::TaskScheduled(_)
            | Detail::TaskStarted(_)
            | Detail::TaskSubmitted { .. }
            | Detail::TaskSucceeded { .. }
            | Detail::TaskFailed { .. }
            | Detail::TaskTimedOut { .. } => self.fill_task(detail),
            Detail::MapStateStarted { length } => {
                self.set("length", *length);
                Some("mapStateStartedEventDetails")
            }
            Detail::MapIterationStarted(iteration) => {
                self.iteration(iteration, "mapIterationStartedEventDetails")
            }
            Detail::MapIterationSucceeded(iteration) => {
                self.iteration(iteration, "mapIterationSucceededEventDetails")
            }
            Detail::MapIterationFailed(iteration) => {
                self.iteration(iteration, "mapIterationFailedEventDetails")
            }
            Detail::MapIterationAborted(iteration) => {
                self.iteration(iteration, "mapIterationAbortedEventDetails")
            }
            Detail::EvaluationFailed {
                error,
                location,
                state,
            } => {
                self.error(error);
                if let Some(location) = location {
                    self.set("location", location);
                }
                self.set("state", state);
                Some("evaluationFailedEventDetails")
            }
            Detail::StateAborted { .. }
            | Detail::LambdaFunctionStarted
            | Detail::ParallelStateStarted
            | Detail::ParallelStateSucceeded
            | Detail::ParallelStateFailed
            | Detail::MapStateSucceeded
            | Detail::MapStateFailed => None,
        }
    }

    fn fill_execution(&mut self, detail: &Detail) -> Option<&'static str> {
        match detail {
            Detail::ExecutionStarted {
                input,
                role_arn,
                version_arn,
                alias_arn,
            } => {
                self.payload("input", *input);
                self.set("roleArn", role_arn);
                self.set_some("stateMachineAliasArn", alias_arn.as_deref());
                self.set_some("stateMachineVersionArn", version_arn.as_deref());
                Some("executionStartedEventDetails")
            }
            Detail::ExecutionRedriven { redrive_count } => {
                self.set("redriveCount", *redrive_count);
                Some("executionRedrivenEventDetails")
            }
            Detail::ExecutionSucceeded { output } => {
                self.payload("output", *output);
                Some("executionSucceededEventDetails")
            }
            Detail::ExecutionFailed(error) => self.error_of("executionFailedEventDetails", error),
            Detail::ExecutionAborted(error) => self.error_of("executionAbortedEventDetails", error),
            Detail::ExecutionTimedOut(error) => {
                self.error_of("executionTimedOutEventDetails", error)
            }
            _ => None,
        }
    }

    fn fill_lambda(&mut self, detail: &Detail) -> Option<&'static str> {
        match detail {
            Detail::LambdaFunctionScheduled {
                resource,
                input,
                timeout_seconds,
            } => {
                self.payload("input", *input);
                self.set("resource", resource);
                self.timeout("timeoutInSeconds", *timeout_seconds);
                Some("lambdaFunctionScheduledEventDetails")
            }
            Detail::LambdaFunctionSucceeded { output } => {
                self.payload("output", *output);
                Some("lambdaFunctionSucceededEventDetails")
            }
            Detail::LambdaFunctionFailed(error) => {
                self.error_of("lambdaFunctionFailedEventDetails", error)
            }
            Detail::LambdaFunctionTimedOut(error) => {
                self.error_of("lambdaFunctionTimedOutEventDetails", error)
            }
            _ => None,
        }
    }

    fn fill_activity(&mut self, detail: &Detail) -> Option<&'static str> {
        match detail {
            Detail::ActivityScheduled {
                resource,
                input,
                timeout_seconds,
                heartbeat_seconds,
            } => {
                self.payload("input", *input);
                self.set("resource", resource);
                self.timeout("timeoutInSeconds", *timeout_seconds);
                self.timeout("heartbeatInSeconds", *heartbeat_seconds);
                Some("activityScheduledEventDetails")
            }
            // Empty without the name of a worker.
            Detail::ActivityStarted { worker_name } => {
                self.set_some("workerName", worker_name.as_deref());
                Some("activityStartedEventDetails")
            }
            Detail::ActivitySucceeded { output } => {
                self.payload("output", *output);
                Some("activitySucceededEventDetails")
            }
            Detail::ActivityFailed(error) => self.error_of("activityFailedEventDetails", error),
            Detail::ActivityTimedOut(error) => self.error_of("activityTimedOutEventDetails", error),
            _ => None,
        }
    }

    fn fill_task(&mut self, detail: &Detail) -> Option<&'static str> {
        match detail {
            Detail::TaskScheduled(scheduled) => {
                self.scheduled(scheduled);
                Some("taskScheduledEventDetails")
            }
            Detail::TaskStarted(resource) => {
                self.resource(resource);
                Some("taskStartedEventDetails")
            }
            Detail::TaskSubmitted { resource, output } => {
                self.resource(resource);
                self.payload("output", *output);
                Some("taskSubmittedEventDetails")
            }
            Detail::TaskSucceeded { resource, output } => {
                self.resource(resource);
                self.payload("output", *output);
                Some("taskSucceededEventDetails")
            }
            Detail::TaskFailed { resource, error } => {
                self.resource(resource);
                self.error_of("taskFailedEventDetails", error)
            }
            Detail::TaskTimedOut { resource, error } => {
                self.resource(resource);
                self.error_of("taskTimedOutEventDetails", error)
            }
            _ => None,
        }
    }

    fn scheduled(&mut self, scheduled: &TaskScheduled) {
        self.resource(&scheduled.resource);
        self.set("region", &scheduled.region);
        if self.data == ExecutionData::Included {
            let parameters = self.text(scheduled.parameters);
            self.set("parameters", parameters);
        }
        self.timeout("timeoutInSeconds", scheduled.timeout_seconds);
        self.timeout("heartbeatInSeconds", scheduled.heartbeat_seconds);
        if let Some(role_arn) = &scheduled.credentials_role_arn {
            self.set("taskCredentials", json!({ "roleArn": role_arn }));
        }
    }

    fn set(&mut self, key: &str, value: impl serde::Serialize) {
        self.fields.insert(key.into(), json!(value));
    }

    fn set_some(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    fn timeout(&mut self, key: &str, seconds: Option<u64>) {
        if let Some(seconds) = seconds {
            self.set(key, seconds);
        }
    }

    fn resource(&mut self, resource: &TaskResource) {
        self.set("resourceType", &resource.resource_type);
        self.set("resource", &resource.resource);
    }

    fn iteration(&mut self, iteration: &MapIteration, key: &'static str) -> Option<&'static str> {
        self.set("name", &iteration.name);
        self.set("index", iteration.index);
        Some(key)
    }

    fn error(&mut self, error: &StateError) {
        if let Some(name) = &error.name {
            self.set("error", name);
        }
        if let Some(cause) = &error.cause {
            self.set("cause", cause);
        }
    }

    fn error_of(&mut self, key: &'static str, error: &StateError) -> Option<&'static str> {
        self.error(error);
        Some(key)
    }

    fn payload(&mut self, key: &str, id: PayloadId) {
        if self.data == ExecutionData::Included {
            let text = self.text(id);
            self.set(key, text);
            self.set(&format!("{key}Details"), json!({ "truncated": false }));
        }
    }

    fn assigned(&mut self, assigned: &[(Arc<str>, PayloadId)]) {
        if !assigned.is_empty() && self.data == ExecutionData::Included {
            let texts: Map<String, Value> = assigned
                .iter()
                .map(|(name, id)| (name.to_string(), self.text(*id).into()))
                .collect();
            self.set("assignedVariables", texts);
            self.set("assignedVariablesDetails", json!({ "truncated": false }));
        }
    }

    fn text(&self, id: PayloadId) -> String {
        self.payloads
            .get(id)
            .expect("the caller gives the payloads of the event")
            .text()
            .to_owned()
    }
}
