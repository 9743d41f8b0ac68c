//! Roles that calls are made under.
//!
//! AWS: [Accessing resources in other accounts](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html).

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use aws_smithy_types::{DateTime, date_time::Format};
use serde_json::{Map, Value};
use tokio::{sync::Mutex, time::sleep};

use super::{
    client::{CallError, Clients},
    error::ErrorStyle,
    model::Service,
    value::Naming,
};

/// A role that is assumed for calls.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy may ask for (`sts:ExternalId`).
    pub external_id: String,
    /// What its sessions are called in the account's trail.
    pub session_name: String,
}

/// Why a role is not assumed. No call was made under it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotAssumed(String);

/// The credentials of a role, which is assumed when they are wanted, and again before they expire.
#[derive(Debug)]
pub(super) struct Assumed {
    role: Role,
    /// Those that assume it.
    by: Arc<Clients>,
    kept: Mutex<Option<Credentials>>,
}

/// Credentials are used no longer than until so long before they expire.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// So often it is tried to assume a role, unless the answer is no.
const TRIES: u32 = 3;

const PAUSE: Duration = Duration::from_millis(100);

impl Role {
    /// A role that a state machine runs under, or that a state of it names.
    pub fn of_machine(arn: &str, state_machine_arn: &str) -> Self {
        let name = state_machine_arn
            .split_once(":stateMachine:")
            .map_or(state_machine_arn, |(_, name)| name);
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        let allowed = name.chars().map(|c| if is_allowed(c) { c } else { '-' });
        Self {
            arn: arn.to_owned(),
            external_id: state_machine_arn.to_owned(),
            session_name: "segno-".chars().chain(allowed).take(64).collect(),
        }
    }
}

impl Assumed {
    pub(super) fn new(role: Role, by: Arc<Clients>) -> Self {
        Self {
            role,
            by,
            kept: Mutex::default(),
        }
    }

    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let mut kept = self.kept.lock().await;
        if let Some(credentials) = kept.as_ref().filter(|credentials| is_fresh(credentials)) {
            return Ok(credentials.clone());
        }
        let assumed = self
            .assume()
            .await
            .map_err(CredentialsError::provider_error)?;
        *kept = Some(assumed.clone());
        Ok(assumed)
    }

    async fn assume(&self) -> Result<Credentials, NotAssumed> {
        let mut pause = PAUSE;
        let mut tries = 1;
        loop {
            match self.ask().await {
                Ok(answered) => {
                    let read = read(&answered);
                    return read.ok_or_else(|| self.refused("STS answered without credentials"));
                }
                // It is the role below that is not assumed.
                Err(CallError::Role(why)) => return Err(NotAssumed(why)),
                Err(error) if tries == TRIES || !may_pass(&error) => {
                    let service = Service::find("sts").expect("it was called");
                    let error = error.into_state_error(service, ErrorStyle::Sdk);
                    return Err(self.refused(&error.cause.unwrap_or_default()));
                }
                Err(_) => sleep(pause).await,
            }
            pause *= 2;
            tries += 1;
        }
    }

    fn refused(&self, why: &str) -> NotAssumed {
        NotAssumed(format!(
            "The role {} cannot be assumed: {why}",
            self.role.arn
        ))
    }

    async fn ask(&self) -> Result<Map<String, Value>, CallError> {
        let service = Service::find("sts").expect("the table has STS");
        let operation = service.operation("assumeRole").expect("STS has AssumeRole");
        let client = self.by.of(service).map_err(CallError::Parameters)?;
        let Role {
            arn,
            external_id,
            session_name,
        } = &self.role;
        let parameters = [
            ("RoleArn", arn),
            ("ExternalId", external_id),
            ("RoleSessionName", session_name),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.as_str().into()));
        let parameters = Map::from_iter(parameters);
        let asked = client.call(operation, parameters, Naming::Sdk, &[]).await;
        asked.map(|response| response.value)
    }
}

impl NotAssumed {
    /// What is behind an error, if it is that.
    pub(crate) fn find<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let mut sources = std::iter::successors(Some(error), |error| error.source());
        sources.find_map(|error| error.downcast_ref())
    }
}

/// Whether the same question may be answered otherwise a moment later.
fn may_pass(error: &CallError) -> bool {
    match error {
        CallError::Service(error) => error.is_passing(),
        CallError::Client(_) => true,
        CallError::Parameters(_) | CallError::TooLarge | CallError::Role(_) => false,
    }
}

fn read(answered: &Map<String, Value>) -> Option<Credentials> {
    let members = answered.get("Credentials")?;
    let text = |name: &str| members[name].as_str();
    let expiry = DateTime::from_str(text("Expiration")?, Format::DateTime).ok()?;
    Some(Credentials::new(
        text("AccessKeyId")?,
        text("SecretAccessKey")?,
        Some(text("SessionToken")?.to_owned()),
        Some(SystemTime::try_from(expiry).ok()?),
        "AssumeRole",
    ))
}

fn is_fresh(credentials: &Credentials) -> bool {
    let until = SystemTime::now() + MARGIN;
    credentials.expiry().is_some_and(|expiry| expiry > until)
}

impl ProvideCredentials for Assumed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_called_as_the_machine_as_far_as_sts_lets_them() {
        let machine = format!(
            "arn:aws:states:us-east-1:123456789012:stateMachine:über {}",
            "x".repeat(80)
        );
        let role = Role::of_machine("arn:aws:iam::123456789012:role/r", &machine);
        assert_eq!(role.session_name, format!("segno--ber-{}", "x".repeat(53)));
        assert_eq!(role.external_id, machine);
    }
}
