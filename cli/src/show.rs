//! `segno show`: an execution of a running server, at one look.

use std::process::ExitCode;

use serde_json::Value;

use crate::{
    client::{Client, Follower, Format, Server, summary, text},
    list::date,
    progress::Progress,
    terminal::{Palette, print},
};

/// Show an execution of a running server: its status, where it stands, its input and output.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The execution: its ARN, MACHINE/NAME, or its name if no other has it.
    execution: String,

    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    #[command(flatten)]
    server: Server,
}

pub(crate) async fn show(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let client = Client::of(&arguments.server)?;
    let arn = client.execution_arn(&arguments.execution).await?;
    let mut follower = Follower::new(&client, &arn);
    let described = follower.describe().await?;
    if arguments.format == Format::Json {
        print(&format!("{described:#}"));
        return Ok(ExitCode::SUCCESS);
    }
    let mut progress = Progress::new(Palette { has_colors: false });
    for event in follower.news().await? {
        // Only where it stands is of interest.
        let _ = progress.take(&event);
    }
    let mut lines = vec![
        ("Name", text(&described, "name").to_owned()),
        ("ARN", arn.clone()),
        ("Started", date(&described["startDate"])),
    ];
    match text(&described, "status") {
        "RUNNING" => {
            lines.push(("Status", "RUNNING".into()));
            lines.extend(progress.open_states().into_iter().map(|(state, since)| {
                let since = segno_asl::data::timestamp::format(since.0);
                ("In", format!("{state}, since {since}"))
            }));
        }
        _ => lines.push(("Status", summary(&described))),
    }
    for (label, key) in [("Input", "input"), ("Output", "output")] {
        if let Value::String(data) = &described[key] {
            lines.push((label, data.clone()));
        }
    }
    for (label, value) in lines {
        print(&format!("{label:9}{value}"));
    }
    Ok(ExitCode::SUCCESS)
}
