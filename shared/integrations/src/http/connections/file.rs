//! Connections in a JSON file, as they are handed to CreateConnection.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{
    Authorization, Connection, ConnectionError, Connections, HttpParameters, OAuthClient, Secret,
};

/// Connections by their name or their ARN.
///
/// ```json
/// {
///   "Stripe": {
///     "AuthorizationType": "BASIC",
///     "AuthParameters": { "BasicAuthParameters": { "Username": "me", "Password": "…" } }
///   }
/// }
/// ```
///
/// A list will do, too, if each of them has its `Name`.
#[derive(Debug, Clone, Default)]
pub struct FileConnections(BTreeMap<String, Connection>);

/// Why a text has no connections.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConnections {
    /// It is no JSON.
    #[error("it is not JSON")]
    Json(#[source] serde_json::Error),
    /// It is neither an object nor a list.
    #[error("it must be an object of connections by their names, or a list of them")]
    Shape,
    /// A connection of a list has no name.
    #[error("connection {0} of the list has no `Name`")]
    Nameless(usize),
    /// There are two with one name.
    #[error("the connection `{0}` is there twice")]
    Twice(String),
    /// A connection is not what CreateConnection takes.
    #[error("the connection `{0}`: {1}")]
    Connection(String, String),
}

impl FileConnections {
    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and with which connection. No value of it is told.
    pub fn parse(text: &str) -> Result<Self, InvalidConnections> {
        let mut connections = BTreeMap::new();
        for (name, value) in named(serde_json::from_str(text).map_err(InvalidConnections::Json)?)? {
            let refuse = |why: String| InvalidConnections::Connection(name.clone(), why);
            let wire = Wire::deserialize(value).map_err(|error| refuse(told(&error)))?;
            let connection = wire.into_connection().map_err(|why| refuse(why.into()))?;
            if connections.insert(name.clone(), connection).is_some() {
                return Err(InvalidConnections::Twice(name));
            }
        }
        Ok(Self(connections))
    }

    /// The names or ARNs of those that are there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Connections for FileConnections {
    async fn find(&self, arn: &str) -> Result<Connection, ConnectionError> {
        let found = self.0.get(arn).or_else(|| self.0.get(connection_name(arn)));
        found.cloned().ok_or_else(|| {
            let names: Vec<&str> = self.names().collect();
            let there = match names.as_slice() {
                [] => "there are none".to_owned(),
                names => format!("there are {}", names.join(", ")),
            };
            ConnectionError::ResourceNotFound(format!("there is none of this name; {there}"))
        })
    }
}

/// `NAME` of `arn:aws:events:REGION:ACCOUNT:connection/NAME/ID`, or the text if it is no ARN.
fn connection_name(arn: &str) -> &str {
    let name = arn
        .rsplit_once(":connection/")
        .map_or(arn, |(_, name)| name);
    name.split('/').next().unwrap_or(name)
}

fn named(file: Value) -> Result<Vec<(String, Value)>, InvalidConnections> {
    match file {
        Value::Object(members) => Ok(members.into_iter().collect()),
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| {
                let name = item.get("Name").and_then(Value::as_str);
                let name = name.ok_or(InvalidConnections::Nameless(index + 1))?;
                Ok((name.to_owned(), item))
            })
            .collect(),
        _ => Err(InvalidConnections::Shape),
    }
}

/// What serde says, without the value that it found: that may be a secret.
fn told(error: &serde_json::Error) -> String {
    let said = error.to_string();
    match said.split_once(", expected ") {
        Some((_, expected)) => format!("a value is of another type than {expected}"),
        None => said,
    }
}

/// A request of CreateConnection, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    authorization_type: AuthorizationType,
    auth_parameters: AuthParameters,
}

