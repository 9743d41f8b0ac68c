//! UpdateStateMachine.

use segno_engine::{
    Backend, Clock, Invoker,
    catalog::{self, Change, ContentHash, Decided, StateMachineRecord},
};
use segno_interpreter::event::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Publication, active};
use crate::{
    Api, ApiError,
    operations::{
        configuration::{Configuration, Configured},
        versions::too_many_versions,
    },
    seconds,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateStateMachine {
    state_machine_arn: String,
    definition: Option<String>,
    role_arn: Option<String>,
    #[serde(flatten)]
    configuration: Configuration,
    #[serde(flatten)]
    publication: Publication,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn update_state_machine(
        &self,
        request: UpdateStateMachine,
    ) -> Result<Value, ApiError> {
        let arn = request.state_machine_arn;
        let hash = |text: &String| ContentHash::of(text.as_bytes());
        let update = Update {
            definition: request.definition.as_ref().map(hash),
            role_arn: request.role_arn,
            configured: request.configuration.read()?,
            publication: request.publication,
            revision_id: uuid::Uuid::new_v4().to_string(),
            at: self.engine.clock().now(),
        };
        update.check()?;
        if let Some(role_arn) = &update.role_arn {
            self.check_role(role_arn)?;
        }
        let machine_type = self.active_record(&arn).await?.machine_type;
        let catalog = self.engine.store();
        if let Some(definition) = &request.definition {
            self.check_definition(definition, machine_type)?;
            catalog::store_definition(catalog, definition).await?;
        }
        update
            .configured
            .check_log_groups(&*self.engine.config().logs)
            .await?;
        let decide = |record| update.decide(&arn, record);
        let (record, version) = catalog::change(catalog, &arn, decide).await?;
        Ok(json!({
            "updateDate": seconds(record.changed_at()),
            "revisionId": record.revision.id,
            "stateMachineVersionArn": version.map(|number| format!("{arn}:{number}")),
        }))
    }
}

/// What is to change. `None` is as it was.
struct Update {
    definition: Option<ContentHash>,
    role_arn: Option<String>,
    configured: Configured,
    publication: Publication,
    /// That of the revision which it may make.
    revision_id: String,
    at: Timestamp,
}

impl Update {
    fn check(&self) -> Result<(), ApiError> {
        if self.definition.is_none() && self.role_arn.is_none() && self.configured.is_none() {
            return Err(ApiError::missing_required_parameter(
                "Either the definition, the role ARN, the LoggingConfiguration, or the \
                 TracingConfiguration must be specified",
            ));
        }
        self.publication.check()
    }

    /// Gives the record, and the number of the version that it was published as.
    fn decide(
        &self,
        arn: &str,
        record: Option<StateMachineRecord>,
    ) -> Decided<StateMachineRecord, (StateMachineRecord, Option<u64>), ApiError> {
        let before = active(arn, record)?;
        let mut record = before.clone();
        let mut revision = before.revision.clone();
        if let Some(definition) = &self.definition {
            revision.definition = definition.clone();
        }
        if let Some(role_arn) = &self.role_arn {
            revision.role_arn.clone_from(role_arn);
        }
        self.configured.apply(&mut revision);
        record.update(revision, &self.revision_id, self.at);
        let version = match self.publication.is_wanted() {
            false => None,
            true => {
                let description = self.publication.version_description.clone();
                let published = record.publish(description, self.at);
                Some(published.map_err(|_| too_many_versions(arn))?.number)
            }
        };
        let change = match version {
            _ if record == before => Change::Keep,
            None => Change::Put(record.clone()),
            Some(_) => Change::PutWith(record.clone(), record.revision.encode()),
        };
        Ok((change, (record, version)))
    }
}
