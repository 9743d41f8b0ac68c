//! What lies beside a log: how attempts with a token end, when their holders were heard of, until when
//! claims hold, and attempts that wait for a worker.

use aws_sdk_dynamodb::error::SdkError;
use segno_asl::errors::StateError;
use segno_engine::store::{Created, Decision, Offer};
use segno_interpreter::{
    checkpoint::{AttemptId, FrameId},
    event::Timestamp,
    key::{ExecutionKey, Nonce},
    payload::Payload,
};
use serde::{Deserialize, Serialize};

use crate::{
    AwsBackend, LIST_INDEX,
    failure::{Failure, Unreadable},
    item::{self, Item, Key, Put, attribute},
    list,
};

/// A time: the last beat of a holder, or until when claims hold.
const TIME: &str = "t";

/// Seconds after which nothing asks about the claims of a holder any more.
const CLAIM_TTL: i64 = 86_400;

/// Seconds that an attempt may wait for a worker: more than an execution may take.
const OFFER_TTL: i64 = 400 * 86_400;

/// How an attempt ends.
#[derive(Serialize, Deserialize)]
struct StoredDecision {
    frame: FrameId,
    end: StoredEnd,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum StoredEnd {
    Succeeded(String),
    Failed(StateError),
    Closed,
    Broken(StateError),
}

impl From<&Decision> for StoredEnd {
    fn from(decision: &Decision) -> Self {
        match decision {
            Decision::Answered(Ok(output)) => Self::Succeeded(output.text().to_owned()),
            Decision::Answered(Err(error)) => Self::Failed(error.clone()),
            Decision::Closed(None) => Self::Closed,
            Decision::Closed(Some(error)) => Self::Broken(error.clone()),
        }
    }
}

impl From<StoredEnd> for Decision {
    fn from(end: StoredEnd) -> Self {
        match end {
            StoredEnd::Succeeded(output) => Self::Answered(Ok(Payload::stored(output))),
            StoredEnd::Failed(error) => Self::Answered(Err(error)),
            StoredEnd::Closed => Self::Closed(None),
            StoredEnd::Broken(error) => Self::Closed(Some(error)),
        }
    }
}

impl AwsBackend {
    /// Puts down how an attempt ends, unless that is decided.
    pub(crate) async fn put_decision(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        decision: &Decision,
    ) -> Result<Created<Decision>, Failure> {
        let stored = StoredDecision {
            frame: attempt.frame,
            end: decision.into(),
        };
        let mut writer = Nonce::default();
        getrandom::fill(&mut writer.0)?;
        let mut item = item::new(&decision_key(execution, attempt.number));
        item.insert(attribute::WRITER.into(), item::bytes(writer.0));
        item.insert(attribute::TTL.into(), item::number(self.log_ttl()));
        self.attach(&mut item, execution, &serde_json::to_vec(&stored)?)
            .await?;
        let first = match self.inner.table.put_new(item).await? {
            Put::Done => return Ok(Created::New(decision.clone())),
            Put::Refused(first) => first.ok_or(Unreadable::Lacks("a decision"))?,
        };
        let is_own = item::optional_bytes(&first, attribute::WRITER) == Some(&writer.0);
        let (_, first) = self.read_decision(&first).await?;
        Ok(match is_own {
            true => Created::New(first),
            false => Created::Existing(first),
        })
    }

    /// What is decided about attempts, from this number on.
    pub(crate) async fn list_decisions(
        &self,
        execution: &ExecutionKey,
        from: u64,
    ) -> Result<Vec<(AttemptId, Decision)>, Failure> {
        let table = &self.inner.table;
        let Key { partition, sort } = decision_key(execution, from);
        let query = table
            .query()
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", item::text(&partition))
            .expression_attribute_values(":from", item::text(&sort))
            .expression_attribute_values(":to", item::text("d~"))
            .consistent_read(true);
        let mut decisions = Vec::new();
        for item in table.all(query).await? {
            decisions.push(self.read_decision(&item).await?);
        }
        Ok(decisions)
    }

    async fn read_decision(&self, item: &Item) -> Result<(AttemptId, Decision), Failure> {
        let sort = item::read_text(item, attribute::SORT)?;
        let number = sort.strip_prefix('d').and_then(item::number_of);
        let stored: StoredDecision = serde_json::from_slice(&self.text_of(item).await?)?;
        let attempt = AttemptId {
            frame: stored.frame,
            number: number.ok_or(Unreadable::Lacks("the number of an attempt"))?,
        };
        Ok((attempt, stored.end.into()))
    }

