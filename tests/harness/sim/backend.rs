//! The backend as one process sees it: everything it does there may be late, in vain, without an
//! answer, or its last deed.

use std::{sync::Arc, time::Duration};

use segno_engine::{
    Catalog, Queue, Store,
    catalog::{CatalogError, Collection, ContentHash, Etag, Key, Record},
    queue::{Envelope, QueueError, Receipt, Received},
    store::{
        Commit, Committed, Created, Decision, Head, HeadQuery, Loaded, Offer, Shown, StoreError,
    },
};
use segno_interpreter::{
    checkpoint::AttemptId,
    event::Timestamp,
    history::HistoryEvent,
    key::ExecutionKey,
    payload::{Payload, PayloadId, Payloads},
};

use super::{
    faults::Mutation,
    mutations,
    queue::name,
    world::{Deed, NoAnswer, ProcessId, World},
};

/// The backend of one process.
pub struct Backend {
    world: Arc<World>,
    process: ProcessId,
}

impl Backend {
    /// The backend of a process.
    pub fn new(world: Arc<World>, process: ProcessId) -> Self {
        Self { world, process }
    }

    async fn store<T>(
        &self,
        deed: Deed,
        what: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let done = self.world.act(self.process, deed, what).await;
        done.map_err(|no_answer| StoreError::Unavailable(Box::new(no_answer)))?
    }

    async fn catalog<T>(
        &self,
        deed: Deed,
        what: impl Future<Output = Result<T, CatalogError>>,
    ) -> Result<T, CatalogError> {
        let done = self.world.act(self.process, deed, what).await;
        done.map_err(|no_answer| CatalogError::Unavailable(Box::new(no_answer)))?
    }

    async fn put(
        &self,
        execution: &ExecutionKey,
        commit: &Commit<'_>,
    ) -> Result<Committed, StoreError> {
        let world = &*self.world;
        let before = world.store.load(execution).await?;
        let transition = mutations::of_transition(world, commit.transition);
        let commit = Commit {
            transition: &transition,
            shown: commit.shown.filter(|_| world.faults.writes_heads),
            ..commit.clone()
        };
        let written = match world.store.commit(execution, &commit).await {
            Err(StoreError::Conflict { .. }) => {
                world.count("conflicts");
                mutations::of_conflict(world, execution, &commit).await?
            }
            written => written?,
        };
        world.count("commits");
        world
            .book
            .committed(world, execution, before.as_ref(), &commit);
        Ok(Committed {
            is_head_written: written.is_head_written && world.faults.writes_heads,
        })
    }
}

fn unavailable(no_answer: NoAnswer) -> QueueError {
    QueueError(Box::new(no_answer))
}

impl Store for Backend {
    async fn load(&self, execution: &ExecutionKey) -> Result<Option<Loaded>, StoreError> {
        let what = self.world.store.load(execution);
        self.store(Deed::Read("load"), what).await
    }

    async fn commit(
        &self,
        execution: &ExecutionKey,
        commit: &Commit<'_>,
    ) -> Result<Committed, StoreError> {
        let what = self.put(execution, commit);
        self.store(Deed::Timely("commit"), what).await
    }

    async fn history(
        &self,
        execution: &ExecutionKey,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<HistoryEvent>, Payloads), StoreError> {
        let what = self.world.store.history(execution, after, limit);
        self.store(Deed::Read("history"), what).await
    }

    async fn payload(
        &self,
        execution: &ExecutionKey,
        id: PayloadId,
    ) -> Result<Option<Payload>, StoreError> {
        let what = self.world.store.payload(execution, id);
        self.store(Deed::Read("payload"), what).await
    }

    async fn create_head(&self, head: &Head, input: &Payload) -> Result<Created<Head>, StoreError> {
        let what = self.world.store.create_head(head, input);
        self.store(Deed::Write("create head"), what).await
    }

    async fn update_head(&self, execution: &ExecutionKey, shown: &Shown) -> Result<(), StoreError> {
        let what = self.world.store.update_head(execution, shown);
        self.store(Deed::Write("update head"), what).await
    }

    async fn head(&self, arn: &str) -> Result<Option<Head>, StoreError> {
        let what = self.world.store.head(arn);
        self.store(Deed::Read("head"), what).await
    }

    async fn heads(&self, query: &HeadQuery<'_>) -> Result<Vec<Head>, StoreError> {
        let what = self.world.store.heads(query);
        self.store(Deed::Read("heads"), what).await
    }

    async fn decide(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        decision: &Decision,
    ) -> Result<Created<Decision>, StoreError> {
        let deed = match decision {
            Decision::Answered(_) => "decide Answered",
            Decision::Closed(_) => "decide Closed",
        };
        let what = self.world.store.decide(execution, attempt, decision);
        self.store(Deed::Write(deed), what).await
    }

    async fn decisions(
        &self,
        execution: &ExecutionKey,
        from: u64,
    ) -> Result<Vec<(AttemptId, Decision)>, StoreError> {
        let what = self.world.store.decisions(execution, from);
        self.store(Deed::Read("decisions"), what).await
    }

    async fn beat(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let what = self.world.store.beat(execution, attempt, at);
        self.store(Deed::Write("beat"), what).await
    }

    async fn last_beat(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let what = self.world.store.last_beat(execution, attempt);
        self.store(Deed::Read("last beat"), what).await
    }

    async fn renew_claims(&self, holder: &str, until: Timestamp) -> Result<(), StoreError> {
        self.world.count("renewals");
        let what = self.world.store.renew_claims(holder, until);
        self.store(Deed::Write("renew claims"), what).await
    }

