//! Executions.

use rusqlite::Connection;
use segno_engine::{
    Store,
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

use crate::{
    LocalStore, beside,
    executions::{self, List},
    log::{self, Appended, Entry},
    payloads,
    writer::Durability,
};

impl Store for LocalStore {
    async fn load(&self, execution: &ExecutionKey) -> Result<Option<Loaded>, StoreError> {
        let loaded = self.readers.read(|db| log::load(db, execution, &self.wide));
        loaded.map_err(|failure| failure.of(execution))
    }

    async fn commit(
        &self,
        execution: &ExecutionKey,
        commit: &Commit<'_>,
    ) -> Result<Committed, StoreError> {
        let entry = Entry::of(execution, commit, &self.wide);
        let (entry, newest) = entry.map_err(|failure| failure.of(execution))?;
        self.metrics.count(&entry);
        let append = move |db: &Connection| entry.append(db);
        let appended = self.writer.write(Durability::Synced, append).await;
        match appended.map_err(|failure| failure.of(execution))? {
            Appended::Written => {
                self.wide.keep(execution, newest);
                Ok(Committed {
                    is_head_written: true,
                })
            }
            Appended::Conflict => Err(StoreError::Conflict {
                number: commit.number,
            }),
        }
    }

    async fn history(
        &self,
        execution: &ExecutionKey,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<HistoryEvent>, Payloads), StoreError> {
        let key = execution.clone();
        let scan = move |db: &Connection| log::history(db, &key, after, limit);
        let page = self.readers.scan(scan).await;
        page.map_err(|failure| failure.of(execution))
    }

    async fn payload(
        &self,
        execution: &ExecutionKey,
        id: PayloadId,
    ) -> Result<Option<Payload>, StoreError> {
        let payload = self.readers.read(|db| payloads::one(db, execution, id));
        payload.map_err(|failure| failure.of(execution))
    }

    async fn create_head(&self, head: &Head, input: &Payload) -> Result<Created<Head>, StoreError> {
        let key = head.key.clone();
        let (head, input) = (head.clone(), input.clone());
        // Rendered here, and not by the one thread that writes for all.
        input.text();
        let create = move |db: &Connection| executions::create(db, &head, &input);
        let created = self.writer.write(Durability::Synced, create).await;
        created.map_err(|failure| failure.of(&key))
    }

    async fn update_head(&self, execution: &ExecutionKey, shown: &Shown) -> Result<(), StoreError> {
        let (key, shown) = (execution.clone(), shown.clone());
        let show = move |db: &Connection| executions::show(db, &key, &shown);
        let written = self.writer.write(Durability::Synced, show).await;
        written.map_err(|failure| failure.of(execution))
    }

    async fn head(&self, arn: &str) -> Result<Option<Head>, StoreError> {
        let head = self.readers.read(|db| executions::find(db, arn));
        head.map_err(|failure| failure.of_arn(arn))
    }

    async fn heads(&self, query: &HeadQuery<'_>) -> Result<Vec<Head>, StoreError> {
        let list = List {
            machine: query.machine.to_owned(),
            status: query.status.map(str::to_owned),
            after: query.after.cloned(),
            limit: query.limit,
        };
        let scan = move |db: &Connection| executions::list(db, &list);
        let heads = self.readers.scan(scan).await;
        heads.map_err(|failure| failure.of_arn(query.machine))
    }

    async fn decide(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        decision: &Decision,
    ) -> Result<Created<Decision>, StoreError> {
        let (key, decision) = (execution.clone(), decision.clone());
        let decide = move |db: &Connection| beside::decide(db, &key, attempt, &decision);
        let decided = self.writer.write(Durability::Synced, decide).await;
        decided.map_err(|failure| failure.of(execution))
    }

    async fn decisions(
        &self,
        execution: &ExecutionKey,
        from: u64,
    ) -> Result<Vec<(AttemptId, Decision)>, StoreError> {
        let decisions = self
            .readers
            .read(|db| beside::decisions(db, execution, from));
        decisions.map_err(|failure| failure.of(execution))
    }

    /// Nothing but the end of the machine makes it forget a beat, and then its holder beats again.
    async fn beat(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let key = execution.clone();
        let beat = move |db: &Connection| beside::beat(db, &key, attempt, at);
        let written = self.writer.write(Durability::Written, beat).await;
        written.map_err(|failure| failure.of(execution))
    }

    async fn last_beat(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let beat = self
            .readers
            .read(|db| beside::last_beat(db, execution, attempt));
        beat.map_err(|failure| failure.of(execution))
    }

    /// No other process takes over, and a claim of this one does not outlive it.
    async fn renew_claims(&self, holder: &str, until: Timestamp) -> Result<(), StoreError> {
        self.memory.renew_claims(holder, until).await
    }

    async fn claims_until(&self, holder: &str) -> Result<Option<Timestamp>, StoreError> {
        self.memory.claims_until(holder).await
    }

    async fn offer(&self, offer: &Offer) -> Result<(), StoreError> {
        self.memory.offer(offer).await
    }

    async fn offers(&self, activity: &str, limit: usize) -> Result<Vec<Offer>, StoreError> {
        self.memory.offers(activity, limit).await
    }

    async fn withdraw(&self, offer: &Offer) -> Result<(), StoreError> {
        self.memory.withdraw(offer).await
    }

    /// What is deleted twice is gone all the same.
    async fn expire(&self, closed_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let expire = move |db: &Connection| executions::expire(db, closed_before, limit);
        let expired = self.writer.write(Durability::Written, expire).await;
        expired.map_err(|failure| failure.of_arn("executions that have expired"))
    }

    async fn open_executions(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ExecutionKey>, StoreError> {
        let after = after.map(str::to_owned);
        let scan = move |db: &Connection| executions::open(db, after.as_deref(), limit);
        let open = self.readers.scan(scan).await;
        open.map_err(|failure| failure.of_arn("open executions"))
    }
}
