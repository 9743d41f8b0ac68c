//! A cluster's own Kubernetes API, through `arn:aws:states:::eks:call` and `arn:aws:states:::eks:runJob`.
//!
//! What a cluster answers comes from its endpoint, for which the authority in the parameters vouches, and
//! nobody else.
//!
//! AWS: [Create and manage Amazon EKS clusters](https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html).

mod jobs;
mod logs;
mod parameters;
mod session;
mod token;

use std::time::Duration;

use segno_asl::{
    data::number::to_json,
    errors::{StateError, names},
    limits,
};
use serde_json::{Value, json};

pub use self::jobs::Job;
use self::{
    parameters::{CallParameters, JobParameters},
    session::Session,
};
use crate::{CallOutcome, Reach, aws::Clients, wire::Answer};

/// What the names of its errors begin with.
const PREFIX: &str = "EKS";

/// What a task may ask of a cluster here.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which addresses a cluster may have.
    pub reach: Reach,
    /// Bytes of a response that a state may have.
    pub response_bytes_max: usize,
}

/// Performs tasks on clusters.
#[derive(Debug)]
pub struct Client {
    config: Config,
}

impl Client {
    /// A client. Nothing is sent yet.
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    /// Performs `eks:call`: one request, with what the cluster answers as the result. The cluster is told
    /// that these clients' credentials ask.
    ///
    /// # Errors
    ///
    /// `EKS.` with the status if the cluster refuses, `EKS.SdkClientException` if it does not answer,
    /// `States.DataLimitExceeded` if it answers too much, `States.Runtime` if the parameters are of no
    /// use.
    pub async fn call(&self, clients: &Clients, parameters: &str, limit: Duration) -> CallOutcome {
        let CallParameters { cluster, request } = CallParameters::read(parameters)?;
        let session = Session::open(&cluster, clients, self.config.reach, bounded(limit)).await?;
        let sent = session.send(request, self.config.response_bytes_max);
        outcome(&sent.await?, "eks:call")
    }

    /// Performs `eks:runJob`: one request, which starts a job. What the cluster answers has its name.
    ///
    /// # Errors
    ///
    /// As of [`call`](Self::call).
    pub async fn run_job(
        &self,
        clients: &Clients,
        parameters: &str,
        limit: Duration,
    ) -> CallOutcome {
        let parameters = JobParameters::read(parameters)?;
        let cluster = &parameters.cluster;
        let session = Session::open(cluster, clients, self.config.reach, bounded(limit)).await?;
        let sent = session.send(parameters.start(), self.config.response_bytes_max);
        outcome(&sent.await?, "eks:runJob")
    }
}

fn bounded(limit: Duration) -> Duration {
    limit.min(Duration::from_secs(limits::HTTP_TASK_SECONDS_MAX))
}

/// What an answer means for the state.
fn outcome(answer: &Answer, resource: &str) -> CallOutcome {
    if !answer.status.is_success() {
        return Err(refusal(answer));
    }
    if answer.is_cut {
        return Err(too_large(resource));
    }
    let body = answer.to_body().ok_or_else(|| {
        let cause = "The response body cannot be read as a string";
        StateError::new(names::RUNTIME, cause)
    })?;
    Ok(to_json(&shown(answer, body)))
}

/// Whatever the cluster did not do.
fn refusal(answer: &Answer) -> StateError {
    let body = answer.to_body().unwrap_or_else(|| "".into());
    StateError::new(error_name(answer), cause(&shown(answer, body)))
}

/// The same without what the cluster says of it, which is no part of a log.
fn brief_refusal(answer: &Answer) -> StateError {
    StateError::new(error_name(answer), answer.reason.clone())
}

fn error_name(answer: &Answer) -> String {
    format!("{PREFIX}.{}", answer.status.as_u16())
}

/// An answer as AWS shows it: without headers.
fn shown(answer: &Answer, body: Value) -> Value {
    json!({
        "ResponseBody": body,
        "StatusCode": answer.status.as_u16(),
        "StatusText": answer.reason,
    })
}

fn cause(value: &Value) -> String {
    let text = to_json(value);
    text.chars().take(limits::CAUSE_CHARACTERS_MAX).collect()
}

fn too_large(resource: &str) -> StateError {
    let cause = format!(
        "The state/task '{resource}' returned a result with a size exceeding the maximum number of bytes service limit."
    );
    StateError::new(names::DATA_LIMIT_EXCEEDED, cause)
}
