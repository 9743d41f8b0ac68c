//! HTTPS APIs, through `arn:aws:states:::http:invoke`: an HTTP Task.
//!
//! A task names a connection, which says how the API is to be told who calls. [`Connections`] finds
//! it; [`Client`] makes one request of both.
//!
//! AWS: [Call HTTPS APIs](https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html).

pub mod connections;
mod form;
mod parameters;
mod request;
mod tokens;

use std::time::Duration;

use segno_asl::{
    errors::{StateError, names},
    limits,
};
use tokio::time::timeout;

pub use self::connections::Connections;
use self::{
    connections::{Authorization, Connection, Secret},
    parameters::Parameters,
    tokens::Tokens,
};
use crate::{
    CallOutcome, Reach,
    wire::{Answer, Failure, Wire},
};

/// The error of a request that was not answered.
const SOCKET: &str = "States.Http.Socket";

/// What an HTTP Task may do here.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which addresses it may call.
    pub reach: Reach,
    /// The region that `User-Agent` tells.
    pub region: String,
    /// Bytes of a response that a state may have.
    pub response_bytes_max: usize,
}

/// Performs HTTP Tasks.
#[derive(Debug)]
pub struct Client {
    config: Config,
    tokens: Tokens,
    wire: Wire,
}

impl Client {
    /// A client. Nothing is sent yet.
    pub fn new(config: Config) -> Self {
        Self {
            wire: Wire::new(config.reach),
            config,
            tokens: Tokens::default(),
        }
    }

    /// Performs a task: one request, with what the API answers as the result. Its connection is found
    /// in `connections`. It takes no longer than `limit`, nor than AWS lets it.
    ///
    /// # Errors
    ///
    /// `States.Http.StatusCode.…` if the API refuses, `States.Http.Socket` if it does not answer,
    /// `States.DataLimitExceeded` if it answers too much, `States.Runtime` if the parameters or the
    /// answer are of no use, `Events.ConnectionResource.…` if the connection is not.
    pub async fn call(
        &self,
        parameters: &str,
        connections: &impl Connections,
        limit: Duration,
    ) -> CallOutcome {
        let limit = limit.min(Duration::from_secs(limits::HTTP_TASK_SECONDS_MAX));
        timeout(limit, self.perform(parameters, connections))
            .await
            .unwrap_or_else(|_| Err(no_answer(&Failure::TimedOut(limit))))
    }

    async fn perform(&self, text: &str, connections: &impl Connections) -> CallOutcome {
        let parameters = Parameters::read(text)?;
        let arn = parameters.connection_arn.clone();
        let connection = connections.find(&arn).await;
        let connection = connection.map_err(|error| error.into_state_error(&arn))?;
        let token = self.token(&arn, &connection).await?;
        let (url, request) = request::build(
            text,
            parameters,
            &connection,
            token.as_ref(),
            &self.config.region,
        )?;
        let sent = self
            .wire
            .send(&url, request, self.config.response_bytes_max);
        let answer = sent.await.map_err(|failure| no_answer(&failure))?;
        // The next attempt asks for another.
        if let (401 | 407, Some(token)) = (answer.status.as_u16(), token) {
            self.tokens.forget(&arn, &token).await;
        }
        outcome(&answer)
    }

    async fn token(
        &self,
        arn: &str,
        connection: &Connection,
    ) -> Result<Option<Secret>, StateError> {
        match &connection.authorization {
            Authorization::Basic { .. } | Authorization::ApiKey { .. } => Ok(None),
            Authorization::OAuth(client) => {
                let token = self.tokens.get(&self.wire, arn, client).await;
                let token = token.map_err(|error| error.into_state_error(arn))?;
                Ok(Some(token))
            }
        }
    }
}

fn no_answer(failure: &Failure) -> StateError {
    StateError::new(SOCKET, format!("The HTTP request failed: {failure}"))
}

/// What an answer means for the state.
fn outcome(answer: &Answer) -> CallOutcome {
    if !answer.status.is_success() {
        let name = format!("States.Http.StatusCode.{}", answer.status.as_u16());
        return Err(StateError::new(name, answer.to_cause()));
    }
    if answer.is_cut {
        let cause = "The state/task 'http:invoke' returned a result with a size exceeding the maximum number of bytes service limit.";
        return Err(StateError::new(names::DATA_LIMIT_EXCEEDED, cause));
    }
    let media_type = answer.media_type().unwrap_or_default();
    if is_unsupported(&media_type) {
        let cause = format!("The response has a content-type that is not supported: {media_type}");
        return Err(StateError::new(names::RUNTIME, cause));
    }
    answer.to_output().ok_or_else(|| {
        let cause = "The response body cannot be read as a string";
        StateError::new(names::RUNTIME, cause)
    })
}

/// AWS: [Unsupported HTTP Task responses](https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#unsupported-http-task-responses).
fn is_unsupported(media_type: &str) -> bool {
    let kinds = ["image/", "video/", "audio/"];
    media_type == "application/octet-stream"
        || kinds.iter().any(|kind| media_type.starts_with(kind))
}
