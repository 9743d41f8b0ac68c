//! The history events, as GetExecutionHistory has them.

use maud::{Markup, html};
use serde_json::Value;

use super::{Part, View, timeline::pages};
use crate::{execution::Execution, pages::parts::duration, run::Entry, url::address};

/// History events of one page.
const ROWS: usize = 50;

/// Bytes of an event's details that are shown in its row.
const DETAILS_BYTES_MAX: usize = 300;

pub(super) fn table(execution: &Execution, view: &View) -> Markup {
    let count = execution.events.len();
    html! {
        section #history {
            h2 { "History events " span.quiet { (count) } }
            div.scroll {
                table.rows.events {
                    thead { tr { th.number { "Id" } th.number { "After" } th { "Type" } th { "State" } th { "Details" } } }
                    tbody #events { @for event in shown(execution, view) { (row(execution, event)) } }
                }
            }
            (pages(view, ("events", view.events), count.div_ceil(ROWS)))
            @if !view.is_file {
                p.links {
                    a href=(address(&["executions", &execution.arn, "data"], &[("of", "history")])) { "All of it as JSON" }
                }
            }
        }
    }
}

fn shown<'e>(execution: &'e Execution, view: &View) -> impl Iterator<Item = &'e Value> {
    let count = if view.is_file { usize::MAX } else { ROWS };
    execution.events.iter().skip(view.events * ROWS).take(count)
}

pub(super) fn parts(execution: &Execution, view: &View) -> Vec<Part> {
    let rows = shown(execution, view);
    rows.map(|event| {
        (
            format!("e{}", event["id"]),
            row(execution, event).into_string(),
            "events",
        )
    })
    .collect()
}

fn row(execution: &Execution, event: &Value) -> Markup {
    let entry = Entry::of(event);
    let began = execution
        .events
        .first()
        .map_or(0, |first| Entry::of(first).at);
    let state = execution.run.state_of(entry.id);
    let details = entry.details.to_string();
    html! {
        tr id={ "e" (entry.id) } {
            td.number { a.row href={ "#e" (entry.id) } { (entry.id) } }
            td.number { (duration(entry.at - began)) }
            td { (entry.kind) }
            td { (state.unwrap_or_default()) }
            td.details { @if !entry.details.is_null() { (shown_details(entry.details, &details)) } }
        }
    }
}

fn shown_details(details: &Value, text: &str) -> Markup {
    let about = ["error", "name", "resource"]
        .iter()
        .find_map(|key| details[*key].as_str());
    let mut end = text.len().min(DETAILS_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    html! {
        details {
            summary { (about.unwrap_or("…")) }
            pre.json { (text[..end]) @if end < text.len() { "…" } }
        }
    }
}
