//! What there is to say about a definition, each with its place in the text, and code frames of it.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use segno_asl::definition::{
    Diagnostic, MachineType, Severity,
    places::{Document, Unreadable},
    tokens,
};
use serde_json::Value;

use crate::{definition::Source, terminal::Palette};

/// A diagnostic with its place.
pub(crate) struct Finding {
    pub(crate) diagnostic: Diagnostic,
    /// Bytes of the text.
    pub(crate) place: Range<usize>,
}

impl From<Unreadable> for Finding {
    fn from(refused: Unreadable) -> Self {
        Self {
            diagnostic: refused.diagnostic(),
            place: refused.place,
        }
    }
}

/// Checks a definition that stands in a document at a JSON Pointer: in the order of the text.
pub(crate) fn check(
    document: &Document,
    at: &str,
    definition: &Value,
    machine_type: MachineType,
) -> Vec<Finding> {
    let found = tokens::check(definition, machine_type);
    let mut findings: Vec<Finding> = found
        .into_iter()
        .map(|diagnostic| placed(document, at, diagnostic))
        .collect();
    findings.sort_by_key(|finding| finding.place.start);
    findings
}

/// A diagnostic with its place in a document, where its definition stands at a JSON Pointer.
pub(crate) fn placed(document: &Document, at: &str, diagnostic: Diagnostic) -> Finding {
    let pointer = format!("{at}{}", diagnostic.pointer);
    let place = match diagnostic.is_about_field() {
        true => document.name_place(&pointer),
        false => document.place(&pointer),
    };
    Finding { diagnostic, place }
}

/// Lines longer than this are no help to anyone, and take long to lay out.
const FRAME_BYTES_MAX: usize = 10_000;

/// A finding with the lines it is about.
pub(crate) fn frame(source: &Source, finding: &Finding, palette: Palette) -> String {
    let renderer = match palette.has_colors {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let diagnostic = &finding.diagnostic;
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let (line, column) = source.position(finding.place.start);
    let title = level
        .primary_title(diagnostic.message.trim_end())
        .id(diagnostic.code);
    let lines = source.lines(&finding.place);
    let mut group = if lines.len() > FRAME_BYTES_MAX {
        let origin = Origin::path(&source.name).line(line).char_column(column);
        title.element(origin)
    } else {
        let place = finding.place.start - lines.start..finding.place.end - lines.start;
        let snippet = Snippet::source(&source.text[lines])
            .line_start(line)
            .path(&source.name)
            .annotation(AnnotationKind::Primary.span(place));
        title.element(snippet)
    };
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    renderer.render(&[group])
}
