//! What a Task calls on a laptop: a local target if there is one for it, else Lambda behind an
//! endpoint, or another service.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, bail};
use segno_asl::{
    data::template::Template,
    definition::{Pattern, Resource, StateName, Task},
    errors::StateError,
};
use segno_engine::{
    Invoker,
    catalog::Machine,
    invoker::{Call, Job},
};
use segno_integrations::{
    CallOutcome,
    lambda::{self, InvokeParameters, function_name},
    local::Target,
    logs::LogDelivery,
};
use segno_interpreter::{
    event::{Outcome, Polled},
    payload::Payload,
};

use crate::{
    mock::{Mocks, TestCases},
    services::Services,
};

/// Local targets by name, and Lambda and other services for the rest.
pub(crate) struct LocalInvoker {
    mocking: Mocking,
    targets: BTreeMap<String, Target>,
    services: Services,
    /// Whether there is an API: somebody may answer tokens, take the tasks of activities, and have
    /// created other state machines.
    has_api: bool,
}

/// Which tasks are mocked.
enum Mocking {
    Nothing,
    /// Those of the one execution that there is.
    States(Arc<Mocks>),
    /// Each execution has a test case, or none.
    Cases(TestCases),
}

impl LocalInvoker {
    /// Reads `NAME=TARGET` options.
    pub(crate) fn new(options: &[String], services: Services) -> anyhow::Result<Self> {
        let mut targets = BTreeMap::new();
        for option in options {
            let (name, target) = option
                .split_once('=')
                .with_context(|| format!("--lambda {option}: it must be NAME=TARGET"))?;
            let target = Target::parse(target).with_context(|| format!("--lambda {option}"))?;
            let target = target.heard_by(|said| eprintln!("{said}"));
            if targets.insert(name.to_owned(), target).is_some() {
                bail!("--lambda {name} is given twice");
            }
        }
        Ok(Self {
            mocking: Mocking::Nothing,
            targets,
            services,
            has_api: false,
        })
    }

    /// What takes log entries to CloudWatch Logs, if that may be called.
    pub(crate) fn logs(&self) -> Option<LogDelivery> {
        self.services.logs()
    }

    /// The same, with the tasks of some states mocked.
    pub(crate) fn with_mocks(self, mocks: Mocks) -> Self {
        let mocking = Mocking::States(Arc::new(mocks));
        Self { mocking, ..self }
    }

    /// The same, beside an API.
    pub(crate) fn with_api(self) -> Self {
        Self {
            has_api: true,
            ..self
        }
    }

    /// The same, with the test case of each execution.
    pub(crate) fn with_test_cases(self, cases: TestCases) -> Self {
        let mocking = Mocking::Cases(cases);
        Self { mocking, ..self }
    }

    /// The states that are mocked, where it is the same ones all the time.
    pub(crate) fn mocked_states(&self) -> impl Iterator<Item = &str> {
        let mocks = match &self.mocking {
            Mocking::States(mocks) => Some(mocks),
            Mocking::Nothing | Mocking::Cases(_) => None,
        };
        mocks.into_iter().flat_map(|mocks| mocks.states())
    }

    /// The mocks that a call is answered from, if its state is mocked.
    fn mocks(&self, call: &Call) -> Option<Arc<Mocks>> {
        let mocks = match &self.mocking {
            Mocking::Nothing => return None,
            Mocking::States(mocks) => Arc::clone(mocks),
            Mocking::Cases(cases) => cases.of(&call.execution_arn)?,
        };
        Some(mocks).filter(|mocks| mocks.has(&call.state))
    }

    /// The target of a function, or of the state that calls it.
    fn target(&self, state: &StateName, function: &str) -> Option<&Target> {
        self.targets
            .get(function_name(function))
            .or_else(|| self.targets.get(&**state))
    }

    /// What the call's local target answers; `None` if it has none.
    async fn call_target(&self, call: &Call) -> Option<CallOutcome> {
        let input = call.input.text();
        let trace = call.trace_header.clone();
        if is_lambda_invoke(&call.resource) {
            let request = match InvokeParameters::parse(input) {
                Ok(request) => request.traced(trace),
                Err(error) => return Some(Err(error)),
            };
            let target = self.target(&call.state, &request.function)?;
            return Some(lambda::call_invoke(target, &request).await);
        }
        let (target, name) = match &call.resource {
            Resource::LambdaFunction { arn } => (self.target(&call.state, arn)?, arn.as_str()),
            // A target by the state's name stands in for anything: it gets the parameters, and its
            // answer is the result.
            _ => (self.targets.get(&*call.state)?, &*call.state),
        };
        let event = InvokeParameters::of_function(name, input).traced(trace);
        Some(lambda::call_arn(target, &event).await)
    }

    /// What is called that has no target and that nothing else here can call.
    fn uncallable(&self, call: &Call) -> Option<String> {
        match &call.resource {
            Resource::Activity { .. } => Some(call.state.to_string()),
            _ if self.services.has_lambda() => None,
            Resource::LambdaFunction { arn } => Some(function_name(arn).to_owned()),
            resource if is_lambda_invoke(resource) => {
                let request = InvokeParameters::parse(call.input.text()).ok()?;
                Some(function_name(&request.function).to_owned())
            }
            Resource::Service { .. } => None,
        }
    }
}

