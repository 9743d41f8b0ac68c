//! Creating, describing, listing and deleting state machines.

use std::{collections::BTreeMap, sync::Arc};

use segno_asl::definition::{Diagnostics, MachineType, StateKind, StateMachine};
use segno_engine::{
    Backend, Clock, Invoker,
    catalog::{
        self, CatalogError, Change, Machine, Revision, StateMachineRecord, StateMachineStatus,
    },
    operations::arn,
};
use segno_interpreter::event::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Api, ApiError,
    names::{check_arn, check_name},
    page::PageRequest,
    seconds,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateStateMachine {
    name: String,
    definition: String,
    role_arn: String,
    r#type: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedStateMachine {
    state_machine_arn: String,
    creation_date: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfStateMachine {
    state_machine_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfExecution {
    pub(crate) execution_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StateMachines {
    state_machines: Vec<StateMachineItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StateMachineItem {
    state_machine_arn: String,
    name: String,
    r#type: &'static str,
    creation_date: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribedStateMachine {
    state_machine_arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    definition: Arc<str>,
    role_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creation_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_date: Option<f64>,
    logging_configuration: Value,
    tracing_configuration: Value,
    encryption_configuration: Value,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variable_references: BTreeMap<String, Vec<String>>,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn create_state_machine(
        &self,
        request: CreateStateMachine,
    ) -> Result<CreatedStateMachine, ApiError> {
        check_name(&request.name)?;
        if request
            .r#type
            .as_deref()
            .is_some_and(|kind| kind != "STANDARD")
        {
            return Err(ApiError::type_not_supported(
                "Express state machines are not supported yet",
            ));
        }
        let definition: Arc<str> = request.definition.into();
        let compiled = self.compile(&definition)?;
        self.check_tasks(&compiled)?;
        let arn = arn::state_machine(&self.config.region, &self.config.account_id, &request.name);
        let catalog = self.engine.store();
        catalog::store_definition(catalog, &definition).await?;
        let record = StateMachineRecord {
            name: request.name,
            machine_type: MachineType::Standard,
            created_at: self.engine.clock().now(),
            updated_at: None,
            status: StateMachineStatus::Active,
            revision: Revision::new(&definition, request.role_arn),
            last_version: 0,
            versions: vec![],
            aliases: BTreeMap::new(),
            tags: BTreeMap::new(),
        };
        let created_at =
            catalog::change(catalog, &arn, |existing| create(&arn, existing, &record)).await?;
        Ok(CreatedStateMachine {
            state_machine_arn: arn,
            creation_date: seconds(created_at),
        })
    }

    fn compile(&self, definition: &Arc<str>) -> Result<Arc<StateMachine>, ApiError> {
        let refuse = |diagnostics: Diagnostics| ApiError::invalid_definition(diagnostics);
        self.engine.compile(definition).map_err(refuse)
    }

    /// Refuses a definition with a task that cannot be performed here.
    fn check_tasks(&self, machine: &StateMachine) -> Result<(), ApiError> {
        for state in machine.states() {
            if let StateKind::Task(task) = &state.kind {
                self.engine
                    .invoker()
                    .accepts(&state.name, task)
                    .map_err(|why| {
                        ApiError::invalid_definition(format_args!(
                            "NOT_SUPPORTED: {why} at {}/Resource",
                            state.location
                        ))
                    })?;
            }
        }
        Ok(())
    }

    pub(crate) async fn describe_state_machine(
        &self,
        request: OfStateMachine,
    ) -> Result<DescribedStateMachine, ApiError> {
        let machine = self.machine(&request.state_machine_arn).await?;
        let created = seconds(machine.created_at);
        Ok(DescribedStateMachine {
            status: Some("ACTIVE"),
            r#type: Some("STANDARD"),
            creation_date: Some(created),
            ..self.described(machine)?
        })
    }

    pub(crate) async fn describe_state_machine_for_execution(
        &self,
        request: OfExecution,
    ) -> Result<DescribedStateMachine, ApiError> {
        let head = self.head(&request.execution_arn).await?;
        let updated = seconds(head.machine.created_at);
        Ok(DescribedStateMachine {
            update_date: Some(updated),
            ..self.described(head.machine)?
        })
    }

    fn described(&self, machine: Machine) -> Result<DescribedStateMachine, ApiError> {
        let variable_references = self.compile(&machine.definition)?.variable_references();
        Ok(DescribedStateMachine {
            state_machine_arn: machine.arn,
            name: machine.name,
            status: None,
            definition: machine.definition,
            role_arn: machine.revision.role_arn,
            r#type: None,
            creation_date: None,
            update_date: None,
            logging_configuration: json!({ "level": "OFF", "includeExecutionData": false }),
            tracing_configuration: json!({ "enabled": false }),
            encryption_configuration: json!({ "type": "AWS_OWNED_KEY" }),
            variable_references,
        })
    }

    pub(crate) async fn list_state_machines(
        &self,
        page: PageRequest,
    ) -> Result<StateMachines, ApiError> {
        let machines: Vec<(String, StateMachineRecord)> =
            catalog::page(self.engine.store(), None, usize::MAX).await?;
        let (machines, next_token) = page.cut(machines, |(name, _)| name.clone());
        let item = |(arn, record): (String, StateMachineRecord)| StateMachineItem {
            creation_date: seconds(record.created_at),
            state_machine_arn: arn,
            name: record.name,
            r#type: record.machine_type.name(),
        };
        Ok(StateMachines {
            state_machines: machines.into_iter().map(item).collect(),
            next_token,
        })
    }

    pub(crate) async fn delete_state_machine(
        &self,
        request: OfStateMachine,
    ) -> Result<Value, ApiError> {
        check_arn(&request.state_machine_arn, "stateMachine")?;
        let delete = |_: Option<StateMachineRecord>| Ok::<_, CatalogError>((Change::Delete, ()));
        catalog::change(self.engine.store(), &request.state_machine_arn, delete).await?;
        Ok(json!({}))
    }

    /// The state machine of an ARN.
    pub(crate) async fn machine(&self, arn: &str) -> Result<Machine, ApiError> {
        check_arn(arn, "stateMachine")?;
        let catalog = self.engine.store();
        let record: Option<StateMachineRecord> = catalog::read(catalog, arn).await?;
        let record = record.ok_or_else(|| ApiError::state_machine_does_not_exist(arn))?;
        let definition = catalog::definition(catalog, &record.revision.definition).await?;
        Ok(Machine {
            arn: arn.to_owned(),
            name: record.name,
            machine_type: record.machine_type,
            version_arn: None,
            alias_arn: None,
            created_at: record.created_at,
            updated_at: record.updated_at.unwrap_or(record.created_at),
            revision: record.revision,
            definition,
        })
    }
}

/// Creates a state machine. The same again is the same machine: definitions are compared as text.
fn create(
    arn: &str,
    existing: Option<StateMachineRecord>,
    wanted: &StateMachineRecord,
) -> Result<(Change<StateMachineRecord>, Timestamp), ApiError> {
    match existing {
        None => Ok((Change::Put(wanted.clone()), wanted.created_at)),
        Some(existing) if existing.revision == wanted.revision => {
            Ok((Change::Keep, existing.created_at))
        }
        Some(_) => Err(ApiError::state_machine_already_exists(arn)),
    }
}
