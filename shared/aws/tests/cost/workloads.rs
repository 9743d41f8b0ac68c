//! What runs.

use serde_json::{Map, Value, json};

use crate::harness::payloads::Draw;

/// Bytes of an input and of a result: four kilobytes.
pub(crate) const BYTES: usize = 4_096;

/// So many tasks in a row, with so many Pass and Choice states after each.
pub(crate) fn chain(tasks: usize, others: usize) -> String {
    let names: Vec<String> = (0..tasks)
        .flat_map(|task| {
            let others = (0..others).map(move |other| format!("Keep order {task}.{other}"));
            [format!("Process order {task}")].into_iter().chain(others)
        })
        .collect();
    let mut states = Map::new();
    for (index, name) in names.iter().enumerate() {
        let next = names.get(index + 1).map(String::as_str);
        let state = match next {
            _ if name.starts_with("Process") => followed(task(), next),
            Some(next) if index % 2 == 0 => choice(next),
            _ => followed(json!({ "Type": "Pass" }), next),
        };
        states.insert(name.clone(), state);
    }
    json!({ "StartAt": names[0], "States": states }).to_string()
}

/// The order process that prices are compared by: eight transitions, three of them tasks.
pub(crate) fn order() -> String {
    let states = json!({
        "Prepare": followed(json!({ "Type": "Pass" }), Some("Reserve")),
        "Reserve": followed(task(), Some("Is reserved")),
        "Is reserved": choice("Charge"),
        "Charge": followed(task(), Some("Is charged")),
        "Is charged": choice("Ship"),
        "Ship": followed(task(), Some("Note")),
        "Note": followed(json!({ "Type": "Pass" }), None),
    });
    json!({ "StartAt": "Prepare", "States": states }).to_string()
}

/// One task that waits for its token.
pub(crate) fn approval() -> String {
    let states = json!({ "Ask": followed(token_task(), None) });
    json!({ "StartAt": "Ask", "States": states }).to_string()
}

/// A Map over the items of the input that waits for a token for each.
pub(crate) fn approvals() -> String {
    let map = json!({
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemProcessor": { "StartAt": "Ask", "States": { "Ask": followed(token_task(), None) } },
    });
    json!({ "StartAt": "Each", "States": { "Each": followed(map, None) } }).to_string()
}

/// A wait that is too long for the queue.
pub(crate) fn wait() -> String {
    let wait = json!({ "Type": "Wait", "Seconds": 86_400 });
    json!({ "StartAt": "Wait", "States": { "Wait": followed(wait, None) } }).to_string()
}

fn task() -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": { "FunctionName": "process-order", "Payload.$": "$" },
        "OutputPath": "$.Payload",
        "Retry": [{ "ErrorEquals": ["Lambda.ServiceException"], "MaxAttempts": 2 }],
    })
}

fn token_task() -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": { "FunctionName": "ask", "Payload": { "token.$": "$$.Task.Token" } },
    })
}

fn choice(next: &str) -> Value {
    json!({
        "Type": "Choice",
        "Choices": [{ "Variable": "$.note", "StringEquals": "stop", "Next": next }],
        "Default": next,
    })
}

fn followed(mut state: Value, next: Option<&str>) -> Value {
    match next {
        Some(next) => state["Next"] = next.into(),
        None => state["End"] = true.into(),
    }
    state
}

/// What `lambda:invoke` returns of a function.
pub(crate) fn answer(draw: &mut Draw, payload: Value) -> Value {
    let id = format!("{:032x}", draw.below(u64::MAX));
    let trace = format!(
        "Root=1-{:08x}-{:024x};Sampled=0",
        draw.below(1 << 32),
        draw.below(u64::MAX)
    );
    let length = payload.to_string().len().to_string();
    json!({
        "ExecutedVersion": "$LATEST",
        "Payload": payload,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {
                "X-Amz-Executed-Version": ["$LATEST"],
                "x-amzn-Remapped-Content-Length": ["0"],
                "Connection": ["keep-alive"],
                "x-amzn-RequestId": [id],
                "Content-Length": [length],
                "Date": ["Thu, 26 Nov 2026 12:00:00 GMT"],
                "X-Amzn-Trace-Id": [trace],
                "Content-Type": ["application/json"],
            },
            "HttpHeaders": {
                "Connection": "keep-alive",
                "Content-Length": length,
                "Content-Type": "application/json",
                "Date": "Thu, 26 Nov 2026 12:00:00 GMT",
                "X-Amz-Executed-Version": "$LATEST",
                "x-amzn-Remapped-Content-Length": "0",
                "x-amzn-RequestId": id,
            },
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": { "RequestId": id },
        "StatusCode": 200,
    })
}
