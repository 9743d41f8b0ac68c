//! Activities, as resources.
//!
//! AWS: [Activities](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html).

use segno_engine::{
    Backend, Clock, Invoker,
    catalog::{self, ActivityRecord, Change, Decided, Encryption},
    operations::arn,
};
use segno_interpreter::event::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    configuration::{EncryptionConfiguration, show_encryption},
    tags::{self, Tag},
};
use crate::{
    Api, ApiError,
    names::{check_arn, check_name},
    page::PageRequest,
    seconds,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateActivity {
    name: String,
    tags: Option<Vec<Tag>>,
    encryption_configuration: Option<EncryptionConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfActivity {
    activity_arn: String,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn create_activity(&self, request: CreateActivity) -> Result<Value, ApiError> {
        check_name(&request.name)?;
        let arn = arn::activity(&self.config.region, &self.config.account_id, &request.name);
        let encryption = match request.encryption_configuration {
            None => Encryption::default(),
            Some(encryption) => encryption.read()?,
        };
        let wanted = ActivityRecord {
            name: request.name,
            created_at: self.engine.clock().now(),
            encryption,
            tags: tags::read(&arn, request.tags.unwrap_or_default())?,
        };
        let decide = |existing| create(&arn, existing, &wanted);
        let created_at = catalog::change(self.engine.store(), &arn, decide).await?;
        Ok(json!({ "activityArn": arn, "creationDate": seconds(created_at) }))
    }

    pub(crate) async fn describe_activity(&self, request: OfActivity) -> Result<Value, ApiError> {
        let arn = request.activity_arn;
        let record = self.activity(&arn).await?;
        Ok(json!({
            "activityArn": arn,
            "name": record.name,
            "creationDate": seconds(record.created_at),
            "encryptionConfiguration": show_encryption(&record.encryption),
        }))
    }

    pub(crate) async fn list_activities(&self, page: PageRequest) -> Result<Value, ApiError> {
        let (after, limit) = (page.after()?, page.limit());
        let records: Vec<(String, ActivityRecord)> =
            catalog::page(self.engine.store(), after.as_deref(), limit + 1).await?;
        let (records, next_token) = page.cut(records, |(arn, _)| arn.clone());
        let item = |(arn, record): (String, ActivityRecord)| {
            json!({
                "activityArn": arn,
                "name": record.name,
                "creationDate": seconds(record.created_at),
            })
        };
        let items: Vec<Value> = records.into_iter().map(item).collect();
        Ok(json!({ "activities": items, "nextToken": next_token }))
    }

    /// The record of an activity.
    pub(super) async fn activity(&self, arn: &str) -> Result<ActivityRecord, ApiError> {
        check_arn(arn, "activity")?;
        let record = catalog::read(self.engine.store(), arn).await?;
        record.ok_or_else(|| ApiError::activity_does_not_exist(arn))
    }

    /// One that is not there is deleted already.
    pub(crate) async fn delete_activity(&self, request: OfActivity) -> Result<Value, ApiError> {
        check_arn(&request.activity_arn, "activity")?;
        let delete = |_: Option<ActivityRecord>| Ok::<_, ApiError>((Change::Delete, ()));
        catalog::change(self.engine.store(), &request.activity_arn, delete).await?;
        Ok(json!({}))
    }
}

/// Creates an activity. The same again is the same activity, whatever its tags.
fn create(
    arn: &str,
    existing: Option<ActivityRecord>,
    wanted: &ActivityRecord,
) -> Decided<ActivityRecord, Timestamp, ApiError> {
    match existing {
        None => Ok((Change::Put(wanted.clone()), wanted.created_at)),
        Some(existing) if existing.encryption == wanted.encryption => {
            Ok((Change::Keep, existing.created_at))
        }
        Some(_) => Err(ApiError::activity_already_exists(arn)),
    }
}
