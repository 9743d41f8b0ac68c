//! Starting an execution.

use std::sync::Arc;

use segno_asl::definition::MachineType;
use segno_interpreter::{
    checkpoint::Parent,
    key::{ExecutionKey, Nonce},
    payload::Payload,
};

use super::arn;
use crate::{
    Backend, Clock, Engine, Invoker, StepError,
    catalog::Machine,
    express::ExpressRun,
    queue::{Body, Message, QueueError},
    store::{Created, End, Head, Shown, StoreError},
};

/// What StartExecution asks for.
#[derive(Debug, Clone)]
pub struct StartRequest {
    /// The state machine, as it is now: the execution keeps it.
    pub machine: Arc<Machine>,
    /// Name of the execution, unique among those of the machine.
    pub name: String,
    /// Tells this start from any other. A start that is repeated with it is the same start; without
    /// it each is another one.
    pub nonce: Option<Nonce>,
    /// Its input.
    pub input: Payload,
    /// The caller's trace header.
    pub trace_header: Option<String>,
    /// The attempt that waits for its end.
    pub parent: Option<Parent>,
}

impl StartRequest {
    /// A start of its own, that nobody waits for.
    pub fn new(machine: impl Into<Arc<Machine>>, name: impl Into<String>, input: Payload) -> Self {
        Self {
            machine: machine.into(),
            name: name.into(),
            nonce: None,
            input,
            trace_header: None,
            parent: None,
        }
    }
}

/// Why an execution was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store did not take it.
    #[error("the store did not take the start")]
    Store(#[from] StoreError),
    /// The queue did not take it.
    #[error("the queue did not take the start")]
    Queue(#[from] QueueError),
    /// The operating system has no randomness.
    #[error("the operating system gives no randomness")]
    NoRandomness(#[from] getrandom::Error),
}

/// Why an execution was not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It was not started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A step could not be made.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Starts an execution, unless there is one of that name, which is left alone. When it returns,
    /// the start is durable. The same start again, told by its nonce, sees the first one through.
    ///
    /// # Errors
    ///
    /// [`StartError`]. It may have been started all the same.
    pub async fn start(&self, request: StartRequest) -> Result<Created<Head>, StartError> {
        let nonce = match request.nonce {
            Some(nonce) => nonce,
            None => self.config().entropy.nonce()?,
        };
        let (head, input) = self.head_of(request, nonce);
        let is_express = head.machine.machine_type == MachineType::Express;
        let begin = Message::new(
            head.key.clone(),
            Body::Start(Box::new((head.clone(), input.clone()))),
        );
        if is_express {
            // It is kept nowhere but in the message.
            self.store().send(vec![begin.now()]).await?;
            return Ok(Created::New(head));
        }
        if self.store().is_durable() {
            // The message first: whoever receives it puts down the head row, should this be the end.
            self.store().send(vec![begin.now()]).await?;
            return Ok(self.store().create_head(&head, &input).await?);
        }
        // Whoever asks may be gone before both are done, and a head row without a message would stand
        // still: so it is a task of its own.
        let engine = self.clone();
        let put = tokio::spawn(async move { engine.put_down(&head, &input, begin).await });
        let put = put
            .await
            .map_err(|broken| StoreError::Unavailable(Box::new(broken)))?;
        Ok(put?)
    }

    /// Puts down the head row, and only then sends the message: where messages may be lost.
    async fn put_down(
        &self,
        head: &Head,
        input: &Payload,
        begin: Message,
    ) -> Result<Created<Head>, StoreError> {
        let created = self.store().create_head(head, input).await;
        let look = || Message::recheck(head.key.clone(), Body::Look).now();
        match &created {
            Ok(Created::New(_)) => self.send_surely(begin.now()).await,
            // Whoever made this start before may be gone before the message was sent.
            Ok(Created::Existing(first)) if first.key == head.key => self.send_surely(look()).await,
            Ok(Created::Existing(_)) => {}
            // It may be there: then somebody begins it all the same.
            Err(_) => self.send_surely(look()).await,
        }
        created
    }

    /// Runs an Express execution to its end, within the call.
    ///
    /// # Errors
    ///
    /// [`StepError`] if it could not run. That it fails is no error.
    pub async fn start_sync(&self, request: StartRequest) -> Result<Arc<ExpressRun>, StepError> {
        let nonce = self.config().entropy.nonce()?;
        let (head, input) = self.head_of(request, nonce);
        self.run_express(head, input).await
    }

    fn head_of(&self, request: StartRequest, nonce: Nonce) -> (Head, Payload) {
        let machine = &request.machine;
        let arn = match machine.machine_type {
            MachineType::Standard => arn::execution(&machine.arn, &request.name),
            MachineType::Express => {
                let id = uuid::Uuid::from_bytes(nonce.0).to_string();
                arn::express(&machine.arn, &request.name, &id)
            }
        };
        let arn = arn.expect("a state machine has the ARN of one");
        let head = Head {
            key: ExecutionKey { arn, nonce },
            name: request.name,
            machine: Machine::clone(&request.machine),
            trace_header: request.trace_header,
            started_at: self.clock().now(),
            parent: request.parent,
            shown: Shown::default(),
        };
        (head, request.input)
    }

    /// Starts an execution and works until it is closed: an engine that is there for one execution.
    /// Gives its head row.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn run(&self, request: StartRequest) -> Result<Head, RunError> {
        let head = self.start(request).await?.into_inner();
        tokio::select! {
            () = self.work() => {}
            end = self.closed(&head.key.arn) => drop(end?),
        }
        let closed = self
            .store()
            .head(&head.key.arn)
            .await
            .map_err(StepError::from)?;
        Ok(closed.unwrap_or(head))
    }

    /// Waits until an execution is closed.
    ///
    /// # Errors
    ///
    /// [`StepError`].
    pub async fn closed(&self, execution: &str) -> Result<End, StepError> {
        loop {
            let news = self.inner.news.notified();
            tokio::pin!(news);
            // From here on nothing is missed.
            news.as_mut().enable();
            let head = self.store().head(execution).await?;
            let head = head.ok_or_else(|| StepError::UnknownExecution(execution.to_owned()))?;
            if let Some(end) = head.shown.end {
                return Ok(end);
            }
            news.await;
        }
    }
}
