//! Findings in SARIF 2.1.0.
//!
//! OASIS: [Static Analysis Results Interchange Format](https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).

use std::{collections::BTreeSet, fmt::Write};

use serde_json::{Value, json};

use super::Checked;
use crate::findings::Finding;

pub(super) fn render(checked: &[Checked]) -> Value {
    let findings = checked.iter().flat_map(|checked| &checked.findings);
    let codes: BTreeSet<&str> = findings.map(|finding| finding.diagnostic.code).collect();
    let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code })).collect();
    let results: Vec<Value> = checked
        .iter()
        .flat_map(|checked| {
            checked
                .findings
                .iter()
                .map(|finding| result(checked, finding))
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "segno",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(checked: &Checked, finding: &Finding) -> Value {
    let diagnostic = &finding.diagnostic;
    let (start_line, start_column) = checked.source.position(finding.place.start);
    let (end_line, end_column) = checked.source.position(finding.place.end);
    let help = diagnostic.help.as_ref();
    let text = match help {
        Some(help) => format!("{}; {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&checked.source.name) },
        "region": {
            "startLine": start_line, "startColumn": start_column,
            "endLine": end_line, "endColumn": end_column,
        },
    } });
    if !diagnostic.pointer.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": diagnostic.pointer }]);
    }
    json!({
        "ruleId": diagnostic.code,
        "level": diagnostic.severity.name(),
        "message": { "text": text },
        "locations": [location],
    })
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02X}").expect("a string takes everything");
        }
    }
    uri
}
