//! What all running executions wait for, what has waited longest first.

use maud::html;
use serde_json::{Value, json};

use super::{
    Head, Page,
    parts::{name, time},
};
use crate::{
    Operations, Response,
    ask::{Refused, list, text},
    execution::Execution,
    graph::{Open, Status},
    url::address,
};

/// Running executions that are looked into.
const EXECUTIONS_MAX: usize = 200;

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
        for execution in running {
            let arn = text(&execution, "executionArn");
            let execution = match Execution::read(self.operations, arn, &Open::None).await {
                Ok(execution) => execution,
                // It was forgotten since it was listed.
                Err(refused) if refused.name == "ExecutionDoesNotExist" => continue,
                Err(refused) => return Err(refused),
            };
            waiting.extend(of_execution(&execution));
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

    /// The running executions of all state machines.
    async fn running(&self) -> Result<Vec<Value>, Refused> {
        let machines = list(
            self.operations,
            ("ListStateMachines", "stateMachines"),
            json!({}),
            EXECUTIONS_MAX,
        )
        .await?;
        let mut running = Vec::new();
        for machine in machines
            .iter()
            .filter(|machine| text(machine, "type") == "STANDARD")
        {
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

fn of_execution(execution: &Execution) -> Vec<Waiting> {
    let open = execution
        .run
        .visits
        .iter()
        .filter(|visit| visit.ended.is_none());
    let waiting = open.filter(|visit| execution.run.status(visit) == Status::Waiting);
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
                execution: execution.arn.clone(),
                machine: text(&execution.described, "stateMachineArn").to_owned(),
                state: visit.state.clone(),
                what,
            }
        })
        .collect()
}
