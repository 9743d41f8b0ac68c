//! Lambda's Invoke over HTTP, signed.

use std::fmt;

use segno_asl::errors::StateError;
use serde_json::Value;

use super::{Function, Invocation, InvokeParameters, PREFIX, TRACE_HEADER};
use crate::{
    encode::percent,
    sdk_error::{ServiceError, client_error},
    signature::sign,
};

/// Lambda behind an endpoint.
#[derive(Clone)]
pub struct Lambda {
    endpoint: Endpoint,
    region: String,
    credentials: Credentials,
    http: reqwest::Client,
}

/// Where Lambda is: the base of its URLs, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

/// Why a URL is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an endpoint: it must be http://HOST:PORT")]
pub struct InvalidEndpoint(String);

impl Endpoint {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// [`InvalidEndpoint`] if it is no http URL.
    pub fn parse(url: &str) -> Result<Self, InvalidEndpoint> {
        let refuse = || InvalidEndpoint(url.to_owned());
        let parsed: http::Uri = url.parse().map_err(|_| refuse())?;
        match (parsed.scheme_str(), parsed.authority()) {
            (Some("http"), Some(_)) => Ok(Self(url.trim_end_matches('/').to_owned())),
            _ => Err(refuse()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What requests are signed with.
#[derive(Clone)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<String>,
}

/// Credentials are not printed.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Lambda {
    /// Lambda behind an endpoint. Nothing is sent yet.
    pub fn new(endpoint: Endpoint, region: String, credentials: Credentials) -> Self {
        // A task attempt is one request: no redirects, no retries, and no time-out but the task's.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .expect("a client without TLS can always be built");
        Self {
            endpoint,
            region,
            credentials,
            http,
        }
    }

    fn request(&self, parameters: &InvokeParameters) -> Result<http::Request<String>, StateError> {
        let function = percent(&parameters.function);
        let mut uri = format!(
            "{}/2015-03-31/functions/{function}/invocations",
            self.endpoint
        );
        if let Some(qualifier) = &parameters.qualifier {
            uri.push_str(&format!("?Qualifier={}", percent(qualifier)));
        }
        let mut request = http::Request::post(uri).header("content-type", "application/json");
        for (name, value) in [
            ("x-amz-invocation-type", &parameters.invocation_type),
            ("x-amz-log-type", &parameters.log_type),
            ("x-amz-client-context", &parameters.client_context),
            (TRACE_HEADER, &parameters.trace_header),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let request = request.body(parameters.payload.clone());
        request.map_err(|error| client_error(PREFIX, &error))
    }
}

impl Function for Lambda {
    async fn invoke(&self, parameters: &InvokeParameters) -> Result<Invocation, StateError> {
        let mut request = self.request(parameters)?;
        sign(&mut request, "lambda", &self.region, &self.credentials)
            .map_err(|error| client_error(PREFIX, &*error))?;
        let request = request.map(reqwest::Body::from);
        let request =
            reqwest::Request::try_from(request).map_err(|error| client_error(PREFIX, &error))?;
        let response = self
            .http
            .execute(request)
            .await
            .map_err(|error| client_error(PREFIX, &error))?;
        let status = response.status().as_u16();
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let payload = response
            .text()
            .await
            .map_err(|error| client_error(PREFIX, &error))?;
        if status >= 300 {
            return Err(service_error(status, &headers, &payload));
        }
        let is_function_error = headers
            .iter()
            .any(|(name, _)| name == "x-amz-function-error");
        Ok(Invocation {
            status,
            headers,
            payload,
            is_function_error,
        })
    }
}

/// Lambda itself refused the request.
fn service_error(status: u16, headers: &[(String, String)], body: &str) -> StateError {
    let header = |name| {
        headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let message = ["Message", "message"]
        .iter()
        .find_map(|key| body.get(key)?.as_str());
    let code = header("x-amzn-errortype").unwrap_or("AWSLambdaException");
    ServiceError {
        prefix: PREFIX,
        service: "AWSLambda",
        status,
        // The header may carry a namespace behind a colon.
        code: code.split(':').next().unwrap_or(code),
        message: message.unwrap_or("null"),
        request_id: header("x-amzn-requestid").unwrap_or("null"),
    }
    .into_state_error()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_http_url() {
        assert!(Endpoint::parse("http://127.0.0.1:9000/").is_ok());
        for url in ["127.0.0.1:9000", "https://127.0.0.1", "ftp://x", ""] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_function_that_does_not_exist_is_lambdas_error() {
        let headers = vec![
            (
                "x-amzn-errortype".into(),
                "ResourceNotFoundException".into(),
            ),
            ("x-amzn-requestid".into(), "r-1".into()),
        ];
        let error = service_error(404, &headers, r#"{"Message":"Function not found: f"}"#);
        assert_eq!(
            error.name.as_deref(),
            Some("Lambda.ResourceNotFoundException")
        );
        assert_eq!(
            error.cause.as_deref(),
            Some(
                "Function not found: f (Service: AWSLambda; Status Code: 404; Error Code: \
                 ResourceNotFoundException; Request ID: r-1; Proxy: null)"
            )
        );
    }
}
