//! What a task can call without a local target: services of AWS, APIs of API Gateway, and HTTPS APIs.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use segno_asl::{
    data::number::to_json,
    definition::{Pattern, Resource},
    errors::StateError,
    limits,
};
use segno_engine::invoker::{Call, Job};
use segno_integrations::{
    CallOutcome, Reach, api_gateway,
    http::{self, connections::FileConnections},
    lambda::Lambda,
    logs::LogDelivery,
    services::{self, Behalf, Caller},
    sync::{Jobs, Progress, Started},
};
use segno_interpreter::{event::Polled, payload::Payload};
use serde_json::Value;

use crate::aws::{self, Aws};

/// What such tasks are given.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which AWS the tasks call: none, account (with the credentials of the environment), or the URL of
    /// what stands in for it. Default: what AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_S3 and the like say, else
    /// none.
    #[arg(long, value_name = "none|account|URL")]
    aws: Option<aws::Choice>,

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
    aws: Arc<services::Services>,
    lambda: Option<Lambda>,
    /// `None` if no AWS is called.
    api_gateway: Option<api_gateway::Client>,
    /// `None` without connections, since no HTTP Task goes without one.
    http: Option<http::Client<FileConnections>>,
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
        Ok(Self {
            lambda: Lambda::new(&clients).ok(),
            aws: Arc::new(services::Services::new(clients)),
            api_gateway: apis.map(api_gateway::Client::new),
            http: http_client(options, region)?,
            about,
        })
    }

    /// What people are told of the AWS that is called, if there is one.
    pub(crate) fn about(&self) -> Option<&str> {
        self.about.as_deref()
    }

    pub(crate) fn lambda(&self) -> Option<&Lambda> {
        self.lambda.as_ref()
    }

    /// What takes log entries to CloudWatch Logs, if that may be called.
    pub(crate) fn logs(&self) -> Option<LogDelivery> {
        let may_call = self.aws.accepts("aws-sdk:cloudwatchlogs", "putLogEvents");
        may_call
            .ok()
            .map(|()| LogDelivery::begin(Arc::clone(&self.aws)))
    }

    /// Whether a resource can be called; if it cannot, what to do about it.
    pub(crate) fn accepts(&self, resource: &Resource) -> Result<(), String> {
        match resource {
            Resource::Service {
                service,
                action,
                pattern,
            } => match (service.as_str(), action.as_str()) {
                ("http", _) if self.http.is_none() => Err(NO_CONNECTIONS.into()),
                ("apigateway", _) if self.api_gateway.is_none() => Err(NO_AWS.into()),
                ("http" | "apigateway", _) => Ok(()),
                _ if *pattern == Pattern::Sync && jobs(resource).is_none() => {
                    Err("its jobs cannot be asked about here".into())
                }
                (service, action) => self.aws.accepts(service, action),
            },
            Resource::LambdaFunction { .. } | Resource::Activity { .. } => {
                Err("it is no service".into())
            }
        }
    }

    /// Performs a task.
    pub(crate) async fn call(&self, call: &Call) -> CallOutcome {
        let Resource::Service {
            service, action, ..
        } = &call.resource
        else {
            return Err(refused("it is no service"));
        };
        let (parameters, limit) = (call.input.text(), call.timeout.unwrap_or(Duration::MAX));
        match service.as_str() {
            "http" => match &self.http {
                Some(http) => http.call(parameters, limit).await,
                None => Err(refused(NO_CONNECTIONS)),
            },
            "apigateway" => match &self.api_gateway {
                Some(apis) => apis.call(parameters, limit).await,
                None => Err(refused(NO_AWS)),
            },
            service => match jobs(&call.resource) {
                Some(jobs) => {
                    let parameters = json(&call.input)?;
                    let behalf = self.behalf(call);
                    let response = jobs.start(&behalf, &parameters, &call.token).await?;
                    Ok(to_json(&response))
                }
                None => {
                    let caller = caller(call);
                    self.aws.call(service, action, parameters, caller).await
                }
            },
        }
    }

    /// Whether a call may be made twice: the job that it starts is recognised.
    pub(crate) fn is_repeatable(&self, call: &Call) -> bool {
        jobs(&call.resource).is_some_and(|jobs| jobs.are_recognised())
    }

    /// Asks what has become of a job.
    pub(crate) async fn poll(&self, job: &Job) -> Polled {
        let (jobs, parameters, response) = match known(job) {
            Ok(known) => known,
            Err(error) => return Polled::Ended(Err(error)),
        };
        let started = Started {
            parameters: &parameters,
            response: &response,
            polls: job.polls,
        };
        match jobs.poll(&self.behalf(&job.call), started).await {
            Progress::Running { doubt } => {
                if let Some(StateError { name, cause }) = doubt {
                    let state = &*job.call.state;
                    tracing::warn!(state, name, cause, "nothing is known of a job");
                }
                Polled::Running
            }
            Progress::Ended(Err(error)) => Polled::Ended(Err(error)),
            Progress::Ended(Ok(result)) => {
                let result = Payload::parse(&to_json(&result));
                Polled::Ended(result.map_err(|error| refused(&error.to_string())))
            }
        }
    }

    /// Cancels a job.
    pub(crate) async fn cancel(&self, job: &Job) -> Result<(), StateError> {
        let (jobs, parameters, response) = known(job)?;
        let started = Started {
            parameters: &parameters,
            response: &response,
            polls: job.polls,
        };
        jobs.cancel(&self.behalf(&job.call), started).await
    }

    fn behalf<'a>(&'a self, call: &'a Call) -> Behalf<'a> {
        Behalf {
            services: &self.aws,
            caller: caller(call),
        }
    }
}

