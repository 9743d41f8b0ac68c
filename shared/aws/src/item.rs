//! Items: keys, attributes, and how they are put and got.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::query::{QueryOutput, builders::QueryFluentBuilder},
    primitives::Blob,
    types::{AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use segno_interpreter::{
    event::Timestamp,
    key::{ExecutionKey, Nonce},
};
use sha2::{Digest, Sha256};

use crate::{
    Table,
    failure::{Failure, Unreadable},
};

/// The version of items that this release writes.
pub(crate) const VERSION: u64 = 1;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// Names of attributes. Each is part of what an item costs.
pub(crate) mod attribute {
    /// The partition.
    pub(crate) const PARTITION: &str = "pk";
    /// The place in the partition.
    pub(crate) const SORT: &str = "sk";
    /// Version of the item's form.
    pub(crate) const VERSION: &str = "v";
    /// The text, compressed.
    pub(crate) const DATA: &str = "d";
    /// Name of the object that has the text instead.
    pub(crate) const OBJECT: &str = "o";
    /// Tells who wrote it.
    pub(crate) const WRITER: &str = "w";
    /// From when on it is forgotten, in seconds since the Unix epoch.
    pub(crate) const TTL: &str = "ttl";
    /// Partition of the index.
    pub(crate) const LIST: &str = "lk";
    /// Place in the index.
    pub(crate) const PLACE: &str = "ls";
}

/// What names an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) partition: String,
    pub(crate) sort: String,
}

impl Key {
    pub(crate) fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self {
            partition: partition.into(),
            sort: sort.into(),
        }
    }

    /// As DynamoDB wants it.
    pub(crate) fn item(&self) -> Item {
        HashMap::from([
            (attribute::PARTITION.to_owned(), text(&self.partition)),
            (attribute::SORT.to_owned(), text(&self.sort)),
        ])
    }
}

/// The partition of what belongs to one run of an execution. Hashed, because it is in each of its items:
/// an ARN has up to 250 bytes, which is a quarter of what one write unit pays for.
pub(crate) fn log_partition(execution: &ExecutionKey) -> String {
    format!("l{}", log_name(execution))
}

/// What names one run of an execution, in 22 characters.
pub(crate) fn log_name(execution: &ExecutionKey) -> String {
    let Nonce(name) = Nonce::derived(&[execution.arn.as_bytes(), &execution.nonce.0]);
    BASE64_URL_SAFE_NO_PAD.encode(name)
}

/// 128 bits of the hash of a content, in 22 characters.
pub(crate) fn short_hash(content: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(content)[..16])
}

/// A number such that texts are ordered as numbers are: how many digits it has, and these.
pub(crate) fn ordered(number: u64) -> String {
    let digits = number.to_string();
    let letter = char::from(b'a' + u8::try_from(digits.len()).expect("at most 20") - 1);
    format!("{letter}{digits}")
}

/// The number of that text.
pub(crate) fn number_of(ordered: &str) -> Option<u64> {
    ordered.get(1..)?.parse().ok()
}

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn bytes(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(crate) fn read_text<'i>(item: &'i Item, name: &'static str) -> Result<&'i str, Unreadable> {
    optional_text(item, name).ok_or(Unreadable::Lacks(name))
}

pub(crate) fn optional_text<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn read_number<T: std::str::FromStr>(
    item: &Item,
    name: &'static str,
) -> Result<T, Unreadable> {
    optional_number(item, name).ok_or(Unreadable::Lacks(name))
}

pub(crate) fn optional_number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(crate) fn read_bytes<'i>(item: &'i Item, name: &'static str) -> Result<&'i [u8], Unreadable> {
    optional_bytes(item, name).ok_or(Unreadable::Lacks(name))
}

pub(crate) fn optional_bytes<'i>(item: &'i Item, name: &str) -> Option<&'i [u8]> {
    Some(item.get(name)?.as_b().ok()?.as_ref())
}

/// An item of this form.
pub(crate) fn new(key: &Key) -> Item {
    let mut item = key.item();
    item.insert(attribute::VERSION.to_owned(), number(VERSION));
    item
}

/// Refuses an item that a newer release wrote.
pub(crate) fn check_version(item: &Item) -> Result<(), Unreadable> {
    let found = read_number(item, attribute::VERSION)?;
    match (1..=VERSION).contains(&found) {
        true => Ok(()),
        false => Err(Unreadable::Version {
            found,
            known: VERSION,
        }),
    }
}

