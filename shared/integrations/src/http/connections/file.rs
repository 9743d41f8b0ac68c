//! Connections in a JSON file, as they are handed to CreateConnection.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Connection, ConnectionError, Connections, name_in, request};

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
            let connection = request::read(value).map_err(refuse)?;
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
        let found = self.0.get(arn).or_else(|| self.0.get(name_in(arn)));
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::Authorization, *};

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