impl Invoker for LocalInvoker {
    fn accepts(&self, state: &StateName, task: &Task) -> Result<(), String> {
        let is_mocked = match &self.mocking {
            Mocking::Nothing => false,
            Mocking::States(mocks) => mocks.has(state),
            // A test case names the states that it comes to. What else has no target is an error only
            // if an execution comes to it all the same.
            Mocking::Cases(_) => true,
        };
        if is_mocked || self.targets.contains_key(&**state) {
            return Ok(());
        }
        let function = match &task.resource {
            Resource::LambdaFunction { arn } => Some(function_name(arn)),
            resource if needs_api(resource) && !self.has_api => {
                return Err(format!(
                    "nothing here could complete {resource}; use `segno dev`, or give the state a local target: {}",
                    ways(state)
                ));
            }
            resource if is_lambda_invoke(resource) => static_function_name(task),
            Resource::Activity { .. } => None,
            resource if starts_execution(resource) => None,
            resource => {
                let accepted = self.services.invoker().tasks().accepts(resource);
                return accepted.map_err(|why| {
                    let ways = ways(state);
                    format!("{resource} cannot be called: {why}; or give the state a local target: {ways}")
                });
            }
        };
        match function {
            Some(name) if !self.services.has_lambda() && !self.targets.contains_key(name) => {
                Err(format!(
                    "the function `{name}` has no target; give it one: {}",
                    ways(name)
                ))
            }
            _ => Ok(()),
        }
    }

    fn stands_in(&self, call: &Call) -> bool {
        let is_function = matches!(call.resource, Resource::LambdaFunction { .. })
            || is_lambda_invoke(&call.resource);
        self.mocks(call).is_some() || !is_function && self.targets.contains_key(&*call.state)
    }

    fn prepare(&self, machine: &Machine, name: &str, test_case: &str) -> Result<(), String> {
        match &self.mocking {
            Mocking::Cases(cases) => cases.prepare(machine, name, test_case),
            Mocking::Nothing | Mocking::States(_) => Err(format!(
                "there is no test case `{test_case}`: the server has no --mock"
            )),
        }
    }

    fn is_repeatable(&self, call: &Call) -> bool {
        !self.stands_in(call) && self.services.invoker().is_repeatable(call)
    }

    async fn poll(&self, job: Job) -> Polled {
        self.services.invoker().poll(job).await
    }

    async fn cancel(&self, job: Job) -> Result<(), StateError> {
        self.services.invoker().cancel(job).await
    }

    async fn invoke(&self, call: Call) -> Outcome {
        let mocked = self
            .mocks(&call)
            .and_then(|mocks| mocks.answer(&call.state));
        if let Some(outcome) = mocked {
            tracing::info!(state = %call.state, "a mock answers");
            return outcome;
        }
        if let Some(answered) = self.call_target(&call).await {
            return Payload::parse(&answered?).map_err(|error| {
                StateError::new("Lambda.Unknown", format!("the answer is not JSON: {error}"))
            });
        }
        match self.uncallable(&call) {
            Some(name) => Err(no_target(&call.state, &name)),
            None => self.services.invoker().invoke(call).await,
        }
    }
}

fn is_lambda_invoke(resource: &Resource) -> bool {
    matches!(
        resource,
        Resource::Service { service, action, .. } if service == "lambda" && action == "invoke"
    )
}

fn starts_execution(resource: &Resource) -> bool {
    matches!(
        resource,
        Resource::Service { service, action, .. }
            if service == "states" && action == "startExecution"
    )
}

/// Whether a task waits for what only an API can bring.
fn needs_api(resource: &Resource) -> bool {
    match resource {
        Resource::LambdaFunction { .. } => false,
        Resource::Activity { .. } => true,
        Resource::Service { pattern, .. } => {
            *pattern == Pattern::WaitForTaskToken || starts_execution(resource)
        }
    }
}

/// `FunctionName`, if the definition has it as it is.
fn static_function_name(task: &Task) -> Option<&str> {
    let name = match task.work.parameters.as_ref()? {
        Template::Literal(parameters) => parameters.get("FunctionName")?,
        Template::Object(members) => {
            let (_, member) = members.iter().find(|(key, _)| **key == *"FunctionName")?;
            match member {
                Template::Literal(name) => name,
                Template::Object(_) | Template::Array(_) | Template::Computed { .. } => {
                    return None;
                }
            }
        }
        Template::Array(_) | Template::Computed { .. } => return None,
    };
    name.as_str().map(function_name)
}

fn no_target(state: &StateName, name: &str) -> StateError {
    let cause = format!(
        "the state `{state}` calls `{name}`, which has no target; {}",
        ways(name)
    );
    StateError::new("Lambda.SdkClientException", cause)
}

/// The ways to give something a target.
fn ways(name: &str) -> String {
    let name = match name.contains(char::is_whitespace) {
        true => format!("'{name}'"),
        false => name.to_owned(),
    };
    format!(
        "--lambda {name}=cmd:./script (JSON on standard input and output), \
         --lambda {name}=http://127.0.0.1:9000/… (JSON as a POST), \
         or AWS_ENDPOINT_URL_LAMBDA=http://… (a server that speaks Lambda's API)"
    )
}
