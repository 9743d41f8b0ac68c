//! `segno iam`: the policy that a definition's role needs.

mod render;

use std::{path::Path, process::ExitCode};

use anyhow::{anyhow, bail};
use segno_asl::definition::tokens;
use segno_integrations::iam::{Options, policy};

use crate::definition::{Source, Substitute, machine_name};

/// Print the least IAM policy that a definition's role needs.
///
/// Resources are as narrow as the definition says; what is only known when a task runs is `*`, with a
/// note on standard error.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The definition: a file in the Amazon States Language, JSON or YAML, or - for standard input.
    file: String,

    /// How to write it.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,

    /// Name of the state machine; that of the file if not given.
    #[arg(long)]
    name: Option<String>,

    /// Region of what the definition names without one.
    #[arg(long, default_value = "*")]
    region: String,

    /// Account of what the definition names without one.
    #[arg(long, default_value = "*")]
    account: String,

    /// Allow what logging to CloudWatch Logs needs.
    #[arg(long)]
    logs: bool,

    /// Allow what tracing with X-Ray needs.
    #[arg(long)]
    traces: bool,

    #[command(flatten)]
    substitute: Substitute,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// A policy document.
    Json,
    /// `Policies` of an AWS::Serverless::StateMachine.
    Sam,
    /// An `aws_iam_policy_document`.
    Terraform,
}

pub(crate) fn iam(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let source = Source::read(&arguments.file)?;
    let document = source
        .document()
        .map_err(|refused| anyhow!(source.describe(&refused)))?;
    let definition = tokens::fill(&document.value, &arguments.substitute.read()?);
    if !definition["States"].is_object() {
        bail!("{} is no definition: it has no States", source.name);
    }
    let name = arguments.name.clone();
    let needed = policy(
        &definition,
        &Options {
            region: arguments.region.clone(),
            account: arguments.account.clone(),
            name: name.unwrap_or_else(|| machine_name(Path::new(&arguments.file))),
            logs: arguments.logs,
            traces: arguments.traces,
        },
    );
    for (pointer, note) in &needed.notes {
        eprintln!("note: {pointer}: {note}");
    }
    print!(
        "{}",
        match arguments.format {
            Format::Json => render::json(&needed.statements),
            Format::Sam => render::sam(&needed.statements),
            Format::Terraform => render::terraform(&needed.statements),
        }
    );
    Ok(ExitCode::SUCCESS)
}
