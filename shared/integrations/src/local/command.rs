//! A command as a function: the event on standard input, the answer on standard output.

use std::{fmt, io, process::Stdio};

use segno_asl::errors::StateError;
use tokio::{io::AsyncWriteExt, process};

use crate::lambda::{Invocation, InvokeParameters};

/// Where a function looks for the trace that it is called in.
///
/// AWS: [Lambda environment variables](https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html).
const TRACE_VARIABLE: &str = "_X_AMZN_TRACE_ID";

/// A command with its arguments.
///
/// The trace that a call belongs to is in the variable `_X_AMZN_TRACE_ID`, as Lambda's runtimes have it.
/// Exit status 0 makes standard output the result. Any other makes standard error the cause; if
/// that is a JSON object with `errorType`, as Lambda's errors are, its error has that name.
#[derive(Debug, Clone)]
pub struct Command {
    words: Vec<String>,
    /// Is told what a command that succeeds writes to standard error.
    listener: Option<fn(&str)>,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shell_words::join(&self.words))
    }
}

impl Command {
    /// Splits a command line as a shell does, quotes included. `None` if there is nothing to run.
    pub fn parse(line: &str) -> Option<Self> {
        let words = shell_words::split(line).ok()?;
        (!words.is_empty()).then_some(Self {
            words,
            listener: None,
        })
    }

    /// The same; `listener` is told what it writes to standard error when it succeeds.
    pub(super) fn heard_by(self, listener: fn(&str)) -> Self {
        let listener = Some(listener);
        Self { listener, ..self }
    }

    pub(super) async fn call(
        &self,
        parameters: &InvokeParameters,
    ) -> Result<Invocation, StateError> {
        let output = self.run(parameters).await.map_err(|error| {
            StateError::new("Lambda.Unknown", format!("could not run `{self}`: {error}"))
        })?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim_end().to_owned();
        let said = text(output.stderr);
        if !output.status.success() {
            return Ok(Invocation::answered(said, true));
        }
        if let Some(listener) = self.listener.filter(|_| !said.is_empty()) {
            listener(&said);
        }
        Ok(Invocation::answered(text(output.stdout), false))
    }

    /// Runs it to its end. It is killed if nobody waits for it any more.
    async fn run(&self, parameters: &InvokeParameters) -> io::Result<std::process::Output> {
        let mut command = process::Command::new(&self.words[0]);
        // Ctrl-C at the terminal is for whoever started it: it may let the command finish.
        #[cfg(unix)]
        command.process_group(0);
        match &parameters.trace_header {
            Some(trace) => command.env(TRACE_VARIABLE, trace),
            None => command.env_remove(TRACE_VARIABLE),
        };
        let mut child = command
            .args(&self.words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut stdin = child.stdin.take().expect("it was asked for");
        let event = parameters.payload.clone();
        // Beside reading its output, so that neither waits for the other with a full pipe.
        let writing = tokio::spawn(async move {
            // A command that does not read its input closes the pipe: that is its right.
            let _ = stdin.write_all(event.as_bytes()).await;
        });
        let output = child.wait_with_output().await;
        writing.abort();
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn call(line: &str, event: &str) -> Invocation {
        let command = Command::parse(line).unwrap();
        command.call(&event_of(event)).await.unwrap()
    }

    fn event_of(event: &str) -> InvokeParameters {
        InvokeParameters::of_function("f", event)
    }

    #[tokio::test]
    async fn standard_output_is_the_result() {
        assert_eq!(
            call("cat", r#"{"a":1}"#).await,
            Invocation::answered(r#"{"a":1}"#.into(), false)
        );
    }

    #[tokio::test]
    async fn standard_error_is_the_cause_of_a_failure() {
        let failed = call("sh -c 'echo no luck >&2; exit 3'", "{}").await;
        assert_eq!(failed, Invocation::answered("no luck".into(), true));
    }

    #[tokio::test]
    async fn a_command_knows_the_trace() {
        let command = Command::parse(r#"sh -c 'echo "\"$_X_AMZN_TRACE_ID\""'"#).unwrap();
        for (header, seen) in [(Some("Root=1-2"), r#""Root=1-2""#), (None, r#""""#)] {
            let traced = event_of("{}").traced(header.map(str::to_owned));
            let answered = Invocation::answered(seen.into(), false);
            assert_eq!(command.call(&traced).await.unwrap(), answered);
        }
    }

    #[tokio::test]
    async fn what_a_command_says_besides_is_heard() {
        static HEARD: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());
        let listener: fn(&str) = |said| HEARD.lock().unwrap().push_str(said);
        for line in ["sh -c 'echo hm >&2; echo 1'", "sh -c 'echo no >&2; exit 1'"] {
            let command = Command::parse(line).unwrap().heard_by(listener);
            command.call(&event_of("{}")).await.unwrap();
        }
        assert_eq!(*HEARD.lock().unwrap(), "hm", "a failure has its own cause");
    }

    #[tokio::test]
    async fn a_command_need_not_read_a_large_event() {
        let event = format!("\"{}\"", "x".repeat(1 << 20));
        assert_eq!(
            call("echo 1", &event).await,
            Invocation::answered("1".into(), false)
        );
    }

    #[tokio::test]
    async fn what_cannot_be_run_says_why() {
        let error = Command::parse("/no/such/command")
            .unwrap()
            .call(&event_of("{}"))
            .await
            .unwrap_err();
        assert!(
            error
                .cause
                .unwrap()
                .starts_with("could not run `/no/such/command`")
        );
    }
}