#[derive(Clone, Copy, Deserialize)]
enum AuthorizationType {
    #[serde(rename = "BASIC")]
    Basic,
    #[serde(rename = "API_KEY")]
    ApiKey,
    #[serde(rename = "OAUTH_CLIENT_CREDENTIALS")]
    OAuth,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AuthParameters {
    basic_auth_parameters: Option<Basic>,
    api_key_auth_parameters: Option<ApiKey>,
    #[serde(rename = "OAuthParameters")]
    oauth_parameters: Option<OAuth>,
    #[serde(default)]
    invocation_http_parameters: HttpParameters,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Basic {
    username: String,
    password: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ApiKey {
    api_key_name: String,
    api_key_value: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OAuth {
    client_parameters: OAuthClientParameters,
    authorization_endpoint: String,
    http_method: String,
    #[serde(default, rename = "OAuthHttpParameters")]
    parameters: HttpParameters,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OAuthClientParameters {
    #[serde(rename = "ClientID")]
    id: String,
    client_secret: Secret,
}

impl Wire {
    fn into_connection(self) -> Result<Connection, &'static str> {
        let parameters = self.auth_parameters;
        let authorization = match self.authorization_type {
            AuthorizationType::Basic => {
                let basic = parameters.basic_auth_parameters;
                let basic = basic.ok_or("BASIC needs `BasicAuthParameters`")?;
                Authorization::Basic {
                    username: basic.username,
                    password: basic.password,
                }
            }
            AuthorizationType::ApiKey => {
                let key = parameters.api_key_auth_parameters;
                let key = key.ok_or("API_KEY needs `ApiKeyAuthParameters`")?;
                Authorization::ApiKey {
                    name: key.api_key_name,
                    value: key.api_key_value,
                }
            }
            AuthorizationType::OAuth => {
                let oauth = parameters.oauth_parameters;
                let oauth = oauth.ok_or("OAUTH_CLIENT_CREDENTIALS needs `OAuthParameters`")?;
                if !["GET", "POST", "PUT"].contains(&oauth.http_method.as_str()) {
                    return Err("`HttpMethod` must be GET, POST or PUT");
                }
                Authorization::OAuth(OAuthClient {
                    endpoint: oauth.authorization_endpoint,
                    method: oauth.http_method,
                    id: oauth.client_parameters.id,
                    secret: oauth.client_parameters.client_secret,
                    parameters: oauth.parameters,
                })
            }
        };
        Ok(Connection {
            authorization,
            parameters: parameters.invocation_http_parameters,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn basic() -> Value {
        json!({
            "Name": "Stripe",
            "AuthorizationType": "BASIC",
            "AuthParameters": {
                "BasicAuthParameters": { "Username": "me", "Password": "hidden" },
                "InvocationHttpParameters": {
                    "HeaderParameters": [{ "Key": "h", "Value": "1", "IsValueSecret": true }],
                },
            },
        })
    }

    async fn find(file: Value, arn: &str) -> Result<Connection, ConnectionError> {
        FileConnections::parse(&file.to_string())
            .unwrap()
            .find(arn)
            .await
    }

    const ARN: &str = "arn:aws:events:us-east-1:123456789012:connection/Stripe/81210c42";

    #[tokio::test]
    async fn a_connection_has_a_name_or_an_arn() {
        for file in [
            json!({ "Stripe": basic() }),
            json!({ ARN: basic() }),
            json!([basic()]),
        ] {
            let found = find(file, ARN).await.unwrap();
            assert_eq!(found.parameters.headers[0].key, "h");
        }
        let missing = find(json!({ "Slack": basic() }), ARN).await.unwrap_err();
        let said = "there is none of this name; there are Slack";
        assert_eq!(missing, ConnectionError::ResourceNotFound(said.into()));
    }

    #[tokio::test]
    async fn an_oauth_client_is_read() {
        let file = json!({ "Api": {
            "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS",
            "AuthParameters": { "OAuthParameters": {
                "ClientParameters": { "ClientID": "me", "ClientSecret": "hidden" },
                "AuthorizationEndpoint": "https://example.com/token",
                "HttpMethod": "POST",
                "OAuthHttpParameters": { "BodyParameters": [{ "Key": "scope", "Value": "all" }] },
            } },
        } });
        let Authorization::OAuth(client) = find(file, "Api").await.unwrap().authorization else {
            panic!("it must be a client");
        };
        assert_eq!(client.endpoint, "https://example.com/token");
        assert_eq!(client.parameters.body[0].key, "scope");
    }

    #[track_caller]
    fn refused(file: Value, why: &str) {
        let error = FileConnections::parse(&file.to_string()).unwrap_err();
        assert_eq!(error.to_string(), why);
    }

    #[test]
    fn what_is_wrong_is_told_without_a_value() {
        refused(
            json!(7),
            "it must be an object of connections by their names, or a list of them",
        );
        refused(json!([{}]), "connection 1 of the list has no `Name`");
        refused(
            json!([basic(), basic()]),
            "the connection `Stripe` is there twice",
        );
        refused(
            json!({ "a": {} }),
            "the connection `a`: missing field `AuthorizationType`",
        );
        let mut other = basic();
        other["AuthorizationType"] = "API_KEY".into();
        refused(
            json!({ "a": other }),
            "the connection `a`: API_KEY needs `ApiKeyAuthParameters`",
        );
        let mut number = basic();
        number["AuthParameters"]["BasicAuthParameters"]["Password"] = 1234.into();
        refused(
            json!({ "a": number }),
            "the connection `a`: a value is of another type than a string",
        );
        let mut unknown = basic();
        unknown["AuthorizationType"] = "DIGEST".into();
        refused(
            json!({ "a": unknown }),
            "the connection `a`: a value is of another type than one of `BASIC`, `API_KEY`, `OAUTH_CLIENT_CREDENTIALS`",
        );
    }
}