    async fn claims_until(&self, holder: &str) -> Result<Option<Timestamp>, StoreError> {
        let what = self.world.store.claims_until(holder);
        let until = self.store(Deed::Read("claims until"), what).await?;
        Ok(until.filter(|_| !self.world.is_mutated(Mutation::ClaimsAreNotChecked)))
    }

    async fn offer(&self, offer: &Offer) -> Result<(), StoreError> {
        let what = self.world.store.offer(offer);
        self.store(Deed::Write("offer"), what).await
    }

    async fn offers(&self, activity: &str, limit: usize) -> Result<Vec<Offer>, StoreError> {
        let what = self.world.store.offers(activity, limit);
        self.store(Deed::Read("offers"), what).await
    }

    async fn withdraw(&self, offer: &Offer) -> Result<(), StoreError> {
        let what = self.world.store.withdraw(offer);
        self.store(Deed::Write("withdraw"), what).await
    }

    async fn expire(&self, closed_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let what = self.world.store.expire(closed_before, limit);
        self.store(Deed::Write("expire"), what).await
    }

    async fn open_executions(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ExecutionKey>, StoreError> {
        let what = self.world.store.open_executions(after, limit);
        self.store(Deed::Read("open executions"), what).await
    }
}

impl Queue for Backend {
    async fn send(&self, mut messages: Vec<Envelope>) -> Result<(), QueueError> {
        let world = &*self.world;
        let Some(first) = messages.first() else {
            return Ok(());
        };
        let deed = Deed::Write(sending(name(&first.message.body)));
        mutations::of_sent(world, &mut messages);
        let what = async {
            for envelope in &messages {
                world.count("messages");
                world.count(sending(name(&envelope.message.body)));
                world.note(&format!(
                    "{} {:?} to {} in {:?}",
                    sending(name(&envelope.message.body)),
                    mutations::number(&envelope.message.body),
                    envelope.message.execution,
                    envelope.delay
                ));
            }
            for _ in 0..world.queue.send(messages, &world.chance, &world.faults) {
                world.count("copies");
            }
        };
        world
            .act(self.process, deed, what)
            .await
            .map_err(unavailable)
    }

    fn is_durable(&self) -> bool {
        self.world.faults.is_durable
    }

    async fn receive(&self, limit: usize) -> Result<Vec<Received>, QueueError> {
        let world = &*self.world;
        // Where messages do not come back, no answer is lost between the queue and the worker.
        let deed = match world.faults.visibility {
            Some(_) => Deed::Read("receive"),
            None => Deed::Call("receive"),
        };
        loop {
            world.queue.wait().await;
            let ready = async {
                world
                    .queue
                    .take(limit, self.process, &world.chance, &world.faults)
            };
            let taken = world.act(self.process, deed, ready).await;
            let taken = taken.map_err(unavailable)?;
            if taken.is_empty() {
                continue;
            }
            for received in &taken {
                if received.receives > 1 {
                    world.count("redeliveries");
                }
                world.note(&format!(
                    "{:?} has {} {:?} of {}, for time {}",
                    self.process,
                    name(&received.message.body),
                    mutations::number(&received.message.body),
                    received.message.execution,
                    received.receives
                ));
            }
            if world.is_mutated(Mutation::MessagesAreDeletedFirst) {
                let receipts: Vec<Receipt> = taken.iter().map(|r| r.receipt.clone()).collect();
                world.queue.delete(&receipts);
            }
            return Ok(taken);
        }
    }

    async fn delete(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        if receipts.is_empty() {
            return Ok(());
        }
        let what = async { self.world.queue.delete(&receipts) };
        let done = self.world.act(self.process, Deed::Timely("delete"), what);
        done.await.map_err(unavailable)
    }

    fn visibility(&self) -> Option<Duration> {
        self.world.faults.visibility
    }

    async fn extend(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        if receipts.is_empty() {
            return Ok(());
        }
        let what = async { self.world.queue.extend(&receipts) };
        let done = self.world.act(self.process, Deed::Write("extend"), what);
        done.await.map_err(unavailable)
    }
}

fn sending(name: &'static str) -> &'static str {
    match name {
        "Start" => "send Start",
        "Wake" => "send Wake",
        "Due" => "send Due",
        "Ended" => "send Ended",
        "Answered" => "send Answered",
        "ChildEnded" => "send ChildEnded",
        "Stop" => "send Stop",
        "Redrive" => "send Redrive",
        _ => "send Look",
    }
}

impl Catalog for Backend {
    async fn record(&self, key: &Key) -> Result<Option<Record>, CatalogError> {
        let what = self.world.store.record(key);
        self.catalog(Deed::Read("record"), what).await
    }

    async fn put_record(
        &self,
        key: &Key,
        expected: Option<Etag>,
        body: &[u8],
    ) -> Result<Etag, CatalogError> {
        let what = self.world.store.put_record(key, expected, body);
        self.catalog(Deed::Write("put record"), what).await
    }

    async fn delete_record(&self, key: &Key, expected: Etag) -> Result<(), CatalogError> {
        let what = self.world.store.delete_record(key, expected);
        self.catalog(Deed::Write("delete record"), what).await
    }

    async fn records(
        &self,
        collection: Collection,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>, CatalogError> {
        let what = self.world.store.records(collection, after, limit);
        self.catalog(Deed::Read("records"), what).await
    }

    async fn put_content(&self, hash: &ContentHash, content: &[u8]) -> Result<(), CatalogError> {
        let what = self.world.store.put_content(hash, content);
        self.catalog(Deed::Write("put content"), what).await
    }

    async fn content(&self, hash: &ContentHash) -> Result<Option<Vec<u8>>, CatalogError> {
        let what = self.world.store.content(hash);
        self.catalog(Deed::Read("content"), what).await
    }
}
