//! A state by itself: what it makes of an input, stage by stage.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::{Head, Page, machine::pretty, stages::stages};
use crate::{
    Operations, Response,
    ask::{Refused, ask, text},
    execution::Execution,
    graph::Open,
    url::Query,
};

/// What a trial begins with, unless it is of a state that somebody looks at.
const EXAMPLE: &str = r#"{
  "Type": "Pass",
  "Parameters": { "total.$": "$.price", "id.$": "States.UUID()" },
  "ResultPath": "$.order",
  "End": true
}"#;

/// What is to be tried.
#[derive(Default)]
struct Trial {
    definition: String,
    input: String,
    /// The role that a call is made under.
    role: String,
    /// What the call of a task comes to, instead of a call.
    result: String,
    error: String,
    cause: String,
}

impl Trial {
    fn of(form: &Query) -> Self {
        let field = |name: &str| form.get(name).unwrap_or_default().to_owned();
        Self {
            definition: field("definition"),
            input: field("input"),
            role: field("role"),
            result: field("result"),
            error: field("error"),
            cause: field("cause"),
        }
    }

    /// Whether trying it calls something.
    fn calls(&self) -> bool {
        let is_mocked = [&self.result, &self.error, &self.cause]
            .iter()
            .any(|given| !given.is_empty());
        // What is no JSON yet may become a task.
        let definition: Option<Value> = serde_json::from_str(&self.definition).ok();
        !is_mocked && definition.is_none_or(|state| text(&state, "Type") == "Task")
    }

    fn request(&self) -> Value {
        let input = if self.input.is_empty() {
            "{}"
        } else {
            &self.input
        };
        let mut request = json!({
            "definition": self.definition,
            "input": input,
            "inspectionLevel": "DEBUG",
        });
        if !self.role.is_empty() {
            request["roleArn"] = self.role.clone().into();
        }
        if !self.error.is_empty() || !self.cause.is_empty() {
            let error = json!({ "error": self.error, "cause": self.cause });
            request["mock"] = json!({ "errorOutput": error });
        } else if !self.result.is_empty() {
            request["mock"] = json!({ "result": self.result });
        }
        request
    }
}

impl<O: Operations> Page<'_, O> {
    /// A form, filled in with a state of an execution if one is named.
    pub(super) async fn trial(&self, query: &Query) -> Result<Response, Refused> {
        let mut trial = Trial {
            definition: EXAMPLE.into(),
            input: "{ \"price\": 42 }".into(),
            ..Trial::default()
        };
        if let (Some(arn), Some(state)) = (query.get("execution"), query.get("state")) {
            let execution = Execution::read(self.operations, arn, &Open::None).await?;
            let visits = execution.run.visits.iter();
            let input = visits.rev().find(|visit| visit.state == state);
            let machine = json!({ "executionArn": arn });
            let machine = ask(self.operations, "DescribeStateMachineForExecution", machine).await?;
            trial.role = text(&machine, "roleArn").to_owned();
            trial.definition = execution
                .state(state)
                .map_or_else(String::new, |state| format!("{state:#}"));
            trial.input = pretty(
                input
                    .and_then(|visit| visit.input.as_deref())
                    .unwrap_or("{}"),
            );
        }
        Ok(self.trial_page(&trial, None))
    }

    /// Tries it: a task without a result is really performed, unless somebody is only typing.
    pub(super) async fn tried(&self, form: &Query) -> Result<Response, Refused> {
        let trial = Trial::of(form);
        if form.get("typed").is_some() && trial.calls() {
            return Ok(self.trial_page(&trial, None));
        }
        let answer = ask(self.operations, "TestState", trial.request()).await;
        Ok(self.trial_page(&trial, Some(&answer)))
    }

    fn trial_page(&self, trial: &Trial, answer: Option<&Result<Value, Refused>>) -> Response {
        let form = html! {
            label { "A state" textarea name="definition" rows="14" spellcheck="false" { (trial.definition) } }
            label { "Input" textarea name="input" rows="7" spellcheck="false" { (trial.input) } }
            details open[!trial.result.is_empty() || !trial.error.is_empty()] {
                summary { "What its call comes to, instead of a call" }
                label { "Result" textarea name="result" rows="3" spellcheck="false" { (trial.result) } }
                label { "or an error" input type="text" name="error" value=(trial.error); }
                label { "and its cause" input type="text" name="cause" value=(trial.cause); }
            }
            label { "The role that a call is made under" input type="text" name="role" value=(trial.role); }
            p { button.primary { "Try it" } }
        };
        let body = html! {
            h1 { "Try a state" }
            div.two {
                section.typed { (self.form(&["try"], &form)) }
                div #outcome aria-live="polite" {
                    @match answer {
                        Some(Ok(answer)) => (outcome(answer)),
                        Some(Err(refused)) => div.problem role="alert" { strong { (refused.name) } pre { (refused.message) } },
                        None => section { p.quiet { "Nothing is kept of what is tried here. A task for which no result is given is really performed, once you say so." } },
                    }
                }
            }
        };
        let head = Head {
            title: "Try a state",
            section: "Try",
            live: None,
        };
        self.page(&head, &body)
    }
}

/// What a state came to, and each stage that changed something.
fn outcome(answer: &Value) -> Markup {
    let status = text(answer, "status");
    let class = match status {
        "SUCCEEDED" => "ok",
        "CAUGHT_ERROR" => "caught",
        "RETRIABLE" => "wait",
        _ => "bad",
    };
    html! {
        section {
            h2 { span class={ "status " (class) } { (status.to_lowercase().replace('_', " ")) } }
            @if !text(answer, "nextState").is_empty() { p { "next: " strong { (text(answer, "nextState")) } } }
            @if !text(answer, "error").is_empty() || !text(answer, "cause").is_empty() {
                div.problem { strong { (text(answer, "error")) } pre { (pretty(text(answer, "cause"))) } }
            }
            (stages(answer))
        }
    }
}
