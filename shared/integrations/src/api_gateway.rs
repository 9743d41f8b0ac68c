//! APIs of API Gateway, through `arn:aws:states:::apigateway:invoke`.
//!
//! AWS: [Create API Gateway REST APIs](https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html).

mod parameters;

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use http::{
    HeaderValue, Request,
    header::{CONTENT_TYPE, HOST},
};
use segno_asl::{
    data::number::to_json,
    errors::{StateError, names},
    limits,
};
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use self::parameters::{Api, AuthType, Parameters};
use crate::{
    CallOutcome, Reach,
    sdk_error::client_error,
    signature::{self, Scope, sign},
    wire::{Answer, Failure, Wire},
};

/// What the names of its errors begin with.
const PREFIX: &str = "ApiGateway";

/// What a task of API Gateway may do here.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where APIs are, instead of where their host is. `Host` still says which API is called.
    pub endpoint: Option<String>,
    /// Bytes of a response that a state may have.
    pub response_bytes_max: usize,
}

/// Performs tasks of API Gateway.
#[derive(Debug)]
pub struct Client {
    config: Config,
    wire: Wire,
}

impl Client {
    /// A client. Nothing is sent yet.
    pub fn new(config: Config) -> Self {
        // An endpoint is where whoever runs this says it is; else there is only AWS.
        let reach = match config.endpoint {
            Some(_) => Reach::Anywhere,
            None => Reach::Public,
        };
        let wire = Wire::new(reach);
        Self { config, wire }
    }

    /// Performs a task: one request, signed with the credentials if it says so, with what the API answers
    /// as the result. It takes no longer than `limit`, nor than an API may take.
    ///
    /// # Errors
    ///
    /// `ApiGateway.` with the status if the API refuses, `ApiGateway.SdkClientException` if it does not
    /// answer, `States.DataLimitExceeded` if it answers too much, `States.Runtime` if the parameters
    /// are of no use.
    pub async fn call(
        &self,
        parameters: &str,
        credentials: Option<SharedCredentialsProvider>,
        limit: Duration,
    ) -> CallOutcome {
        let limit = limit.min(Duration::from_secs(limits::HTTP_TASK_SECONDS_MAX));
        timeout(limit, self.perform(parameters, credentials))
            .await
            .unwrap_or_else(|_| Err(client_error(PREFIX, &Failure::TimedOut(limit))))
    }

    async fn perform(
        &self,
        text: &str,
        credentials: Option<SharedCredentialsProvider>,
    ) -> CallOutcome {
        let is_redirected = self.config.endpoint.is_some();
        let parameters = Parameters::read(text, is_redirected)?;
        let (url, request) = self.request(&parameters, credentials).await?;
        let answer = self
            .wire
            .send(&url, request, self.config.response_bytes_max)
            .await
            .map_err(|failure| client_error(PREFIX, &failure))?;
        outcome(&answer)
    }

    /// The request, and where it goes.
    async fn request(
        &self,
        parameters: &Parameters,
        credentials: Option<SharedCredentialsProvider>,
    ) -> Result<(Url, Request<String>), StateError> {
        let failed = |error: &dyn std::error::Error| client_error(PREFIX, error);
        let Api { host, region } = &parameters.api;
        let own = format!("https://{host}{}", parameters.path_and_query);
        let mut request = Request::builder()
            .method(&parameters.method)
            .uri(&own)
            .body(parameters.body().unwrap_or_default())
            .map_err(|error| failed(&error))?;
        let host = HeaderValue::try_from(host).map_err(|error| failed(&error))?;
        request.headers_mut().insert(HOST, host);
        for (name, value) in &parameters.headers {
            request.headers_mut().append(name, value.clone());
        }
        if !request.body().is_empty() && !request.headers().contains_key(CONTENT_TYPE) {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(CONTENT_TYPE, json);
        }
        if parameters.auth_type != AuthType::None {
            let credentials = signature::credentials(credentials, PREFIX).await?;
            let scope = Scope {
                service: "execute-api",
                region,
            };
            sign(&mut request, scope, credentials).map_err(|error| failed(&*error))?;
        }
        let url = match &self.config.endpoint {
            Some(endpoint) => format!("{endpoint}{}", parameters.path_and_query),
            None => own,
        };
        let url = Url::parse(&url).map_err(|error| failed(&error))?;
        Ok((url, request))
    }
}

/// What an answer means for the state.
fn outcome(answer: &Answer) -> CallOutcome {
    if !answer.status.is_success() {
        let name = format!("{PREFIX}.{}", answer.status.as_u16());
        return Err(StateError::new(name, answer.to_cause()));
    }
    if answer.is_cut {
        let cause = "The state/task 'apigateway:invoke' returned a result with a size exceeding the maximum number of bytes service limit.";
        return Err(StateError::new(names::DATA_LIMIT_EXCEEDED, cause));
    }
    answer.to_output().ok_or_else(|| {
        let cause = "The response body cannot be read as a string";
        StateError::new(names::RUNTIME, cause)
    })
}

impl Parameters {
    /// What is sent: a string as it is, anything else as JSON.
    fn body(&self) -> Option<String> {
        match self.body.as_ref()? {
            Value::String(text) => Some(text.clone()),
            other => Some(to_json(other)),
        }
    }
}