fn caller(call: &Call) -> Caller<'_> {
    Caller {
        execution_arn: &call.execution_arn,
        state_machine_arn: &call.state_machine_arn,
    }
}

/// The jobs that a resource starts and waits for.
fn jobs(resource: &Resource) -> Option<Jobs> {
    match resource {
        Resource::Service {
            service,
            action,
            pattern: Pattern::Sync,
        } => Jobs::of(service, action),
        _ => None,
    }
}

/// How a job is dealt with, what it was started with, and what that answered.
fn known(job: &Job) -> Result<(Jobs, Value, Value), StateError> {
    let resource = &job.call.resource;
    let jobs = jobs(resource)
        .ok_or_else(|| refused(&format!("nothing here can ask about jobs of {resource}")))?;
    Ok((jobs, json(&job.call.input)?, json(&job.response)?))
}

fn json(payload: &Payload) -> Result<Value, StateError> {
    serde_json::from_str(payload.text()).map_err(|error| refused(&error.to_string()))
}

const NO_CONNECTIONS: &str =
    "an HTTP Task needs a connection: name the file that has it with --connections FILE";
const NO_AWS: &str = "no AWS is to be called: let it be with --aws account, or with --aws URL or AWS_ENDPOINT_URL_EXECUTE_API";

fn refused(why: &str) -> StateError {
    StateError::new("States.Runtime", why)
}

fn http_client(
    options: &Options,
    region: &str,
) -> anyhow::Result<Option<http::Client<FileConnections>>> {
    let Some(file) = &options.connections else {
        return Ok(None);
    };
    let at = || format!("--connections {}", file.display());
    let text = fs::read_to_string(file).with_context(at)?;
    let connections = FileConnections::parse(&text).with_context(at)?;
    let config = http::Config {
        reach: match options.allow_private {
            true => Reach::Private,
            false => Reach::Loopback,
        },
        region: region.to_owned(),
        response_bytes_max: limits::PAYLOAD_BYTES_MAX,
    };
    Ok(Some(http::Client::new(config, connections)))
}
