//! Findings for people, and as a list.

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
