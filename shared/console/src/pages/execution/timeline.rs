//! The table: each visit of a state, with a bar that shows when.

use maud::{Markup, html};

use super::{
    Part, View, number,
    rows::{Folded, Row, rows},
    scale::Scale,
};
use crate::{
    execution::Execution,
    graph::Status,
    pages::parts::{duration, time},
    run::Visit,
};

/// Rows of one page.
const ROWS: usize = 50;

/// Items of a Map state, or times in which nothing happened, that are told one by one.
const TOLD_MAX: usize = 4;

pub(super) fn table(execution: &Execution, view: &View) -> Markup {
    let all = rows(execution, view);
    let scale = Scale::of(execution);
    html! {
        section #table {
            h2 { "States " (count(execution)) }
            div.scroll {
                table.rows.timeline {
                    thead { tr { th { "State" } th { "Status" } th.number { "Took" } th.when { "When" } } }
                    tbody #visits {
                        @for row in shown(&all, view) { (Line { execution, view, scale: &scale }.row(row)) }
                    }
                }
            }
            (pages(view, ("rows", view.rows), all.len().div_ceil(ROWS)))
            (idle(&scale))
        }
    }
}

fn count(execution: &Execution) -> Markup {
    html! { span.quiet #visit-count { (execution.run.visits.len()) } }
}

/// What the bars leave out.
fn idle(scale: &Scale) -> Markup {
    let longest = scale.idle.iter().take(TOLD_MAX);
    html! {
        @if !scale.idle.is_empty() {
            p.quiet {
                "Time in which nothing happened is shortened: "
                @for (index, idle) in longest.enumerate() {
                    @if index > 0 { ", " }
                    (duration(idle.ended - idle.began)) " from " (time(Some(idle.began)))
                }
                @if scale.idle.len() > TOLD_MAX { " and " (scale.idle.len() - TOLD_MAX) " times more" }
                "."
            }
        }
    }
}

fn shown<'r>(rows: &'r [Row], view: &View) -> impl Iterator<Item = &'r Row> {
    let count = if view.is_file { usize::MAX } else { ROWS };
    rows.iter().skip(view.rows * ROWS).take(count)
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
    let all = rows(execution, view);
    let scale = Scale::of(execution);
    let view_box = scale.view_box();
    let line = Line {
        execution,
        view,
        scale: &scale,
    };
    let mut parts: Vec<Part> = shown(&all, view)
        .map(|row| {
            let text = line.row(row).into_string();
            Part::row(id(row), text, "visits").but_for(&view_box)
        })
        .collect();
    parts.push(Part::new("visit-count", count(execution).into_string()));
    parts.push(Part::scale(view_box));
    parts
}

fn id(row: &Row) -> String {
    match row {
        Row::Visit(index) => format!("v{index}"),
        Row::Folded(folded) => format!("f{}", folded.visits[0]),
    }
}

/// The class of a row that is inside something.
fn deep(depth: usize) -> Option<String> {
    (depth > 0).then(|| format!("deep{depth}"))
}

/// What a row is drawn with.
struct Line<'a> {
    execution: &'a Execution,
    view: &'a View,
    scale: &'a Scale,
}

impl Line<'_> {
    fn row(&self, row: &Row) -> Markup {
        let visits = &self.execution.run.visits;
        match row {
            Row::Visit(index) => self.visit(*index, &visits[*index]),
            Row::Folded(folded) => self.folded(folded),
        }
    }

    fn visit(&self, index: usize, visit: &Visit) -> Markup {
        let run = &self.execution.run;
        let status = run.status(visit);
        let before = run.visits[..index]
            .iter()
            .filter(|before| before.state == visit.state && self.view.is_in_item(run, before));
        let before = before.count().to_string();
        let link = self
            .view
            .address(&[("state", &visit.state), ("visit", &before)]);
        let depth = run.depth(visit).min(6);
        html! {
            tr id={ "v" (index) } {
                td class=[deep(depth)] {
                    a.row href=(link) { (visit.state) }
                    @if let Some(index) = visit.iteration { span.quiet { " [" (index) "]" } }
                    @if visit.attempts.len() > 1 { span.quiet { " " (visit.attempts.len()) " tries" } }
                }
                td { span class={ "status " (status.class()) } { (status.name()) } }
                td.number { (visit.ended.map_or("–".into(), |ended| duration(ended - visit.began))) }
                td.when { (self.bar(visit, status)) }
            }
        }
    }

    /// Rounds of a loop, in one row.
    fn folded(&self, folded: &Folded) -> Markup {
        let run = &self.execution.run;
        let visits = || folded.visits.iter().map(|index| &run.visits[*index]);
        let began = visits().map(|visit| visit.began).min().unwrap_or(0);
        let ended = visits()
            .filter_map(|visit| visit.ended)
            .max()
            .unwrap_or(began);
        let errors = visits().filter(|visit| visit.error.is_some()).count();
        let names: Vec<&str> = folded
            .round()
            .iter()
            .map(|index| run.visits[*index].state.as_str())
            .collect();
        let depth = run.depth(&run.visits[folded.visits[0]]).min(6);
        let unfold = self
            .view
            .address(&[("unfold", &folded.visits[0].to_string())]);
        let status = if errors > 0 {
            Status::Caught
        } else {
            Status::Succeeded
        };
        html! {
            tr.folded id={ "f" (folded.visits[0]) } {
                td class=[deep(depth)] {
                    a.row href=(unfold) { (folded.rounds) " more rounds" }
                    span.quiet { " of " (names.join(" → ")) }
                }
                td { @if errors > 0 { span.status.caught { (errors) " with an error" } } }
                td.number { (duration(ended - began)) }
                td.when {
                    // While it goes on, that would be drawn again with each round.
                    @if !self.execution.is_running() {
                        @let (left, width) = self.piece(began, Some(ended));
                        svg.bars viewBox=(self.scale.view_box()) preserveAspectRatio="none" {
                            rect class={ "bar many " (status.class()) } x=(left) y="5" width=(width) height="6" {}
                        }
                    }
                }
            }
        }
    }

    /// When a visit was, and when each of its calls.
    fn bar(&self, visit: &Visit, status: Status) -> Markup {
        let (left, width) = self.piece(visit.began, visit.ended);
        html! {
            svg.bars viewBox=(self.scale.view_box()) preserveAspectRatio="none" {
                rect class={ "bar " (status.class()) } x=(left) y="3" width=(width) height="10" {}
                @if visit.attempts.len() > 1 {
                    @for attempt in &visit.attempts {
                        @let (left, width) = self.piece(attempt.began, attempt.ended);
                        @let class = if attempt.error.is_some() { "call bad" } else { "call" };
                        rect class=(class) x=(left) y="6" width=(width) height="4" {}
                    }
                }
            }
        }
    }

    /// Where a piece begins, and how wide it is. What has not ended goes on beyond the edge, however far
    /// that will be: it would have to be drawn again and again.
    fn piece(&self, began: i64, ended: Option<i64>) -> (i64, i64) {
        // Seen also where it begins at the very end; what takes no time is as wide as its edge.
        let left = self
            .scale
            .place(began)
            .min(self.scale.span - self.scale.span / 150);
        match ended {
            Some(ended) => (left, (self.scale.place(ended) - left).max(1)),
            None => (left, 1_000_000_000_000),
        }
    }
}
