//! All state machines, and how they are doing.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::{
    Head, Page,
    parts::{duration, status, time, took},
};
use crate::{
    Operations, Response,
    ask::{Refused, ask, list, text},
    run::milliseconds,
    url::address,
};

/// State machines that are shown.
const MACHINES_MAX: usize = 200;

/// The newest executions of each, which its figures are of.
const EXECUTIONS: usize = 100;

/// Bars of a sparkline.
const BARS: usize = 30;

impl<O: Operations> Page<'_, O> {
    pub(super) async fn machines(&self) -> Result<Response, Refused> {
        let machines = list(
            self.operations,
            ("ListStateMachines", "stateMachines"),
            json!({}),
            MACHINES_MAX,
        );
        let mut rows = Vec::new();
        for machine in machines.await? {
            rows.push(self.machine_row(&machine).await?);
        }
        let body = html! {
            h1 { "State machines" }
            @if rows.is_empty() {
                p.quiet { "There are none. " code { "segno dev" } " serves the definitions that are in its folder: files named " code { "*.asl.json" } "." }
            } @else {
                div.scroll {
                    table.rows {
                        thead { tr {
                            th { "Name" } th { "Type" } th { "Executions" } th { "Newest" }
                            th.number title="half of the newest took less" { "p50" }
                            th.number title="95 in 100 of the newest took less" { "p95" }
                            th { "Last failure" }
                        } }
                        tbody { @for row in &rows { (row) } }
                    }
                }
                p.quiet { "Figures are of the newest " (EXECUTIONS) " executions of each." }
            }
        };
        let head = Head {
            title: "State machines",
            section: "State machines",
            live: None,
        };
        Ok(self.page(&head, &body))
    }

    async fn machine_row(&self, machine: &Value) -> Result<Markup, Refused> {
        let arn = text(machine, "stateMachineArn");
        let executions = match text(machine, "type") {
            "EXPRESS" => None,
            _ => {
                let input = json!({ "stateMachineArn": arn, "maxResults": EXECUTIONS });
                Some(ask(self.operations, "ListExecutions", input).await?)
            }
        };
        let executions = executions
            .as_ref()
            .and_then(|answer| answer["executions"].as_array());
        let executions: &[Value] = executions.map_or(&[], Vec::as_slice);
        let mut durations: Vec<i64> = executions.iter().filter_map(took).collect();
        let bars: Vec<i64> = durations.iter().take(BARS).rev().copied().collect();
        durations.sort_unstable();
        let percentile = |percent: usize| {
            let index = (durations.len() * percent).div_ceil(100).max(1) - 1;
            durations.get(index).copied().map_or("–".into(), duration)
        };
        let failed = executions.iter().find(|execution| is_failure(execution));
        Ok(html! {
            tr {
                td { a.row href=(address(&["machines", arn], &[])) { (text(machine, "name")) } }
                td { (text(machine, "type").to_lowercase()) }
                td { (counts(executions)) }
                td { (sparkline(&bars)) }
                td.number { (percentile(50)) }
                td.number { (percentile(95)) }
                td { @if let Some(failed) = failed {
                    a href=(address(&["executions", text(failed, "executionArn")], &[])) {
                        (time(milliseconds(&failed["stopDate"])))
                    }
                } @else { "–" } }
            }
        })
    }
}

fn is_failure(execution: &Value) -> bool {
    matches!(
        text(execution, "status"),
        "FAILED" | "TIMED_OUT" | "ABORTED"
    )
}

/// How many there are of each status.
fn counts(executions: &[Value]) -> Markup {
    let all = [
        "RUNNING",
        "SUCCEEDED",
        "FAILED",
        "TIMED_OUT",
        "ABORTED",
        "PENDING_REDRIVE",
    ];
    let count = |status: &str| {
        executions
            .iter()
            .filter(|execution| text(execution, "status") == status)
            .count()
    };
    let counts: Vec<(&str, usize)> = all
        .into_iter()
        .map(|status| (status, count(status)))
        .collect();
    html! {
        @for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
            span.count { (count) " " (status(name)) } " "
        }
        @if executions.is_empty() { "–" }
    }
}

/// How long the newest took, oldest first.
fn sparkline(durations: &[i64]) -> Markup {
    let most = durations.iter().copied().max().unwrap_or(0).max(1);
    html! {
        @if durations.is_empty() { "–" } @else {
            svg.spark width=(BARS * 4) height="20" role="img" aria-label={ "durations of the newest " (durations.len()) } {
                @for (index, duration) in durations.iter().enumerate() {
                    @let height = (duration * 18 / most).max(2);
                    rect x=(index * 4) y=(20 - height) width="3" height=(height) {}
                }
            }
        }
    }
}
