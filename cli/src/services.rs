//! What a task can call without a local target: services of AWS, APIs of API Gateway, and HTTPS APIs.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use segno_asl::{
    definition::Resource,
    errors::{StateError, names},
    limits,
};
use segno_engine::invoker::{Call, Job};
use segno_integrations::{
    CallOutcome, Reach,
    http::{self, connections::FileConnections},
    logs::LogDelivery,
    services::Caller,
    sync::Progress,
    tasks::{self, ConnectionSource, Tasks},
};
use segno_interpreter::{event::Polled, payload::Payload};

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

    /// HTTP Tasks may also call addresses of private networks.
    #[arg(long)]
    allow_private: bool,
}

/// The services themselves.
pub(crate) struct Services {
    tasks: Tasks,
    assume_roles: bool,
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
            apis,
            http: http.map(|connections| (http_config(options, region), connections)),
        };
        Ok(Self {
            tasks: Tasks::new(config),
            assume_roles: options.assume_roles,
            about,
        })
    }

    /// What people are told of the AWS that is called, if there is one.
    pub(crate) fn about(&self) -> Option<&str> {
        self.about.as_deref()
    }

    /// Whether functions can be called.
    pub(crate) fn has_lambda(&self) -> bool {
        self.tasks.has_lambda()
    }

    /// What takes log entries to CloudWatch Logs, if that may be called.
    pub(crate) fn logs(&self) -> Option<LogDelivery> {
        let services = self.tasks.services();
        let may_call = services.accepts("aws-sdk:cloudwatchlogs", "putLogEvents");
        may_call
            .ok()
            .map(|()| LogDelivery::begin(Arc::clone(services)))
    }

    /// Whether a resource can be called; if it cannot, what to do about it.
    pub(crate) fn accepts(&self, resource: &Resource) -> Result<(), String> {
        self.tasks.accepts(resource)
    }

    /// Performs a task.
    pub(crate) async fn call(&self, call: &Call) -> CallOutcome {
        self.tasks.call(self.attempt(call)).await
    }

    /// Whether a call may be made twice: the job that it starts is recognised.
    pub(crate) fn is_repeatable(&self, call: &Call) -> bool {
        self.tasks.is_repeatable(&call.resource)
    }

    /// Asks what has become of a job.
    pub(crate) async fn poll(&self, job: &Job) -> Polled {
        match self.tasks.poll(self.job(job)).await {
            Progress::Running { doubt } => {
                if let Some(StateError { name, cause }) = doubt {
                    let state = &*job.call.state;
                    tracing::warn!(state, name, cause, "nothing is known of a job");
                }
                Polled::Running
            }
            Progress::Ended(Err(error)) => Polled::Ended(Err(error)),
            Progress::Ended(Ok(result)) => {
                let result = Payload::parse(&segno_asl::data::number::to_json(&result));
                Polled::Ended(
                    result.map_err(|error| StateError::new(names::RUNTIME, error.to_string())),
                )
            }
        }
    }

    /// Cancels a job.
    pub(crate) async fn cancel(&self, job: &Job) -> Result<(), StateError> {
        self.tasks.cancel(self.job(job)).await
    }

    fn job<'a>(&self, job: &'a Job) -> tasks::Job<'a> {
        tasks::Job {
            attempt: self.attempt(&job.call),
            response: job.response.text(),
            polls: job.polls,
        }
    }

    fn attempt<'a>(&self, call: &'a Call) -> tasks::Attempt<'a> {
        tasks::Attempt {
            caller: Caller {
                execution_arn: &call.execution_arn,
                state_machine_arn: &call.state_machine_arn,
                role_arn: self.assume_roles.then_some(call.role_arn.as_str()),
                credentials_role_arn: call.credentials_role_arn.as_deref(),
            },
            resource: &call.resource,
            parameters: call.input.text(),
            token: &call.token,
            trace_header: call.trace_header.as_deref(),
            limit: call.timeout.unwrap_or(Duration::MAX),
        }
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

fn http_config(options: &Options, region: &str) -> http::Config {
    http::Config {
        reach: match options.allow_private {
            true => Reach::Private,
            false => Reach::Loopback,
        },
        region: region.to_owned(),
        response_bytes_max: limits::PAYLOAD_BYTES_MAX,
    }
}
