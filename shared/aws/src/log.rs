//! The logs of executions: commits, history events, payloads.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use segno_engine::{
    store::{Commit, Loaded},
    wide::Newest,
};
use segno_interpreter::{
    checkpoint::{Checkpoint, Status},
    history::HistoryEvent,
    key::ExecutionKey,
    payload::{Payload, PayloadId, Payloads},
    transition::Transition,
};
use serde_json::value::RawValue;
use tokio::time::sleep;

use crate::{
    AwsBackend,
    failure::{Failure, Unreadable},
    item::{self, Item, Key, Put, attribute},
    known::Tip,
    packing,
    record::{Around, Found, Kept, Place, Record},
};

/// Compressed bytes of a payload beyond which it is an object. To put one costs as much as eight
/// write units, which have a kilobyte each.
const PAYLOAD_BYTES_MAX: usize = 8 * 1024;

/// Compressed bytes of a text beyond which it is an object, and not in its item: twice of that, because
/// whoever loads an execution then waits for both.
const TEXT_BYTES_MAX: usize = 16 * 1024;

/// Items of a BatchGetItem, and how long to wait when the table did not give all of them.
const BATCH_GET_MAX: usize = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// What came of appending a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appended {
    /// It is there.
    Written,
    /// There is one of that number, by another writer, or none of the number before.
    Conflict,
}

/// A commit, ready to be written.
pub(crate) struct Entry {
    pub(crate) record: Record,
    /// Payloads that are put into the bucket first.
    large: Vec<(String, Payload)>,
    newest: Option<Newest>,
    pub(crate) tip: Tip,
}

impl AwsBackend {
    /// The newest commit of an execution, with the payloads that its checkpoint refers to.
    pub(crate) async fn newest(&self, execution: &ExecutionKey) -> Result<Option<Loaded>, Failure> {
        let Some((number, record)) = self.newest_record(execution).await? else {
            return Ok(None);
        };
        let (mut checkpoint, places) = self.checkpoint(execution, number, &record).await?;
        let tip = Tip {
            number,
            payloads: record.payloads,
            places,
        };
        let wanted = tip.places.clone();
        let cause = record.cause;
        self.inner.known.keep(execution, tip);
        let have = BTreeMap::from([(number, record)]);
        checkpoint.payloads = self.payloads(execution, wanted, have).await?;
        Ok(Some(Loaded {
            number,
            cause,
            checkpoint,
        }))
    }

    /// Appends a commit to the log of its execution.
    pub(crate) async fn append(
        &self,
        execution: &ExecutionKey,
        commit: &Commit<'_>,
    ) -> Result<Appended, Failure> {
        let key = commit_key(execution, commit.number);
        let Some(before) = self.tip_before(execution, commit.number).await? else {
            let there = self.inner.table.get(&key).await?;
            return Ok(whose(there.as_ref(), commit));
        };
        let entry = self.entry(execution, commit, &before)?;
        for (name, payload) in &entry.large {
            self.inner
                .objects
                .put(name, payload.text().as_bytes())
                .await?;
        }
        let mut item = item::new(&key);
        item.insert(attribute::WRITER.into(), item::bytes(commit.writer.0));
        item.insert(attribute::TTL.into(), item::number(self.log_ttl()));
        self.attach(&mut item, execution, &entry.record.encode()?)
            .await?;
        if let Put::Refused(there) = self.inner.table.put_new(item).await?
            && whose(there.as_ref(), commit) == Appended::Conflict
        {
            return Ok(Appended::Conflict);
        }
        self.inner.wide.keep(execution, entry.newest);
        self.inner.known.keep(execution, entry.tip);
        Ok(Appended::Written)
    }

    /// What is known of the commit before that of this number; `None` if that is not the newest one.
    async fn tip_before(
        &self,
        execution: &ExecutionKey,
        number: u64,
    ) -> Result<Option<Tip>, Failure> {
        if number == 1 {
            return Ok(Some(Tip::start()));
        }
        let known = self.inner.known.tip(execution);
        if let Some(known) = known.filter(|known| known.number + 1 >= number) {
            return Ok((known.number + 1 == number).then(|| Tip::clone(&known)));
        }
        let Some((newest, record)) = self.newest_record(execution).await? else {
            return Ok(None);
        };
        if newest + 1 != number {
            return Ok(None);
        }
        let (_, places) = self.checkpoint(execution, newest, &record).await?;
        Ok(Some(Tip {
            number: newest,
            payloads: record.payloads,
            places,
        }))
    }