/// Whole seconds since the Unix epoch, as DynamoDB wants to know when an item expires.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000)
}

/// What came of a put that has a condition.
#[derive(Debug)]
pub(crate) enum Put {
    Done,
    /// Something is there: this.
    Refused(Option<Item>),
}

impl Table {
    /// Puts an item, unless there is one of that key.
    pub(crate) async fn put_new(&self, item: Item) -> Result<Put, Failure> {
        let key = [attribute::PARTITION, attribute::SORT]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), item.get(name)?.clone())))
            .collect::<Item>();
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .set_return_consumed_capacity(self.capacity())
            .send()
            .await;
        let error = match put {
            Ok(put) => {
                self.wrote(put.consumed_capacity());
                return Ok(Put::Done);
            }
            Err(error) => error,
        };
        let refused = error
            .as_service_error()
            .filter(|error| error.is_conditional_check_failed_exception());
        if refused.is_none() {
            return Err(error.into());
        }
        self.refused();
        use aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException;
        let there = match error.into_service_error() {
            ConditionalCheckFailedException(error) => error.item,
            _ => None,
        };
        // Not every implementation of the protocol tells.
        match there.filter(|item| !item.is_empty()) {
            Some(item) => Ok(Put::Refused(Some(item))),
            None => Ok(Put::Refused(self.get_item(key).await?)),
        }
    }

    /// Puts an item, whatever is there.
    pub(crate) async fn put(&self, item: Item) -> Result<(), Failure> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .set_return_consumed_capacity(self.capacity())
            .send()
            .await?;
        self.wrote(put.consumed_capacity());
        Ok(())
    }

    /// The item of this key.
    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Item>, Failure> {
        self.get_item(key.item()).await
    }

    async fn get_item(&self, key: Item) -> Result<Option<Item>, Failure> {
        let got = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key))
            .consistent_read(true)
            .set_return_consumed_capacity(self.capacity())
            .send()
            .await?;
        self.read(got.consumed_capacity());
        Ok(got.item)
    }

    /// A query of this table.
    pub(crate) fn query(&self) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .set_return_consumed_capacity(self.capacity())
    }

    /// A page of what a query finds.
    pub(crate) async fn page(&self, query: QueryFluentBuilder) -> Result<QueryOutput, Failure> {
        let page = query.send().await?;
        self.read(page.consumed_capacity());
        Ok(page)
    }

    /// All that a query finds.
    pub(crate) async fn all(&self, query: QueryFluentBuilder) -> Result<Vec<Item>, Failure> {
        let (mut items, mut next) = (Vec::new(), None);
        loop {
            let page = self
                .page(query.clone().set_exclusive_start_key(next))
                .await?;
            items.extend(page.items.unwrap_or_default());
            next = page.last_evaluated_key;
            if next.is_none() {
                return Ok(items);
            }
        }
    }

    /// Deletes the item of this key, if there is one.
    pub(crate) async fn delete(&self, key: &Key) -> Result<(), Failure> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(key.item()))
            .set_return_consumed_capacity(self.capacity())
            .send()
            .await?;
        self.wrote(deleted.consumed_capacity());
        Ok(())
    }

    /// What to ask for, if it is counted.
    pub(crate) fn capacity(&self) -> Option<ReturnConsumedCapacity> {
        self.usage
            .is_some()
            .then_some(ReturnConsumedCapacity::Total)
    }

    pub(crate) fn wrote(&self, consumed: Option<&aws_sdk_dynamodb::types::ConsumedCapacity>) {
        if let (Some(usage), Some(consumed)) = (&self.usage, consumed) {
            usage.wrote(consumed);
        }
    }

    pub(crate) fn read(&self, consumed: Option<&aws_sdk_dynamodb::types::ConsumedCapacity>) {
        if let (Some(usage), Some(consumed)) = (&self.usage, consumed) {
            usage.read(consumed);
        }
    }

    pub(crate) fn refused(&self) {
        if let Some(usage) = &self.usage {
            usage.refused();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_as_texts() {
        let numbers = [0, 1, 9, 10, 11, 99, 100, 12_345, u64::MAX];
        let texts = numbers.map(ordered);
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(texts.clone().map(|text| number_of(&text).unwrap()), numbers);
    }
}
