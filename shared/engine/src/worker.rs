//! The worker: takes messages off the queue and hands each to the session of its execution.

use std::{collections::HashMap, time::Duration};

use segno_asl::definition::MachineType;
use segno_interpreter::key::ExecutionKey;
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinSet,
};

use crate::{
    Backend, Clock, Engine, Invoker,
    queue::{Body, Envelope, Message, Receipt, Received},
    session::Session,
};

/// Messages that are received at once.
const BATCH: usize = 64;

/// How long a worker waits before it tries a queue or a store again that did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// How long an execution rests whose session panicked.
const POISON_DELAY: Duration = Duration::from_secs(60);

/// The sessions of this process: the way to each execution that is in its hands.
#[derive(Default)]
pub(crate) struct Sessions {
    open: HashMap<ExecutionKey, UnboundedSender<Received>>,
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Takes messages off the queue and moves executions, until it is dropped: what it has begun ends
    /// with it.
    pub async fn work(&self) {
        let mut running = JoinSet::new();
        loop {
            match self.store().receive(BATCH).await {
                Ok(messages) => {
                    for message in messages {
                        self.route(message, &mut running);
                    }
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "no messages");
                    tokio::time::sleep(PAUSE).await;
                }
            }
            while running.try_join_next().is_some() {}
        }
    }

    /// Hands a message to the session of its execution; opens one if there is none.
    pub(crate) fn route(&self, received: Received, running: &mut JoinSet<()>) {
        if let Body::Start(start) = &received.message.body
            && start.0.machine.machine_type == MachineType::Express
        {
            running.spawn(self.clone().run_asynchronously(received));
            return;
        }
        let mut sessions = self.sessions();
        let received = match sessions.open.get(&received.message.execution) {
            // A session is taken out under the lock, so its inbox is there as long as it is.
            Some(inbox) => match inbox.send(received) {
                Ok(()) => return,
                Err(refused) => refused.0,
            },
            None => received,
        };
        let (inbox, receiver) = mpsc::unbounded_channel();
        let execution = received.message.execution.clone();
        // The receiver is in hand.
        let _ = inbox.send(received);
        sessions.open.insert(execution.clone(), inbox);
        drop(sessions);
        running.spawn(self.clone().see_through(execution, receiver));
    }

    /// Runs a session. One that panics takes no other along, and somebody looks at its execution later.
    async fn see_through(self, execution: ExecutionKey, inbox: UnboundedReceiver<Received>) {
        let mut session = JoinSet::new();
        session.spawn(Session::new(self.clone(), execution.clone(), inbox).run());
        if let Some(Err(broken)) = session.join_next().await
            && broken.is_panic()
        {
            tracing::error!(
                execution = execution.arn,
                error = &broken as &dyn std::error::Error,
                "the execution stands still"
            );
            self.sessions().open.remove(&execution);
            self.recovery().has_looked(&execution);
            let look = Message::recheck(execution, Body::Look).after(POISON_DELAY);
            if let Err(error) = self.store().send(vec![look]).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "nobody will look at it");
            }
        }
    }

    /// Runs an Express execution that nobody waits for: at least once.
    async fn run_asynchronously(self, received: Received) {
        let Body::Start(start) = &received.message.body else {
            return;
        };
        let (head, input) = (**start).clone();
        let execution = head.key.arn.clone();
        let ran = tokio::select! {
            biased;
            ran = self.run_express(head, input) => ran,
            never = self.keep(&received.receipt) => never,
        };
        if let Err(error) = &ran {
            let error = error as &dyn std::error::Error;
            tracing::error!(execution, error, "the execution could not run");
        }
        if ran.is_err_and(|error| error.is_passing()) {
            self.send_surely(received.message.after(PAUSE)).await;
        }
        self.delete(vec![received.receipt]).await;
    }

    /// Sends a message, however often that takes.
    pub(crate) async fn send_surely(&self, envelope: Envelope) {
        while let Err(error) = self.store().send(vec![envelope.clone()]).await {
            tracing::warn!(
                execution = envelope.message.execution.arn,
                error = &error as &dyn std::error::Error,
                "a message is late"
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Deletes messages. One that stays is received again, and nothing is lost by that; where messages do
    /// not come back, none is left.
    pub(crate) async fn delete(&self, receipts: Vec<Receipt>) {
        while let Err(error) = self.store().delete(receipts.clone()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a message stays");
            if self.store().visibility().is_some() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Keeps a message from being received again, for ever.
    async fn keep<T>(&self, receipt: &Receipt) -> T {
        loop {
            match self.store().visibility() {
                Some(visibility) => tokio::time::sleep(visibility / 3).await,
                None => std::future::pending().await,
            }
            if let Err(error) = self.store().extend(vec![receipt.clone()]).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "a message is not kept");
            }
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
