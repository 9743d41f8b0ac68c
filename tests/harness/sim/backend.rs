//! The backend as one process sees it: everything it does there may be late, in vain, without an
//! answer, or its last deed.

use std::{sync::Arc, time::Duration};

use segno_engine::{
    Catalog, Queue, Store,
    catalog::{CatalogError, Collection, ContentHash, Etag, Key, Record},
    queue::{Body, Envelope, QueueError, Receipt, Received},
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
    queue::{Sent, Taken, name},
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
        let checkpoint = &commit.transition.checkpoint;
        let transition = mutations::of_transition(world, commit.transition);
        let commit = Commit {
            transition: &transition,
            shown: commit.shown.filter(|_| world.faults.writes_heads),
            ..commit.clone()
        };
        let written = match world.store.commit(execution, &commit).await {
            Err(StoreError::Conflict { .. }) => {
                world.count("conflicts");
                world.note_traffic(execution, |traffic| traffic.repeated += 1);
                mutations::of_conflict(world, execution, &commit).await?
            }
            written => written?,
        };
        world
            .book
            .committed(world, self.process, execution, &commit, checkpoint);
        Ok(Committed {
            is_head_written: written.is_head_written && world.faults.writes_heads,
        })
    }
}

impl Backend {
    /// Counts a message that was sent.
    fn sent(&self, Envelope { message, delay }: &Envelope, sent: &Sent) {
        let world = &*self.world;
        let sending = sending(name(&message.body));
        world.note(|| {
            let number = mutations::number(&message.body);
            format!("{sending} {number:?} to {} in {delay:?}", message.execution)
        });
        world.count("messages");
        world.count(sending);
        world.count_more("copies", u64::from(sent.is_copied));
        world.count_more("late messages", u64::from(sent.is_late));
        let is_asked = matches!(
            message.body,
            Body::Start(_)
                | Body::Answered
                | Body::Stop { .. }
                | Body::Redrive { .. }
                | Body::ChildEnded { .. }
        );
        world.note_traffic(&message.execution, |traffic| {
            traffic.sent += 1;
            traffic.asked += u64::from(is_asked);
            traffic.repeated += u64::from(sent.is_copied);
        });
        if let Body::Start(start) = &message.body {
            world.book.asked_to_start(world, &start.0);
        }
    }

    /// Counts a message that is received.
    async fn received(&self, taken: &Taken) {
        let world = &*self.world;
        let Received {
            message, receives, ..
        } = &taken.received;
        world.note(|| {
            let (process, body) = (self.process, &message.body);
            let (name, number) = (name(body), mutations::number(body));
            let execution = &message.execution;
            format!("{process:?} has {name} {number:?} of {execution}, for time {receives}")
        });
        world.count_more("messages out of turn", u64::from(taken.is_overtaking));
        world.count_more("messages to two at once", u64::from(taken.is_double));
        if *receives > 1 {
            world.count("redeliveries");
            world.note_traffic(&message.execution, |traffic| traffic.repeated += 1);
        }
        if let Body::Wake { number } = message.body
            && let Some(wake) = world.book.wake(&message.execution)
        {
            let is_early = wake.number == number && world.now(self.process) < wake.due;
            world.count_more("wake-ups before their time", u64::from(is_early));
            let is_stray = wake.number != number;
            world.count_more("wake-ups of another number", u64::from(is_stray));
        }
    }
}

/// Counts who was first to decide how an attempt ends.
fn count_decision(world: &World, decision: &Decision, decided: &Created<Decision>) {
    match (decision, decided) {
        (Decision::Closed(_), Created::Existing(Decision::Answered(_))) => {
            world.count("time-outs and failures that an answer was before");
        }
        (Decision::Answered(_), Created::Existing(Decision::Closed(_))) => {
            world.count("answers that a time-out or a failure was before");
        }
        (Decision::Answered(mine), Created::Existing(Decision::Answered(first))) => {
            match mine == first {
                true => world.count("answers that were repeated"),
                false => world.count("second answers"),
            }
        }
        (_, Created::New(_)) | (Decision::Closed(_), Created::Existing(Decision::Closed(_))) => {}
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
        let what = async {
            self.world.book.began(&self.world, head);
            self.world.store.create_head(head, input).await
        };
        self.store(Deed::Write("create head"), what).await
    }

    async fn update_head(&self, execution: &ExecutionKey, shown: &Shown) -> Result<(), StoreError> {
        let what = async {
            match self.world.is_mutated(Mutation::HeadRowsAreForgotten) {
                true => Ok(()),
                false => self.world.store.update_head(execution, shown).await,
            }
        };
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
        let what = async {
            let decided = self
                .world
                .store
                .decide(execution, attempt, decision)
                .await?;
            count_decision(&self.world, decision, &decided);
            Ok(match self.world.is_mutated(Mutation::DecisionsAreNotKept) {
                true => Created::New(decision.clone()),
                false => decided,
            })
        };
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
        let what = async {
            let until = self.world.store.claims_until(holder).await?;
            let is_renewed = until.is_some_and(|until| until > self.world.now(self.process));
            self.world
                .book
                .looked_at_claims(self.process, holder, is_renewed);
            Ok(until)
        };
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
            let sent = world
                .queue
                .send(messages.clone(), &world.chance, &world.faults);
            for (envelope, sent) in messages.iter().zip(sent) {
                self.sent(envelope, &sent);
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
            for taken in &taken {
                self.received(taken).await;
            }
            let taken: Vec<Received> = taken.into_iter().map(|taken| taken.received).collect();
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
