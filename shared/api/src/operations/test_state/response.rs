//! What TestState answers.

use segno_asl::{
    data::{self, value::Object},
    definition::StateName,
    errors::StateError,
};
use segno_interpreter::{
    inspect::{Ending, Handled, Inspected},
    payload::Payload,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// `inspectionLevel`: how much is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Level {
    /// How it ended.
    #[default]
    Info,
    /// What each stage came to, too.
    Debug,
    /// HTTP requests and responses, too.
    Trace,
}

/// The answer. What does not apply is absent; JSON is in it as text.
pub(super) fn answer(level: Level, input: &Payload, inspected: &Inspected) -> Value {
    let mut answer = match &inspected.ending {
        Ending::Succeeded { output, next } => {
            answered("SUCCEEDED", None, Some(output), next.as_ref())
        }
        Ending::Retriable(error) => answered("RETRIABLE", Some(error), None, None),
        Ending::Caught {
            error,
            output,
            next,
        } => answered("CAUGHT_ERROR", Some(error), Some(output), Some(next)),
        Ending::Failed(error) => answered("FAILED", Some(error), None, None),
    };
    if level != Level::Info {
        answer["inspectionData"] = inspection_data(input, inspected);
    }
    answer
}

fn answered(
    status: &str,
    error: Option<&StateError>,
    output: Option<&Payload>,
    next: Option<&StateName>,
) -> Value {
    let mut answer = json!({ "status": status });
    let name = error.and_then(|error| error.name.as_deref());
    let cause = error.and_then(|error| error.cause.as_deref());
    for (field, text) in [
        ("output", output.map(Payload::text)),
        ("error", name),
        ("cause", cause),
        ("nextState", next.map(|next| &**next)),
    ] {
        if let Some(text) = text {
            answer[field] = text.into();
        }
    }
    answer
}

fn inspection_data(input: &Payload, inspected: &Inspected) -> Value {
    let mut data = Map::new();
    data.insert("input".into(), input.text().into());
    for (stage, payload) in &inspected.stages {
        data.insert(stage.name().into(), payload.text().into());
    }
    let mut set = |field: &str, value: Option<Value>| {
        data.extend(value.map(|value| (field.to_owned(), value)));
    };
    let (map, tolerance) = (&inspected.map, &inspected.map.tolerance);
    set("maxConcurrency", map.max_concurrency.map(Value::from));
    set("toleratedFailureCount", tolerance.count.map(Value::from));
    set(
        "toleratedFailurePercentage",
        tolerance.percentage.map(Value::from),
    );
    set("variables", variables(inspected));
    set("errorDetails", error_details(&inspected.handled));
    Value::Object(data)
}

/// All variables in one text, if there are any.
fn variables(inspected: &Inspected) -> Option<Value> {
    let variables = inspected.variables.iter();
    let variables: Object = variables
        .map(|(name, payload)| (name.clone(), payload.value().clone()))
        .collect();
    (!variables.is_empty()).then(|| {
        Payload::from(data::value::Value::Object(variables))
            .text()
            .into()
    })
}

/// Who the error was for. Seconds are whole ones.
fn error_details(handled: &Handled) -> Option<Value> {
    let mut details = Map::new();
    let backoff = handled
        .backoff
        .map(|backoff| Value::from(backoff.as_secs()));
    for (field, value) in [
        ("catchIndex", handled.catcher.map(Value::from)),
        ("retryIndex", handled.retrier.map(Value::from)),
        ("retryBackoffIntervalSeconds", backoff),
    ] {
        details.extend(value.map(|value| (field.to_owned(), value)));
    }
    (!details.is_empty()).then_some(Value::Object(details))
}
