//! The stages of a state that has been left: worked out again from its input and from what its call came to.
//!
//! The history has what came in, what was called with, what that came to, and what went out. What is
//! between is what TestState makes of the same. Nothing is called.

use maud::{Markup, html};
use segno_asl::data::timestamp;
use serde_json::{Value, json};

use super::{View, panel};
use crate::{
    Operations,
    ask::{ask, text},
    execution::Execution,
    pages::{Page, stages::stages},
    run::{Visit, milliseconds},
};

impl<O: Operations> Page<'_, O> {
    /// The stages of the visit that is looked at; `None` if there is nothing to be worked out.
    pub(super) async fn pipeline(&self, execution: &Execution, view: &View) -> Option<Markup> {
        let (index, visit) = panel::visit(execution, view)?;
        let request = request(execution, index, visit)?;
        let tried = ask(self.operations, "TestState", request).await;
        Some(html! {
            details.stages open {
                summary { "Stages of its data" }
                @match tried {
                    Ok(answer) => {
                        (stages(&answer))
                        @if !is_same(text(&answer, "output"), visit.output.as_deref()) {
                            p.quiet { "This is worked out again from the input and the result, and comes to something else than it did: it depends on the time, on chance, or on what is around the state." }
                        }
                    }
                    Err(refused) => p.quiet { "They cannot be worked out: " (refused.message) },
                }
            }
        })
    }
}

fn request(execution: &Execution, index: usize, visit: &Visit) -> Option<Value> {
    let (input, _) = (visit.input.as_deref()?, visit.output.as_deref()?);
    let mut request = json!({
        "definition": execution.definition.to_string(),
        "stateName": visit.state,
        "input": input,
        "inspectionLevel": "DEBUG",
    });
    let variables = execution.run.variables(index);
    if !variables.is_empty() {
        request["variables"] = Value::Object(variables).to_string().into();
    }
    match (visit.state_type.as_str(), visit.attempts.last()) {
        ("Pass" | "Choice" | "Succeed" | "Wait", _) => {}
        ("Task", Some(call)) => {
            request["context"] = context(execution, visit).to_string().into();
            request["mock"] = match (&call.error, &call.output) {
                (Some(failure), _) => json!({
                    "errorOutput": { "error": failure.error, "cause": failure.cause },
                }),
                (None, Some(output)) => json!({ "result": output, "fieldValidationMode": "NONE" }),
                (None, None) => return None,
            };
            let retries = visit.attempts.len() - 1;
            request["stateConfiguration"] = json!({ "retrierRetryCount": retries });
        }
        // What their branches or items came to is not in the history as one result.
        _ => return None,
    }
    Some(request)
}

/// The context object, as far as the history tells of it.
fn context(execution: &Execution, visit: &Visit) -> Value {
    let described = &execution.described;
    let started = milliseconds(&described["startDate"]).unwrap_or(0);
    let input: Value = serde_json::from_str(text(described, "input")).unwrap_or_default();
    let machine = text(described, "stateMachineArn");
    json!({
        "Execution": {
            "Id": execution.arn,
            "Input": input,
            "Name": text(described, "name"),
            "StartTime": timestamp::format(started),
        },
        "State": { "Name": visit.state, "EnteredTime": timestamp::format(visit.began) },
        "StateMachine": { "Id": machine, "Name": machine.rsplit(':').next() },
        "Task": { "Token": "(task token)" },
    })
}

fn is_same(output: &str, recorded: Option<&str>) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    recorded.is_some_and(|recorded| read(output) == read(recorded))
}
