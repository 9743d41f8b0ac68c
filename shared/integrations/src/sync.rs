//! Jobs (`.sync`): how they are started, asked about and cancelled. What differs between services is
//! data: `jobs.json`.
//!
//! AWS: [Run a job](https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync).

mod table;
#[cfg(test)]
mod tests;

use segno_asl::{
    data::number::to_json,
    errors::{StateError, names},
};
use serde_json::Value;

pub(crate) use self::table::Part;
use self::table::{Request, Row, Scope};

/// What calls the actions of services.
///
/// The promise: a call is one request, and its error is what the service's integration calls it:
/// `Glue.EntityNotFoundException`.
pub trait Api: Sync {
    /// Calls an action: services and actions are named as in resources, members in Pascal case.
    fn call(
        &self,
        service: &str,
        action: &str,
        parameters: Value,
    ) -> impl Future<Output = Result<Value, StateError>> + Send;
}

/// How the jobs of one action are dealt with.
#[derive(Debug, Clone, Copy)]
pub struct Jobs {
    service: &'static str,
    action: &'static str,
    row: &'static Row,
}

/// A job that was started.
#[derive(Debug, Clone, Copy)]
pub struct Started<'a> {
    /// What the task sent.
    pub parameters: &'a Value,
    /// What [`Jobs::start`] gave.
    pub response: &'a Value,
    /// How often it was asked about in vain.
    pub polls: u32,
}

/// What a job has come to.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// It goes on, as far as is known.
    Running {
        /// Why nothing is known, if the service did not say so itself.
        doubt: Option<StateError>,
    },
    /// It is over: the task's result, or its error.
    Ended(Result<Value, StateError>),
}

/// After so many polls, which is half a minute, a service that does not know a job will never know it:
/// before that it may not know it yet.
const POLLS_UNTIL_GONE: u32 = 5;

/// What a service says, behind the name of the service, when there is no such job. Some call that a
/// request that is not valid. What may pass, or may be permitted later, is not among it.
const GONE: &[&str] = &[
    "ResourceNotFoundException",
    "EntityNotFoundException",
    "NotFoundException",
    "ClusterNotFoundException",
    "ClientException",
    "InvalidInputException",
    "InvalidParameterException",
    "InvalidRequestException",
    "ValidationException",
];

impl Jobs {
    /// The jobs of an action; `None` if it has none.
    pub fn of(service: &str, action: &str) -> Option<Self> {
        let (name, row) = table::jobs().get_key_value(&format!("{service}:{action}"))?;
        let (service, action) = name.split_once(':')?;
        Some(Self {
            service,
            action,
            row,
        })
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let names = table::jobs().keys().filter_map(|name| name.split_once(':'));
        names.filter_map(|(service, action)| Self::of(service, action))
    }

