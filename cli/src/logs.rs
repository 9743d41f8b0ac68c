//! `segno logs`: the progress of an execution of a running server, as `segno run` shows it.

use std::process::ExitCode;

use crate::{
    client::{Client, Follower, Server, summary, text},
    exit,
    progress::Progress,
    terminal::{Palette, print},
};

/// Print the progress of an execution of a running server, as `segno run` does.
///
/// Exit status with --follow: 0 succeeded, 1 failed, 3 timed out or aborted, 130 interrupted.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The execution: its ARN, MACHINE/NAME, or its name if no other has it.
    execution: String,

    /// Stay until it has ended.
    #[arg(long, short)]
    follow: bool,

    #[command(flatten)]
    server: Server,
}

pub(crate) async fn logs(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let client = Client::of(&arguments.server)?;
    let arn = client.execution_arn(&arguments.execution).await?;
    let mut follower = Follower::new(&client, &arn);
    let mut progress = Progress::new(Palette::of(&std::io::stdout()));
    let mut show = |event: &serde_json::Value| {
        if let Some(line) = progress.take(event) {
            print(&line);
        }
    };
    if !arguments.follow {
        let described = follower.describe().await?;
        follower.news().await?.iter().for_each(&mut show);
        print(&summary(&described));
        return Ok(ExitCode::SUCCESS);
    }
    tokio::select! {
        ended = follower.follow_to_end(show) => {
            let described = ended?;
            print(&summary(&described));
            Ok(exit::of_execution(text(&described, "status")))
        }
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(exit::INTERRUPTED)),
    }
}
