//! Findings for people, and as a list.

use segno_asl::definition::Severity;
use serde_json::{Value, json};

use super::Checked;
use crate::{
    findings::{Finding, frame},
    terminal::Palette,
};

/// Each finding with the lines it is about, then the totals.
pub(super) fn text(checked: &[Checked], palette: Palette) -> String {
    let mut text = String::new();
    for checked in checked {
        for finding in &checked.findings {
            text += &frame(&checked.source, finding, palette);
            text += "\n\n";
        }
    }
    text + &totals(checked) + "\n"
}

fn totals(checked: &[Checked]) -> String {
    let findings = || checked.iter().flat_map(|checked| &checked.findings);
    let count = |severity| {
        let found = findings().filter(|finding| finding.diagnostic.severity == severity);
        counted(found.count(), severity.name())
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let total = counted(checked.len(), "definition");
    // Nobody is told of no notes.
    let has_notes = findings().any(|finding| finding.diagnostic.severity == Severity::Note);
    let notes = has_notes.then(|| format!(", {}", count(Severity::Note)));
    format!("{total}: {errors}, {warnings}{}", notes.unwrap_or_default())
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
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
        "severity": diagnostic.severity.name(),
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
