//! One state: what came in, what went out, what it called, and what went wrong.

use maud::{Markup, html};

use super::{View, events::page_of, pretty};
use crate::{
    ask::text,
    execution::Execution,
    graph::Status,
    pages::{
        json,
        machine::without_open,
        parts::{duration, time},
    },
    run::Visit,
    url::address,
};

/// The visit that a page shows, and its index.
pub(super) fn visit<'e>(execution: &'e Execution, view: &View) -> Option<(usize, &'e Visit)> {
    let visits = visits(execution, view, view.state.as_deref()?);
    let index = view.visit.unwrap_or(visits.len().saturating_sub(1));
    visits.get(index).or(visits.last()).copied()
}

/// The visits of a state, of the item that is looked at.
fn visits<'e>(execution: &'e Execution, view: &View, state: &str) -> Vec<(usize, &'e Visit)> {
    let all = execution.run.visits.iter().enumerate();
    all.filter(|(_, visit)| visit.state == state && view.is_in_item(&execution.run, visit))
        .collect()
}

pub(super) fn panel(execution: &Execution, view: &View, stages: Option<Markup>) -> Markup {
    html! {
        section.panel #panel aria-label="State" {
            @match &view.state {
                Some(state) => (of_state(execution, view, state, stages)),
                None => (of_execution(execution, view)),
            }
        }
    }
}

fn of_execution(execution: &Execution, view: &View) -> Markup {
    html! {
        h2 { "Execution" }
        @for (title, field) in [("Input", "input"), ("Output", "output")] {
            @let shown = text(&execution.described, field);
            @if !shown.is_empty() {
                h3 { (title) }
                (json::document(shown, data(execution, view, field).as_deref()))
            }
        }
        @if !view.is_file { p.quiet { "Choose a state to see what came in, what went out and what went wrong." } }
    }
}

/// Where all of a document is.
fn data(execution: &Execution, view: &View, field: &str) -> Option<String> {
    let state = view.state.as_deref().unwrap_or_default();
    let visit = view
        .visit
        .map(|visit| visit.to_string())
        .unwrap_or_default();
    let query = [("of", field), ("state", state), ("visit", &visit)];
    (!view.is_file).then(|| address(&["executions", &execution.arn, "data"], &query))
}

fn of_state(execution: &Execution, view: &View, state: &str, stages: Option<Markup>) -> Markup {
    let visits = visits(execution, view, state).len();
    let shown = view
        .visit
        .unwrap_or(visits.saturating_sub(1))
        .min(visits.saturating_sub(1));
    html! {
        h2 { (state) }
        @match visit(execution, view) {
            Some((index, found)) => {
                @if visits > 1 { (picker(view, (shown, visits))) }
                (items(view, index, found))
                (of_visit(execution, view, found))
                @if let Some(stages) = stages { (stages) }
            }
            None => p.quiet { "It has not been reached." }
        }
        @if let Some(definition) = execution.state(state) {
            details {
                summary { "Definition" }
                (json::document(&definition.to_string(), None))
            }
        }
        @if !view.is_file {
            p.facts {
                a href=(view.address(&[("state", "")])) { "Show the whole execution" }
                @if let Some(open) = without_open(&view.open, state) {
                    a href=(view.address(&[("open", &open)])) { "Close it in the graph" }
                }
                a href=(address(&["try"], &[("execution", &execution.arn), ("state", state)])) { "Try this state" }
            }
        }
    }
}

/// One visit before, one after: of a loop, or of a Map state's items.
fn picker(view: &View, (shown, visits): (usize, usize)) -> Markup {
    let link = |index: usize| view.address(&[("visit", &index.to_string())]);
    html! {
        p.picker {
            @if shown > 0 { a href=(link(shown - 1)) rel="prev" { "‹ before" } }
            span { "visit " (shown + 1) " of " (visits) }
            @if shown + 1 < visits { a href=(link(shown + 1)) rel="next" { "after ›" } }
        }
    }
}

/// Items of a Map state that can be chosen at once.
const ITEMS: u64 = 100;

