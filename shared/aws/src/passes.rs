//! What lets somebody in for a while: kept by name until it ends or is taken.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::SdkError, operation::delete_item::DeleteItemError, types::ReturnValue,
};
use segno_engine::catalog::CatalogError;

use crate::{
    AwsBackend,
    failure::Failure,
    item::{self, Item, Key, attribute},
};

/// Whose it is.
const HOLDER: &str = "n";

impl AwsBackend {
    /// Keeps a pass for so long, and whose it is. The name is no secret: it is the hash of one.
    ///
    /// # Errors
    ///
    /// The table does not answer.
    pub async fn keep_pass(
        &self,
        name: &str,
        holder: &str,
        life: Duration,
    ) -> Result<(), CatalogError> {
        let mut item = item::new(&key(name));
        item.insert(HOLDER.into(), item::text(holder));
        let life = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
        let end = item::seconds(self.now()).saturating_add(life);
        item.insert(attribute::TTL.into(), item::number(end));
        Ok(self.inner.table.put(item).await?)
    }

    /// Whose pass it is, if it holds.
    ///
    /// # Errors
    ///
    /// The table does not answer.
    pub async fn pass(&self, name: &str) -> Result<Option<String>, CatalogError> {
        let found = self.inner.table.get(&key(name)).await?;
        Ok(found.and_then(|item| self.holder(&item)))
    }

    /// The same, and it holds no longer. Of those who take it at the same time, one gets it.
    ///
    /// # Errors
    ///
    /// The table does not answer. The pass may have been taken.
    pub async fn take_pass(&self, name: &str) -> Result<Option<String>, CatalogError> {
        let taken = self.delete_pass(name).await?;
        Ok(taken.and_then(|item| self.holder(&item)))
    }

    async fn delete_pass(&self, name: &str) -> Result<Option<Item>, Failure> {
        let table = &self.inner.table;
        let deleted = table
            .client
            .delete_item()
            .table_name(&table.name)
            .set_key(Some(key(name).item()))
            .condition_expression("attribute_exists(pk)")
            .return_values(ReturnValue::AllOld)
            .set_return_consumed_capacity(table.capacity())
            .send()
            .await;
        match deleted.map_err(SdkError::into_service_error) {
            Ok(deleted) => {
                table.wrote(deleted.consumed_capacity());
                Ok(deleted.attributes)
            }
            Err(DeleteItemError::ConditionalCheckFailedException(_)) => {
                table.refused();
                Ok(None)
            }
            Err(error) => Err(Failure::Service(Box::new(error))),
        }
    }

    /// DynamoDB deletes what has expired when it finds time.
    fn holder(&self, item: &Item) -> Option<String> {
        let end: i64 = item::optional_number(item, attribute::TTL)?;
        let holds = end > item::seconds(self.now());
        holds.then(|| {
            item::optional_text(item, HOLDER)
                .unwrap_or_default()
                .to_owned()
        })
    }
}

fn key(name: &str) -> Key {
    Key::new(format!("p{name}"), "p")
}
