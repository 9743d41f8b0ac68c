//! Tasks whose resource is a service: whatever it names is called in its own way.

use std::{sync::Arc, time::Duration};

use segno_asl::{
    data::number::to_json,
    definition::{Pattern, Resource},
    errors::{StateError, names},
};
use serde_json::Value;

use crate::{
    CallOutcome, api_gateway,
    aws::Clients,
    eks,
    http::{
        self,
        connections::{FileConnections, SecretConnections},
    },
    lambda::{self, InvokeParameters, Lambda},
    services::{Behalf, Caller, Services},
    sync::{Jobs, Progress, Started},
};

/// Where HTTP Tasks find their connections.
#[derive(Debug)]
pub enum ConnectionSource {
    /// In a file.
    File(FileConnections),
    /// In EventBridge and Secrets Manager, with the rights of the caller.
    Account,
}

/// What tasks are given.
#[derive(Debug)]
pub struct Config {
    /// The clients of the services.
    pub clients: Clients,
    /// How clusters of EKS are called, if EKS is.
    pub eks: eks::Config,
    /// How APIs of API Gateway are called; `None` if they are not.
    pub apis: Option<api_gateway::Config>,
    /// How HTTPS APIs are called, and where their connections are; `None` if they are not, and why.
    pub http: Result<(http::Config, ConnectionSource), String>,
}

/// Performs tasks.
#[derive(Debug)]
pub struct Tasks {
    services: Arc<Services>,
    eks: eks::Client,
    apis: Option<api_gateway::Client>,
    http: Result<(http::Client, ConnectionSource), String>,
}

/// One attempt of a task.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// Whose rights it has.
    pub caller: Caller<'a>,
    /// What is called.
    pub resource: &'a Resource,
    /// What is sent: JSON.
    pub parameters: &'a str,
    /// Names the attempt for ever.
    pub token: &'a str,
    /// The trace that it belongs to.
    pub trace_header: Option<&'a str>,
    /// How long it may take.
    pub limit: Duration,
}

/// A job that an attempt has started.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The attempt.
    pub attempt: Attempt<'a>,
    /// What the service answered to it: JSON.
    pub response: &'a str,
    /// How many polls were in vain so far.
    pub polls: u32,
}

/// Why APIs are not called without an AWS.
const NO_APIS: &str = "no AWS is to be called: let it be with --aws account, or with --aws URL or AWS_ENDPOINT_URL_EXECUTE_API";

impl Tasks {
    /// Nothing is sent yet.
    pub fn new(config: Config) -> Self {
        Self {
            services: Arc::new(Services::new(config.clients)),
            eks: eks::Client::new(config.eks),
            apis: config.apis.map(api_gateway::Client::new),
            http: config
                .http
                .map(|(config, connections)| (http::Client::new(config), connections)),
        }
    }

    /// The services behind them.
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Whether functions can be called.
    pub fn has_lambda(&self) -> bool {
        self.services.accepts("aws-sdk:lambda", "invoke").is_ok()
    }

    /// Whether a resource can be called; if it cannot, what to do about it.
    ///
    /// # Errors
    ///
    /// A sentence for whoever wrote the definition.
    pub fn accepts(&self, resource: &Resource) -> Result<(), String> {
        let Resource::Service {
            service,
            action,
            pattern,
        } = resource
        else {
            return match resource {
                Resource::LambdaFunction { .. } => {
                    self.services.accepts("aws-sdk:lambda", "invoke")
                }
                _ => Err("it is no service".into()),
            };
        };
        match (service.as_str(), action.as_str()) {
            ("http", _) => self.http.as_ref().map(|_| ()).map_err(String::clone),
            ("apigateway", _) => self.apis.as_ref().map(|_| ()).ok_or(NO_APIS.into()),
            ("lambda", "invoke") => self.services.accepts("aws-sdk:lambda", "invoke"),
            // A cluster is called where the service may be that has it.
            ("eks", "runJob") => self.services.accepts("eks", "createCluster"),
            _ if *pattern == Pattern::Sync && jobs(resource).is_none() => {
                Err("its jobs cannot be asked about here".into())
            }
            ("eks", "call") => self.services.accepts("eks", "createCluster"),
            (service, action) => self.services.accepts(service, action),
        }
    }

