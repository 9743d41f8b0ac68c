//! `segno history`: the history of an execution of a running server.

use std::process::ExitCode;

use segno_interpreter::event::Timestamp;
use serde_json::{Value, json};

use crate::{
    client::{Client, Format, Server, Table, text},
    progress::{self, describe, timestamp},
    terminal::print,
};

/// Print the history of an execution of a running server.
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

pub(crate) async fn history(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let client = Client::of(&arguments.server)?;
    let request = json!({
        "executionArn": client.execution_arn(&arguments.execution).await?,
        "includeExecutionData": arguments.format == Format::Json,
    });
    let events = client
        .list("GetExecutionHistory", "events", request)
        .await?;
    print(&match arguments.format {
        Format::Json => format!("{:#}", json!({ "events": events })),
        Format::Text => table(&events).render(),
    });
    Ok(ExitCode::SUCCESS)
}

/// A row for each event: number, seconds since the start, type, and what it is about.
fn table(events: &[Value]) -> Table {
    let mut table = Table::new(&["ID", "AFTER", "TYPE", "ABOUT"]);
    let at = |event: &Value| timestamp(&event["timestamp"]).unwrap_or(Timestamp(0));
    let began = events.first().map_or(Timestamp(0), at);
    for event in events {
        let after = began.until(at(event)).as_secs_f64();
        table.row([
            event["id"].to_string(),
            format!("{after:.3}"),
            text(event, "type").into(),
            about(event),
        ]);
    }
    table
}

/// The name of the state, the resource or the error of an event.
fn about(event: &Value) -> String {
    let details = progress::details(event);
    let index = details["index"].as_u64();
    match (details["name"].as_str(), index) {
        (Some(name), Some(index)) => format!("{name} [{index}]"),
        (Some(name), None) => name.to_owned(),
        _ if details["error"].is_string() || details["cause"].is_string() => {
            describe(&details["error"], &details["cause"])
        }
        _ => text(details, "resource").to_owned(),
    }
}
