//! Connections of EventBridge, whose secrets are in Secrets Manager.
//!
//! AWS: [IAM permissions to run an HTTP Task](https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#connect-http-task-permissions).

use segno_asl::errors::StateError;
use serde_json::{Map, Value, json};

use super::{Connection, ConnectionError, Connections, name_in, request};
use crate::{services::Behalf, sync::Api};

/// Connections of the account, as far as whoever calls may read them.
#[derive(Debug, Clone, Copy)]
pub struct SecretConnections<'a> {
    behalf: Behalf<'a>,
}

impl<'a> SecretConnections<'a> {
    /// The connections that this caller may use.
    pub fn of(behalf: Behalf<'a>) -> Self {
        Self { behalf }
    }

    async fn describe(&self, arn: &str) -> Result<Value, ConnectionError> {
        let parameters = json!({ "Name": name_in(arn) });
        let described = self
            .behalf
            .call("aws-sdk:eventbridge", "describeConnection", parameters)
            .await
            .map_err(|error| refusal(&error))?;
        match described["ConnectionState"].as_str() {
            Some("AUTHORIZED") => Ok(described),
            Some("AUTHORIZING") => Err(ConnectionError::AuthInProgress(
                "it is being authorized".into(),
            )),
            state => Err(ConnectionError::InvalidConnectionState(format!(
                "it is {}",
                state.unwrap_or("in no state")
            ))),
        }
    }

    async fn secret(&self, described: &Value) -> Result<Value, ConnectionError> {
        let parameters = json!({ "SecretId": described["SecretArn"] });
        let found = self
            .behalf
            .call("aws-sdk:secretsmanager", "getSecretValue", parameters)
            .await
            .map_err(|error| refusal(&error))?;
        let text = found["SecretString"].as_str().unwrap_or_default();
        // The text is not told: serde would quote it.
        serde_json::from_str(text).map_err(|_| unreadable("its secret is no JSON".into()))
    }
}

impl Connections for SecretConnections<'_> {
    async fn find(&self, arn: &str) -> Result<Connection, ConnectionError> {
        let described = self.describe(arn).await?;
        let secret = self.secret(&described).await?;
        request::read(with_secret(&described, secret)).map_err(unreadable)
    }
}

/// What CreateConnection was given: the description with what only the secret has.
///
/// The secret has the members of the authorization and `invocation_http_parameters` side by side, in
/// snake case.
fn with_secret(described: &Value, secret: Value) -> Value {
    let mut given = described["AuthParameters"].clone();
    let mut secret = match pascal_case(secret) {
        Value::Object(secret) => secret,
        _ => Map::new(),
    };
    if let Some(parameters) = secret.shift_remove("InvocationHttpParameters") {
        given["InvocationHttpParameters"] = parameters;
    }
    let member = match described["AuthorizationType"].as_str() {
        Some("BASIC") => "BasicAuthParameters",
        Some("API_KEY") => "ApiKeyAuthParameters",
        _ => {
            // The client stands beside its endpoint, or within a member of its own.
            let client = ["ClientID", "ClientSecret"]
                .map(|name| (name.to_owned(), secret.shift_remove(name)));
            for (name, value) in client {
                if let Some(value) = value {
                    given["OAuthParameters"]["ClientParameters"][name] = value;
                }
            }
            "OAuthParameters"
        }
    };
    merge(&mut given[member], Value::Object(secret));
    json!({ "AuthorizationType": described["AuthorizationType"], "AuthParameters": given })
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

fn pascal_case(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter();
            let named = members.map(|(name, value)| (member_name(&name), pascal_case(value)));
            Value::Object(named.collect())
        }
        Value::Array(elements) => elements.into_iter().map(pascal_case).collect(),
        value => value,
    }
}

/// `client_id` is `ClientID`, as CreateConnection has it, and `oauth_…` is `OAuth…`.
fn member_name(snake_case: &str) -> String {
    let words = snake_case.split('_').map(|word| match word {
        "id" => "ID".to_owned(),
        "oauth" => "OAuth".to_owned(),
        word => {
            let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            format!("{}{rest}", first.to_uppercase())
        }
    });
    words.collect()
}

fn unreadable(why: String) -> ConnectionError {
    ConnectionError::InternalError(why)
}

/// Why a connection or its secret could not be read.
fn refusal(error: &StateError) -> ConnectionError {
    let why = error.cause.clone().unwrap_or_default();
    let name = error.name.as_deref().unwrap_or_default();
    match name.rsplit_once('.').map_or(name, |(_, name)| name) {
        "ResourceNotFoundException" => ConnectionError::ResourceNotFound(why),
        "AccessDeniedException" => ConnectionError::AccessDenied(why),
        _ => ConnectionError::InternalError(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::connections::Authorization;

    fn connection(authorization: &str, described: Value, secret: Value) -> Connection {
        let described = json!({ "AuthorizationType": authorization, "AuthParameters": described });
        request::read(with_secret(&described, secret)).unwrap()
    }

    #[test]
    fn a_name_comes_with_its_password() {
        let read = connection(
            "BASIC",
            json!({ "BasicAuthParameters": { "Username": "me" } }),
            json!({ "username": "me", "password": "p" }),
        );
        let Authorization::Basic { username, password } = read.authorization else {
            panic!("it is a name and a password");
        };
        assert_eq!((&*username, password.reveal()), ("me", "p"));
    }

    #[test]
    fn a_key_comes_with_parameters_whose_values_are_secret() {
        let read = connection(
            "API_KEY",
            json!({
                "ApiKeyAuthParameters": { "ApiKeyName": "X-Key" },
                "InvocationHttpParameters": { "BodyParameters": [{ "Key": "k", "IsValueSecret": true }] },
            }),
            json!({
                "api_key_name": "X-Key",
                "api_key_value": "v",
                "invocation_http_parameters": {
                    "body_parameters": [{ "key": "k", "value": "s", "is_value_secret": true }],
                },
            }),
        );
        let Authorization::ApiKey { name, value } = read.authorization else {
            panic!("it is a key");
        };
        assert_eq!((&*name, value.reveal()), ("X-Key", "v"));
        assert_eq!(read.parameters.body[0].value.reveal(), "s");
    }

    #[test]
    fn a_client_is_beside_its_endpoint_or_within_a_member() {
        let described = json!({ "OAuthParameters": {
            "ClientParameters": { "ClientID": "me" },
            "AuthorizationEndpoint": "https://example.com/token",
            "HttpMethod": "POST",
        } });
        for secret in [
            json!({ "client_id": "me", "client_secret": "s" }),
            json!({ "client_parameters": { "client_id": "me", "client_secret": "s" },
                "authorization_endpoint": "https://example.com/token", "http_method": "POST" }),
        ] {
            let read = connection("OAUTH_CLIENT_CREDENTIALS", described.clone(), secret);
            let Authorization::OAuth(client) = read.authorization else {
                panic!("it is a client");
            };
            assert_eq!((&*client.id, client.secret.reveal()), ("me", "s"));
            assert_eq!(client.method, "POST");
        }
    }
}
