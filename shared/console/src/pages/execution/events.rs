//! The history events, as GetExecutionHistory has them: by state, the rounds of a loop folded; or each by
//! itself, in their order.

use std::collections::BTreeSet;

use maud::{Markup, html};
use serde_json::Value;

use super::{
    Part, View,
    rows::{Folded, Row as VisitRow, rows as visit_rows},
    timeline::pages,
};
use crate::{execution::Execution, pages::parts::duration, run::Entry, url::address};

/// Rows of one page.
const ROWS: usize = 50;

/// Bytes of an event's details that are shown in its row.
const DETAILS_BYTES_MAX: usize = 300;

/// A row of the table.
enum Row<'e> {
    Event {
        event: &'e Value,
        /// It is the first one of its state, or stands for itself.
        is_first: bool,
    },
    Folded(Folded),
}

pub(super) fn table(execution: &Execution, view: &View) -> Markup {
    let rows = rows(execution, view);
    let other = if view.is_in_order { "" } else { "id" };
    html! {
        section #history {
            h2 { "History events " (count(execution)) }
            div.scroll {
                table.rows.events.grouped[!view.is_in_order] {
                    thead { tr { th { "State" } th.number { "Id" } th.number { "After" } th { "Type" } th { "Details" } } }
                    tbody #events { @for event in shown(&rows, view) { (row(execution, view, event)) } }
                }
            }
            (pages(view, ("events", view.events), rows.len().div_ceil(ROWS)))
            @if !view.is_file {
                p.facts {
                    a href=(view.address(&[("order", other), ("events", "")])) {
                        @if view.is_in_order { "By state" } @else { "In their order" }
                    }
                    a href=(address(&["executions", &execution.arn, "data"], &[("of", "history")])) { "All of it as JSON" }
                }
            }
        }
    }
}

fn count(execution: &Execution) -> Markup {
    html! { span.quiet #event-count { (execution.events.len()) } }
}

/// The page of the events in their order that has one.
pub(super) fn page_of(event: u64) -> String {
    let index = usize::try_from(event.saturating_sub(1)).unwrap_or(usize::MAX);
    super::number(index / ROWS)
}

fn rows<'e>(execution: &'e Execution, view: &View) -> Vec<Row<'e>> {
    if view.is_in_order {
        let events = execution.events.iter();
        return events
            .map(|event| Row::Event {
                event,
                is_first: true,
            })
            .collect();
    }
    let visits = &execution.run.visits;
    let of_states: BTreeSet<u64> = visits
        .iter()
        .flat_map(|visit| &visit.events)
        .copied()
        .collect();
    let first = of_states.first().copied().unwrap_or(u64::MAX);
    // Those of the execution itself: of its start, and of all that came later.
    let (before, after): (Vec<&Value>, Vec<&Value>) = execution
        .events
        .iter()
        .filter(|event| !of_states.contains(&Entry::of(event).id))
        .partition(|event| Entry::of(event).id < first);
    let own = |events: Vec<&'e Value>| {
        let events = events.into_iter().enumerate();
        events.map(|(index, event)| Row::Event {
            event,
            is_first: index == 0,
        })
    };
    let mut rows: Vec<Row<'e>> = own(before).collect();
    for row in visit_rows(execution, view) {
        match row {
            VisitRow::Folded(folded) => rows.push(Row::Folded(folded)),
            VisitRow::Visit(visit) => {
                let events = visits[visit].events.iter();
                let events = events.filter_map(|id| {
                    let index = usize::try_from(id.checked_sub(1)?).ok()?;
                    execution.events.get(index)
                });
                rows.extend(own(events.collect()));
            }
        }
    }
    rows.extend(own(after));
    rows
}

fn shown<'r, 'e>(rows: &'r [Row<'e>], view: &View) -> impl Iterator<Item = &'r Row<'e>> {
    let count = if view.is_file { usize::MAX } else { ROWS };
    rows.iter().skip(view.events * ROWS).take(count)
}

pub(super) fn parts(execution: &Execution, view: &View) -> Vec<Part> {
    let rows = rows(execution, view);
    shown(&rows, view)
        .map(|shown| {
            let id = match shown {
                Row::Event { event, .. } => format!("e{}", event["id"]),
                Row::Folded(folded) => format!("g{}", folded.visits[0]),
            };
            let row = match shown {
                // What is in it is told when the page is loaded again: it may be long, and there may be many.
                Row::Event { event, is_first } => of_event(execution, event, *is_first, brief),
                Row::Folded(folded) => of_rounds(execution, view, folded),
            };
            Part::row(id, row.into_string(), "events")
        })
        .chain([Part::new("event-count", count(execution).into_string())])
        .collect()
}

fn row(execution: &Execution, view: &View, row: &Row<'_>) -> Markup {
    match row {
        Row::Event { event, is_first } => of_event(execution, event, *is_first, full),
        Row::Folded(folded) => of_rounds(execution, view, folded),
    }
}

fn of_event(
    execution: &Execution,
    event: &Value,
    is_first: bool,
    details: fn(&Value) -> Markup,
) -> Markup {
    let entry = Entry::of(event);
    let began = execution
        .events
        .first()
        .map_or(0, |first| Entry::of(first).at);
    let state = execution.run.state_of(entry.id);
    html! {
        tr class=[is_first.then_some("group")] id={ "e" (entry.id) } {
            td { @if is_first { (state.unwrap_or_default()) } }
            td { a.row href={ "#e" (entry.id) } { (entry.id) } }
            td { (duration(entry.at - began)) }
            td { (entry.kind) }
            td { @if !entry.details.is_null() { (details(entry.details)) } }
        }
    }
}

/// The history events of rounds of a loop, in one row.
fn of_rounds(execution: &Execution, view: &View, folded: &Folded) -> Markup {
    let visits = folded.visits.iter();
    let events: usize = visits
        .map(|visit| execution.run.visits[*visit].events.len())
        .sum();
    let first = folded.visits[0];
    html! {
        tr.folded.group id={ "g" (first) } {
            td { a.row href=(view.address(&[("unfold", &first.to_string())])) { (folded.rounds) " more rounds" } }
            td { "…" } td {} td { (events) " events" } td {}
        }
    }
}

/// What an event is about, in a word.
fn about(details: &Value) -> &str {
    let known = ["error", "name", "resource"].iter();
    let mut known = known.filter_map(|key| details[*key].as_str());
    known.next().unwrap_or("…")
}

fn brief(details: &Value) -> Markup {
    html! { (about(details)) }
}

fn full(details: &Value) -> Markup {
    let text = details.to_string();
    let mut end = text.len().min(DETAILS_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    html! {
        details {
            summary { (about(details)) }
            pre.json tabindex="0" { (text[..end]) @if end < text.len() { "…" } }
        }
    }
}
