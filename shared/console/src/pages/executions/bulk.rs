//! Stopping and redriving several executions at once.

use maud::{Markup, html};
use serde_json::json;

use super::Filter;
use crate::{
    Operations, Response,
    ask::{Refused, ask},
    pages::{Head, Page, parts::name},
    url::{Query, address},
};

/// Executions that one form may name: so many are stopped within what a request may take.
const CHOSEN_MAX: usize = 100;

impl<O: Operations> Page<'_, O> {
    /// A table of executions to choose from, and what can be done with those that are chosen.
    pub(super) fn bulk_form(&self, table: &Markup, query: &Query) -> Markup {
        let after = query.get("after");
        let kept = ["machine", "status", "q", "since", "until"].into_iter();
        let kept = kept.filter_map(|name| Some((name, query.get(name)?)));
        self.form(
            &["executions", "several"],
            &html! {
                (table)
                @for (name, value) in kept.chain(after.map(|after| ("after", after))) {
                    input type="hidden" name=(name) value=(value);
                }
                p.bulk {
                    span.quiet { "Those that are ticked: " }
                    button name="act" value="StopExecution" data-confirm="Stop the executions that are ticked?" { "Stop" }
                    button name="act" value="RedriveExecution" data-confirm="Redrive the executions that are ticked?" { "Redrive" }
                }
            },
        )
    }

    /// Does the same with each of several executions, whatever becomes of the others.
    pub(in crate::pages) async fn several(&self, form: &Query) -> Result<Response, Refused> {
        let operation = match form.get("act") {
            Some(act @ ("StopExecution" | "RedriveExecution")) => act,
            _ => return Err(Refused::invalid("executions are stopped or redriven")),
        };
        let chosen: Vec<&str> = form.all("execution").collect();
        if chosen.is_empty() {
            return Err(Refused::invalid("no execution is ticked"));
        }
        if chosen.len() > CHOSEN_MAX {
            let why = format!(
                "{} executions are ticked, and {CHOSEN_MAX} may be",
                chosen.len()
            );
            return Err(Refused::invalid(&why));
        }
        let mut refused = Vec::new();
        for arn in &chosen {
            let input = json!({ "executionArn": arn });
            if let Err(why) = ask(self.operations, operation, input).await {
                refused.push((*arn, why));
            }
        }
        let back = Filter::of(form).address(form.get("after"));
        if refused.is_empty() {
            return Ok(super::super::led_to(back));
        }
        Ok(self.partly(operation, chosen.len(), &refused, &back))
    }

    /// Says which executions it was not done with, and why.
    fn partly(
        &self,
        operation: &str,
        chosen: usize,
        refused: &[(&str, Refused)],
        back: &str,
    ) -> Response {
        let done = match operation {
            "StopExecution" => "stopped",
            _ => "redriven",
        };
        let body = html! {
            h1 { (chosen - refused.len()) " of " (chosen) " executions are " (done) }
            section {
                h2 { "The others" }
                div.scroll { table.rows {
                    thead { tr { th { "Execution" } th { "Why not" } } }
                    tbody { @for (arn, why) in refused { tr {
                        td { a.row href=(address(&["executions", arn], &[])) { (name(arn)) } }
                        td { (why.name) ": " (why.message) }
                    } } }
                } }
            }
            p { a href=(back) { "Back to the list" } }
        };
        let head = Head {
            title: "Several executions",
            section: "Executions",
            live: None,
        };
        self.page(&head, &body)
    }
}
