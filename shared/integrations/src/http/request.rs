//! What is sent: what the task asks for, and what its connection says, which wins.
//!
//! AWS: [Merging EventBridge connection and HTTP Task definition data](https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#http-task-data-merge).

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    HeaderMap, HeaderValue, Request,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, RANGE, USER_AGENT},
};
use segno_asl::{data::number::to_json, errors::StateError};
use serde_json::{Map, Value};
use url::Url;

use super::{
    connections::{Authorization, Connection, ConnectionError, Parameter, Secret},
    form,
    parameters::Parameters,
};
use crate::{
    encode,
    fields::{header, refusal},
};

/// What AWS asks for of a body.
const RANGE_VALUE: HeaderValue = HeaderValue::from_static("bytes=0-262144");

/// What a body is unless a header says otherwise.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");

/// Makes the request, and where it goes. `text` are the parameters as they came.
pub(super) fn build(
    text: &str,
    parameters: Parameters,
    connection: &Connection,
    token: Option<&Secret>,
    region: &str,
) -> Result<(Url, Request<String>), StateError> {
    let besides = &connection.parameters;
    let body = body(&parameters, &besides.body).map_err(|problem| refusal(text, &[problem]))?;
    let headers = headers(&parameters, connection, token).ok_or_else(|| {
        let why = "its authorization or a header of it cannot be sent";
        ConnectionError::InvalidConnectionState(why.into())
            .into_state_error(&parameters.connection_arn)
    })?;
    let mut request = Request::new(body.unwrap_or_default());
    *request.headers_mut() = headers;
    let headers = request.headers_mut();
    // These are the sender's own.
    headers.remove(HOST);
    headers.remove(CONTENT_LENGTH);
    let agent = format!("Amazon|StepFunctions|HttpInvoke|{region}");
    if let Ok(agent) = HeaderValue::try_from(agent) {
        headers.insert(USER_AGENT, agent);
    }
    headers.insert(RANGE, RANGE_VALUE);
    if !request.body().is_empty() && !request.headers().contains_key(CONTENT_TYPE) {
        request.headers_mut().insert(CONTENT_TYPE, JSON);
    }
    *request.method_mut() = parameters.method;
    let url = url(parameters.url, parameters.query, &besides.query);
    Ok((url, request))
}

/// The query of the URL, then that of the task, then that of the connection.
fn url(mut url: Url, mut query: Vec<(String, String)>, besides: &[Parameter]) -> Url {
    let is_overruled = |name: &str| besides.iter().any(|parameter| parameter.key == name);
    query.retain(|(name, _)| !is_overruled(name));
    let overruled = |pair: &&str| {
        let mut decoded = url::form_urlencoded::parse(pair.as_bytes());
        decoded.any(|(name, _)| is_overruled(&name))
    };
    let own = url.query().unwrap_or_default().split('&');
    let mut parts: Vec<String> = own
        .filter(|pair| !pair.is_empty() && !overruled(pair))
        .map(str::to_owned)
        .collect();
    let besides = besides.iter();
    query.extend(besides.map(|given| (given.key.clone(), given.value.reveal().to_owned())));
    if !query.is_empty() {
        parts.push(encode::pairs(&query));
    }
    let query = parts.join("&");
    url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    url
}

/// `None` if something of the connection cannot be a header.
fn headers(
    parameters: &Parameters,
    connection: &Connection,
    token: Option<&Secret>,
) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in &parameters.headers {
        headers.append(name, value.clone());
    }
    for parameter in &connection.parameters.headers {
        let (name, value) = header(&parameter.key, parameter.value.reveal())?;
        headers.insert(name, value);
    }
    let (name, value) = match &connection.authorization {
        Authorization::Basic { username, password } => {
            let credentials = format!("{username}:{}", password.reveal());
            let credentials = BASE64_STANDARD.encode(credentials);
            (AUTHORIZATION.as_str(), format!("Basic {credentials}"))
        }
        Authorization::ApiKey { name, value } => (name.as_str(), value.reveal().to_owned()),
        Authorization::OAuth(_) => {
            let token = token.map_or("", Secret::reveal);
            (AUTHORIZATION.as_str(), format!("Bearer {token}"))
        }
    };
    let (name, mut value) = header(name, &value)?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Some(headers)
}

/// The body as text, if there is one.
fn body(parameters: &Parameters, besides: &[Parameter]) -> Result<Option<String>, String> {
    let body = match (&parameters.body, besides) {
        (None, []) => return Ok(None),
        (Some(Value::String(text)), []) => return Ok(Some(text.clone())),
        (Some(body), []) => body.clone(),
        (None, besides) => merged(Map::new(), besides),
        (Some(Value::Object(members)), besides) => merged(members.clone(), besides),
        (Some(_), _) => {
            return Err(
                "The 'RequestBody' cannot be merged with the body parameters of the connection"
                    .into(),
            );
        }
    };
    match (&body, parameters.form) {
        (body, None) => Ok(Some(to_json(body))),
        (Value::Object(members), Some(format)) => Ok(Some(form::encode(members, format))),
        (_, Some(_)) => Err("The value of the field 'RequestBody' has an invalid format".into()),
    }
}