    pub(crate) fn entry(
        &self,
        execution: &ExecutionKey,
        commit: &Commit<'_>,
        before: &Tip,
    ) -> Result<Entry, Failure> {
        let transition = commit.transition;
        let mut record = Record {
            events: transition.checkpoint.recorded,
            payloads: before.payloads,
            cause: commit.cause,
            ..Record::default()
        };
        let large = self.sort_payloads(execution, transition, &mut record);
        let mut places = BTreeMap::new();
        for id in transition.checkpoint.payload_ids() {
            let here = record.place(commit.number, id);
            if let Some(place) = here.or_else(|| before.places.get(&id).cloned()) {
                places.insert(id, place);
            }
        }
        for event in &transition.history {
            record.history.push_str(&serde_json::to_string(event)?);
            record.history.push('\n');
            for id in event.detail.payload_ids() {
                if record.place(commit.number, id).is_none()
                    && let Some(place) = before.places.get(&id)
                {
                    record.elsewhere.insert(id, place.clone());
                }
            }
        }
        let checkpoint = String::from_utf8(transition.checkpoint.encode()).expect("JSON is UTF-8");
        let kept = Kept {
            checkpoint: serde_json::from_str::<&RawValue>(&checkpoint)?,
            payloads: (places.iter())
                .filter(|(_, place)| **place != Place::Commit(commit.number))
                .map(|(id, place)| (*id, place.clone()))
                .collect(),
        };
        let kept = serde_json::to_string(&kept)?;
        let (form, newest) = self.inner.wide.form(execution, commit.number, kept);
        record.whole = form.whole;
        record.checkpoint = form.text;
        let tip = Tip {
            number: commit.number,
            payloads: record.payloads,
            places,
        };
        Ok(Entry {
            record,
            large,
            newest,
            tip,
        })
    }

    /// Puts the small payloads of a commit into its record. Gives the others with the names of their
    /// objects. The input is there already.
    fn sort_payloads(
        &self,
        execution: &ExecutionKey,
        transition: &Transition,
        record: &mut Record,
    ) -> Vec<(String, Payload)> {
        let input = transition.checkpoint.payloads.get(PayloadId(0));
        let mut large = Vec::new();
        for (id, payload) in &transition.payloads {
            record.payloads = record.payloads.max(id.0 + 1);
            if *id == PayloadId(0) {
                continue;
            }
            if let Some(around) = input.and_then(|input| Around::of(payload.text(), input)) {
                record.around.push((*id, around));
                continue;
            }
            match self.large_name(execution, payload) {
                Some(name) => {
                    record.objects.push((*id, name.clone()));
                    large.push((name, payload.clone()));
                }
                None => record.texts.push((*id, payload.clone())),
            }
        }
        large
    }

    /// The name of a payload's object, if it is too large for an item.
    fn large_name(&self, execution: &ExecutionKey, payload: &Payload) -> Option<String> {
        let text = payload.text().as_bytes();
        let is_large =
            text.len() > PAYLOAD_BYTES_MAX && packing::pack(text).len() > PAYLOAD_BYTES_MAX;
        is_large.then(|| object_name(execution, text))
    }

    /// Stores the input of an execution.
    pub(crate) async fn put_input(
        &self,
        execution: &ExecutionKey,
        input: &Payload,
    ) -> Result<(), Failure> {
        let mut record = Record {
            payloads: 1,
            ..Record::default()
        };
        match self.large_name(execution, input) {
            Some(name) => {
                self.inner
                    .objects
                    .put(&name, input.text().as_bytes())
                    .await?;
                record.objects.push((PayloadId(0), name));
            }
            None => record.texts.push((PayloadId(0), input.clone())),
        }
        let mut item = item::new(&commit_key(execution, 0));
        item.insert(attribute::TTL.into(), item::number(self.log_ttl()));
        self.attach(&mut item, execution, &record.encode()?).await?;
        self.inner.table.put(item).await
    }

