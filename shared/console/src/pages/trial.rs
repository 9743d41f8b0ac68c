//! A state by itself: what it makes of an input, stage by stage.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::{Head, Page, json::document, machine::pretty};
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

/// The way of data through a state, in its order.
const STAGES: [(&str, &str); 9] = [
    ("input", "Input"),
    ("afterInputPath", "After InputPath"),
    ("afterParameters", "After Parameters"),
    ("afterArguments", "After Arguments"),
    ("result", "Result"),
    ("afterResultSelector", "After ResultSelector"),
    ("afterResultPath", "After ResultPath"),
    ("afterItemSelector", "After ItemSelector"),
    ("variables", "Variables"),
];

/// What is to be tried.
#[derive(Default)]
struct Trial {
    definition: String,
    input: String,
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
            result: field("result"),
            error: field("error"),
            cause: field("cause"),
        }
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

    /// Tries it: a task without a result is really performed.
    pub(super) async fn tried(&self, form: &Query) -> Result<Response, Refused> {
        let trial = Trial::of(form);
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
            p { button.primary { "Try it" } }
        };
        let body = html! {
            h1 { "Try a state" }
            div.two {
                section { (self.form(&["try"], &form)) }
                div {
                    @match answer {
                        Some(Ok(answer)) => (outcome(answer)),
                        Some(Err(refused)) => div.problem role="alert" { strong { (refused.name) } pre { (refused.message) } },
                        None => section { p.quiet { "Nothing is kept of what is tried here. A task for which no result is given is really performed." } },
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
    let stages: Vec<(&str, &str)> = STAGES
        .iter()
        .map(|(field, title)| (*title, text(&answer["inspectionData"], field)))
        .filter(|(_, shown)| !shown.is_empty())
        .collect();
    html! {
        section {
            h2 { span class={ "status " (class) } { (status.to_lowercase().replace('_', " ")) } }
            @if !text(answer, "nextState").is_empty() { p { "next: " strong { (text(answer, "nextState")) } } }
            @if !text(answer, "error").is_empty() || !text(answer, "cause").is_empty() {
                div.problem { strong { (text(answer, "error")) } pre { (pretty(text(answer, "cause"))) } }
            }
            @for (index, (title, shown)) in stages.iter().enumerate() {
                h3 { (title) }
                @if index > 0 && stages[index - 1].1 == *shown { p.quiet { "as before" } }
                @else { (document(shown, None)) }
            }
            @if !text(answer, "output").is_empty() {
                h3 { "Output" }
                (document(text(answer, "output"), None))
            }
        }
    }
}
