//! `segno graph`: a definition as a diagram.

mod dot;
mod edges;
mod mermaid;

use std::process::ExitCode;

use anyhow::anyhow;
use segno_asl::definition::{parse_value, tokens};

use crate::definition::{Source, Substitute};

/// Print a definition as a diagram.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The definition: a file in the Amazon States Language, JSON or YAML, or - for standard input.
    file: String,

    #[command(flatten)]
    substitute: Substitute,

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
    let source = Source::read(&arguments.file)?;
    let refuse =
        |lines: Vec<String>| anyhow!("{} is not valid\n  {}", source.name, lines.join("\n  "));
    let document = source
        .document()
        .map_err(|refused| refuse(vec![source.describe(&refused)]))?;
    let definition = tokens::fill(&document.value, &arguments.substitute.read()?);
    let machine = parse_value(&tokens::stand_ins(&definition))
        .map_err(|found| refuse(found.0.iter().map(ToString::to_string).collect()))?;
    match arguments.format {
        Format::Mermaid => print!("{}", mermaid::render(&machine)),
        Format::Dot => print!("{}", dot::render(&machine)),
    }
    Ok(ExitCode::SUCCESS)
}