    /// A page of history events, and the payloads that they refer to.
    pub(crate) async fn history_page(
        &self,
        execution: &ExecutionKey,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<HistoryEvent>, Payloads), Failure> {
        let first = match after {
            0 => 1,
            _ => match self.first_commit(execution, |r| r.events > after).await? {
                Some((number, _)) => number,
                None => return Ok(Default::default()),
            },
        };
        let mut events: Vec<HistoryEvent> = Vec::new();
        let mut places = BTreeMap::new();
        let mut have = BTreeMap::new();
        let mut pages = Pages::between(execution, first, None);
        while events.len() < limit
            && let Some((number, record)) = pages.next(self).await?
        {
            let lines = record.history.lines();
            for event in lines.map(serde_json::from_str::<HistoryEvent>) {
                let event = event?;
                if event.id <= after || events.len() == limit {
                    continue;
                }
                for id in event.detail.payload_ids() {
                    let here = record.place(number, id);
                    let place = here.or_else(|| record.elsewhere.get(&id).cloned());
                    places.extend(place.map(|place| (id, place)));
                }
                events.push(event);
            }
            have.insert(number, record);
        }
        let payloads = self.payloads(execution, places, have).await?;
        Ok((events, payloads))
    }

    /// One payload of an execution.
    pub(crate) async fn one_payload(
        &self,
        execution: &ExecutionKey,
        id: PayloadId,
    ) -> Result<Option<Payload>, Failure> {
        let place = match self.inner.known.tip(execution) {
            _ if id == PayloadId(0) => Some(Place::Commit(0)),
            Some(tip) if tip.places.contains_key(&id) => tip.places.get(&id).cloned(),
            _ => {
                let found = self.first_commit(execution, |r| r.payloads > id.0).await?;
                found.and_then(|(number, record)| record.place(number, id))
            }
        };
        let wanted = place.into_iter().map(|place| (id, place)).collect();
        let payloads = self.payloads(execution, wanted, BTreeMap::new()).await?;
        Ok(payloads.get(id).cloned())
    }

    /// The first commit of which this is so, if it is so of all that come after one of which it is. The
    /// newest is looked at first: it is wanted most.
    async fn first_commit(
        &self,
        execution: &ExecutionKey,
        is_so: impl Fn(&Record) -> bool,
    ) -> Result<Option<(u64, Record)>, Failure> {
        let newest = self.newest_record(execution).await?;
        let Some(mut found) = newest.filter(|(_, record)| is_so(record)) else {
            return Ok(None);
        };
        let mut low = 0;
        while low + 1 < found.0 {
            let middle = low + (found.0 - low) / 2;
            let item = self.inner.table.get(&commit_key(execution, middle)).await?;
            let item = item.ok_or(Unreadable::Lacks("a commit"))?;
            let record = self.record(&item).await?;
            match is_so(&record) {
                true => found = (middle, record),
                false => low = middle,
            }
        }
        Ok(Some(found))
    }

    /// Payloads that are in these places. Some commits were read already.
    async fn payloads(
        &self,
        execution: &ExecutionKey,
        places: BTreeMap<PayloadId, Place>,
        mut have: BTreeMap<u64, Record>,
    ) -> Result<Payloads, Failure> {
        let commits: BTreeSet<u64> = places
            .values()
            .filter_map(|place| match place {
                Place::Commit(number) if !have.contains_key(number) => Some(*number),
                Place::Commit(_) | Place::Object(_) => None,
            })
            .collect();
        let keys = commits.iter().map(|number| commit_key(execution, *number));
        for item in self.inner.table.get_all(keys).await? {
            have.insert(commit_number(&item)?, self.record(&item).await?);
        }
        let mut payloads = Payloads::default();
        let mut around = Vec::new();
        for (id, place) in places {
            let object = match place {
                Place::Object(name) => name,
                Place::Commit(number) => match have.get(&number).and_then(|r| r.found(id)) {
                    Some(Found::Text(text)) => {
                        payloads.insert(id, text.clone());
                        continue;
                    }
                    Some(Found::Around(text)) => {
                        around.push((id, text.clone()));
                        continue;
                    }
                    Some(Found::Object(name)) => name.to_owned(),
                    None => continue,
                },
            };
            payloads.insert(id, self.object(&object).await?);
        }
        if around.is_empty() {
            return Ok(payloads);
        }
        let input = match payloads.get(PayloadId(0)) {
            Some(input) => input.clone(),
            None => self.input(execution).await?,
        };
        payloads.extend(around.iter().map(|(id, around)| (*id, around.with(&input))));
        Ok(payloads)
    }

