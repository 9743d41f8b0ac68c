//! What a task can call without a local target: HTTPS APIs, and those of API Gateway.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::Context;
use segno_asl::{definition::Resource, limits};
use segno_engine::invoker::Call;
use segno_integrations::{
    CallOutcome, Reach, api_gateway,
    http::{self, connections::FileConnections},
    lambda::Endpoint,
};

use crate::environment;

/// What such tasks are given.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The connections of HTTP Tasks, with their secrets: a JSON file of what CreateConnection takes,
    /// by the names of the connections.
    #[arg(long, value_name = "FILE")]
    connections: Option<PathBuf>,

    /// HTTP Tasks may also call addresses of private networks.
    #[arg(long)]
    allow_private: bool,
}

/// The services themselves.
pub(crate) struct Services {
    /// `None` without connections, since no HTTP Task goes without one.
    http: Option<http::Client<FileConnections>>,
    api_gateway: api_gateway::Client,
}

/// One of them.
enum Service {
    Http,
    ApiGateway,
}

impl Services {
    /// Reads what the options name. `endpoint` is where the APIs of API Gateway are, if not at AWS.
    pub(crate) fn new(
        options: &Options,
        region: &str,
        endpoint: Option<Endpoint>,
    ) -> anyhow::Result<Self> {
        let config = http::Config {
            reach: match options.allow_private {
                true => Reach::Private,
                false => Reach::Loopback,
            },
            region: region.to_owned(),
            response_bytes_max: limits::PAYLOAD_BYTES_MAX,
        };
        let connections = options.connections.as_ref().map(|file| {
            let at = || format!("--connections {}", file.display());
            let text = fs::read_to_string(file).with_context(at)?;
            FileConnections::parse(&text).with_context(at)
        });
        let http = connections
            .transpose()?
            .map(|connections| http::Client::new(config, connections));
        let api_gateway = api_gateway::Client::new(api_gateway::Config {
            endpoint,
            credentials: environment::credentials(),
            response_bytes_max: limits::PAYLOAD_BYTES_MAX,
        });
        Ok(Self { http, api_gateway })
    }

    /// Whether a resource is one of them and can be called; if it cannot, what to do about it. `None` if
    /// it is something else.
    pub(crate) fn accepts(&self, resource: &Resource) -> Option<Result<(), String>> {
        Some(match (Service::of(resource)?, &self.http) {
            (Service::Http, None) => {
                let why = "an HTTP Task needs a connection: name the file that has it with --connections FILE";
                Err(why.into())
            }
            (Service::Http, Some(_)) | (Service::ApiGateway, _) => Ok(()),
        })
    }

    /// Performs a task, if it calls one of them.
    pub(crate) async fn call(&self, call: &Call) -> Option<CallOutcome> {
        let (parameters, limit) = (call.input.text(), call.timeout.unwrap_or(Duration::MAX));
        match (Service::of(&call.resource)?, &self.http) {
            (Service::Http, http) => Some(http.as_ref()?.call(parameters, limit).await),
            (Service::ApiGateway, _) => Some(self.api_gateway.call(parameters, limit).await),
        }
    }
}

impl Service {
    fn of(resource: &Resource) -> Option<Self> {
        match resource {
            Resource::Service {
                service, action, ..
            } if action == "invoke" => match service.as_str() {
                "http" => Some(Self::Http),
                "apigateway" => Some(Self::ApiGateway),
                _ => None,
            },
            _ => None,
        }
    }
}
