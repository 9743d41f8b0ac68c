//! `segno graph`: a definition as a diagram.

mod dot;
mod edges;
mod mermaid;

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, anyhow};
use segno_asl::definition::parse;

/// Print a definition as a diagram.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The definition: a file in the Amazon States Language.
    file: PathBuf,

    /// The language of the diagram.
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// A Mermaid flowchart, as GitHub and GitLab show it.
    Mermaid,
    /// Graphviz.
    Dot,
}

pub(crate) fn graph(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let file = arguments.file.display();
    let text =
        fs::read_to_string(&arguments.file).with_context(|| format!("cannot read {file}"))?;
    let machine = parse(&text).map_err(|found| {
        let lines: Vec<String> = found.0.iter().map(ToString::to_string).collect();
        anyhow!("{file} is not valid\n  {}", lines.join("\n  "))
    })?;
    match arguments.format {
        Format::Mermaid => print!("{}", mermaid::render(&machine)),
        Format::Dot => print!("{}", dot::render(&machine)),
    }
    Ok(ExitCode::SUCCESS)
}
