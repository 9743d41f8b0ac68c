//! Starting an execution.

use segno_interpreter::{
    event::{EventKind, Start},
    key::{ExecutionKey, Nonce},
    payload::Payload,
};

use super::arn;
use crate::{
    Clock, Engine, Invoker, Store,
    catalog::Machine,
    store::{Created, Head, StoreError},
};

/// What StartExecution asks for.
#[derive(Debug, Clone)]
pub struct StartRequest {
    /// The state machine, as it is now: the execution keeps it.
    pub machine: Machine,
    /// Name of the execution, unique among those of the machine.
    pub name: String,
    /// Its input.
    pub input: Payload,
    /// The caller's trace header.
    pub trace_header: Option<String>,
}

impl<S: Store, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Puts down that there is an execution of this name, unless there is one already. It does not
    /// run yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn admit(&self, request: StartRequest) -> Result<Created<Head>, StoreError> {
        let execution_arn = arn::execution(&request.machine.arn, &request.name)
            .expect("a state machine has the ARN of one");
        let head = Head {
            execution_arn,
            state_machine_arn: request.machine.arn.clone(),
            name: request.name,
            machine: request.machine,
            input: request.input,
            trace_header: request.trace_header,
            started_at: self.clock().now(),
            end: None,
        };
        self.store().create_head(head).await
    }

    /// Starts an execution, which then runs in this process. One that exists is left alone.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn start(&self, request: StartRequest) -> Result<Created<Head>, StoreError> {
        let created = self.admit(request).await?;
        if let Created::New(head) = &created {
            let (engine, head) = (self.clone(), head.clone());
            tokio::spawn(async move {
                if let Err(error) = engine.drive(&head.execution_arn, first_event(&head)).await {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(
                        execution = head.execution_arn,
                        error,
                        "the execution stands still"
                    );
                }
            });
        }
        Ok(created)
    }

    /// Runs an execution that was admitted, to its end.
    ///
    /// # Errors
    ///
    /// [`StepError`](crate::StepError) if a step cannot be made.
    pub async fn run(
        &self,
        head: &Head,
    ) -> Result<segno_interpreter::checkpoint::Status, crate::StepError> {
        self.drive(&head.execution_arn, first_event(head)).await
    }
}

/// The event that an execution begins with.
pub(crate) fn first_event(head: &Head) -> EventKind {
    EventKind::ExecutionStarted(Box::new(Start {
        execution: ExecutionKey {
            arn: head.execution_arn.clone(),
            nonce: Nonce::default(),
        },
        version_arn: None,
        alias_arn: None,
        parent: None,
        state_machine_arn: head.state_machine_arn.clone(),
        role_arn: head.machine.role_arn().to_owned(),
        input: head.input.clone(),
    }))
}
