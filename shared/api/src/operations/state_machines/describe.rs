//! Describing state machines: as they are, and as an execution keeps them.

use std::sync::Arc;

use segno_engine::{
    Backend, Clock, Invoker,
    catalog::{Machine, Version},
    operations::{Found, Pick},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Api, ApiError,
    names::state_machine_arn,
    operations::configuration::{show_encryption, show_logging, show_tracing},
    seconds,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeStateMachine {
    state_machine_arn: String,
    #[serde(default)]
    included_data: IncludedData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfExecution {
    pub(crate) execution_arn: String,
    #[serde(default)]
    pub(crate) included_data: IncludedData,
}

/// How much of an answer is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum IncludedData {
    /// All of it.
    #[default]
    AllData,
    /// Nothing that may be encrypted with a key of the account.
    MetadataOnly,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn describe_state_machine(
        &self,
        request: DescribeStateMachine,
    ) -> Result<Value, ApiError> {
        let asked = &request.state_machine_arn;
        let does_not_exist = || ApiError::state_machine_does_not_exist(asked);
        let arn = state_machine_arn(asked)?;
        let found = self.engine.find_state_machine(&arn, Pick::Heaviest).await?;
        let mut found = found.ok_or_else(does_not_exist)?;
        if let Some(label) = arn.label {
            let processor = item_processor(&found.machine.definition, label);
            found.machine.definition = processor.ok_or_else(does_not_exist)?;
        }
        let mut described = self.described(&found.machine, request.included_data)?;
        let Found {
            record,
            machine,
            version,
        } = &found;
        let version = version.and_then(|number| record.version(number));
        described["stateMachineArn"] = asked.as_str().into();
        described["status"] = if record.is_deleting() {
            "DELETING"
        } else {
            "ACTIVE"
        }
        .into();
        described["type"] = machine.machine_type.name().into();
        described["creationDate"] = seconds(machine.created_at).into();
        described["label"] = arn.label.into();
        described["description"] = description(version);
        Ok(described)
    }

    pub(crate) async fn describe_state_machine_for_execution(
        &self,
        request: OfExecution,
    ) -> Result<Value, ApiError> {
        let head = self.head(&request.execution_arn).await?;
        let definition = self.engine.definition_of(&head).await?;
        let machine = Machine {
            definition,
            ..head.machine
        };
        let mut described = self.described(&machine, request.included_data)?;
        described["updateDate"] = seconds(machine.updated_at).into();
        Ok(described)
    }

    /// What both answers show.
    fn described(&self, machine: &Machine, included: IncludedData) -> Result<Value, ApiError> {
        let (definition, variable_references) = match included {
            IncludedData::MetadataOnly => ("{}", None),
            IncludedData::AllData => {
                let references = self.compile(&machine.definition)?.variable_references();
                let references = (!references.is_empty()).then_some(references);
                (&*machine.definition, references)
            }
        };
        let revision = &machine.revision;
        Ok(json!({
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "definition": definition,
            "roleArn": revision.role_arn,
            "loggingConfiguration": show_logging(&revision.logging),
            "tracingConfiguration": show_tracing(revision.tracing),
            "encryptionConfiguration": show_encryption(&revision.encryption),
            "revisionId": revision.id,
            "variableReferences": variable_references,
        }))
    }
}

fn description(version: Option<&Version>) -> Value {
    version
        .and_then(|version| version.description.as_deref())
        .into()
}

/// The definition of what runs in a Map state with a label.
fn item_processor(definition: &str, label: &str) -> Option<Arc<str>> {
    fn find<'a>(value: &'a Value, label: &str) -> Option<&'a Value> {
        let is_it = value["Type"] == "Map" && value["Label"] == label;
        if is_it && value["ItemProcessor"].is_object() {
            return Some(&value["ItemProcessor"]);
        }
        match value {
            Value::Object(object) => object.values().find_map(|value| find(value, label)),
            Value::Array(array) => array.iter().find_map(|value| find(value, label)),
            _ => None,
        }
    }
    let definition: Value = serde_json::from_str(definition).ok()?;
    let mut processor = find(&definition, label)?.clone();
    processor.as_object_mut()?.remove("ProcessorConfig");
    Some(processor.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_names_what_runs_in_its_map_state() {
        let inner = json!({ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } });
        let mut processor = inner.clone();
        processor["ProcessorConfig"] =
            json!({ "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" });
        let map =
            json!({ "Type": "Map", "Label": "Each", "ItemProcessor": processor, "End": true });
        let branch = json!({ "StartAt": "M", "States": { "M": map } });
        let parallel = json!({ "Type": "Parallel", "Branches": [branch], "End": true });
        let definition = json!({ "StartAt": "B", "States": { "B": parallel } }).to_string();

        let found = item_processor(&definition, "Each").unwrap();
        assert_eq!(serde_json::from_str::<Value>(&found).unwrap(), inner);
        assert_eq!(item_processor(&definition, "Other"), None);
    }
}
