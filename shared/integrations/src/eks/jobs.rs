//! Kubernetes jobs that a task waits for (`eks:runJob.sync`).

use std::time::Duration;

use http::Method;
use segno_asl::errors::{StateError, names};
use serde_json::{Value, json};

use super::{
    Client, PREFIX, brief_refusal, cause, logs,
    parameters::{JobParameters, jobs_path},
    refusal,
    session::{ApiRequest, Session},
    too_large,
};
use crate::{aws::Clients, encode, sync::Progress, wire::Answer};

/// What a task waits for.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// What the task sent: JSON.
    pub parameters: &'a str,
    /// What [`Client::run_job`] gave.
    pub response: &'a str,
}

/// A job that a cluster has.
struct Begun {
    parameters: JobParameters,
    path: String,
    uid: Value,
}

/// How long it may take to ask about a job, its logs included. What has not come by then of the logs is
/// left out.
const POLL_TIME_MAX: Duration = Duration::from_secs(20);

const RESOURCE: &str = "eks:runJob.sync";

impl Client {
    /// Asks what has become of a job. That a cluster refuses to say so says nothing about the job.
    pub async fn poll(&self, clients: &Clients, job: Job<'_>, limit: Duration) -> Progress {
        let asked = self.ask(clients, job, limit.min(POLL_TIME_MAX)).await;
        asked.unwrap_or_else(|nothing_known| nothing_known)
    }

    /// An error is what is said of a job of which the cluster has said nothing.
    async fn ask(
        &self,
        clients: &Clients,
        job: Job<'_>,
        limit: Duration,
    ) -> Result<Progress, Progress> {
        let begun = Begun::read(job).map_err(over)?;
        let cluster = &begun.parameters.cluster;
        let session = Session::open(cluster, clients, self.config.reach, limit).await;
        let session = session.map_err(doubted)?;
        let bytes_max = self.config.response_bytes_max;
        let request = ApiRequest::new(Method::GET, begun.path.clone());
        let answer = session.send(request, bytes_max).await.map_err(doubted)?;
        let job = begun.known(&answer)?;
        let Some(has_succeeded) = has_succeeded(&job) else {
            return Ok(Progress::Running { doubt: None });
        };
        let job = with_logs(&session, job, &begun, bytes_max).await;
        Ok(Progress::Ended(job.and_then(|job| match has_succeeded {
            true => Ok(job),
            false => Err(StateError::new(names::TASK_FAILED, cause(&job))),
        })))
    }

    /// Cancels a job, and its pods with it. Where there is nothing to cancel, that is done.
    ///
    /// # Errors
    ///
    /// The cluster's: it may still run.
    pub async fn cancel(
        &self,
        clients: &Clients,
        job: Job<'_>,
        limit: Duration,
    ) -> Result<(), StateError> {
        let begun = Begun::read(job)?;
        let (cluster, limit) = (&begun.parameters.cluster, limit.min(POLL_TIME_MAX));
        let session = Session::open(cluster, clients, self.config.reach, limit).await?;
        let answer = session.send(begun.delete(), self.config.response_bytes_max);
        let answer = answer.await?;
        match answer.status.as_u16() {
            200..=299 => Ok(()),
            // There is none, or it is another of the same name.
            404 | 409 => Ok(()),
            _ => Err(brief_refusal(&answer)),
        }
    }
}

impl Begun {
    fn read(job: Job<'_>) -> Result<Self, StateError> {
        let parameters = JobParameters::read(job.parameters)?;
        let unknown = |why: &str| {
            let cause = format!("The job cannot be asked about: {why}");
            StateError::new(names::RUNTIME, cause)
        };
        let response: Value =
            serde_json::from_str(job.response).map_err(|error| unknown(&error.to_string()))?;
        let metadata = &response["ResponseBody"]["metadata"];
        let text = |member: &str| {
            let text = metadata[member].as_str();
            text.ok_or_else(|| unknown(&format!("there is no ResponseBody.metadata.{member}")))
        };
        let (jobs, name) = (
            jobs_path(text("namespace")?),
            encode::percent(text("name")?),
        );
        Ok(Self {
            path: format!("{jobs}/{name}"),
            uid: text("uid")?.into(),
            parameters,
        })
    }

    /// The job as it is now; or else what is known of it.
    fn known(&self, answer: &Answer) -> Result<Value, Progress> {
        if answer.status.as_u16() == 404 {
            return Err(over(refusal(answer)));
        }
        if !answer.status.is_success() {
            return Err(doubted(brief_refusal(answer)));
        }
        if answer.is_cut {
            return Err(over(too_large(RESOURCE)));
        }
        let job = answer.to_body().unwrap_or_default();
        match &job["metadata"]["uid"] {
            uid if *uid == self.uid => Ok(job),
            Value::String(_) => {
                let cause = "The job is gone, and another one has its name";
                Err(over(StateError::new(format!("{PREFIX}.404"), cause)))
            }
            _ => {
                let name = format!("{PREFIX}.SdkClientException");
                Err(doubted(StateError::new(name, "The answer is no job")))
            }
        }
    }

    fn delete(&self) -> ApiRequest {
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": { "uid": self.uid },
            "propagationPolicy": "Background",
        });
        ApiRequest::new(Method::DELETE, self.path.clone()).with_body(options.to_string())
    }
}

fn over(error: StateError) -> Progress {
    Progress::Ended(Err(error))
}

fn doubted(error: StateError) -> Progress {
    Progress::Running { doubt: Some(error) }
}

/// How a job has ended; `None` if it has not.
fn has_succeeded(job: &Value) -> Option<bool> {
    let conditions = job["status"]["conditions"].as_array()?;
    let is = |name: &str| {
        let mut conditions = conditions.iter();
        conditions.any(|condition| condition["type"] == name && condition["status"] == "True")
    };
    match (is("Complete"), is("Failed")) {
        (_, true) => Some(false),
        (true, false) => Some(true),
        (false, false) => None,
    }
}

async fn with_logs(
    session: &Session,
    mut job: Value,
    begun: &Begun,
    bytes_max: usize,
) -> Result<Value, StateError> {
    let options = &begun.parameters.logs;
    if options.are_wanted {
        let logs = logs::of(session, &job, options, bytes_max).await;
        job["logs"] = logs.ok_or_else(|| too_large(RESOURCE))?;
    }
    Ok(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_ended_when_a_condition_says_so() {
        let with = |conditions: Value| json!({ "status": { "conditions": conditions } });
        let condition = |name: &str, status: &str| json!({ "type": name, "status": status });
        assert_eq!(has_succeeded(&json!({ "status": {} })), None);
        for (conditions, expected) in [
            (json!([]), None),
            (json!([condition("Suspended", "True")]), None),
            (json!([condition("SuccessCriteriaMet", "True")]), None),
            (json!([condition("Complete", "False")]), None),
            (json!([condition("Complete", "True")]), Some(true)),
            (
                json!([
                    condition("FailureTarget", "True"),
                    condition("Failed", "True")
                ]),
                Some(false),
            ),
        ] {
            assert_eq!(
                has_succeeded(&with(conditions.clone())),
                expected,
                "{conditions}"
            );
        }
    }
}
