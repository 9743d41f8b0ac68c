//! Reading a definition: JSON or YAML, from a file or standard input, and the values of its tokens.

use std::{
    fs::File,
    io::Read,
    ops::Range,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use segno_asl::definition::{
    places::{Document, TEXT_BYTES_MAX, Unreadable},
    tokens::{self, Substitutions},
};
use serde_json::Value;

/// A definition as it was found.
pub(crate) struct Source {
    /// What messages call it.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) is_yaml: bool,
}

impl Source {
    /// Reads a file, or standard input if `path` is `-`.
    pub(crate) fn read(path: &str) -> anyhow::Result<Self> {
        let (name, text) = if path == "-" {
            let text = read(std::io::stdin()).context("cannot read standard input")?;
            ("<stdin>", text)
        } else {
            let text = File::open(path).map_err(Into::into).and_then(read);
            (path, text.with_context(|| format!("cannot read {path}"))?)
        };
        let extension = Path::new(path).extension().unwrap_or_default();
        let is_yaml = match extension.to_string_lossy().to_lowercase().as_str() {
            "yaml" | "yml" => true,
            "json" => false,
            _ => return Ok(Self::of_text(name.into(), text)),
        };
        let name = name.into();
        Ok(Self {
            name,
            text,
            is_yaml,
        })
    }

    /// A text of which nothing says whether it is JSON or YAML.
    pub(crate) fn of_text(name: String, text: String) -> Self {
        // Whatever is a definition in JSON begins like this.
        let is_yaml = !text.trim().is_empty() && !text.trim_start().starts_with(['{', '[']);
        Self {
            name,
            text,
            is_yaml,
        }
    }

    pub(crate) fn document(&self) -> Result<Document, Unreadable> {
        if self.is_yaml {
            Document::yaml(&self.text)
        } else {
            Document::json(&tokens::quote(&self.text))
        }
    }

    /// Line and column of a byte, both counted from 1, in characters.
    pub(crate) fn position(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }

    /// The bytes of the lines that a place is in.
    pub(crate) fn lines(&self, place: &Range<usize>) -> Range<usize> {
        let start = self.text[..place.start]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let rest = self.text[place.end..].find('\n');
        start..rest.map_or(self.text.len(), |newline| place.end + newline)
    }

    /// Why the text is no document, and where, in one line.
    pub(crate) fn describe(&self, refused: &Unreadable) -> String {
        let (line, column) = self.position(refused.place.start);
        let message = &refused.message;
        format!("{}:{line}:{column}: {message}", self.name)
    }
}

/// All of a text, if it is no longer than what is read of a definition.
fn read(file: impl Read) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    file.take(TEXT_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() > TEXT_BYTES_MAX {
        bail!("it is longer than {TEXT_BYTES_MAX} bytes");
    }
    Ok(String::from_utf8(bytes)?)
}

/// The file's name up to its first dot, with what no name may have replaced.
pub(crate) fn machine_name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    let name: String = stem
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "-_".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    if name.is_empty() {
        "state-machine".into()
    } else {
        name
    }
}

/// What the tokens of a definition stand for.
#[derive(clap::Args)]
pub(crate) struct Substitute {
    /// What ${KEY} stands for in the definition. Repeat it for each.
    #[arg(long, value_name = "KEY=VALUE")]
    substitute: Vec<String>,

    /// The same from a file: an object in JSON or YAML. --substitute comes first.
    #[arg(long, value_name = "FILE")]
    substitutions: Option<PathBuf>,
}

impl Substitute {
    pub(crate) fn read(&self) -> anyhow::Result<Substitutions> {
        let mut read = Substitutions::new();
        if let Some(file) = &self.substitutions {
            let source = Source::read(&file.to_string_lossy())?;
            let document = source
                .document()
                .map_err(|refused| anyhow::anyhow!(source.describe(&refused)))?;
            let Value::Object(members) = document.value else {
                bail!("{} is no object", source.name)
            };
            read.extend(members);
        }
        for pair in &self.substitute {
            let Some((key, value)) = pair.split_once('=') else {
                bail!("--substitute takes KEY=VALUE, not `{pair}`")
            };
            read.insert(key.into(), value.into());
        }
        Ok(read)
    }
}
