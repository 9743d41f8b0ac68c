//! Findings for people, and as a list.

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use super::{Checked, Finding};

/// Each finding with the lines it is about, then the totals.
pub(super) fn text(checked: &[Checked], is_coloured: bool) -> String {
    let renderer = match is_coloured {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let mut text = String::new();
    for checked in checked {
        for finding in &checked.findings {
            text += &frame(checked, finding, &renderer);
            text += "\n\n";
        }
    }
    text + &totals(checked) + "\n"
}

/// Lines longer than this are no help to anyone, and take long to lay out.
const FRAME_BYTES_MAX: usize = 10_000;

fn frame(checked: &Checked, finding: &Finding, renderer: &Renderer) -> String {
    let diagnostic = &finding.diagnostic;
    let level = match diagnostic.is_error() {
        true => Level::ERROR,
        false => Level::WARNING,
    };
    let source = &checked.source;
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

fn totals(checked: &[Checked]) -> String {
    let findings = || checked.iter().flat_map(|checked| &checked.findings);
    let errors = findings()
        .filter(|finding| finding.diagnostic.is_error())
        .count();
    let warnings = findings().count() - errors;
    let counted = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    format!(
        "{}: {}, {}",
        counted(checked.len(), "definition"),
        counted(errors, "error"),
        counted(warnings, "warning")
    )
}

/// Findings as a list.
pub(super) fn json(checked: &[Checked]) -> Value {
    checked
        .iter()
        .flat_map(|checked| {
            checked
                .findings
                .iter()
                .map(|finding| item(checked, finding))
        })
        .collect()
}

fn item(checked: &Checked, finding: &Finding) -> Value {
    let diagnostic = &finding.diagnostic;
    let (line, column) = checked.source.position(finding.place.start);
    let (end_line, end_column) = checked.source.position(finding.place.end);
    let mut item = json!({
        "file": checked.source.name,
        "severity": if diagnostic.is_error() { "error" } else { "warning" },
        "code": diagnostic.code,
        "message": diagnostic.message,
        "location": diagnostic.pointer,
        "line": line,
        "column": column,
        "endLine": end_line,
        "endColumn": end_column,
    });
    if let Some(help) = &diagnostic.help {
        item["help"] = help.as_str().into();
    }
    item
}
