//! What is registered: records by name, contents by hash.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{delete_item::DeleteItemError, put_item::PutItemError},
    types::ReturnValuesOnConditionCheckFailure,
};
use segno_engine::{
    Catalog,
    catalog::{
        CatalogError, Collection, ContentHash, Etag, Key as RecordKey, RECORD_BYTES_MAX, Record,
    },
};

use crate::{
    AwsBackend,
    failure::{Failure, Unreadable},
    item::{self, Item, Key, attribute},
    packing,
};

/// Names one state of a record.
const ETAG: &str = "e";

/// Compressed bytes of a content beyond which it is an object.
const CONTENT_BYTES_MAX: usize = 300 * 1024;

impl Catalog for AwsBackend {
    async fn record(&self, key: &RecordKey) -> Result<Option<Record>, CatalogError> {
        let item = self.inner.table.get(&record_key(key)).await?;
        let record = item.as_ref().map(read_record).transpose();
        Ok(record.map_err(Failure::from)?)
    }

    async fn put_record(
        &self,
        key: &RecordKey,
        expected: Option<Etag>,
        body: &[u8],
    ) -> Result<Etag, CatalogError> {
        if body.len() > RECORD_BYTES_MAX {
            return Err(CatalogError::TooLarge {
                key: key.clone(),
                bytes: body.len(),
            });
        }
        let etag = self.write_record(key, expected, body).await?;
        etag.ok_or_else(|| CatalogError::Conflict { key: key.clone() })
    }

    async fn delete_record(&self, key: &RecordKey, expected: Etag) -> Result<(), CatalogError> {
        match self.remove_record(key, expected).await? {
            true => Ok(()),
            false => Err(CatalogError::Conflict { key: key.clone() }),
        }
    }

    async fn records(
        &self,
        collection: Collection,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>, CatalogError> {
        Ok(self.list_records(collection, after, limit).await?)
    }

    async fn put_content(&self, hash: &ContentHash, content: &[u8]) -> Result<(), CatalogError> {
        Ok(self.write_content(hash, content).await?)
    }

    async fn content(&self, hash: &ContentHash) -> Result<Option<Vec<u8>>, CatalogError> {
        let Some(item) = self.inner.table.get(&content_key(hash)).await? else {
            return Ok(None);
        };
        Ok(Some(self.text_of(&item).await?))
    }
}

impl AwsBackend {
    /// Gives the new etag; `None` if the record is not as expected.
    async fn write_record(
        &self,
        key: &RecordKey,
        expected: Option<Etag>,
        body: &[u8],
    ) -> Result<Option<Etag>, Failure> {
        let table = &self.inner.table;
        // Drawn: no other state of any record has it.
        let mut drawn = [0; 8];
        getrandom::fill(&mut drawn)?;
        let etag = u64::from_be_bytes(drawn);
        let mut item = item::new(&record_key(key));
        item.insert(ETAG.into(), item::number(etag));
        item.insert(attribute::DATA.into(), item::bytes(packing::pack(body)));
        let mut put = table
            .client
            .put_item()
            .table_name(&table.name)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .set_return_consumed_capacity(table.capacity());
        put = match expected {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(Etag(expected)) => put
                .condition_expression("e = :e")
                .expression_attribute_values(":e", item::number(expected)),
        };
        let error = match put.send().await {
            Ok(put) => {
                table.wrote(put.consumed_capacity());
                return Ok(Some(Etag(etag)));
            }
            Err(SdkError::ServiceError(error)) => error.into_err(),
            Err(error) => return Err(error.into()),
        };
        let PutItemError::ConditionalCheckFailedException(refused) = error else {
            return Err(Failure::Service(Box::new(error)));
        };
        table.refused();
        let there = match refused.item.filter(|item| !item.is_empty()) {
            Some(item) => Some(item),
            None => table.get(&record_key(key)).await?,
        };
        // It may be this one, whose answer was lost.
        let found = there.and_then(|item| item::optional_number(&item, ETAG));
        Ok((found == Some(etag)).then_some(Etag(etag)))
    }

    /// Whether the record was as expected, and is gone.
    async fn remove_record(&self, key: &RecordKey, expected: Etag) -> Result<bool, Failure> {
        let table = &self.inner.table;
        let deleted = table
            .client
            .delete_item()
            .table_name(&table.name)
            .set_key(Some(record_key(key).item()))
            .condition_expression("e = :e")
            .expression_attribute_values(":e", item::number(expected.0))
            .set_return_consumed_capacity(table.capacity())
            .send()
            .await;
        match deleted.map_err(SdkError::into_service_error) {
            Ok(deleted) => {
                table.wrote(deleted.consumed_capacity());
                Ok(true)
            }
            Err(DeleteItemError::ConditionalCheckFailedException(_)) => {
                table.refused();
                Ok(false)
            }
            Err(error) => Err(Failure::Service(Box::new(error))),
        }
    }

    async fn list_records(
        &self,
        collection: Collection,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>, Failure> {
        let table = &self.inner.table;
        let partition = records_partition(collection);
        let mut after = after.map(str::to_owned);
        let mut records = Vec::new();
        while records.len() < limit {
            let left = i32::try_from(limit - records.len()).unwrap_or(i32::MAX);
            let mut query = table
                .query()
                .expression_attribute_values(":pk", item::text(&partition))
                .consistent_read(true)
                .limit(left);
            query = match after {
                None => query.key_condition_expression("pk = :pk"),
                Some(after) => query
                    .key_condition_expression("pk = :pk AND sk > :after")
                    .expression_attribute_values(":after", item::text(after)),
            };
            let page = table.page(query).await?;
            for item in page.items() {
                let name = item::read_text(item, attribute::SORT)?.to_owned();
                records.push((name, read_record(item)?));
            }
            let Some(last) = page.last_evaluated_key else {
                break;
            };
            after = Some(item::read_text(&last, attribute::SORT)?.to_owned());
        }
        Ok(records)
    }

    async fn write_content(&self, hash: &ContentHash, content: &[u8]) -> Result<(), Failure> {
        let key = content_key(hash);
        if self.inner.table.get(&key).await?.is_some() {
            return Ok(());
        }
        let packed = packing::pack(content);
        let mut item = item::new(&key);
        if packed.len() <= CONTENT_BYTES_MAX {
            item.insert(attribute::DATA.into(), item::bytes(packed));
        } else {
            let name = format!("contents/{hash}");
            self.inner.objects.put(&name, content).await?;
            item.insert(attribute::OBJECT.into(), item::text(name));
        }
        // Whoever else puts it puts the same.
        self.inner.table.put(item).await
    }
}

fn read_record(item: &Item) -> Result<Record, Unreadable> {
    item::check_version(item)?;
    Ok(Record {
        etag: Etag(item::read_number(item, ETAG)?),
        body: packing::unpack(item::read_bytes(item, attribute::DATA)?)?,
    })
}

fn records_partition(collection: Collection) -> String {
    format!("r{}", collection.as_str())
}

fn record_key(key: &RecordKey) -> Key {
    Key::new(records_partition(key.collection), key.name.clone())
}

fn content_key(hash: &ContentHash) -> Key {
    Key::new(format!("t{hash}"), "t")
}
