//! State machines and executions by name, for people who do not want to type an ARN.

use anyhow::{anyhow, bail};
use segno_engine::operations::arn;
use serde_json::{Value, json};

use super::{Client, Refused, text};

impl Client {
    /// The ARN of a state machine, given by its ARN or its name. What stands behind the name stays:
    /// `order:3` and `order:LIVE` are a version and an alias, `order#Declined` is a test case.
    pub(crate) async fn machine_arn(&self, machine: &str) -> anyhow::Result<String> {
        if machine.starts_with("arn:") {
            return Ok(machine.to_owned());
        }
        let (name, qualifier) = machine.split_at(machine.find([':', '#']).unwrap_or(machine.len()));
        let machines = self.machines().await?;
        let found = machines
            .iter()
            .find(|machine| text(machine, "name") == name);
        match found {
            Some(found) => Ok(format!("{}{qualifier}", text(found, "stateMachineArn"))),
            None => Err(anyhow!(
                "there is no state machine `{name}`, but {}",
                listed(machines.iter().map(|machine| text(machine, "name")))
            )),
        }
    }

    /// The ARN of an execution, given by its ARN, as `MACHINE/NAME`, or by its name alone if no other
    /// state machine has an execution of that name.
    pub(crate) async fn execution_arn(&self, execution: &str) -> anyhow::Result<String> {
        if execution.starts_with("arn:") {
            return Ok(execution.to_owned());
        }
        if let Some((machine, name)) = execution.split_once('/') {
            let machine = self.machine_arn(machine).await?;
            return arn::execution(&machine, name)
                .ok_or_else(|| anyhow!("{machine} is not the ARN of a state machine"));
        }
        let mut found = Vec::new();
        for machine in self.machines().await? {
            let Some(arn) = arn::execution(text(&machine, "stateMachineArn"), execution) else {
                continue;
            };
            if self.has_execution(&arn).await? {
                found.push((format!("{}/{execution}", text(&machine, "name")), arn));
            }
        }
        match found.len() {
            0 => bail!(
                "no state machine has an execution `{execution}`; `segno list executions MACHINE` \
                 lists those of one"
            ),
            1 => Ok(found.remove(0).1),
            _ => bail!(
                "several state machines have an execution `{execution}`: {}",
                listed(found.iter().map(|(name, _)| name.as_str()))
            ),
        }
    }

    async fn machines(&self) -> anyhow::Result<Vec<Value>> {
        self.list("ListStateMachines", "stateMachines", json!({}))
            .await
    }

    async fn has_execution(&self, arn: &str) -> anyhow::Result<bool> {
        // Those of Express state machines cannot be described, and an ARN may be wrong.
        const NONE: [&str; 3] = ["ExecutionDoesNotExist", "InvalidArn", "InvalidName"];
        match self
            .call("DescribeExecution", &json!({ "executionArn": arn }))
            .await
        {
            Ok(_) => Ok(true),
            Err(error) => match error.downcast_ref::<Refused>() {
                Some(refused) if NONE.contains(&refused.name.as_str()) => Ok(false),
                _ => Err(error),
            },
        }
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match quoted.is_empty() {
        true => "none at all".into(),
        false => quoted.join(", "),
    }
}