    /// The input of an execution, which something refers to.
    async fn input(&self, execution: &ExecutionKey) -> Result<Payload, Failure> {
        let item = self.inner.table.get(&commit_key(execution, 0)).await?;
        let record = self
            .record(&item.ok_or(Unreadable::Lacks("an input"))?)
            .await?;
        match record.found(PayloadId(0)) {
            Some(Found::Text(text)) => Ok(text.clone()),
            Some(Found::Object(name)) => self.object(name).await,
            Some(Found::Around(_)) | None => Err(Unreadable::Lacks("an input").into()),
        }
    }

    /// The payload that is an object.
    pub(crate) async fn object(&self, name: &str) -> Result<Payload, Failure> {
        let text = String::from_utf8(self.inner.objects.get(name).await?);
        Ok(Payload::stored(text.map_err(|_| Unreadable::Parts)?))
    }

    /// The status of an execution at one of its commits.
    pub(crate) async fn status_at(
        &self,
        execution: &ExecutionKey,
        number: u64,
    ) -> Result<Status, Failure> {
        let item = self.inner.table.get(&commit_key(execution, number)).await?;
        let record = self
            .record(&item.ok_or(Unreadable::Lacks("a commit"))?)
            .await?;
        let (checkpoint, _) = self.checkpoint(execution, number, &record).await?;
        Ok(checkpoint.status)
    }

    /// A commit's checkpoint, and where all the payloads are that it refers to.
    async fn checkpoint(
        &self,
        execution: &ExecutionKey,
        number: u64,
        record: &Record,
    ) -> Result<(Checkpoint, BTreeMap<PayloadId, Place>), Failure> {
        let mut texts = Vec::new();
        if record.whole != number {
            let mut pages = Pages::between(execution, record.whole, Some(number - 1));
            while let Some((_, before)) = pages.next(self).await? {
                texts.push(before.checkpoint);
            }
        }
        texts.push(record.checkpoint.clone());
        let text = self.inner.wide.assemble(execution, record.whole, &texts)?;
        let kept: Kept<'_> = serde_json::from_str(&text)?;
        let checkpoint = Checkpoint::decode(kept.checkpoint.get().as_bytes())?;
        let mut places = kept.payloads;
        for id in checkpoint.payload_ids() {
            if let Some(place) = record.place(number, id) {
                places.insert(id, place);
            }
        }
        Ok((checkpoint, places))
    }

    async fn newest_record(
        &self,
        execution: &ExecutionKey,
    ) -> Result<Option<(u64, Record)>, Failure> {
        let table = &self.inner.table;
        let query = table
            .query()
            .key_condition_expression("pk = :pk AND begins_with(sk, :c)")
            .expression_attribute_values(":pk", item::text(item::log_partition(execution)))
            .expression_attribute_values(":c", item::text("c"))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(1);
        let queried = table.page(query).await?;
        let Some(item) = queried.items().first() else {
            return Ok(None);
        };
        match commit_number(item)? {
            0 => Ok(None),
            number => Ok(Some((number, self.record(item).await?))),
        }
    }

    async fn record(&self, item: &Item) -> Result<Record, Failure> {
        Ok(Record::decode(&self.text_of(item).await?)?)
    }

    /// Puts a text into an item, compressed; or into the bucket, and its name into the item.
    pub(crate) async fn attach(
        &self,
        item: &mut Item,
        execution: &ExecutionKey,
        text: &[u8],
    ) -> Result<(), Failure> {
        let packed = packing::pack(text);
        if packed.len() <= TEXT_BYTES_MAX {
            item.insert(attribute::DATA.into(), item::bytes(packed));
            return Ok(());
        }
        let name = object_name(execution, text);
        self.inner.objects.put(&name, text).await?;
        item.insert(attribute::OBJECT.into(), item::text(name));
        Ok(())
    }

