//! Creating, listing and deleting state machines.

mod describe;
mod update;

use std::sync::Arc;

use segno_asl::definition::{
    Diagnostic, Diagnostics, MachineType, State, StateKind, StateMachine, Task, check,
};
use segno_engine::{
    Backend, Clock, Invoker,
    catalog::{self, Change, Decided, Revision, StateMachineRecord, Version},
    operations::arn,
};
use segno_interpreter::event::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) use self::describe::{IncludedData, OfExecution};
use super::{
    configuration::Configuration,
    tags::{self, Tag},
};
use crate::{
    Api, ApiError,
    names::{check_arn, check_name, unlabeled_arn},
    page::PageRequest,
    seconds,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateStateMachine {
    name: String,
    definition: String,
    role_arn: String,
    r#type: Option<MachineType>,
    tags: Option<Vec<Tag>>,
    #[serde(flatten)]
    configuration: Configuration,
    #[serde(flatten)]
    publication: Publication,
}

/// Whether a version is published along.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Publication {
    publish: Option<bool>,
    version_description: Option<String>,
}

impl Publication {
    fn is_wanted(&self) -> bool {
        self.publish == Some(true)
    }

    fn check(&self) -> Result<(), ApiError> {
        match self.version_description {
            Some(_) if !self.is_wanted() => Err(ApiError::validation(
                "Version description can only be set when publish is true",
            )),
            _ => Ok(()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfStateMachine {
    state_machine_arn: String,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn create_state_machine(
        &self,
        request: CreateStateMachine,
    ) -> Result<Value, ApiError> {
        check_name(&request.name)?;
        self.check_role(&request.role_arn)?;
        request.publication.check()?;
        let arn = arn::state_machine(&self.config.region, &self.config.account_id, &request.name);
        let tags = tags::read(&arn, request.tags.unwrap_or_default())?;
        let mut revision = Revision::new(&request.definition, request.role_arn);
        let configured = request.configuration.read()?;
        configured.apply(&mut revision);
        let machine_type = request.r#type.unwrap_or_default();
        self.check_definition(&request.definition, machine_type)?;
        configured
            .check_log_groups(&*self.engine.config().logs)
            .await?;

        let (catalog, now) = (self.engine.store(), self.engine.clock().now());
        catalog::store_definition(catalog, &request.definition).await?;
        let mut wanted = StateMachineRecord::new(request.name, machine_type, revision, tags, now);
        if request.publication.is_wanted() {
            let published = wanted.publish(request.publication.version_description, now);
            published.expect("a new state machine has room for a version");
        }
        // One that was being deleted may be gone by now.
        self.engine.state_machine(&arn).await?;
        let decide = |existing| create(&arn, existing, &wanted);
        let (created_at, version) = catalog::change(catalog, &arn, decide).await?;
        Ok(json!({
            "stateMachineArn": arn,
            "creationDate": seconds(created_at),
            "stateMachineVersionArn": version.map(|number| format!("{arn}:{number}")),
        }))
    }

    /// Refuses a definition that is none, or that has a task which cannot be performed here.
    fn check_definition(&self, text: &str, machine_type: MachineType) -> Result<(), ApiError> {
        let mut found = check(text, machine_type);
        found.retain(Diagnostic::is_error);
        if !found.is_empty() {
            return Err(ApiError::invalid_definition(Diagnostics(found)));
        }
        for state in self.compile(&Arc::from(text))?.states() {
            if let StateKind::Task(task) = &state.kind {
                self.check_task(state, task)?;
            }
        }
        Ok(())
    }

    fn compile(&self, definition: &Arc<str>) -> Result<Arc<StateMachine>, ApiError> {
        let refuse = |diagnostics: Diagnostics| ApiError::invalid_definition(diagnostics);
        self.engine.compile(definition).map_err(refuse)
    }

    /// Refuses a task that cannot be performed here.
    pub(super) fn check_task(&self, state: &State, task: &Task) -> Result<(), ApiError> {
        let accepted = self.engine.invoker().accepts(&state.name, task);
        accepted.map_err(|why| {
            ApiError::invalid_definition(format_args!(
                "NOT_SUPPORTED: {why} at {}/Resource",
                state.location
            ))
        })
    }

    pub(crate) async fn list_state_machines(&self, page: PageRequest) -> Result<Value, ApiError> {
        let (after, limit) = (page.after()?, page.limit());
        let records: Vec<(String, StateMachineRecord)> =
            catalog::page(self.engine.store(), after.as_deref(), limit + 1).await?;
        let (records, next_token) = page.cut(records, |(arn, _)| arn.clone());
        let item = |(arn, record): (String, StateMachineRecord)| {
            json!({
                "stateMachineArn": arn,
                "name": record.name,
                "type": record.machine_type.name(),
                "creationDate": seconds(record.created_at),
            })
        };
        let items: Vec<Value> = records.into_iter().map(item).collect();
        Ok(json!({ "stateMachines": items, "nextToken": next_token }))
    }

    /// One that is not there is deleted already. A version or an alias is none.
    pub(crate) async fn delete_state_machine(
        &self,
        request: OfStateMachine,
    ) -> Result<Value, ApiError> {
        let arn = request.state_machine_arn;
        unlabeled_arn(&arn)?;
        self.engine.delete_state_machine(&arn).await?;
        Ok(json!({}))
    }

    /// The record of a state machine that is not being deleted. The ARN of a version, an alias or a
    /// Map state names none.
    pub(super) async fn active_record(&self, arn: &str) -> Result<StateMachineRecord, ApiError> {
        check_arn(arn, "stateMachine")?;
        active(arn, self.engine.state_machine(arn).await?)
    }
}

/// The record, if there is one, and it is not being deleted.
pub(super) fn active(
    arn: &str,
    record: Option<StateMachineRecord>,
) -> Result<StateMachineRecord, ApiError> {
    match record {
        None => Err(ApiError::state_machine_does_not_exist(arn)),
        Some(record) if record.is_deleting() => Err(ApiError::state_machine_deleting(arn)),
        Some(record) => Ok(record),
    }
}

/// Creates a state machine. The same again is the same machine, whatever its role and its tags;
/// definitions are compared as text.
///
/// AWS: [CreateStateMachine](https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html).
fn create(
    arn: &str,
    existing: Option<StateMachineRecord>,
    wanted: &StateMachineRecord,
) -> Decided<StateMachineRecord, (Timestamp, Option<u64>), ApiError> {
    if existing.is_none() {
        let version = first_version(wanted).map(|version| version.number);
        let record = wanted.clone();
        let change = match version {
            None => Change::Put(record),
            Some(_) => Change::PutWith(record, wanted.revision.encode()),
        };
        return Ok((change, (wanted.created_at, version)));
    }
    let existing = active(arn, existing)?;
    let asked = Revision {
        id: existing.revision.id.clone(),
        role_arn: existing.revision.role_arn.clone(),
        ..wanted.revision.clone()
    };
    let description = |record| first_version(record).map(|version| &version.description);
    if existing.revision != asked
        || existing.machine_type != wanted.machine_type
        || description(&existing) != description(wanted)
    {
        return Err(ApiError::state_machine_already_exists(arn));
    }
    let version = first_version(&existing).map(|version| version.number);
    Ok((Change::Keep, (existing.created_at, version)))
}

/// The version that was published when the state machine was created.
fn first_version(record: &StateMachineRecord) -> Option<&Version> {
    let first = record.version(1);
    first.filter(|version| version.created_at == record.created_at)
}

#[cfg(test)]
mod tests {
    use segno_engine::catalog::Tags;

    use super::*;

    fn machine(definition: &str, role: &str, at: i64) -> StateMachineRecord {
        let revision = Revision::new(definition, role.into());
        let tags = Tags::from([("made".into(), at.to_string())]);
        StateMachineRecord::new(
            "m".into(),
            MachineType::Standard,
            revision,
            tags,
            Timestamp(at),
        )
    }

    fn published(description: &str, at: i64) -> StateMachineRecord {
        let mut machine = machine("{}", "role", at);
        machine
            .publish(Some(description.into()), Timestamp(at))
            .unwrap();
        machine
    }

    #[test]
    fn the_same_again_is_the_same_machine_whatever_its_role_and_tags() {
        let existing = machine("{}", "role", 1);
        let (change, answer) = create("arn", Some(existing), &machine("{}", "other", 2)).unwrap();
        assert_eq!((change, answer), (Change::Keep, (Timestamp(1), None)));

        let (change, answer) = create("arn", Some(published("d", 1)), &published("d", 2)).unwrap();
        assert_eq!((change, answer), (Change::Keep, (Timestamp(1), Some(1))));
    }

    #[test]
    fn another_machine_of_the_name_is_refused() {
        let mut traced = machine("{}", "role", 2);
        traced.revision.tracing = true;
        let mut express = machine("{}", "role", 2);
        express.machine_type = MachineType::Express;
        for wanted in [
            machine("{ }", "role", 2),
            traced,
            express,
            published("d", 2),
        ] {
            let refused = create("arn", Some(machine("{}", "role", 1)), &wanted).unwrap_err();
            assert_eq!(
                refused.to_string(),
                "StateMachineAlreadyExists: State Machine Already Exists: 'arn'"
            );
        }
        assert!(create("arn", Some(published("d", 1)), &published("e", 2)).is_err());
        assert!(create("arn", Some(published("d", 1)), &machine("{}", "role", 2)).is_err());
    }

    #[test]
    fn a_name_is_taken_until_its_machine_is_deleted() {
        let mut existing = machine("{}", "role", 1);
        existing.begin_deletion();
        let refused = create("arn", Some(existing), &machine("{}", "role", 2)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "StateMachineDeleting: State Machine is being deleted: 'arn'"
        );
    }
}