/// The items of a Map state, to look at one of them.
fn items(view: &View, map: usize, visit: &Visit) -> Markup {
    let Some(items) = visit.items.filter(|_| !view.is_file) else {
        return html! {};
    };
    let chosen = view
        .item
        .filter(|(chosen, _)| *chosen == map)
        .map(|(_, item)| item);
    let link = |item: u64| view.address(&[("item", &format!("{map}.{item}"))]);
    let first = chosen.unwrap_or(0) / ITEMS * ITEMS;
    let last = items.count.min(first + ITEMS);
    html! {
        h3 { "Items " span.quiet { (items.succeeded + items.failed) " of " (items.count) " ended, " (items.failed) " not well" } }
        div.items {
            @if first > 0 { a href=(link(first - 1)) rel="prev" { "‹" } }
            @for item in first..last {
                @let (class, word) = match visit.ended_items.get(&item) {
                    Some(true) => ("item ok", "succeeded"),
                    Some(false) => ("item bad", "failed"),
                    None => ("item", "not ended"),
                };
                a class=(class) href=(link(item)) title={ "item " (item) ": " (word) } aria-label={ "Item " (item) ", " (word) }
                    aria-current=[(chosen == Some(item)).then_some("true")] { (item) }
            }
            @if last < items.count { a href=(link(last)) rel="next" { "›" } }
        }
        @if chosen.is_some() { p { a href=(view.address(&[("item", "")])) { "Show all items" } } }
    }
}

fn of_visit(execution: &Execution, view: &View, visit: &Visit) -> Markup {
    let status = execution.run.status(visit);
    html! {
        p.facts {
            span class={ "status " (status.class()) } { (status.name()) }
            span { (visit.state_type.to_lowercase()) }
            @if let Some(index) = visit.iteration { span { "item " (index) } }
            span { "entered " (time(Some(visit.began))) }
            @if let Some(ended) = visit.ended { span { "took " (duration(ended - visit.began)) } }
        }
        @if let Some(failure) = &visit.error {
            div.problem.mild[status == Status::Caught] {
                strong { (failure.error) }
                pre { (pretty(&failure.cause)) }
            }
        }
        (document("Input", visit.input.as_deref(), data(execution, view, "input")))
        @if let Some(parameters) = visit.attempts.last().and_then(|last| last.parameters.as_deref()) {
            @if Some(parameters) != visit.input.as_deref() {
                (document("Called with", Some(parameters), data(execution, view, "parameters")))
            }
        }
        (document("Output", visit.output.as_deref(), data(execution, view, "output")))
        (document("Variables it assigned", visit.assigned.as_deref(), None))
        (attempts(visit))
        h3 { "History events" }
        p.links {
            @for id in visit.events.iter().take(40) { a href=(event(view, *id)) { (id) } " " }
            @if visit.events.len() > 40 { "and " (visit.events.len() - 40) " more" }
        }
    }
}

/// Where a history event is, wherever that is folded.
fn event(view: &View, id: u64) -> String {
    let page = view.address(&[("order", "id"), ("events", &page_of(id))]);
    match view.is_file {
        true => format!("#e{id}"),
        false => format!("{page}#e{id}"),
    }
}

fn document(title: &str, shown: Option<&str>, link: Option<String>) -> Markup {
    html! {
        @if let Some(shown) = shown {
            h3 { (title) }
            (json::document(shown, link.as_deref()))
        }
    }
}

/// What it called, and how each try went.
fn attempts(visit: &Visit) -> Markup {
    html! {
        @if let Some(last) = visit.attempts.last() {
            h3 { "Calls" }
            p { code { (last.resource) } }
            ol.attempts {
                @for attempt in &visit.attempts {
                    li {
                        (time(Some(attempt.began)))
                        @if let Some(ended) = attempt.ended { ", " (duration(ended - attempt.began)) }
                        @if let Some(failure) = &attempt.error { " " span.status.bad { (failure.error) } }
                        @else if attempt.ended.is_some() { " " span.status.ok { "succeeded" } }
                        @else if attempt.is_waiting { " " span.status.wait { "waits for an answer" } }
                        @else { " " span.status.run { "under way" } }
                    }
                }
            }
        }
    }
}
