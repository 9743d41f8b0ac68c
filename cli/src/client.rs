//! A client of the Step Functions API: what `segno start`, `segno list` and the like speak to a
//! running server with.

mod follow;
mod names;
mod table;
mod watch;

use anyhow::{Context, anyhow, bail};
use segno_api::CONTENT_TYPE;
use serde_json::{Value, json};

pub(crate) use self::{
    follow::Follower,
    table::Table,
    watch::{Watch, is_express, run_express, summary},
};
use crate::{endpoint::Endpoint, environment};

/// Where the server is that a command speaks to.
#[derive(clap::Args)]
pub(crate) struct Server {
    /// Where the server is. Default: AWS_ENDPOINT_URL_SFN, then AWS_ENDPOINT_URL, then
    /// http://localhost:8083.
    #[arg(long, global = true, value_name = "URL")]
    endpoint: Option<String>,
}

/// How an answer is printed.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// As the API answers.
    Json,
}

/// The API of one server.
pub(crate) struct Client {
    endpoint: Endpoint,
    http: reqwest::Client,
}

/// An error that the API answered with.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {message}")]
pub(crate) struct Refused {
    pub(crate) name: String,
    message: String,
}

/// Every request has this header: the server takes any credentials, but wants some.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 \
    Credential=segno/20240101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0";

/// Entries of a list that are asked for at once: as many as the API gives.
const PAGE_ENTRIES: u32 = 1_000;

impl Client {
    pub(crate) fn of(server: &Server) -> anyhow::Result<Self> {
        let endpoint = match &server.endpoint {
            Some(url) => Endpoint::parse(url).context("--endpoint")?,
            None => environment::states_endpoint()?,
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client without TLS can always be built");
        Ok(Self { endpoint, http })
    }

    /// Calls an operation.
    pub(crate) async fn call(&self, operation: &str, request: &Value) -> anyhow::Result<Value> {
        let response = self
            .http
            .post(self.endpoint.to_string())
            .header("content-type", CONTENT_TYPE)
            .header("authorization", AUTHORIZATION)
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
            .body(request.to_string());
        let response = response.send().await.map_err(|e| self.unreachable(e))?;
        let status = response.status();
        let text = response.text().await.map_err(|e| self.unreachable(e))?;
        let Ok(answer) = serde_json::from_str::<Value>(&text) else {
            let endpoint = &self.endpoint;
            bail!("{endpoint} does not speak the Step Functions API: it answers {status}: {text}")
        };
        match status.is_success() {
            true => Ok(answer),
            false => Err(refused(&answer).into()),
        }
    }

    /// Calls an operation that lists something, until it has listed everything.
    pub(crate) async fn list(
        &self,
        operation: &str,
        entries: &str,
        mut request: Value,
    ) -> anyhow::Result<Vec<Value>> {
        request["maxResults"] = json!(PAGE_ENTRIES);
        let mut listed = Vec::new();
        loop {
            let mut page = self.call(operation, &request).await?;
            if let Value::Array(entries) = page[entries].take() {
                listed.extend(entries);
            }
            match page["nextToken"].take() {
                Value::Null => return Ok(listed),
                token => request["nextToken"] = token,
            }
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        let endpoint = &self.endpoint;
        match error.is_connect() {
            true => anyhow!(
                "there is no server at {endpoint}: `segno dev` starts one here, and --endpoint or \
                 AWS_ENDPOINT_URL_SFN says where another is"
            ),
            false => anyhow::Error::new(error).context(format!("{endpoint} does not answer")),
        }
    }
}

fn refused(answer: &Value) -> Refused {
    let text = |key: &str| answer[key].as_str();
    // A name may stand behind its namespace.
    let name = text("__type").unwrap_or("an error without a name");
    let name = name.rsplit('#').next().unwrap_or(name).to_owned();
    let message = text("message").or(text("Message"));
    let message = message.unwrap_or("no message").to_owned();
    Refused { name, message }
}

/// The text at a key of an answer; empty if there is none.
pub(crate) fn text<'a>(answer: &'a Value, key: &str) -> &'a str {
    answer[key].as_str().unwrap_or_default()
}
