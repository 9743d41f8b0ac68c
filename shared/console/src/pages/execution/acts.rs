//! What can be done with an execution: stopping, redriving, starting again, answering.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::{View, pretty};
use crate::{
    Operations,
    ask::{Refused, ask, list, text},
    execution::Execution,
    pages::Page,
    run::Attempt,
    tokens,
    url::{Query, address},
};

impl<O: Operations> Page<'_, O> {
    pub(super) fn acts(&self, execution: &Execution, view: &View) -> Markup {
        let arn = &execution.arn;
        let described = &execution.described;
        let can_redrive = text(described, "redriveStatus") == "REDRIVABLE";
        let machine = text(described, "stateMachineArn");
        let input = pretty(text(described, "input"));
        html! {
            div.acts {
                @if execution.is_running() { (self.form(&["executions", arn, "stop"], &html! { button { "Stop" } })) }
                @if can_redrive { (self.form(&["executions", arn, "redrive"], &html! { button.primary { "Redrive" } })) }
                details.act {
                    summary { "Start again" }
                    (self.form(&["machines", machine, "start"], &html! {
                        label { "Input" textarea name="input" rows="8" spellcheck="false" { (input) } }
                        button.primary { "Start" }
                    }))
                }
                a.button href=(address(&["executions", arn, "export"], &[])) { "Export as HTML" }
            }
            @for (state, attempt) in unanswered(execution, view) { (self.answer_form(arn, state, attempt)) }
        }
    }

    fn answer_form(&self, arn: &str, state: &str, attempt: &Attempt) -> Markup {
        let body = html! {
            input type="hidden" name="event" value=(attempt.scheduled);
            label { "Output" textarea name="output" rows="3" spellcheck="false" { "{}" } }
            button.primary name="answer" value="success" { "Succeed" }
            details {
                summary { "or fail" }
                label { "Error" input type="text" name="error" maxlength="256"; }
                label { "Cause" input type="text" name="cause"; }
                button name="answer" value="failure" { "Fail" }
            }
        };
        html! {
            section.answer {
                h2 { "“" (state) "” waits for an answer" }
                (self.form(&["executions", arn, "answer"], &body))
            }
        }
    }

    /// Stops an execution.
    pub(in crate::pages) async fn stop(&self, arn: &str) -> Result<String, Refused> {
        let input = json!({ "executionArn": arn, "cause": "stopped in the console" });
        ask(self.operations, "StopExecution", input).await?;
        Ok(address(&["executions", arn], &[]))
    }

    /// Lets an execution go on from what failed.
    pub(in crate::pages) async fn redrive(&self, arn: &str) -> Result<String, Refused> {
        ask(
            self.operations,
            "RedriveExecution",
            json!({ "executionArn": arn }),
        )
        .await?;
        Ok(address(&["executions", arn], &[]))
    }

    /// Answers for a task that waits, with the token that it was called with.
    pub(in crate::pages) async fn answer(
        &self,
        arn: &str,
        form: &Query,
    ) -> Result<String, Refused> {
        let scheduled = form
            .number("event")
            .ok_or_else(|| Refused::invalid("no event"))?;
        let token = self.token(arn, scheduled).await?;
        let (operation, answer) = match form.get("answer") {
            Some("failure") => {
                let (error, cause) = (form.get("error"), form.get("cause"));
                (
                    "SendTaskFailure",
                    json!({ "taskToken": token, "error": error, "cause": cause }),
                )
            }
            _ => {
                let output = form.get("output").unwrap_or("{}");
                (
                    "SendTaskSuccess",
                    json!({ "taskToken": token, "output": output }),
                )
            }
        };
        ask(self.operations, operation, answer).await?;
        Ok(address(&["executions", arn], &[]))
    }

    /// The token in the call that a history event scheduled.
    async fn token(&self, arn: &str, scheduled: usize) -> Result<String, Refused> {
        let input = json!({ "executionArn": arn });
        let events = list(
            self.operations,
            ("GetExecutionHistory", "events"),
            input,
            scheduled,
        )
        .await?;
        let event = events
            .iter()
            .find(|event| event["id"].as_u64() == u64::try_from(scheduled).ok());
        let parameters = event.map(|event| &event["taskScheduledEventDetails"]["parameters"]);
        let token = parameters
            .and_then(Value::as_str)
            .and_then(|parameters| tokens::find(parameters, arn));
        token.ok_or_else(|| Refused::not_found("task token in the call of this task"))
    }
}

/// The calls that wait for an answer with their token: of the state that is looked at, or of all.
pub(super) fn unanswered<'e>(execution: &'e Execution, view: &View) -> Vec<(&'e str, &'e Attempt)> {
    let open = execution
        .run
        .visits
        .iter()
        .filter(|visit| visit.ended.is_none());
    let seen = open.filter(|visit| {
        view.state
            .as_ref()
            .is_none_or(|state| *state == visit.state)
    });
    let calls = seen.filter_map(|visit| Some((visit.state.as_str(), visit.attempts.last()?)));
    let waiting =
        calls.filter(|(_, call)| call.is_waiting && call.resource.ends_with(".waitForTaskToken"));
    waiting.take(5).collect()
}
