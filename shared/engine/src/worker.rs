//! The worker: takes messages off the queue and hands each to the session of its execution.

use std::{collections::HashMap, time::Duration};

use segno_asl::definition::MachineType;
use segno_interpreter::{checkpoint::Claim, key::ExecutionKey};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinSet,
};

use crate::{
    Backend, Clock, Engine, Invoker,
    queue::{Body, Message, Received},
    session::Session,
    store::StoreError,
};

/// Messages that are received at once.
const BATCH: usize = 64;

/// Executions whose recovery is asked for at once.
const RECOVERY_PAGE: usize = 500;

/// How long a worker waits before it tries a queue or a store again that did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// The sessions of this process: the way to each execution that is in its hands.
#[derive(Default)]
pub(crate) struct Sessions {
    open: HashMap<ExecutionKey, Open>,
    opened: u64,
}

struct Open {
    inbox: UnboundedSender<Received>,
    holder: String,
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Takes messages off the queue and moves executions, until it is dropped.
    pub async fn work(&self) {
        loop {
            match self.store().receive(BATCH).await {
                Ok(messages) => {
                    for message in messages {
                        self.route(message);
                    }
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "no messages");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Hands a message to the session of its execution; opens one if there is none.
    fn route(&self, received: Received) {
        if let Body::Start(start) = &received.message.body
            && start.0.machine.machine_type == MachineType::Express
        {
            return self.spawn(self.clone().run_asynchronously(received));
        }
        let mut sessions = self.sessions();
        let execution = &received.message.execution;
        let received = match sessions.open.get(execution) {
            // A session is taken out under the lock, so its inbox is there as long as it is.
            Some(open) => match open.inbox.send(received) {
                Ok(()) => return,
                Err(refused) => refused.0,
            },
            None => received,
        };
        let (inbox, receiver) = mpsc::unbounded_channel();
        let execution = received.message.execution.clone();
        sessions.opened += 1;
        let holder = format!("{}-{}", self.instance(), sessions.opened);
        let open = Open {
            inbox: inbox.clone(),
            holder: holder.clone(),
        };
        sessions.open.insert(execution.clone(), open);
        drop(sessions);
        // The receiver is in hand.
        let _ = inbox.send(received);
        let session = Session::new(self.clone(), execution.clone(), holder, receiver);
        self.spawn(self.clone().watch(execution, session));
    }

    /// Runs a session. A defect in it fails that execution's messages, and nothing else: they come back
    /// where messages do, and elsewhere with the next process.
    async fn watch(self, execution: ExecutionKey, session: Session<S, I, C>) {
        let mut alone = JoinSet::new();
        alone.spawn(session.run());
        let Some(Err(error)) = alone.join_next().await else {
            return;
        };
        self.sessions().open.remove(&execution);
        let error = &error as &dyn std::error::Error;
        tracing::error!(
            execution = execution.arn,
            error,
            "the execution stands still"
        );
    }

    /// Runs an Express execution that nobody waits for.
    async fn run_asynchronously(self, received: Received) {
        let Body::Start(start) = received.message.body else {
            return;
        };
        let (head, input) = *start;
        let execution = head.key.arn.clone();
        if let Err(error) = self.run_express(head, input).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(execution, error, "the execution could not run");
        }
        if let Err(error) = self.store().delete(vec![received.receipt]).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(execution, error, "the execution will run again");
        }
    }

    /// A session has nothing left to do. If something came in at the last moment, it stays.
    pub(crate) fn leave(
        &self,
        execution: &ExecutionKey,
        inbox: &mut UnboundedReceiver<Received>,
    ) -> Option<Received> {
        let mut sessions = self.sessions();
        let late = inbox.try_recv().ok();
        if late.is_none() {
            sessions.open.remove(execution);
        }
        late
    }

    /// Whether a claim still holds.
    pub(crate) async fn holds(&self, claim: &Claim) -> Result<bool, StoreError> {
        if self
            .sessions()
            .open
            .values()
            .any(|open| open.holder == claim.holder)
        {
            return Ok(true);
        }
        if self.config().claim_lifetime.is_none() {
            return Ok(false);
        }
        let now = self.clock().now();
        if claim.until > now {
            return Ok(true);
        }
        let renewed = self.store().claims_until(&claim.holder).await?;
        Ok(renewed.is_some_and(|until| until > now))
    }

    /// Sets everything in motion again that another process has left behind: each open execution is
    /// told to look at what it owes. Only the queue that forgets its messages needs it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: those that were not told yet stand still until it is called again.
    pub async fn recover(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        let mut after: Option<String> = None;
        loop {
            let page = self
                .store()
                .open_executions(after.as_deref(), RECOVERY_PAGE)
                .await?;
            let Some(last) = page.last() else {
                return Ok(count);
            };
            after = Some(last.arn.clone());
            count += page.len() as u64;
            let look = |execution| Message::recheck(execution, Body::Look).now();
            let messages = page.into_iter().map(look).collect();
            self.store()
                .send(messages)
                .await
                .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        }
    }

    /// How often claims and messages are renewed; `None` if neither runs out.
    pub(crate) fn renewal_period(&self) -> Option<Duration> {
        let visibility = self.store().visibility();
        let shortest = self
            .config()
            .claim_lifetime
            .into_iter()
            .chain(visibility)
            .min();
        shortest.map(|shortest| shortest / 3)
    }
}
