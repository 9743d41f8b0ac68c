//! Instance fleets and groups that a task calls by their names, and the service by their ids.
//!
//! The ids are found by listing what the cluster has, which only reads; what modifies is one request.

use segno_asl::errors::{StateError, names};
use serde_json::{Map, Value, json};

use super::super::{Target, runtime};
use crate::aws::{Client, Naming};

/// What is called by its name.
pub(in crate::services) struct ByName {
    /// The action that lists what the cluster has of them.
    pub(in crate::services) listing: &'static str,
    /// `InstanceFleet`
    member: &'static str,
    /// Whether the service modifies several at once.
    is_listed: bool,
}

const FLEET: ByName = ByName {
    listing: "listInstanceFleets",
    member: "InstanceFleet",
    is_listed: false,
};

const GROUP: ByName = ByName {
    listing: "listInstanceGroups",
    member: "InstanceGroup",
    is_listed: true,
};

/// Pages of a listing that are read: each has a marker of the next. A cluster has 50 groups at most.
const PAGES_MAX: usize = 100;

impl ByName {
    /// `None` if the action is called with ids.
    pub(in crate::services) fn of(action: &str) -> Option<&'static Self> {
        match action {
            "modifyInstanceFleetByName" => Some(&FLEET),
            "modifyInstanceGroupByName" => Some(&GROUP),
            _ => None,
        }
    }

    /// The service's request: what the task says, with the id of what it names.
    pub(in crate::services) async fn request(
        &self,
        mut given: Map<String, Value>,
        client: &Client,
    ) -> Result<Map<String, Value>, StateError> {
        let member = self.member;
        let name_member = format!("{member}Name");
        let name = text(given.shift_remove(&name_member), &name_member)?;
        let cluster = text(given.get("ClusterId").cloned(), "ClusterId")?;
        let id_member = format!("{member}Id");
        let mut changes = match given.shift_remove(member) {
            Some(Value::Object(changes)) => changes,
            other => return Err(misfit(other.as_ref(), member, "an object")),
        };
        if changes.contains_key(&id_member) {
            let why = format!("The field \"{id_member}\" is not supported by Step Functions");
            return Err(runtime(&why));
        }
        let id = self.id(&cluster, &name, client).await?;
        changes.insert(id_member, id);
        match self.is_listed {
            true => given.insert(format!("{member}s"), json!([changes])),
            false => given.insert(member.into(), changes.into()),
        };
        Ok(given)
    }

    async fn id(&self, cluster: &str, name: &str, client: &Client) -> Result<Value, StateError> {
        let mut named = self.listed(cluster, client).await?;
        named.retain(|one| one["Name"] == name);
        match named.as_mut_slice() {
            [one] => Ok(one["Id"].take()),
            [] => Err(self.unclear(cluster, "no", name)),
            _ => Err(self.unclear(cluster, "more than one", name)),
        }
    }

    /// All that the cluster has.
    async fn listed(&self, cluster: &str, client: &Client) -> Result<Vec<Value>, StateError> {
        let target = Target::find("elasticmapreduce", self.listing).map_err(|why| runtime(&why))?;
        let naming = Naming::Model {
            has_empty_lists: true,
        };
        let mut all = Vec::new();
        let mut request = Map::from_iter([("ClusterId".to_owned(), cluster.into())]);
        for _ in 0..PAGES_MAX {
            let mut answer = target.send(client, request.clone(), naming).await?.value;
            if let Some(Value::Array(page)) = answer.shift_remove(&format!("{}s", self.member)) {
                all.extend(page);
            }
            match answer.shift_remove("Marker").filter(Value::is_string) {
                Some(marker) => request.insert("Marker".into(), marker),
                None => return Ok(all),
            };
        }
        let cause = format!("{} of {cluster} has no end", self.listing);
        Err(StateError::new(names::TASK_FAILED, cause))
    }

    /// As the service says of an id that it does not know.
    fn unclear(&self, cluster: &str, how_many: &str, name: &str) -> StateError {
        let cause = format!(
            "Cluster {cluster} has {how_many} {} named '{name}'",
            self.member
        );
        StateError::new("EMR.InvalidRequestException", cause)
    }
}

fn text(value: Option<Value>, name: &str) -> Result<String, StateError> {
    match value {
        Some(Value::String(text)) => Ok(text),
        other => Err(misfit(other.as_ref(), name, "a string")),
    }
}

/// A field that is not what it must be.
fn misfit(value: Option<&Value>, name: &str, expected: &str) -> StateError {
    runtime(&match value {
        None | Some(Value::Null) => format!("The field '{name}' is required but was missing"),
        Some(_) => format!("The field '{name}' must be {expected}"),
    })
}
