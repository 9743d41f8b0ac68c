//! Connections: how an API is told who calls.
//!
//! They have the parts of an EventBridge connection: an authorization, and parameters that each request
//! has besides. Secrets are not printed.
//!
//! AWS: [CreateConnection](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateConnection.html).

mod file;
mod request;
mod secret;

use std::fmt;

pub use self::{
    file::{FileConnections, InvalidConnections},
    secret::SecretConnections,
};
use segno_asl::errors::StateError;
use serde::Deserialize;

/// Where connections are found.
///
/// The promise: what is found is as it is now. Whoever looks far for it keeps it for a while.
pub trait Connections: Send + Sync {
    /// The connection with an ARN.
    ///
    /// # Errors
    ///
    /// Why it cannot be used: the state fails with that.
    fn find(&self, arn: &str) -> impl Future<Output = Result<Connection, ConnectionError>> + Send;
}

/// A connection with its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// How a request shows that it may be made.
    pub authorization: Authorization,
    /// What each request has besides.
    pub parameters: HttpParameters,
}

/// How a request shows that it may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// A name and a password, in `Authorization`.
    Basic {
        /// `Username`.
        username: String,
        /// `Password`.
        password: Secret,
    },
    /// A header with a key.
    ApiKey {
        /// Name of the header.
        name: String,
        /// The key.
        value: Secret,
    },
    /// A token, in `Authorization`, that is fetched for a client.
    OAuth(OAuthClient),
}

/// A client that is given tokens (OAuth 2.0, client credentials).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthClient {
    /// URL that gives tokens.
    pub endpoint: String,
    /// `GET`, `POST` or `PUT`.
    pub method: String,
    /// `ClientID`.
    pub id: String,
    /// `ClientSecret`.
    pub secret: Secret,
    /// What the request for a token has besides.
    pub parameters: HttpParameters,
}

/// Parameters that a request has besides its own. They win.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct HttpParameters {
    /// `HeaderParameters`.
    #[serde(rename = "HeaderParameters")]
    pub headers: Vec<Parameter>,
    /// `QueryStringParameters`.
    #[serde(rename = "QueryStringParameters")]
    pub query: Vec<Parameter>,
    /// `BodyParameters`.
    #[serde(rename = "BodyParameters")]
    pub body: Vec<Parameter>,
}

/// A parameter of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parameter {
    /// Its name.
    pub key: String,
    /// Its value, which may be a secret.
    pub value: Secret,
}

/// Text that is not printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps text from being printed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for what is sent.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Why a connection cannot be used. The text is for people, and has no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// There is none with that ARN.
    #[error("{0}")]
    ResourceNotFound(String),
    /// It is there, and does not authorize anything.
    #[error("{0}")]
    InvalidConnectionState(String),
    /// It may not be read.
    #[error("{0}")]
    AccessDenied(String),
    /// It is being authorized.
    #[error("{0}")]
    AuthInProgress(String),
    /// It could not be looked for.
    #[error("{0}")]
    InternalError(String),
}

impl ConnectionError {
    /// The name that `Retry` and `Catch` know.
    ///
    /// AWS: [Connection errors](https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#connect-http-task-errors).
    fn name(&self) -> &'static str {
        match self {
            Self::ResourceNotFound(_) => "Events.ConnectionResource.ResourceNotFound",
            Self::InvalidConnectionState(_) => "Events.ConnectionResource.InvalidConnectionState",
            Self::AccessDenied(_) => "Events.ConnectionResource.AccessDenied",
            Self::AuthInProgress(_) => "Events.ConnectionResource.AuthInProgress",
            Self::InternalError(_) => "Events.ConnectionResource.InternalError",
        }
    }

    /// The error of a state that names the connection.
    pub(super) fn into_state_error(self, arn: &str) -> StateError {
        StateError::new(
            self.name(),
            format!("The connection {arn} cannot be used: {self}"),
        )
    }
}

/// `NAME` of `arn:aws:events:REGION:ACCOUNT:connection/NAME/ID`, or the text if it is no ARN.
fn name_in(arn: &str) -> &str {
    let name = arn
        .rsplit_once(":connection/")
        .map_or(arn, |(_, name)| name);
    name.split('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let secret = || Secret::new("hidden");
        let parameters = HttpParameters {
            body: vec![Parameter {
                key: "Mode".into(),
                value: secret(),
            }],
            ..HttpParameters::default()
        };
        let connection = Connection {
            authorization: Authorization::OAuth(OAuthClient {
                endpoint: "https://example.com/token".into(),
                method: "POST".into(),
                id: "me".into(),
                secret: secret(),
                parameters: parameters.clone(),
            }),
            parameters,
        };
        let printed = format!("{connection:?}");
        assert!(
            printed.contains("Mode") && !printed.contains("hidden"),
            "{printed}"
        );
    }
}
