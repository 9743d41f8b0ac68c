//! What CreateConnection takes.

use serde::Deserialize;
use serde_json::Value;

use super::{Authorization, Connection, HttpParameters, OAuthClient, Secret};

/// Reads a connection.
///
/// # Errors
///
/// What is wrong with it. No value of it is told.
pub(super) fn read(request: Value) -> Result<Connection, String> {
    let request = Wire::deserialize(request).map_err(|error| told(&error))?;
    request.into_connection().map_err(str::to_owned)
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
