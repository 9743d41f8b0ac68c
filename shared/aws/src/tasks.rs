//! What a Task calls: the services themselves, under the role of its state machine.

use std::time::Duration;

use segno_asl::{
    data::number::to_json,
    definition::{Resource, StateName, Task},
    errors::{StateError, names},
};
use segno_engine::{
    Invoker,
    invoker::{Call, Job},
};
use segno_integrations::{
    services::Caller,
    sync::Progress,
    tasks::{self, Tasks},
};
use segno_interpreter::{
    event::{Outcome, Polled},
    payload::Payload,
};

/// Which role a state machine's calls are made under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MachineRoles {
    /// None: they have the rights of whoever runs this.
    Unused,
    /// Its own, which is assumed.
    Assumed,
}

/// Performs tasks by calling what they name.
#[derive(Debug)]
pub struct AwsInvoker {
    tasks: Tasks,
    roles: MachineRoles,
}

impl AwsInvoker {
    /// An invoker over these tasks.
    pub fn new(tasks: Tasks, roles: MachineRoles) -> Self {
        Self { tasks, roles }
    }

    /// What calls.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    fn attempt<'a>(&self, call: &'a Call) -> tasks::Attempt<'a> {
        let role_arn = match self.roles {
            MachineRoles::Unused => None,
            MachineRoles::Assumed => Some(call.role_arn.as_str()),
        };
        tasks::Attempt {
            caller: Caller {
                execution_arn: &call.execution_arn,
                state_machine_arn: &call.state_machine_arn,
                role_arn,
                credentials_role_arn: call.credentials_role_arn.as_deref(),
            },
            resource: &call.resource,
            parameters: call.input.text(),
            token: &call.token,
            trace_header: call.trace_header.as_deref(),
            limit: call.timeout.unwrap_or(Duration::MAX),
        }
    }

    fn job<'a>(&self, job: &'a Job) -> tasks::Job<'a> {
        tasks::Job {
            attempt: self.attempt(&job.call),
            response: job.response.text(),
            polls: job.polls,
        }
    }
}

impl Invoker for AwsInvoker {
    fn accepts(&self, _state: &StateName, task: &Task) -> Result<(), String> {
        match &task.resource {
            Resource::Activity { .. } => Ok(()),
            // The engine itself starts it.
            Resource::Service {
                service, action, ..
            } if service == "states" && action == "startExecution" => Ok(()),
            resource => {
                let accepted = self.tasks.accepts(resource);
                accepted.map_err(|why| format!("{resource} cannot be called: {why}"))
            }
        }
    }

    async fn invoke(&self, call: Call) -> Outcome {
        let result = self.tasks.call(self.attempt(&call)).await?;
        read(&result)
    }

    fn is_repeatable(&self, call: &Call) -> bool {
        self.tasks.is_repeatable(&call.resource)
    }

    async fn poll(&self, job: Job) -> Polled {
        match self.tasks.poll(self.job(&job)).await {
            Progress::Running { doubt } => {
                if let Some(StateError { name, cause }) = doubt {
                    let state = &*job.call.state;
                    tracing::warn!(state, name, cause, "nothing is known of a job");
                }
                Polled::Running
            }
            Progress::Ended(ended) => {
                Polled::Ended(ended.and_then(|result| read(&to_json(&result))))
            }
        }
    }

    async fn cancel(&self, job: Job) -> Result<(), StateError> {
        self.tasks.cancel(self.job(&job)).await
    }
}

fn read(result: &str) -> Outcome {
    Payload::parse(result).map_err(|error| {
        let cause = format!("the answer is not JSON: {error}");
        StateError::new(names::RUNTIME, cause)
    })
}
