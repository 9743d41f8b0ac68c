//! The table: each visit of a state, with a bar that shows when.

use maud::{Markup, html};

use super::{Part, View, number};
use crate::{execution::Execution, graph::Status, pages::parts::duration, run::Visit};

/// Visits of one page.
const ROWS: usize = 50;

/// How wide the timeline is, in units of its own.
const WIDTH: i64 = 1_000;

/// The narrowest bar that can be seen.
const BAR_MIN: i64 = 6;

pub(super) fn table(execution: &Execution, view: &View) -> Markup {
    let visits = execution.run.visits.len();
    html! {
        section #table {
            h2 { "States " span.quiet { (visits) } }
            div.scroll {
                table.rows.timeline {
                    thead { tr { th { "State" } th { "Status" } th.number { "Took" } th.when { "When" } } }
                    tbody #visits { @for (index, visit) in shown(execution, view) { (row(execution, view, index, visit)) } }
                }
            }
            (pages(view, ("rows", view.rows), visits.div_ceil(ROWS)))
        }
    }
}

fn shown<'e>(execution: &'e Execution, view: &View) -> impl Iterator<Item = (usize, &'e Visit)> {
    let count = if view.is_file { usize::MAX } else { ROWS };
    let visits = execution.run.visits.iter().enumerate();
    visits.skip(view.rows * ROWS).take(count)
}

/// Links to the pages of a list.
pub(super) fn pages(view: &View, (name, page): (&str, usize), count: usize) -> Markup {
    let link = |page: usize| view.address(&[(name, &number(page))]);
    html! {
        @if count > 1 && !view.is_file {
            p.picker {
                @if page > 0 { a href=(link(page - 1)) rel="prev" { "‹ before" } }
                span { "page " (page + 1) " of " (count) }
                @if page + 1 < count { a href=(link(page + 1)) rel="next" { "after ›" } a href=(link(count - 1)) { "last" } }
            }
        }
    }
}

pub(super) fn parts(execution: &Execution, view: &View) -> Vec<Part> {
    let rows = shown(execution, view);
    rows.map(|(index, visit)| {
        (
            format!("v{index}"),
            row(execution, view, index, visit).into_string(),
            "visits",
        )
    })
    .collect()
}

fn row(execution: &Execution, view: &View, index: usize, visit: &Visit) -> Markup {
    let status = execution.run.status(visit);
    let before = execution.run.visits[..index]
        .iter()
        .filter(|before| before.state == visit.state)
        .count();
    let link = view.address(&[("state", &visit.state), ("visit", &before.to_string())]);
    let depth = execution.run.depth(visit).min(6);
    html! {
        tr id={ "v" (index) } {
            td class={ "deep" (depth) } {
                a.row href=(link) { (visit.state) }
                @if let Some(index) = visit.iteration { span.quiet { " [" (index) "]" } }
                @if visit.attempts.len() > 1 { span.quiet { " " (visit.attempts.len()) " tries" } }
            }
            td { span class={ "status " (status.class()) } { (status.name()) } }
            td.number { (visit.ended.map_or("–".into(), |ended| duration(ended - visit.began))) }
            td.when { (bar(execution, visit, status)) }
        }
    }
}

/// When a visit was, and when each of its calls.
fn bar(execution: &Execution, visit: &Visit, status: Status) -> Markup {
    let (origin, span) = scale(execution);
    let place = |at: i64| ((at - origin) * WIDTH / span).clamp(0, WIDTH);
    let piece = |began: i64, ended: Option<i64>| {
        let left = place(began).min(WIDTH - BAR_MIN);
        // What has not ended has a bar to the edge, or it would have to be drawn again and again.
        let right = ended.map_or(WIDTH, place);
        (left, (right - left).max(BAR_MIN))
    };
    let (left, width) = piece(visit.began, visit.ended);
    html! {
        svg.bars viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true" {
            rect class={ "bar " (status.class()) } x=(left) y="3" width=(width) height="10" rx="2" {}
            @if visit.attempts.len() > 1 {
                @for attempt in &visit.attempts {
                    @let (left, width) = piece(attempt.began, attempt.ended);
                    @let class = if attempt.error.is_some() { "call bad" } else { "call" };
                    rect class=(class) x=(left) y="6" width=(width) height="4" {}
                }
            }
        }
    }
}

/// When the timeline begins, and how long it is: a round number, so that bars stay where they are while
/// an execution goes on.
fn scale(execution: &Execution) -> (i64, i64) {
    let visits = &execution.run.visits;
    let began = visits.first().map_or(0, |visit| visit.began);
    let last = visits
        .iter()
        .map(|visit| visit.ended.unwrap_or(visit.began))
        .max()
        .unwrap_or(began);
    let span = (last - began).max(1);
    if !execution.is_running() {
        return (began, span);
    }
    let power = 10_i64.pow(span.ilog10());
    let round = [1, 2, 5, 10]
        .map(|step| step * power)
        .into_iter()
        .find(|round| *round > span);
    (began, round.unwrap_or(span))
}