    /// The service whose jobs they are.
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// The action that starts them.
    pub fn action(&self) -> &'static str {
        self.action
    }

    /// Whether a start that is made twice with the same token starts one job, however late that is.
    pub fn are_recognised(&self) -> bool {
        self.row.token.is_some() && !self.row.token_expires
    }

    /// The action that asks about them.
    pub fn poll_action(&self) -> &'static str {
        &self.row.poll.action
    }

    /// The action that cancels them, if they can be.
    pub fn cancel_action(&self) -> Option<&'static str> {
        self.row
            .cancel
            .as_ref()
            .map(|request| request.action.as_str())
    }

    /// Which part of the answer to a poll their result is.
    pub(crate) fn result(&self) -> Part<'static> {
        self.row.result_part()
    }

    /// Starts a job. `token` names the attempt; the task may give one of its own.
    ///
    /// # Errors
    ///
    /// The service's.
    pub async fn start(
        &self,
        api: &impl Api,
        parameters: &Value,
        token: &str,
    ) -> Result<Value, StateError> {
        let mut sent = parameters.clone();
        if let Value::Object(members) = &mut sent {
            let token = self.row.token.iter().map(|name| (name, token.into()));
            let defaults = self
                .row
                .defaults
                .iter()
                .map(|(name, value)| (name, value.clone()));
            for (name, value) in token.chain(defaults) {
                // `null` is what a task says of a member that it leaves out.
                if members.get(name).is_none_or(Value::is_null) {
                    members.insert(name.clone(), value);
                }
            }
        }
        let mut response = api.call(self.service, self.action, sent).await?;
        let scope = Scope {
            parameters,
            start: &Value::Null,
            poll: &Value::Null,
        };
        self.row.response.insert_into(&mut response, scope);
        Ok(response)
    }

    /// Asks what has become of a job.
    pub async fn poll(&self, api: &impl Api, job: Started<'_>) -> Progress {
        match self.call(api, &self.row.poll, job).await {
            Ok(response) => self.progress(job, &response),
            Err(error) => self.doubted(job, error),
        }
    }

    /// Cancels a job. Where there is nothing to cancel, that is done.
    ///
    /// # Errors
    ///
    /// The service's: it may still run.
    pub async fn cancel(&self, api: &impl Api, job: Started<'_>) -> Result<(), StateError> {
        let Some(request) = &self.row.cancel else {
            return Ok(());
        };
        match self.call(api, request, job).await {
            Err(error) if !is_gone(&error) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn call(
        &self,
        api: &impl Api,
        request: &Request,
        job: Started<'_>,
    ) -> Result<Value, StateError> {
        let parameters = request.parameters.filled_in(job.scope(&Value::Null));
        let parameters = parameters.map_err(|path| {
            let cause = format!("The job cannot be asked about: there is no {path}");
            StateError::new(names::RUNTIME, cause)
        })?;
        api.call(self.service, &request.action, parameters).await
    }

    fn progress(&self, job: Started<'_>, response: &Value) -> Progress {
        let row = self.row;
        let scope = job.scope(response);
        let Some(status) = row.status.find(scope).and_then(Value::as_str) else {
            return missing(job, response);
        };
        let is = |statuses: &[String]| statuses.iter().any(|other| other == status);
        let has_failed = is(&row.failed);
        if !has_failed && !is(&row.succeeded) {
            return Progress::Running { doubt: None };
        }
        let result = row.result_of(scope);
        let is_well = row.fails_unless.as_ref().is_none_or(|all| all.holds(scope));
        Progress::Ended(match is_well && !has_failed {
            true => Ok(result),
            false => Err(StateError::new(names::TASK_FAILED, to_json(&result))),
        })
    }

    /// A poll that failed says nothing about the job, but that there is none.
    fn doubted(&self, job: Started<'_>, error: StateError) -> Progress {
        let is_end = |end: &String| is_called(&error, end);
        if self.row.succeeded_by_error.as_ref().is_some_and(is_end) {
            // What is gone cannot be described any more; how it began to go can.
            return Progress::Ended(Ok(without_metadata(job.response.clone())));
        }
        // The same parameters give the same parameters.
        let is_hopeless = error.name.as_deref() == Some(names::RUNTIME);
        match is_hopeless || is_gone(&error) && job.is_old() {
            true => Progress::Ended(Err(error)),
            false => Progress::Running { doubt: Some(error) },
        }
    }
}

impl Started<'_> {
    fn scope<'a>(&'a self, poll: &'a Value) -> Scope<'a> {
        Scope {
            parameters: self.parameters,
            start: self.response,
            poll,
        }
    }

    fn is_old(&self) -> bool {
        self.polls >= POLLS_UNTIL_GONE
    }
}

/// The response lists jobs, and this is not among them.
fn missing(job: Started<'_>, response: &Value) -> Progress {
    let response = without_metadata(response.clone());
    let error = StateError::new(names::TASK_FAILED, to_json(&response));
    match job.is_old() {
        true => Progress::Ended(Err(error)),
        false => Progress::Running { doubt: Some(error) },
    }
}

fn is_gone(error: &StateError) -> bool {
    GONE.iter().any(|name| is_called(error, name))
}

/// Whether an error of any service is called so.
fn is_called(error: &StateError, name: &str) -> bool {
    let of_service = error.name.as_deref().and_then(|name| name.rsplit_once('.'));
    of_service.is_some_and(|(_, of_service)| of_service == name)
}

/// A result is what the service says of the job, not how it said that.
fn without_metadata(mut response: Value) -> Value {
    if let Value::Object(members) = &mut response {
        members.retain(|name, _| name != "SdkHttpMetadata" && name != "SdkResponseMetadata");
    }
    response
}
