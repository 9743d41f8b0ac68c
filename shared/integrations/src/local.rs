//! Local targets: what stands in for a function on a laptop.

mod command;

use std::fmt;

pub use self::command::Command;
use segno_asl::errors::StateError;

use crate::{
    lambda::{Function, Invocation, InvokeParameters, TRACE_HEADER},
    sdk_error::client_error,
};

/// Something local that is given JSON and answers with JSON.
#[derive(Debug, Clone)]
pub enum Target {
    /// A URL that takes the event as a POST: a function's own server, or Lambda's runtime interface
    /// emulator.
    Http(Http),
    /// A command that takes the event on standard input.
    Command(Command),
}

/// A URL that takes events.
#[derive(Debug, Clone)]
pub struct Http {
    url: String,
    client: reqwest::Client,
}

/// Why a text names no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a target: it must be http://HOST:PORT/PATH or cmd:COMMAND")]
pub struct InvalidTarget(String);

impl Target {
    /// Reads `http://…` or `cmd:…`.
    ///
    /// # Errors
    ///
    /// [`InvalidTarget`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidTarget> {
        let refuse = || InvalidTarget(text.to_owned());
        if let Some(command) = text.strip_prefix("cmd:") {
            return Command::parse(command)
                .map(Self::Command)
                .ok_or_else(refuse);
        }
        let uri: http::Uri = text.parse().map_err(|_| refuse())?;
        if uri.scheme_str() != Some("http") || uri.authority().is_none() {
            return Err(refuse());
        }
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .expect("a client without TLS can always be built");
        Ok(Self::Http(Http {
            url: text.to_owned(),
            client,
        }))
    }

    /// The same; `listener` is told what a command writes to standard error when it succeeds.
    pub fn heard_by(self, listener: fn(&str)) -> Self {
        match self {
            Self::Command(command) => Self::Command(command.heard_by(listener)),
            Self::Http(http) => Self::Http(http),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(http) => f.write_str(&http.url),
            Self::Command(command) => write!(f, "cmd:{command}"),
        }
    }
}

impl Function for Target {
    /// Gives it the event, and the trace that the call belongs to.
    async fn invoke(&self, parameters: &InvokeParameters) -> Result<Invocation, StateError> {
        tracing::info!(function = parameters.function, target = %self, "a local target is called");
        match self {
            Self::Http(http) => http.call(parameters).await,
            Self::Command(command) => command.call(parameters).await,
        }
    }
}

impl Http {
    async fn call(&self, parameters: &InvokeParameters) -> Result<Invocation, StateError> {
        let failed = |error: reqwest::Error| client_error("Lambda", &error);
        let mut request = self
            .client
            .post(&self.url)
            .header("content-type", "application/json")
            .body(parameters.payload.clone());
        if let Some(trace) = &parameters.trace_header {
            request = request.header(TRACE_HEADER, trace);
        }
        let response = request.send().await.map_err(failed)?;
        let is_error = response.headers().contains_key("x-amz-function-error")
            || !response.status().is_success();
        let payload = response.text().await.map_err(failed)?;
        Ok(Invocation::answered(payload, is_error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_url_or_a_command() {
        assert!(matches!(
            Target::parse("http://127.0.0.1:9000/f"),
            Ok(Target::Http(_))
        ));
        assert!(matches!(
            Target::parse("cmd:./charge --test"),
            Ok(Target::Command(_))
        ));
        for text in [
            "",
            "cmd:",
            "cmd:'",
            "./charge",
            "https://example.com",
            "http:",
        ] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }
}