    /// Performs an attempt.
    ///
    /// # Errors
    ///
    /// What the state fails with.
    pub async fn call(&self, attempt: Attempt<'_>) -> CallOutcome {
        let Attempt {
            caller,
            parameters,
            limit,
            ..
        } = attempt;
        let (service, action) = match attempt.resource {
            Resource::LambdaFunction { arn } => {
                let event = InvokeParameters::of_function(arn, parameters).traced(attempt.trace());
                return lambda::call_arn(&self.lambda(caller)?, &event).await;
            }
            Resource::Service {
                service, action, ..
            } => (service.as_str(), action.as_str()),
            Resource::Activity { .. } => return Err(refused("it is no service")),
        };
        match (service, action) {
            ("lambda", "invoke") => {
                let request = InvokeParameters::parse(parameters)?.traced(attempt.trace());
                lambda::call_invoke(&self.lambda(caller)?, &request).await
            }
            ("http", _) => self.call_http(attempt).await,
            ("apigateway", _) => match &self.apis {
                Some(apis) => {
                    let credentials = self.services.clients(caller).credentials();
                    apis.call(parameters, credentials, limit).await
                }
                None => Err(refused(NO_APIS)),
            },
            ("eks", "call" | "runJob") => {
                self.accepts(attempt.resource)
                    .map_err(|why| refused(&why))?;
                let clients = self.services.clients(caller);
                match action {
                    "call" => self.eks.call(&clients, parameters, limit).await,
                    _ => self.eks.run_job(&clients, parameters, limit).await,
                }
            }
            (service, action) => match jobs(attempt.resource) {
                Some(jobs) => {
                    let (sent, behalf) = (json(parameters)?, self.behalf(caller));
                    let response = jobs.start(&behalf, &sent, attempt.token).await?;
                    Ok(to_json(&response))
                }
                None => {
                    self.services
                        .call(service, action, parameters, caller)
                        .await
                }
            },
        }
    }

    async fn call_http(&self, attempt: Attempt<'_>) -> CallOutcome {
        let (http, connections) = self.http.as_ref().map_err(|why| refused(why))?;
        let Attempt {
            parameters, limit, ..
        } = attempt;
        match connections {
            ConnectionSource::File(file) => http.call(parameters, file, limit).await,
            ConnectionSource::Account => {
                let connections = SecretConnections::of(self.behalf(attempt.caller));
                http.call(parameters, &connections, limit).await
            }
        }
    }

    /// Whether an attempt may be made twice: the job that it starts is recognised.
    pub fn is_repeatable(&self, resource: &Resource) -> bool {
        // A cluster has no tokens: it refuses a second job of a name, whoever started the first, and
        // makes up the names of those that have none.
        jobs(resource).is_some_and(|jobs| jobs.are_recognised())
    }

    /// Asks what has become of a job.
    pub async fn poll(&self, job: Job<'_>) -> Progress {
        let Attempt { caller, limit, .. } = job.attempt;
        if is_of_cluster(job.attempt.resource) {
            let clients = self.services.clients(caller);
            return self.eks.poll(&clients, job.of_cluster(), limit).await;
        }
        let (jobs, parameters, response) = match known(job) {
            Ok(known) => known,
            Err(error) => return Progress::Ended(Err(error)),
        };
        let started = Started {
            parameters: &parameters,
            response: &response,
            polls: job.polls,
        };
        jobs.poll(&self.behalf(caller), started).await
    }

    /// Cancels a job.
    ///
    /// # Errors
    ///
    /// The service's: it may still run.
    pub async fn cancel(&self, job: Job<'_>) -> Result<(), StateError> {
        let Attempt { caller, limit, .. } = job.attempt;
        if is_of_cluster(job.attempt.resource) {
            let clients = self.services.clients(caller);
            return self.eks.cancel(&clients, job.of_cluster(), limit).await;
        }
        let (jobs, parameters, response) = known(job)?;
        let started = Started {
            parameters: &parameters,
            response: &response,
            polls: job.polls,
        };
        jobs.cancel(&self.behalf(caller), started).await
    }

    fn lambda(&self, caller: Caller<'_>) -> Result<Lambda, StateError> {
        Lambda::new(&self.services.clients(caller)).map_err(|why| refused(&why))
    }

    fn behalf<'a>(&'a self, caller: Caller<'a>) -> Behalf<'a> {
        Behalf {
            services: &self.services,
            caller,
        }
    }
}

impl Attempt<'_> {
    fn trace(&self) -> Option<String> {
        self.trace_header.map(str::to_owned)
    }
}

impl<'a> Job<'a> {
    fn of_cluster(&self) -> eks::Job<'a> {
        eks::Job {
            parameters: self.attempt.parameters,
            response: self.response,
        }
    }
}

/// Whether the jobs that a resource starts and waits for are those of a cluster of EKS.
fn is_of_cluster(resource: &Resource) -> bool {
    matches!(
        resource,
        Resource::Service { service, action, pattern: Pattern::Sync }
            if service == "eks" && action == "runJob"
    )
}

/// The jobs of a service that a resource starts and waits for.
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
fn known(job: Job<'_>) -> Result<(Jobs, Value, Value), StateError> {
    let resource = job.attempt.resource;
    let jobs = jobs(resource)
        .ok_or_else(|| refused(&format!("nothing here can ask about jobs of {resource}")))?;
    Ok((jobs, json(job.attempt.parameters)?, json(job.response)?))
}

fn json(text: &str) -> Result<Value, StateError> {
    serde_json::from_str(text).map_err(|error| refused(&error.to_string()))
}

fn refused(why: &str) -> StateError {
    StateError::new(names::RUNTIME, why)
}
