//! `segno graph`: a definition as a diagram.

mod dot;
mod mermaid;

use std::process::ExitCode;

use anyhow::anyhow;
use segno_asl::definition::{compile, tokens};
use segno_console::graph::{Open, Picture, Plain, ascii, metrics::Metrics, svg};

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

    /// Draw Parallel and Map states without what is in them.
    #[arg(long)]
    collapse: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// A Mermaid flowchart, as GitHub and GitLab show it.
    Mermaid,
    /// Graphviz.
    Dot,
    /// A picture, light or dark as its viewer prefers.
    Svg,
    /// Boxes and lines, for a terminal.
    Ascii,
}

pub(crate) fn graph(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let source = Source::read(&arguments.file)?;
    let refuse =
        |lines: Vec<String>| anyhow!("{} is not valid\n  {}", source.name, lines.join("\n  "));
    let document = source
        .document()
        .map_err(|refused| refuse(vec![source.describe(&refused)]))?;
    let definition = tokens::fill(&document.value, &arguments.substitute.read()?);
    let machine = compile(&tokens::stand_ins(&definition))
        .map_err(|found| refuse(found.0.iter().map(ToString::to_string).collect()))?;
    let open = if arguments.collapse {
        Open::None
    } else {
        Open::Some
    };
    match arguments.format {
        Format::Mermaid => print!("{}", mermaid::render(&machine)),
        Format::Dot => print!("{}", dot::render(&machine)),
        Format::Ascii => print!("{}", ascii(&Picture::of(&machine, &open, &Metrics::CELLS))),
        Format::Svg => {
            let picture = Picture::of(&machine, &open, &Metrics::PIXELS);
            print!("{}", svg(&picture, &Plain));
        }
    }
    Ok(ExitCode::SUCCESS)
}
