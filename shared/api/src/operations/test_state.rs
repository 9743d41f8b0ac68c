//! TestState: one state, outside of any execution, with its work mocked or done.

mod context;
mod mock;
mod request;
mod response;

use segno_asl::definition::{
    Diagnostics, Pattern, Resource, SINGLE_STATE_NAME, State, StateKind, StateMachine, Task,
    compile_single_state, compile_text,
};
use segno_engine::{
    Backend, Clock, Invoker,
    operations::{Untested, arn},
};
use segno_interpreter::{
    event::Start,
    inspect::{Entry, is_readable},
    key::{ExecutionKey, Nonce},
};
use serde_json::Value;
use uuid::Uuid;

pub(crate) use self::request::TestState;
use super::executions::read_input;
use crate::{Api, ApiError};

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn test_state(&self, request: TestState) -> Result<Value, ApiError> {
        request.check()?;
        if let Some(role_arn) = &request.role_arn {
            self.check_role(role_arn)?;
        }
        let machine = compile(&request)?;
        let name = request.state_name.as_deref().unwrap_or(SINGLE_STATE_NAME);
        let state = machine.state(name).ok_or_else(unknown_state)?;
        let mock = match &request.mock {
            Some(mock) => {
                let failed = request.state_configuration.failed_iterations();
                Some(mock.work(state, failed, self.config.check_result)?)
            }
            None => {
                self.check_unmocked(state, request.role_arn.as_deref())?;
                None
            }
        };
        check_cause_of_error(&machine, state, &request)?;
        let entry = self.entry(&machine, state, &request)?;
        let input = entry.start.input.clone();
        let tested = self.engine.test_state(&machine, entry, mock).await;
        Ok(response::answer(
            request.inspection_level,
            &input,
            &tested.map_err(refusal)?,
        ))
    }

    /// What can be entered without a mock, can be performed here.
    fn check_unmocked(&self, state: &State, role_arn: Option<&str>) -> Result<(), ApiError> {
        match &state.kind {
            StateKind::Parallel(_) | StateKind::Map(_) => Err(ApiError::untestable(
                "TestState API does not support Map or Parallel states. Supported state types \
                 include: [Task, Wait, Pass, Succeed, Fail, Choice]",
            )),
            StateKind::Task(task) if waits(task) => Err(ApiError::validation(
                "TestState does not support activities, .sync or .waitForTaskToken when no mock is \
                 specified.",
            )),
            StateKind::Task(_) if role_arn.is_none() => Err(ApiError::validation(
                "RoleArn must be specified when testing a Task state",
            )),
            StateKind::Task(task) => self.check_task(state, task),
            StateKind::Pass(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed
            | StateKind::Fail(_) => Ok(()),
        }
    }

    /// What the state is entered with.
    fn entry(
        &self,
        machine: &StateMachine,
        state: &State,
        request: &TestState,
    ) -> Result<Entry, ApiError> {
        let context = request.context.as_deref().map(context::read).transpose()?;
        let is_inside_map = machine
            .around(&state.name)
            .any(|state| matches!(state.kind, StateKind::Map(_)));
        let machine_name = Uuid::new_v4().to_string();
        let (region, account) = (&self.config.region, &self.config.account_id);
        let state_machine_arn = arn::state_machine(region, account, &machine_name);
        let execution_name = Uuid::new_v4();
        let execution_arn =
            format!("arn:aws:states:{region}:{account}:express:{machine_name}:{execution_name}");
        let bounds = self.engine.config().bounds;
        Ok(Entry {
            state: state.name.clone(),
            start: Start {
                execution: ExecutionKey {
                    arn: execution_arn,
                    nonce: Nonce::default(),
                },
                state_machine_arn,
                version_arn: None,
                alias_arn: None,
                role_arn: request.role_arn.clone().unwrap_or_default(),
                input: read_input(request.input.as_deref().unwrap_or("{}"))?,
                parent: None,
                bounds,
                time_limit: None,
            },
            variables: request.variables()?,
            is_iteration: is_inside_map && context.is_none(),
            retries: request.state_configuration.retries(context.as_ref()),
            read: item_reader_data(state, request)?,
            context,
        })
    }
}

/// The machine that has the state: a whole one if a state is named, else one of that state alone.
fn compile(request: &TestState) -> Result<StateMachine, ApiError> {
    let refuse = |diagnostics: Diagnostics| ApiError::invalid_definition(diagnostics);
    match request.state_name {
        Some(_) => compile_text(&request.definition).map_err(refuse),
        None => compile_single_state(&request.definition).map_err(refuse),
    }
}

/// Whether a task does not end with the response to its call.
fn waits(task: &Task) -> bool {
    match &task.resource {
        Resource::Activity { .. } => true,
        Resource::Service { pattern, .. } => *pattern != Pattern::RequestResponse,
        Resource::LambdaFunction { .. } => false,
    }
}

/// The state that is said to have caused an error is one of those inside the state.
fn check_cause_of_error(
    machine: &StateMachine,
    state: &State,
    request: &TestState,
) -> Result<(), ApiError> {
    let Some(cause) = &request.state_configuration.error_caused_by_state else {
        return Ok(());
    };
    let mut around = machine.around(cause);
    match around.any(|outer| outer.name == state.name) {
        true => Ok(()),
        false => Err(unknown_state()),
    }
}

/// What the item reader of a Map state finds.
fn item_reader_data(state: &State, request: &TestState) -> Result<Option<String>, ApiError> {
    let Some(data) = &request.state_configuration.map_item_reader_data else {
        return Ok(None);
    };
    let distributed = match &state.kind {
        StateKind::Map(map) => map.distributed.as_ref(),
        _ => None,
    };
    match distributed.and_then(|distributed| distributed.reader.as_ref()) {
        None => Err(ApiError::validation(
            "MapItemReaderData can only be specified for a Map state with an ItemReader",
        )),
        Some(reader) if !is_readable(reader) => Err(ApiError::validation(
            "MapItemReaderData is only supported for the InputType JSON or JSONL here",
        )),
        Some(_) => Ok(Some(data.clone())),
    }
}

fn unknown_state() -> ApiError {
    ApiError::validation("State not found in definition")
}

fn refusal(untested: Untested) -> ApiError {
    match untested {
        Untested::UnknownState => unknown_state(),
        Untested::TooManyFailedIterations => ApiError::validation(
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        ),
        Untested::NeedsMock | Untested::NoRandomness(_) => ApiError::internal(untested),
    }
}