fn merged(mut members: Map<String, Value>, besides: &[Parameter]) -> Value {
    for parameter in besides {
        members.insert(parameter.key.clone(), parameter.value.reveal().into());
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::connections::HttpParameters;

    fn parameter(key: &str, value: &str) -> Parameter {
        let (key, value) = (key.into(), Secret::new(value));
        Parameter { key, value }
    }

    /// The example of AWS's guide.
    fn connection() -> Connection {
        Connection {
            authorization: Authorization::ApiKey {
                name: "ApiKey".into(),
                value: Secret::new("key_value"),
            },
            parameters: HttpParameters {
                headers: vec![parameter("Header-Param", "connection_header_param")],
                query: vec![parameter("QueryParam", "connection_query_param")],
                body: vec![parameter("BodyParam", "connection_body_param")],
            },
        }
    }

    fn built(
        parameters: Value,
        connection: &Connection,
    ) -> Result<(Url, Request<String>), StateError> {
        let mut all = json!({
            "ApiEndpoint": "https://example.com/path",
            "Method": "POST",
            "InvocationConfig": { "ConnectionArn": "arn:c" },
        });
        let given = parameters.as_object().unwrap().clone();
        all.as_object_mut().unwrap().extend(given);
        let text = all.to_string();
        let parameters = Parameters::read(&text).unwrap();
        build(&text, parameters, connection, None, "eu-central-1")
    }

    #[test]
    fn the_connection_wins() {
        let (url, request) = built(
            json!({
                "Headers": { "Request-Id": "my_request_id", "Header-Param": "mine" },
                "RequestBody": { "Job": "Engineer", "BodyParam": "mine" },
                "QueryParameters": { "QueryParam": "mine", "other": "1" },
                "ApiEndpoint": "https://example.com/path?own=1&QueryParam=mine",
            }),
            &connection(),
        )
        .unwrap();
        assert_eq!(
            url.as_str(),
            "https://example.com/path?own=1&other=1&QueryParam=connection_query_param"
        );
        assert_eq!(
            request.body(),
            r#"{"Job":"Engineer","BodyParam":"connection_body_param"}"#
        );
        let header = |name: &str| request.headers()[name].to_str().unwrap();
        assert_eq!(header("apikey"), "key_value");
        assert_eq!(header("header-param"), "connection_header_param");
        assert_eq!(header("request-id"), "my_request_id");
        assert_eq!(header("content-type"), "application/json; charset=UTF-8");
        assert_eq!(header("range"), "bytes=0-262144");
        assert_eq!(
            header("user-agent"),
            "Amazon|StepFunctions|HttpInvoke|eu-central-1"
        );
    }

    #[test]
    fn a_string_cannot_be_merged() {
        let error = built(json!({ "RequestBody": "text" }), &connection()).unwrap_err();
        assert_eq!(error.name.as_deref(), Some("States.Runtime"));
        let without = Connection {
            parameters: HttpParameters::default(),
            ..connection()
        };
        let (_, request) = built(json!({ "RequestBody": "text" }), &without).unwrap();
        assert_eq!(request.body(), "text");
    }

    #[test]
    fn the_merged_body_is_what_is_encoded() {
        let (_, request) = built(
            json!({
                "Headers": { "Content-Type": "application/x-www-form-urlencoded" },
                "RequestBody": { "a": [1, 2] },
                "Transform": { "RequestBodyEncoding": "URL_ENCODED",
                    "RequestEncodingOptions": { "ArrayFormat": "REPEAT" } },
            }),
            &connection(),
        )
        .unwrap();
        assert_eq!(request.body(), "a=1&a=2&BodyParam=connection_body_param");
        assert_eq!(
            request.headers()["content-type"],
            "application/x-www-form-urlencoded"
        );
    }

    #[test]
    fn what_the_sender_says_itself_cannot_be_said() {
        let (_, request) = built(
            json!({ "Headers": { "Content-Length": "7", "User-Agent": "me", "Range": "bytes=0-1" } }),
            &connection(),
        )
        .unwrap();
        assert!(!request.headers().contains_key("content-length"));
        assert_eq!(request.headers()["range"], "bytes=0-262144");
        assert_ne!(request.headers()["user-agent"], "me");
    }

    #[test]
    fn a_connection_that_cannot_be_sent_is_not_told() {
        let broken = Connection {
            authorization: Authorization::ApiKey {
                name: "key".into(),
                value: Secret::new("line\nbreak"),
            },
            ..connection()
        };
        let error = built(json!({}), &broken).unwrap_err();
        let name = "Events.ConnectionResource.InvalidConnectionState";
        assert_eq!(error.name.as_deref(), Some(name));
        assert!(!error.cause.unwrap().contains("break"));
    }
}
