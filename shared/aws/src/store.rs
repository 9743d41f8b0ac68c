//! Executions.

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

use crate::{AwsBackend, log::Appended};

impl Store for AwsBackend {
    async fn load(&self, execution: &ExecutionKey) -> Result<Option<Loaded>, StoreError> {
        let loaded = self.newest(execution).await;
        loaded.map_err(|failure| failure.of(execution))
    }

    /// The head row is another item, and is left to the engine: the queue is durable.
    async fn commit(
        &self,
        execution: &ExecutionKey,
        commit: &Commit<'_>,
    ) -> Result<Committed, StoreError> {
        let appended = self.append(execution, commit).await;
        match appended.map_err(|failure| failure.of(execution))? {
            Appended::Written => Ok(Committed {
                is_head_written: false,
            }),
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
        let page = self.history_page(execution, after, limit).await;
        page.map_err(|failure| failure.of(execution))
    }

    async fn payload(
        &self,
        execution: &ExecutionKey,
        id: PayloadId,
    ) -> Result<Option<Payload>, StoreError> {
        let payload = self.one_payload(execution, id).await;
        payload.map_err(|failure| failure.of(execution))
    }

    async fn create_head(&self, head: &Head, input: &Payload) -> Result<Created<Head>, StoreError> {
        let created = self.create(head, input).await;
        created.map_err(|failure| failure.of(&head.key))
    }

    async fn update_head(&self, execution: &ExecutionKey, shown: &Shown) -> Result<(), StoreError> {
        let written = self.show(execution, shown).await;
        written.map_err(|failure| failure.of(execution))
    }

    async fn head(&self, arn: &str) -> Result<Option<Head>, StoreError> {
        let head = self.find(arn).await;
        head.map_err(|failure| failure.of_arn(arn))
    }

    async fn heads(&self, query: &HeadQuery<'_>) -> Result<Vec<Head>, StoreError> {
        let heads = self.list(query).await;
        heads.map_err(|failure| failure.of_arn(query.machine))
    }

    async fn decide(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        decision: &Decision,
    ) -> Result<Created<Decision>, StoreError> {
        let decided = self.put_decision(execution, attempt, decision).await;
        decided.map_err(|failure| failure.of(execution))
    }

    async fn decisions(
        &self,
        execution: &ExecutionKey,
        from: u64,
    ) -> Result<Vec<(AttemptId, Decision)>, StoreError> {
        let decisions = self.list_decisions(execution, from).await;
        decisions.map_err(|failure| failure.of(execution))
    }

    async fn beat(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let written = self.put_beat(execution, attempt, at).await;
        written.map_err(|failure| failure.of(execution))
    }

    async fn last_beat(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let beat = self.find_beat(execution, attempt).await;
        beat.map_err(|failure| failure.of(execution))
    }

    async fn renew_claims(&self, holder: &str, until: Timestamp) -> Result<(), StoreError> {
        let written = self.put_claims(holder, until).await;
        written.map_err(|failure| failure.of_arn(holder))
    }

    async fn claims_until(&self, holder: &str) -> Result<Option<Timestamp>, StoreError> {
        let until = self.find_claims(holder).await;
        until.map_err(|failure| failure.of_arn(holder))
    }

    async fn offer(&self, offer: &Offer) -> Result<(), StoreError> {
        let written = self.put_offer(offer).await;
        written.map_err(|failure| failure.of(&offer.execution))
    }

    async fn offers(&self, activity: &str, limit: usize) -> Result<Vec<Offer>, StoreError> {
        let offers = self.list_offers(activity, limit).await;
        offers.map_err(|failure| failure.of_arn(activity))
    }

    async fn withdraw(&self, offer: &Offer) -> Result<(), StoreError> {
        let deleted = self.delete_offer(offer).await;
        deleted.map_err(|failure| failure.of(&offer.execution))
    }

    async fn expire(&self, closed_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let expired = self.delete_closed(closed_before, limit).await;
        expired.map_err(|failure| failure.of_arn("executions that have expired"))
    }

    async fn open_executions(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ExecutionKey>, StoreError> {
        let open = self.open(after, limit).await;
        open.map_err(|failure| failure.of_arn("open executions"))
    }
}
