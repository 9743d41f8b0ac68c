//! What all running executions wait for, what has waited longest first.

use maud::html;
use serde_json::{Value, json};

use super::{
    Head, Page,
    parts::{name, time},
};
use crate::{
    Operations, Response,
    ask::{Refused, ask, list, standard_machines, text},
    graph::Status,
    run::Run,
    url::address,
};

/// Running executions that are looked into.
const EXECUTIONS_MAX: usize = 200;

/// The newest history events of each that are looked into.
const EVENTS: usize = 200;

/// A state that waits.
struct Waiting {
    since: i64,
    execution: String,
    machine: String,
    state: String,
    what: &'static str,
}

impl<O: Operations> Page<'_, O> {
    pub(super) async fn waiting(&self) -> Result<Response, Refused> {
        let running = self.running().await?;
        let looked_into = running.len();
        let mut waiting = Vec::new();
        for execution in &running {
            let run = match self.newest_of(text(execution, "executionArn")).await {
                Ok(run) => run,
                // It was forgotten since it was listed.
                Err(refused) if refused.name == "ExecutionDoesNotExist" => continue,
                Err(refused) => return Err(refused),
            };
            waiting.extend(of_execution(execution, &run));
        }
        waiting.sort_by_key(|waiting| waiting.since);
        let body = html! {
            h1 { "Waiting" }
            @if waiting.is_empty() { p.quiet { "No execution waits for anything." } } @else {
                div.scroll { table.rows {
                    thead { tr { th { "Since" } th { "For" } th { "State" } th { "Execution" } th { "State machine" } } }
                    tbody { @for waiting in &waiting { tr {
                        td { (time(Some(waiting.since))) }
                        td { (waiting.what) }
                        td { a.row href=(address(&["executions", &waiting.execution], &[("state", &waiting.state)])) { (waiting.state) } }
                        td { (name(&waiting.execution)) }
                        td { a href=(address(&["machines", &waiting.machine], &[])) { (name(&waiting.machine)) } }
                    } } }
                } }
            }
            p.quiet { "Of " (looked_into) " running executions." }
        };
        let head = Head {
            title: "Waiting",
            section: "Waiting",
            live: None,
        };
        Ok(self.page(&head, &body))
    }

    /// What an execution did last. What waits has begun to wait there, unless it is beside something that
    /// has done much since.
    async fn newest_of(&self, arn: &str) -> Result<Run, Refused> {
        let input = json!({
            "executionArn": arn,
            "includeExecutionData": false,
            "maxResults": EVENTS,
            "reverseOrder": true,
        });
        let newest = ask(self.operations, "GetExecutionHistory", input).await?;
        let mut run = Run::default();
        let events = newest["events"].as_array().into_iter().flatten();
        events.rev().for_each(|event| run.take(event));
        Ok(run)
    }

    /// The running executions of all state machines.
    async fn running(&self) -> Result<Vec<Value>, Refused> {
        let machines = standard_machines(self.operations, EXECUTIONS_MAX).await?;
        let mut running = Vec::new();
        for machine in &machines {
            let left = EXECUTIONS_MAX - running.len();
            if left == 0 {
                break;
            }
            let input = json!({ "stateMachineArn": text(machine, "stateMachineArn"), "statusFilter": "RUNNING" });
            running.extend(
                list(
                    self.operations,
                    ("ListExecutions", "executions"),
                    input,
                    left,
                )
                .await?,
            );
        }
        Ok(running)
    }
}

fn of_execution(execution: &Value, run: &Run) -> Vec<Waiting> {
    let open = run.visits.iter().filter(|visit| visit.ended.is_none());
    let waiting = open.filter(|visit| run.status(visit) == Status::Waiting);
    waiting
        .map(|visit| {
            let attempt = visit.attempts.last();
            let what = match attempt {
                Some(attempt)
                    if attempt.is_waiting && attempt.resource.ends_with(".waitForTaskToken") =>
                {
                    "an answer with its task token"
                }
                Some(attempt) if attempt.is_waiting => "a worker of its activity",
                Some(_) => "another try",
                None => "time",
            };
            Waiting {
                since: attempt.map_or(visit.began, |attempt| {
                    attempt.ended.unwrap_or(attempt.began)
                }),
                execution: text(execution, "executionArn").to_owned(),
                machine: text(execution, "stateMachineArn").to_owned(),
                state: visit.state.clone(),
                what,
            }
        })
        .collect()
}
