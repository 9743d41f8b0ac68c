//! Whether a command that sets an execution going stays until it has ended.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{Client, Follower, text};
use crate::{
    exit,
    progress::{self, Progress, timestamp},
    terminal::{Palette, print},
};

#[derive(clap::Args)]
pub(crate) struct Watch {
    /// Wait until it has ended: its output on standard output, and the exit status of `segno run`.
    #[arg(long)]
    wait: bool,

    /// The same, with its progress on standard error.
    #[arg(long)]
    follow: bool,
}

impl Watch {
    pub(crate) fn is_wanted(&self) -> bool {
        self.wait || self.follow
    }

    /// Stays with an execution until it has ended, or Ctrl-C is pressed: then it goes on alone.
    pub(crate) async fn stay(&self, client: &Client, execution: &str) -> anyhow::Result<ExitCode> {
        let mut follower = Follower::new(client, execution);
        let mut progress = Progress::new(Palette::of(&std::io::stderr()));
        let to_the_end = follower.follow_to_end(|event| {
            if let (Some(line), true) = (progress.take(event), self.follow) {
                eprintln!("{line}");
            }
        });
        tokio::select! {
            ended = to_the_end => Ok(finish(&ended?)),
            _ = tokio::signal::ctrl_c() => {
                eprintln!("it goes on; `segno stop {execution}` stops it");
                Ok(ExitCode::from(exit::INTERRUPTED))
            }
        }
    }
}

/// Prints what came of an execution; its exit status.
pub(crate) fn finish(described: &Value) -> ExitCode {
    if let Some(output) = described["output"].as_str() {
        print(output);
    }
    eprintln!("{}", summary(described));
    exit::of_execution(text(described, "status"))
}

/// The last line: how an execution ended, or that it has not.
pub(crate) fn summary(described: &Value) -> String {
    let began = timestamp(&described["startDate"]);
    let Some((began, ended)) = began.zip(timestamp(&described["stopDate"])) else {
        return "the execution goes on".into();
    };
    let (error, cause) = (&described["error"], &described["cause"]);
    progress::summary(text(described, "status"), began.until(ended), error, cause)
}

/// Runs an Express state machine and waits for the answer: nothing else tells how one ended.
pub(crate) async fn run_express(client: &Client, request: &Value) -> anyhow::Result<ExitCode> {
    let answer = client.call("StartSyncExecution", request).await?;
    Ok(finish(&answer))
}

/// Whether the state machine of an ARN, qualified or not, is an Express one.
pub(crate) async fn is_express(client: &Client, machine: &str) -> bool {
    let machine = machine.split('#').next().unwrap_or(machine);
    let request = json!({ "stateMachineArn": machine });
    // What is wrong with the ARN, the start says.
    let described = client.call("DescribeStateMachine", &request).await;
    described.is_ok_and(|described| text(&described, "type") == "EXPRESS")
}
