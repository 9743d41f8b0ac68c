//! `segno stop` and `segno redrive`: ends an execution of a running server, or lets it go on from
//! where it failed.

use std::process::ExitCode;

use serde_json::json;

use crate::client::{Client, Follower, Server, Watch, summary};

/// Stop an execution of a running server.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The execution: its ARN, MACHINE/NAME, or its name if no other has it.
    execution: String,

    /// Name of the error that it ends with.
    #[arg(long)]
    error: Option<String>,

    /// Why.
    #[arg(long)]
    cause: Option<String>,

    #[command(flatten)]
    server: Server,
}

pub(crate) async fn stop(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let client = Client::of(&arguments.server)?;
    let arn = client.execution_arn(&arguments.execution).await?;
    let mut request = json!({ "executionArn": arn });
    for (key, value) in [("error", arguments.error), ("cause", arguments.cause)] {
        if let Some(value) = value {
            request[key] = value.into();
        }
    }
    client.call("StopExecution", &request).await?;
    let described = Follower::new(&client, &arn).describe().await?;
    eprintln!("{}", summary(&described));
    Ok(ExitCode::SUCCESS)
}

/// Let an execution of a running server that did not succeed go on from where it ended.
#[derive(clap::Args)]
pub(crate) struct Redrive {
    /// The execution: its ARN, MACHINE/NAME, or its name if no other has it.
    execution: String,

    #[command(flatten)]
    watch: Watch,

    #[command(flatten)]
    server: Server,
}

pub(crate) async fn redrive(arguments: Redrive) -> anyhow::Result<ExitCode> {
    let client = Client::of(&arguments.server)?;
    let arn = client.execution_arn(&arguments.execution).await?;
    let request = json!({ "executionArn": arn });
    client.call("RedriveExecution", &request).await?;
    match arguments.watch.is_wanted() {
        true => arguments.watch.stay(&client, &arn).await,
        false => Ok(ExitCode::SUCCESS),
    }
}