    /// Puts down when the holder of a token was heard of. The latest time counts.
    pub(crate) async fn put_beat(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
        at: Timestamp,
    ) -> Result<(), Failure> {
        let table = &self.inner.table;
        let updated = table
            .client
            .update_item()
            .table_name(&table.name)
            .set_key(Some(beat_key(execution, attempt).item()))
            .update_expression("SET t = :t, v = :v, #ttl = :ttl")
            .condition_expression("attribute_not_exists(t) OR t < :t")
            .expression_attribute_names("#ttl", attribute::TTL)
            .expression_attribute_values(":t", item::number(at.0))
            .expression_attribute_values(":v", item::number(item::VERSION))
            .expression_attribute_values(":ttl", item::number(self.log_ttl()))
            .set_return_consumed_capacity(table.capacity())
            .send()
            .await;
        match updated {
            Ok(updated) => table.wrote(updated.consumed_capacity()),
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                table.refused();
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// When the holder of a token was last heard of.
    pub(crate) async fn find_beat(
        &self,
        execution: &ExecutionKey,
        attempt: AttemptId,
    ) -> Result<Option<Timestamp>, Failure> {
        self.time(&beat_key(execution, attempt)).await
    }

    /// Extends all claims of a holder.
    pub(crate) async fn put_claims(&self, holder: &str, until: Timestamp) -> Result<(), Failure> {
        let ttl = item::seconds(until) + CLAIM_TTL;
        let mut item = item::new(&claims_key(holder));
        item.insert(TIME.into(), item::number(until.0));
        item.insert(attribute::TTL.into(), item::number(ttl));
        self.inner.table.put(item).await
    }

    /// Until when the claims of a holder were extended.
    pub(crate) async fn find_claims(&self, holder: &str) -> Result<Option<Timestamp>, Failure> {
        self.time(&claims_key(holder)).await
    }

    async fn time(&self, key: &Key) -> Result<Option<Timestamp>, Failure> {
        let Some(item) = self.inner.table.get(key).await? else {
            return Ok(None);
        };
        item::check_version(&item)?;
        Ok(Some(Timestamp(item::read_number(&item, TIME)?)))
    }

    /// Puts an attempt among those that wait for a worker of their activity. One that is there keeps its
    /// place.
    pub(crate) async fn put_offer(&self, offer: &Offer) -> Result<(), Failure> {
        let now = self.now();
        let key = offer_key(offer);
        let place = format!("{}{}", list::moment(now), key.sort);
        let mut item = item::new(&key);
        item.extend([
            (attribute::LIST.to_owned(), item::text(&key.partition)),
            (attribute::PLACE.to_owned(), item::text(place)),
            ("arn".to_owned(), item::text(&offer.execution.arn)),
            (
                attribute::WRITER.to_owned(),
                item::bytes(offer.execution.nonce.0),
            ),
            ("f".to_owned(), item::number(offer.attempt.frame.0)),
            ("n".to_owned(), item::number(offer.attempt.number)),
            (
                attribute::TTL.to_owned(),
                item::number(item::seconds(now) + OFFER_TTL),
            ),
        ]);
        self.inner.table.put_new(item).await.map(|_| ())
    }

    /// Attempts that wait for a worker of an activity, the oldest first. The index may be a moment
    /// behind: whoever takes an attempt finds out by its log.
    pub(crate) async fn list_offers(
        &self,
        activity: &str,
        limit: usize,
    ) -> Result<Vec<Offer>, Failure> {
        let table = &self.inner.table;
        let mut offers = Vec::new();
        let mut next = None;
        while offers.len() < limit {
            let left = i32::try_from(limit - offers.len()).unwrap_or(i32::MAX);
            let query = table
                .query()
                .index_name(LIST_INDEX)
                .key_condition_expression("lk = :lk")
                .expression_attribute_values(":lk", item::text(offers_partition(activity)))
                .limit(left)
                .set_exclusive_start_key(next);
            let page = table.page(query).await?;
            for item in page.items() {
                offers.push(read_offer(activity, item)?);
            }
            next = page.last_evaluated_key;
            if next.is_none() {
                break;
            }
        }
        Ok(offers)
    }

    pub(crate) async fn delete_offer(&self, offer: &Offer) -> Result<(), Failure> {
        self.inner.table.delete(&offer_key(offer)).await
    }
}

fn read_offer(activity: &str, item: &Item) -> Result<Offer, Unreadable> {
    item::check_version(item)?;
    let nonce = item::read_bytes(item, attribute::WRITER)?;
    Ok(Offer {
        activity: activity.to_owned(),
        execution: ExecutionKey {
            arn: item::read_text(item, "arn")?.to_owned(),
            nonce: Nonce(nonce.try_into().map_err(|_| Unreadable::Lacks("a nonce"))?),
        },
        attempt: AttemptId {
            frame: FrameId(item::read_number(item, "f")?),
            number: item::read_number(item, "n")?,
        },
    })
}

fn decision_key(execution: &ExecutionKey, number: u64) -> Key {
    let sort = format!("d{}", item::ordered(number));
    Key::new(item::log_partition(execution), sort)
}

fn beat_key(execution: &ExecutionKey, attempt: AttemptId) -> Key {
    let sort = format!("b{}.{}", attempt.number, attempt.frame.0);
    Key::new(item::log_partition(execution), sort)
}

fn claims_key(holder: &str) -> Key {
    Key::new(format!("w{holder}"), "w")
}

fn offers_partition(activity: &str) -> String {
    format!("a{activity}")
}

fn offer_key(offer: &Offer) -> Key {
    let log = item::log_name(&offer.execution);
    let sort = format!("{log}.{}.{}", offer.attempt.number, offer.attempt.frame.0);
    Key::new(offers_partition(&offer.activity), sort)
}
