//! What a task can call without a local target: services of AWS, APIs of API Gateway, and HTTPS APIs.

use std::{fs, path::PathBuf, sync::Arc};

use anyhow::Context;
use segno_asl::limits;
use segno_aws::tasks::{AwsInvoker, MachineRoles};
use segno_integrations::{
    Reach, eks,
    http::{self, connections::FileConnections},
    logs::LogDelivery,
    tasks::{self, ConnectionSource, Tasks},
};

use crate::aws::{self, Aws};

/// What such tasks are given.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which AWS the tasks call: none, account (with the credentials of the environment), or the URL of
    /// what stands in for it. Default: what AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_S3 and the like say, else
    /// none.
    #[arg(long, value_name = "none|account|URL")]
    aws: Option<aws::Choice>,

    /// Tasks run under the role of their state machine, which is assumed with its ARN as the external id.
    /// Without this they have the rights of the credentials in the environment.
    #[arg(long)]
    assume_roles: bool,

    /// The connections of HTTP Tasks, with their secrets: a JSON file of what CreateConnection takes,
    /// by the names of the connections. Default: those of the AWS that is called.
    #[arg(long, value_name = "FILE")]
    connections: Option<PathBuf>,

    /// HTTP Tasks and tasks on clusters of EKS may also call addresses of private networks.
    #[arg(long)]
    allow_private: bool,
}

/// The services themselves.
pub(crate) struct Services {
    invoker: AwsInvoker,
    about: Option<String>,
}

impl Services {
    /// Reads what the options name. `own_port` is where this server is, if it is one.
    pub(crate) async fn connect(
        options: &Options,
        region: &str,
        own_port: Option<u16>,
    ) -> anyhow::Result<Self> {
        let Aws {
            clients,
            apis,
            about,
        } = aws::connect(options.aws.as_ref(), region, own_port).await?;
        let http = match connections(options)? {
            Some(file) => Ok(ConnectionSource::File(file)),
            None if about.is_some() => Ok(ConnectionSource::Account),
            None => Err(NO_CONNECTIONS.to_owned()),
        };
        let config = tasks::Config {
            clients,
            eks: eks::Config {
                reach: reach(options),
                response_bytes_max: limits::PAYLOAD_BYTES_MAX,
            },
            apis,
            http: http.map(|connections| (http_config(options, region), connections)),
        };
        let roles = match options.assume_roles {
            true => MachineRoles::Assumed,
            false => MachineRoles::Unused,
        };
        Ok(Self {
            invoker: AwsInvoker::new(Tasks::new(config), roles),
            about,
        })
    }

    /// What people are told of the AWS that is called, if there is one.
    pub(crate) fn about(&self) -> Option<&str> {
        self.about.as_deref()
    }

    /// Whether functions can be called.
    pub(crate) fn has_lambda(&self) -> bool {
        self.invoker.tasks().has_lambda()
    }

    /// What takes log entries to CloudWatch Logs, if that may be called.
    pub(crate) fn logs(&self) -> Option<LogDelivery> {
        let services = self.invoker.tasks().services();
        let may_call = services.accepts("aws-sdk:cloudwatchlogs", "putLogEvents");
        may_call
            .ok()
            .map(|()| LogDelivery::begin(Arc::clone(services)))
    }

    /// What calls them.
    pub(crate) fn invoker(&self) -> &AwsInvoker {
        &self.invoker
    }
}

const NO_CONNECTIONS: &str = "an HTTP Task needs a connection: name the file that has it with --connections FILE, \
     or let AWS be called with --aws account";

fn connections(options: &Options) -> anyhow::Result<Option<FileConnections>> {
    let Some(file) = &options.connections else {
        return Ok(None);
    };
    let at = || format!("--connections {}", file.display());
    let text = fs::read_to_string(file).with_context(at)?;
    FileConnections::parse(&text).with_context(at).map(Some)
}

fn reach(options: &Options) -> Reach {
    match options.allow_private {
        true => Reach::Private,
        false => Reach::Loopback,
    }
}

fn http_config(options: &Options, region: &str) -> http::Config {
    http::Config {
        reach: reach(options),
        region: region.to_owned(),
        response_bytes_max: limits::PAYLOAD_BYTES_MAX,
    }
}
