//! Versions of state machines.
//!
//! AWS: [Versions](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html).

use segno_engine::{
    Backend, Clock, Invoker,
    catalog::{self, Change, Decided, Referenced, StateMachineRecord, VERSIONS_MAX, Version},
    operations::arn::Qualifier,
};
use segno_interpreter::event::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::state_machines::active;
use crate::{
    Api, ApiError,
    names::{check_arn, unlabeled_arn},
    page::PageRequest,
    seconds,
};

/// How a request names the first revision, which has no id.
const INITIAL: &str = "INITIAL";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublishVersion {
    state_machine_arn: String,
    revision_id: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfVersion {
    state_machine_version_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListOfStateMachine {
    pub(super) state_machine_arn: String,
    #[serde(flatten)]
    pub(super) page: PageRequest,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn publish_version(&self, request: PublishVersion) -> Result<Value, ApiError> {
        let arn = &request.state_machine_arn;
        self.active_record(arn).await?;
        let now = self.engine.clock().now();
        let decide = |record| publish(&request, record, now);
        let version = catalog::change(self.engine.store(), arn, decide).await?;
        Ok(json!({
            "stateMachineVersionArn": format!("{arn}:{}", version.number),
            "creationDate": seconds(version.created_at),
        }))
    }

    /// Newest first. What is no state machine has none.
    pub(crate) async fn list_versions(
        &self,
        request: ListOfStateMachine,
    ) -> Result<Value, ApiError> {
        let (arn, page) = (&request.state_machine_arn, &request.page);
        check_arn(arn, "stateMachine")?;
        let record = self.engine.state_machine(arn).await?;
        let before = match page.after()? {
            None => u64::MAX,
            Some(number) => number
                .parse()
                .map_err(|_| ApiError::invalid_token("Invalid token"))?,
        };
        let versions = record.map_or_else(Vec::new, |record| record.versions);
        let rest = versions
            .iter()
            .rev()
            .filter(|version| version.number < before);
        let (versions, next_token) = page.cut(rest, |version| version.number.to_string());
        let item = |version: &Version| {
            json!({
                "stateMachineVersionArn": format!("{arn}:{}", version.number),
                "creationDate": seconds(version.created_at),
            })
        };
        let items: Vec<Value> = versions.into_iter().map(item).collect();
        Ok(json!({ "stateMachineVersions": items, "nextToken": next_token }))
    }

    /// One that is not there is deleted already.
    pub(crate) async fn delete_version(&self, request: OfVersion) -> Result<Value, ApiError> {
        let arn = unlabeled_arn(&request.state_machine_version_arn)?;
        let Qualifier::Version(number) = arn.qualifier else {
            return Err(ApiError::validation(format!(
                "The ARN must be that of a state machine version. Received: {}",
                request.state_machine_version_arn
            )));
        };
        let decide = |record| delete(record, number);
        catalog::change(self.engine.store(), &arn.unqualified(), decide).await?;
        Ok(json!({}))
    }
}

fn publish(
    request: &PublishVersion,
    record: Option<StateMachineRecord>,
    at: Timestamp,
) -> Decided<StateMachineRecord, Version, ApiError> {
    let arn = &request.state_machine_arn;
    let before = active(arn, record)?;
    let current = before.revision.id.as_deref().unwrap_or(INITIAL);
    if let Some(asked) = request
        .revision_id
        .as_deref()
        .filter(|asked| *asked != current)
    {
        return Err(ApiError::conflict(format!(
            "Failed to publish the State Machine version for revision {asked}. \
             The current State Machine revision is {current}."
        )));
    }
    let mut record = before.clone();
    let published = record.publish(request.description.clone(), at);
    let version = published.map_err(|_| too_many_versions(arn))?;
    if record == before {
        return Ok((Change::Keep, version));
    }
    let revision = record.revision.encode();
    Ok((Change::PutWith(record, revision), version))
}

fn delete(
    record: Option<StateMachineRecord>,
    number: u64,
) -> Decided<StateMachineRecord, (), ApiError> {
    let Some(mut record) = record else {
        return Ok((Change::Keep, ()));
    };
    record
        .delete_version(number)
        .map_err(|Referenced(aliases)| {
            ApiError::conflict(format!(
                "Version to be deleted must not be referenced by an alias. \
             Current list of aliases referencing this version: [{}]",
                aliases.join(", ")
            ))
        })?;
    Ok((Change::Put(record), ()))
}

pub(super) fn too_many_versions(arn: &str) -> ApiError {
    ApiError::quota_exceeded(format!(
        "A state machine has at most {VERSIONS_MAX} versions: '{arn}'"
    ))
}
