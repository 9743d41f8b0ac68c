//! `segno start`: starts an execution on a running server.

use std::process::ExitCode;

use serde_json::json;

use crate::{
    client::{Client, Server, Watch, is_express, run_express, text},
    input,
    terminal::print,
};

/// Start an execution on a running server, and print its ARN.
///
/// Exit status with --wait or --follow: 0 succeeded, 1 failed, 2 not started, 3 timed out or aborted,
/// 130 not waited for any longer.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The state machine: its name or its ARN. NAME:VERSION and NAME:ALIAS are possible, too, and
    /// NAME#CASE for a test case of a server that has mocks.
    machine: String,

    /// The input: JSON, or @FILE to read it from a file.
    #[arg(long, default_value = "{}", value_name = "JSON|@FILE")]
    input: String,

    /// Name of the execution, unique among those of the state machine. Default: a new UUID.
    #[arg(long)]
    name: Option<String>,

    #[command(flatten)]
    watch: Watch,

    #[command(flatten)]
    server: Server,
}

pub(crate) async fn start(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let client = Client::of(&arguments.server)?;
    let machine = client.machine_arn(&arguments.machine).await?;
    let input = input::read("--input", &arguments.input)?;
    let mut request = json!({ "stateMachineArn": machine, "input": input });
    if let Some(name) = &arguments.name {
        request["name"] = name.as_str().into();
    }
    if arguments.watch.is_wanted() && is_express(&client, &machine).await {
        return run_express(&client, &request).await;
    }
    let started = client.call("StartExecution", &request).await?;
    let execution = text(&started, "executionArn");
    if arguments.watch.is_wanted() {
        eprintln!("{execution}");
        return arguments.watch.stay(&client, execution).await;
    }
    print(execution);
    Ok(ExitCode::SUCCESS)
}