    /// The text of an item, wherever it is.
    pub(crate) async fn text_of(&self, item: &Item) -> Result<Vec<u8>, Failure> {
        item::check_version(item)?;
        match item::optional_text(item, attribute::OBJECT) {
            Some(name) => self.inner.objects.get(name).await,
            None => Ok(packing::unpack(item::read_bytes(item, attribute::DATA)?)?),
        }
    }
}

impl crate::Table {
    /// The items of these keys, as far as they are there, in any order.
    pub(crate) async fn get_all(
        &self,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<Vec<Item>, Failure> {
        let mut wanted: Vec<Item> = keys.into_iter().map(|key| key.item()).collect();
        let mut items = Vec::with_capacity(wanted.len());
        while !wanted.is_empty() {
            let batch = wanted.split_off(wanted.len().saturating_sub(BATCH_GET_MAX));
            let batch = KeysAndAttributes::builder()
                .set_keys(Some(batch))
                .consistent_read(true)
                .build()?;
            let got = self
                .client
                .batch_get_item()
                .request_items(&self.name, batch)
                .set_return_consumed_capacity(self.capacity())
                .send()
                .await?;
            for consumed in got.consumed_capacity() {
                self.read(Some(consumed));
            }
            items.extend(
                got.responses
                    .into_iter()
                    .flatten()
                    .flat_map(|(_, items)| items),
            );
            let unprocessed = got.unprocessed_keys.into_iter().flatten();
            let left: Vec<Item> = unprocessed.flat_map(|(_, left)| left.keys).collect();
            if !left.is_empty() {
                sleep(PAUSE).await;
                wanted.extend(left);
            }
        }
        Ok(items)
    }
}

/// The commits of an execution from one number to another, in pages as large as DynamoDB's.
struct Pages {
    partition: String,
    next: Option<String>,
    last: String,
    read: std::vec::IntoIter<Item>,
}

impl Pages {
    fn between(execution: &ExecutionKey, first: u64, last: Option<u64>) -> Self {
        Self {
            partition: item::log_partition(execution),
            next: Some(commit_sort(first)),
            // After every number.
            last: last.map_or_else(|| "c~".to_owned(), commit_sort),
            read: Vec::new().into_iter(),
        }
    }

    async fn next(&mut self, backend: &AwsBackend) -> Result<Option<(u64, Record)>, Failure> {
        loop {
            if let Some(item) = self.read.next() {
                return Ok(Some((commit_number(&item)?, backend.record(&item).await?)));
            }
            let Some(from) = self.next.take() else {
                return Ok(None);
            };
            let table = &backend.inner.table;
            let query = table
                .query()
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", item::text(&self.partition))
                .expression_attribute_values(":from", item::text(from))
                .expression_attribute_values(":to", item::text(&self.last))
                .consistent_read(true);
            let page = table.page(query).await?;
            if let Some(last) = &page.last_evaluated_key {
                let number = commit_number(last)?;
                self.next = Some(commit_sort(number + 1));
            }
            self.read = page.items.unwrap_or_default().into_iter();
        }
    }
}

/// Whose commit it is that is there.
fn whose(there: Option<&Item>, commit: &Commit<'_>) -> Appended {
    let writer = there.and_then(|item| item::optional_bytes(item, attribute::WRITER));
    match writer == Some(&commit.writer.0) {
        true => Appended::Written,
        false => Appended::Conflict,
    }
}

fn commit_sort(number: u64) -> String {
    format!("c{}", item::ordered(number))
}

fn commit_key(execution: &ExecutionKey, number: u64) -> Key {
    Key::new(item::log_partition(execution), commit_sort(number))
}

fn commit_number(item: &Item) -> Result<u64, Unreadable> {
    let sort = item::read_text(item, attribute::SORT)?;
    let number = sort.strip_prefix('c').and_then(item::number_of);
    number.ok_or(Unreadable::Lacks("the number of a commit"))
}

/// The prefix of an execution's objects.
pub(crate) fn objects_prefix(execution: &ExecutionKey) -> String {
    format!("executions/{}/", item::log_name(execution))
}

/// The name of an object of an execution that has this text.
pub(crate) fn object_name(execution: &ExecutionKey, text: &[u8]) -> String {
    format!("{}{}", objects_prefix(execution), item::short_hash(text))
}
