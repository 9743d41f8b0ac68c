//! What a state machine is made of, and what an execution keeps of it.

use std::sync::Arc;

use segno_asl::definition::MachineType;
use segno_interpreter::event::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Catalog, CatalogError, ContentHash, Unreadable};

/// A state machine as it was when an execution of it started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// Its ARN, without version or alias.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Standard or Express.
    pub machine_type: MachineType,
    /// ARN of the version that it is, if it was asked for by version or alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_arn: Option<String>,
    /// ARN of the alias that it was asked for by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_arn: Option<String>,
    /// When it, or its version, was created.
    pub created_at: Timestamp,
    /// When it was last changed: that is when it was created, if it never was.
    pub updated_at: Timestamp,
    /// What it is made of.
    pub revision: Revision,
    /// The definition, byte for byte: the text of [`Revision::definition`]. It is stored beside, once:
    /// whoever reads a machine fills it in ([`definition`]).
    #[serde(skip)]
    pub definition: Arc<str>,
}

impl Machine {
    /// A Standard state machine with no configuration but this.
    pub fn new(
        arn: impl Into<String>,
        name: impl Into<String>,
        definition: impl Into<Arc<str>>,
        role_arn: impl Into<String>,
        created_at: Timestamp,
    ) -> Self {
        let definition = definition.into();
        Self {
            arn: arn.into(),
            name: name.into(),
            machine_type: MachineType::Standard,
            version_arn: None,
            alias_arn: None,
            created_at,
            updated_at: created_at,
            revision: Revision::new(&definition, role_arn.into()),
            definition,
        }
    }

    /// ARN of the role it runs under.
    pub fn role_arn(&self) -> &str {
        &self.revision.role_arn
    }
}

/// Everything of a state machine that UpdateStateMachine may change, as it was at one time.
///
/// AWS: [Versions](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Names it. The first revision of a state machine has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Hash of the definition's text.
    pub definition: ContentHash,
    /// ARN of the role that executions run under.
    pub role_arn: String,
    /// What is logged.
    #[serde(default, skip_serializing_if = "Logging::is_off")]
    pub logging: Logging,
    /// Whether executions are traced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tracing: bool,
    /// What data is encrypted with.
    #[serde(default, skip_serializing_if = "Encryption::is_default")]
    pub encryption: Encryption,
}

impl Revision {
    /// A first revision without logging, tracing or a key of its own.
    pub fn new(definition: &str, role_arn: String) -> Self {
        Self {
            id: None,
            definition: ContentHash::of(definition.as_bytes()),
            role_arn,
            logging: Logging::default(),
            tracing: false,
            encryption: Encryption::default(),
        }
    }

    /// As it is stored: what a version names by its hash.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a revision has string keys only")
    }

    /// Names this revision.
    pub fn hash(&self) -> ContentHash {
        ContentHash::of(&self.encode())
    }

    /// Whether another one differs in nothing but its id.
    pub fn is_same(&self, other: &Self) -> bool {
        let id = self.id.clone();
        *self
            == Self {
                id,
                ..other.clone()
            }
    }
}

/// What is logged of executions.
///
/// AWS: [LoggingConfiguration](https://docs.aws.amazon.com/step-functions/latest/apireference/API_LoggingConfiguration.html).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Logging {
    /// Which history events.
    pub level: LogLevel,
    /// Whether with input, output and data passed between states.
    pub include_execution_data: bool,
    /// ARNs of log groups of CloudWatch Logs.
    pub log_group_arns: Vec<String>,
}

impl Logging {
    fn is_off(&self) -> bool {
        *self == Self::default()
    }
}

/// Which history events are logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    /// All.
    All,
    /// Failures of states, and those of the execution.
    Error,
    /// Failures of the execution.
    Fatal,
    /// None.
    #[default]
    Off,
}

impl LogLevel {
    /// As CreateStateMachine names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
            Self::Off => "OFF",
        }
    }
}

/// What data is encrypted with.
///
/// AWS: [EncryptionConfiguration](https://docs.aws.amazon.com/step-functions/latest/apireference/API_EncryptionConfiguration.html).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "type")]
pub enum Encryption {
    /// A key that is AWS's own.
    #[default]
    AwsOwnedKey,
    /// A key of the account.
    #[serde(rename_all = "camelCase")]
    CustomerManagedKmsKey {
        /// Its id, alias or ARN.
        kms_key_id: String,
        /// Seconds for which a data key is used again.
        kms_data_key_reuse_period_seconds: u32,
    },
}

impl Encryption {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Stores the text of a definition. It stays for good: executions name it.
///
/// # Errors
///
/// [`CatalogError`].
pub async fn store_definition(
    catalog: &impl Catalog,
    text: &str,
) -> Result<ContentHash, CatalogError> {
    let hash = ContentHash::of(text.as_bytes());
    catalog.put_content(&hash, text.as_bytes()).await?;
    Ok(hash)
}

/// The text of a definition.
///
/// # Errors
///
/// [`CatalogError`]. One that is not there is unreadable: what names it was stored after it.
pub async fn definition(
    catalog: &impl Catalog,
    hash: &ContentHash,
) -> Result<Arc<str>, CatalogError> {
    let content = catalog.content(hash).await?;
    let text = content.and_then(|content| String::from_utf8(content).ok());
    text.map(Arc::from).ok_or_else(|| CatalogError::Unreadable {
        name: hash.to_string(),
        source: Unreadable::Missing,
    })
}

/// The revision of this hash.
///
/// # Errors
///
/// [`CatalogError`]. One that is not there is unreadable: what names it was stored after it.
pub async fn revision(
    catalog: &impl Catalog,
    hash: &ContentHash,
) -> Result<Revision, CatalogError> {
    let unreadable = |source| CatalogError::Unreadable {
        name: hash.to_string(),
        source,
    };
    let content = catalog.content(hash).await?;
    let content = content.ok_or_else(|| unreadable(Unreadable::Missing))?;
    serde_json::from_slice(&content).map_err(|error| unreadable(error.into()))
}
