//! `segno validate`: everything that there is to say about definitions, and where.

mod report;
mod sarif;

use std::{io::Write, process::ExitCode};

use anyhow::{Context, bail};
use segno_asl::definition::{
    Diagnostic, MachineType, Severity, advise, codes,
    places::Document,
    tokens::{self, Substitutions},
};
use segno_integrations::lint;
use serde_json::Value;

use crate::{
    definition::{Source, Substitute},
    exit,
    findings::{self, Finding},
    terminal::Palette,
};

/// Say what is wrong with definitions: errors, warnings, notes, and where they are.
///
/// Exit status: 0 valid, 1 at least one error, 2 wrong usage or unreadable.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Definitions in JSON or YAML: files, patterns such as 'machines/**/*.asl.json', or - for
    /// standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,

    /// How to say it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// What the state machines are created as.
    #[arg(long = "type", value_enum, default_value_t = Type::Standard)]
    machine_type: Type,

    #[command(flatten)]
    substitute: Substitute,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// Each finding with the lines it is about.
    Text,
    /// A list of findings.
    Json,
    /// SARIF 2.1.0, as code scanning reads it.
    Sarif,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Type {
    Standard,
    Express,
}

impl From<Type> for MachineType {
    fn from(machine_type: Type) -> Self {
        match machine_type {
            Type::Standard => Self::Standard,
            Type::Express => Self::Express,
        }
    }
}

/// A definition with what there is to say about it.
struct Checked {
    source: Source,
    findings: Vec<Finding>,
}

pub(crate) fn validate(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let substitutions = arguments.substitute.read()?;
    let mut is_readable = true;
    let mut checked = Vec::new();
    for path in expand(&arguments.files)? {
        match Source::read(&path) {
            Ok(source) => {
                checked.push(check(source, arguments.machine_type.into(), &substitutions));
            }
            Err(error) => {
                eprintln!("error: {error:#}");
                is_readable = false;
            }
        }
    }
    let said = match arguments.format {
        Format::Text => report::text(&checked, Palette::of(&std::io::stdout())),
        Format::Json => format!("{:#}\n", report::json(&checked)),
        Format::Sarif => format!("{:#}\n", sarif::render(&checked)),
    };
    // Whoever reads only the beginning has seen enough.
    let _ = std::io::stdout().write_all(said.as_bytes());
    let mut findings = checked.iter().flat_map(|checked| &checked.findings);
    Ok(if !is_readable {
        ExitCode::from(exit::USAGE)
    } else if findings.any(|finding| finding.diagnostic.is_error()) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The files that are meant; a pattern must mean at least one.
fn expand(files: &[String]) -> anyhow::Result<Vec<String>> {
    let mut paths = Vec::new();
    for file in files {
        let is_pattern = file.contains(['*', '?', '[']) && !std::path::Path::new(file).exists();
        if !is_pattern {
            paths.push(file.clone());
            continue;
        }
        let before = paths.len();
        let found = glob::glob(file).with_context(|| format!("{file} is no pattern"))?;
        for path in found {
            let path = path.with_context(|| format!("cannot follow {file}"))?;
            if path.is_file() {
                paths.push(path.to_string_lossy().into_owned());
            }
        }
        if paths.len() == before {
            bail!("there is no file {file}");
        }
    }
    Ok(paths)
}

fn check(source: Source, machine_type: MachineType, substitutions: &Substitutions) -> Checked {
    let document = match source.document() {
        Ok(document) => document,
        Err(refused) => {
            let findings = vec![refused.into()];
            return Checked { source, findings };
        }
    };
    let definition = tokens::fill(&document.value, substitutions);
    let mut findings = findings::check(&document, "", &definition, machine_type);
    for Finding { diagnostic, .. } in &mut findings {
        lint::explain(&definition, diagnostic);
        // It is valid, and runs on AWS.
        if diagnostic.code == codes::NOT_SUPPORTED {
            diagnostic.severity = Severity::Warning;
        }
    }
    findings.extend(calls(&document, &definition, &findings));
    // What has to be changed anyway may be no call any more.
    if !findings.iter().any(|finding| finding.diagnostic.is_error()) {
        let notes = advise(&definition);
        let notes = notes.into_iter();
        findings.extend(notes.map(|note| findings::placed(&document, "", note)));
    }
    let twice = document.duplicate_keys();
    findings.extend(
        twice
            .into_iter()
            .map(|(diagnostic, place)| Finding { diagnostic, place }),
    );
    findings.sort_by_key(|finding| finding.place.start);
    Checked { source, findings }
}

/// What there is to say about the calls, unless it has been said.
fn calls(document: &Document, definition: &Value, said: &[Finding]) -> Vec<Finding> {
    let is_said = |diagnostic: &Diagnostic| {
        let mut said = said.iter().map(|finding| &finding.diagnostic);
        said.any(|said| said.is_error() && said.pointer == diagnostic.pointer)
    };
    let found = lint::lint(definition).into_iter();
    found
        .filter(|diagnostic| !is_said(diagnostic))
        .map(|diagnostic| findings::placed(document, "", diagnostic))
        .collect()
}
