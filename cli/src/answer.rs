//! `segno send-success`, `send-failure` and `send-heartbeat`: answers a task that waits for its token.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::{
    client::{Client, Server},
    input,
};

/// Which task is answered, and where.
#[derive(clap::Args)]
struct Task {
    /// The task token.
    // One of 64 begins with a hyphen.
    #[arg(value_name = "TOKEN", allow_hyphen_values = true)]
    token: String,

    #[command(flatten)]
    server: Server,
}

impl Task {
    async fn send(&self, operation: &str, mut answer: Value) -> anyhow::Result<ExitCode> {
        answer["taskToken"] = self.token.as_str().into();
        Client::of(&self.server)?.call(operation, &answer).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Answer a task that waits for its token: it succeeded.
#[derive(clap::Args)]
pub(crate) struct Success {
    #[command(flatten)]
    task: Task,

    /// The result of the task: JSON, or @FILE to read it from a file.
    #[arg(long, default_value = "{}", value_name = "JSON|@FILE")]
    output: String,
}

pub(crate) async fn success(arguments: Success) -> anyhow::Result<ExitCode> {
    let output = input::read("--output", &arguments.output)?;
    let answer = json!({ "output": output });
    arguments.task.send("SendTaskSuccess", answer).await
}

/// Answer a task that waits for its token: it failed.
#[derive(clap::Args)]
pub(crate) struct Failure {
    #[command(flatten)]
    task: Task,

    /// Name of the error, as Retry and Catch know it.
    #[arg(long)]
    error: Option<String>,

    /// Why it failed.
    #[arg(long)]
    cause: Option<String>,
}

pub(crate) async fn failure(arguments: Failure) -> anyhow::Result<ExitCode> {
    let mut answer = json!({});
    for (key, value) in [("error", arguments.error), ("cause", arguments.cause)] {
        if let Some(value) = value {
            answer[key] = value.into();
        }
    }
    arguments.task.send("SendTaskFailure", answer).await
}

/// Tell a task that waits for its token that somebody is still at work on it.
#[derive(clap::Args)]
pub(crate) struct Heartbeat {
    #[command(flatten)]
    task: Task,
}

pub(crate) async fn heartbeat(arguments: Heartbeat) -> anyhow::Result<ExitCode> {
    arguments.task.send("SendTaskHeartbeat", json!({})).await
}
