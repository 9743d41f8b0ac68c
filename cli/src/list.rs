//! `segno list`: the state machines of a running server, or the executions of one of them.

use std::process::ExitCode;

use segno_asl::data::timestamp;
use serde_json::{Value, json};

use crate::{
    client::{Client, Format, Server, Table, text},
    progress::{self, duration},
    terminal::print,
};

/// List the state machines of a running server, or the executions of one.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,

    /// How to print them.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,

    #[command(flatten)]
    server: Server,
}

#[derive(clap::Subcommand)]
enum What {
    /// The state machines: what is listed if nothing is named.
    Machines,
    /// The executions of a state machine, newest first.
    Executions {
        /// The state machine: its name or its ARN.
        machine: String,

        /// Only those of this status: running, succeeded, failed, timed-out, aborted.
        #[arg(long)]
        status: Option<String>,
    },
}

pub(crate) async fn list(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let client = Client::of(&arguments.server)?;
    let (listed, table) = match arguments.what {
        None | Some(What::Machines) => {
            let listed = client.list("ListStateMachines", "stateMachines", json!({}));
            let listed = listed.await?;
            let table = machines(&listed);
            (listed, table)
        }
        Some(What::Executions { machine, status }) => {
            let mut request = json!({ "stateMachineArn": client.machine_arn(&machine).await? });
            if let Some(status) = status {
                request["statusFilter"] = status.to_uppercase().replace('-', "_").into();
            }
            let listed = client.list("ListExecutions", "executions", request).await?;
            let table = executions(&listed);
            (listed, table)
        }
    };
    print(&match arguments.format {
        Format::Text => table.render(),
        Format::Json => format!("{:#}", Value::Array(listed)),
    });
    Ok(ExitCode::SUCCESS)
}

fn machines(machines: &[Value]) -> Table {
    let mut table = Table::new(&["NAME", "TYPE", "CREATED"]);
    for machine in machines {
        let created = date(&machine["creationDate"]);
        table.row([
            text(machine, "name").into(),
            text(machine, "type").into(),
            created,
        ]);
    }
    table
}

fn executions(executions: &[Value]) -> Table {
    let mut table = Table::new(&["NAME", "STATUS", "STARTED", "TOOK"]);
    for execution in executions {
        let began = progress::timestamp(&execution["startDate"]);
        let ended = progress::timestamp(&execution["stopDate"]);
        let took = began
            .zip(ended)
            .map(|(began, ended)| duration(began.until(ended)));
        table.row([
            text(execution, "name").into(),
            text(execution, "status").into(),
            date(&execution["startDate"]),
            took.unwrap_or_default(),
        ]);
    }
    table
}

/// A timestamp of the protocol for people; empty if there is none.
pub(crate) fn date(seconds: &Value) -> String {
    progress::timestamp(seconds).map_or_else(String::new, |at| timestamp::format(at.0))
}
