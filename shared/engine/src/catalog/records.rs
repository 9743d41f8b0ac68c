//! The records themselves, as they are persisted.

use std::collections::BTreeMap;

use segno_asl::definition::MachineType;
use segno_interpreter::event::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Collection, ContentHash, Encryption, Entry, Revision};

/// The tags of a resource, by key.
pub type Tags = BTreeMap<String, String>;

/// A state machine with its versions, aliases and tags: what must agree is in one record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateMachineRecord {
    /// Its name.
    pub name: String,
    /// Standard or Express.
    pub machine_type: MachineType,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed, if it ever was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Whether it is being deleted.
    #[serde(default)]
    pub status: StateMachineStatus,
    /// What it is made of now.
    pub revision: Revision,
    /// Number of the last version that was published, and 0 before. Numbers never come again.
    #[serde(default)]
    pub last_version: u64,
    /// The versions that there are, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
    /// The aliases, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, Alias>,
    /// The tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
}

impl Entry for StateMachineRecord {
    const COLLECTION: Collection = Collection::StateMachines;
    const VERSION: u32 = 1;
}

/// As DescribeStateMachine names it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StateMachineStatus {
    /// It can be started.
    #[default]
    Active,
    /// It was deleted, and executions of it still run.
    Deleting,
}

/// A revision under a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Counted from 1.
    pub number: u64,
    /// Hash of the [`Revision`], as it encodes.
    pub revision: ContentHash,
    /// What its publisher says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was published.
    pub created_at: Timestamp,
}

/// A name for one or two versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alias {
    /// What its creator says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where executions go.
    pub routes: Vec<Route>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed: that is when it was created, if it never was.
    pub updated_at: Timestamp,
}

/// A part of an alias's executions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// Number of the version that they run.
    pub version: u64,
    /// Percent of the executions.
    pub weight: u8,
}

/// An activity, with its tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityRecord {
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// What data is encrypted with.
    #[serde(default)]
    pub encryption: Encryption,
    /// The tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
}

impl Entry for ActivityRecord {
    const COLLECTION: Collection = Collection::Activities;
    const VERSION: u32 = 1;
}
