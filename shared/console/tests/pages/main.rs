//! Pages of executions, from their histories: what is on them, and how large they are.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod document;
mod fake;
mod gate;
mod live;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use segno_api::Response as Answer;
use segno_console::{Console, Place, Request, Response, Sessions};
use serde_json::{Value, json};

use self::{
    document::Document,
    fake::{EXECUTION, Fake},
};

/// Answers at once: nothing here waits.
fn get(fake: Fake, query: &str) -> Response {
    get_path(fake, &format!("/console/executions/{EXECUTION}"), query)
}

fn get_path(fake: Fake, path: &str, query: &str) -> Response {
    let console = Console::new(fake, Place::Server, false);
    let request = Request {
        is_post: false,
        path,
        query,
        cookies: "",
        body: b"",
    };
    let (session, _) = Sessions::new([0; 32]).of("");
    at_once(console.answer(&request, &session))
}

fn at_once<T>(answer: impl Future<Output = T>) -> T {
    let mut answer = Box::pin(answer);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match answer.as_mut().poll(&mut context) {
        std::task::Poll::Ready(response) => response,
        std::task::Poll::Pending => panic!("the fake answers at once"),
    }
}

fn page(fake: Fake, query: &str) -> Document {
    let response = get(fake, query);
    assert_eq!(response.status, 200);
    Document::read(&String::from_utf8(response.body).unwrap())
}

fn order() -> Value {
    json!({ "StartAt": "Pay", "States": {
        "Pay": { "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:pay",
                 "Retry": [{ "ErrorEquals": ["Busy"] }],
                 "Catch": [{ "ErrorEquals": ["Declined"], "Next": "Sorry" }], "Next": "Ship" },
        "Ship": { "Type": "Pass", "End": true },
        "Sorry": { "Type": "Fail", "Error": "Refused", "Cause": "no <b>money</b>" },
    } })
}

/// Two tries, the second one caught.
fn declined() -> Fake {
    let mut fake = Fake::of(order(), "FAILED");
    fake.event(0, "ExecutionStarted", json!({ "input": "{\"id\":7}" }));
    fake.event(
        0,
        "TaskStateEntered",
        json!({ "name": "Pay", "input": "{\"id\":7}" }),
    );
    fake.event(
        2,
        "LambdaFunctionScheduled",
        json!({ "resource": "pay", "input": "{\"id\":7}" }),
    );
    fake.event(3, "LambdaFunctionStarted", json!(null));
    fake.event(
        4,
        "LambdaFunctionFailed",
        json!({ "error": "Busy", "cause": "later" }),
    );
    fake.event(
        5,
        "LambdaFunctionScheduled",
        json!({ "resource": "pay", "input": "{\"id\":7}" }),
    );
    fake.event(6, "LambdaFunctionStarted", json!(null));
    fake.event(
        7,
        "LambdaFunctionFailed",
        json!({ "error": "Declined", "cause": "<i>card</i>" }),
    );
    fake.event(
        8,
        "TaskStateExited",
        json!({ "name": "Pay", "output": "{\"id\":7,\"why\":\"</pre>\"}" }),
    );
    fake.event(
        9,
        "FailStateEntered",
        json!({ "name": "Sorry", "input": "{}" }),
    );
    fake.event(
        10,
        "ExecutionFailed",
        json!({ "error": "Refused", "cause": "no <b>money</b>" }),
    );
    fake.described["error"] = "Refused".into();
    fake.described["cause"] = "no <b>money</b>".into();
    fake
}

#[test]
fn states_have_the_colour_of_what_became_of_them() {
    let page = page(declined(), "");
    let labels = page.attributes("a", "aria-label");
    let labels: Vec<&str> = labels
        .iter()
        .map(String::as_str)
        .filter(|label| label.contains(','))
        .collect();
    assert_eq!(
        labels,
        [
            "Pay, Task, failed and caught, 1 retry",
            "Ship, Pass, not reached",
            "Sorry, Fail, failed"
        ]
    );
    let taken = page.text.matches("class=\"line taken\"").count();
    let caught = page.text.matches("class=\"line catch taken\"").count();
    // From the start to the first state, to the end from the last; the error's way between them.
    assert_eq!((taken, caught), (2, 1));
}

#[test]
fn the_error_is_at_the_top_and_text_stays_text() {
    let page = page(declined(), "state=Pay");
    let alert = page.text.find("role=\"alert\"").unwrap();
    assert!(alert < page.text.find("<svg").unwrap());
    for markup in ["<b>", "<i>"] {
        assert!(!page.text.contains(markup), "{markup}");
    }
    assert!(page.text.contains("no &lt;b&gt;money&lt;/b&gt;"));
    assert!(page.text.contains("&lt;/pre&gt;"));
    assert!(page.text.contains("&lt;i&gt;card&lt;/i&gt;"));
}

#[test]
fn a_state_shows_what_came_in_and_what_went_out() {
    let page = page(declined(), "state=Pay");
    let panel = page.text.split("id=\"panel\"").nth(1).unwrap();
    let panel = panel.split("</section>").next().unwrap();
    for shown in [
        "<h3>Input</h3>",
        "<h3>Output</h3>",
        "<h3>Calls</h3>",
        "Busy",
        "Declined",
        "order=id#e9\"",
    ] {
        assert!(panel.contains(shown), "{shown}: {panel}");
    }
}

#[test]
fn names_of_states_are_taken_as_they_are() {
    let name = "“It's” <a href=x> & \"so\"";
    let definition =
        json!({ "StartAt": name, "States": { name: { "Type": "Pass", "End": true } } });
    let mut fake = Fake::of(definition, "SUCCEEDED");
    fake.event(0, "ExecutionStarted", json!({ "input": "{}" }));
    fake.event(
        0,
        "PassStateEntered",
        json!({ "name": name, "input": "{}" }),
    );
    fake.event(
        2,
        "PassStateExited",
        json!({ "name": name, "output": "{}" }),
    );
    fake.event(3, "ExecutionSucceeded", json!({ "output": "{}" }));
    let page = page(
        fake,
        "state=%E2%80%9CIt%27s%E2%80%9D+%3Ca+href%3Dx%3E+%26+%22so%22",
    );
    assert!(!page.text.contains("<a href=x>"));
    assert!(
        page.text
            .contains("<h2>“It's” &lt;a href=x&gt; &amp; &quot;so&quot;</h2>")
    );
    assert!(
        page.attributes("a", "class")
            .iter()
            .any(|class| class == "state ok selected")
    );
}

#[test]
fn a_task_token_is_not_shown_and_its_task_can_be_answered() {
    let token = URL_SAFE_NO_PAD.encode([&[7; 32], EXECUTION.as_bytes()].concat());
    let resource = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    let definition = json!({ "StartAt": "Ask", "States": { "Ask": { "Type": "Task", "Resource": resource,
        "Parameters": { "FunctionName": "f", "Payload": { "t.$": "$$.Task.Token" } }, "End": true } } });
    let mut fake = Fake::of(definition, "RUNNING");
    let parameters = json!({ "FunctionName": "f", "Payload": { "t": token } }).to_string();
    fake.event(0, "ExecutionStarted", json!({ "input": "{}" }));
    fake.event(
        0,
        "TaskStateEntered",
        json!({ "name": "Ask", "input": format!("{{\"old\":\"{token}\"}}") }),
    );
    let scheduled = json!({ "resourceType": "lambda", "resource": "invoke.waitForTaskToken", "parameters": parameters });
    fake.event(2, "TaskScheduled", scheduled);
    fake.event(
        3,
        "TaskStarted",
        json!({ "resourceType": "lambda", "resource": "invoke.waitForTaskToken" }),
    );
    fake.event(
        4,
        "TaskSubmitted",
        json!({ "resourceType": "lambda", "resource": "invoke.waitForTaskToken", "output": "{}" }),
    );
    for query in ["", "state=Ask", "events=0"] {
        let page = page(fake.clone(), query);
        assert!(!page.text.contains(&token), "{query}");
        assert!(page.text.contains("waits for an answer"), "{query}");
        assert_eq!(page.attributes("button", "value"), ["success", "failure"]);
    }
}

#[test]
fn a_machine_that_logs_no_data_shows_none() {
    let mut fake = declined();
    fake.machine["loggingConfiguration"] = json!({ "level": "ALL", "includeExecutionData": false });
    let asked = fake.asked.clone();
    page(fake, "state=Pay");
    let asked = asked.lock().unwrap();
    let of = |name: &str| {
        &asked
            .iter()
            .find(|(operation, _)| operation == name)
            .unwrap()
            .1
    };
    assert_eq!(of("GetExecutionHistory")["includeExecutionData"], false);
    assert_eq!(of("DescribeExecution")["includedData"], "METADATA_ONLY");
}

#[test]
fn what_runs_is_told_of_where_it_can_be_followed() {
    let mut fake = Fake::of(order(), "RUNNING");
    fake.event(0, "ExecutionStarted", json!({ "input": "{}" }));
    let page = page(fake, "");
    assert!(page.text.contains(&format!(
        "data-live=\"/console/executions/{EXECUTION}/live?seen=1\""
    )));
    assert!(!self::page(declined(), "").text.contains("data-live"));
}

/// A loop that asks so many times, and then is done.
fn polling(rounds: u64, status: &str) -> Fake {
    let definition = json!({ "StartAt": "Begin", "States": {
        "Begin": { "Type": "Pass", "Next": "Rest" },
        "Rest": { "Type": "Wait", "Seconds": 1, "Next": "Ask" }, "Ask": { "Type": "Pass", "Next": "Over?" },
        "Over?": { "Type": "Choice", "Choices": [{ "Variable": "$.n", "IsPresent": false, "Next": "Rest" }], "Default": "End" },
        "End": { "Type": "Succeed" } } });
    let mut fake = Fake::of(definition, status);
    fake.event(0, "ExecutionStarted", json!({ "input": "{}" }));
    let mut last = 0;
    let mut pass = |fake: &mut Fake, name: &str, kind: &str| {
        last = fake.event(
            last,
            &format!("{kind}StateEntered"),
            json!({ "name": name, "input": "{}" }),
        );
        last = fake.event(
            last,
            &format!("{kind}StateExited"),
            json!({ "name": name, "output": "{}" }),
        );
    };
    pass(&mut fake, "Begin", "Pass");
    for _ in 0..rounds {
        for (name, kind) in [("Rest", "Wait"), ("Ask", "Pass"), ("Over?", "Choice")] {
            pass(&mut fake, name, kind);
        }
    }
    pass(&mut fake, "End", "Succeed");
    fake
}

/// The rows of a table, in their order: the texts of their first cells.
fn rows(page: &Document, table: &str) -> Vec<String> {
    let body = page
        .text
        .split(&format!("<tbody id=\"{table}\">"))
        .nth(1)
        .unwrap();
    let body = body.split("</tbody>").next().unwrap();
    let cells = body.split("<tr").skip(1).map(|row| {
        let cell = row.split("</td>").next().unwrap();
        let pieces = cell
            .split('<')
            .skip(1)
            .filter_map(|piece| piece.split_once('>'));
        pieces.map(|(_, text)| text).collect()
    });
    cells.collect()
}

#[test]
fn the_rounds_of_a_loop_are_folded() {
    let page = page(polling(300, "SUCCEEDED"), "");
    assert_eq!(
        rows(&page, "visits"),
        [
            "Begin",
            "Rest",
            "Ask",
            "Over?",
            "298 more rounds of Rest → Ask → Over?",
            "Rest",
            "Ask",
            "Over?",
            "End",
        ]
    );
    let events = rows(&page, "events");
    assert_eq!(events.len(), 1 + 2 * 8 + 1);
    assert_eq!(events[9], "298 more rounds");
    assert!(page.text.contains("1788 events"), "{}", page.text);
}

#[test]
fn a_few_rounds_are_not_and_folded_ones_are_unfolded() {
    let few = page(polling(3, "SUCCEEDED"), "");
    assert_eq!(rows(&few, "visits").len(), 2 + 3 * 3);
    let folded = page(polling(10, "SUCCEEDED"), "");
    let link = folded
        .attributes("a", "href")
        .into_iter()
        .find(|link| link.contains("unfold="))
        .unwrap();
    let unfolded = page(polling(10, "SUCCEEDED"), link.strip_prefix('?').unwrap());
    assert_eq!(rows(&unfolded, "visits").len(), 2 + 3 * 10);
    let in_order = page(polling(10, "SUCCEEDED"), "order=id&events=1");
    assert_eq!(
        in_order
            .attributes("tr", "id")
            .iter()
            .filter(|id| id.starts_with('e'))
            .count(),
        65 - 50
    );
}

/// A Map state with three items, the second of which failed.
fn mapped() -> Fake {
    let definition = json!({ "StartAt": "Each", "States": { "Each": { "Type": "Map", "End": true, "ToleratedFailureCount": 1,
        "ItemProcessor": { "StartAt": "Work", "States": { "Work": { "Type": "Pass", "End": true } } } } } });
    let mut fake = Fake::of(definition, "RUNNING");
    fake.event(0, "ExecutionStarted", json!({ "input": "[1,2,3]" }));
    let map = fake.event(
        0,
        "MapStateEntered",
        json!({ "name": "Each", "input": "[1,2,3]" }),
    );
    let started = fake.event(map, "MapStateStarted", json!({ "length": 3 }));
    for index in 0..3 {
        let item = fake.event(
            started,
            "MapIterationStarted",
            json!({ "name": "Each", "index": index }),
        );
        let work = fake.event(
            item,
            "PassStateEntered",
            json!({ "name": "Work", "input": format!("\"item {index}\"") }),
        );
        if index == 2 {
            break;
        }
        let work = fake.event(
            work,
            "PassStateExited",
            json!({ "name": "Work", "output": "1" }),
        );
        let end = if index == 0 {
            "MapIterationSucceeded"
        } else {
            "MapIterationFailed"
        };
        fake.event(work, end, json!({ "name": "Each", "index": index }));
    }
    fake
}

#[test]
fn one_item_of_a_map_state_is_looked_at() {
    let all = page(mapped(), "state=Each");
    let labels = all.attributes("a", "aria-label");
    for label in [
        "Item 0, succeeded",
        "Item 1, failed",
        "Item 2, not ended",
        "Work, Pass, running, ×3",
    ] {
        assert!(labels.iter().any(|own| own == label), "{label}: {labels:?}");
    }
    assert_eq!(
        rows(&all, "visits"),
        ["Each", "Work [0]", "Work [1]", "Work [2]"]
    );
    let first = page(mapped(), "state=Work&item=0.0");
    assert_eq!(rows(&first, "visits"), ["Each", "Work [0]"]);
    assert!(
        first
            .attributes("a", "aria-label")
            .iter()
            .any(|label| label == "Work, Pass, succeeded")
    );
    assert!(first.text.contains("item 0") && !first.text.contains("item 2"));
}

#[test]
fn a_closed_box_is_opened_by_a_click_and_closed_again() {
    let chain = |names: &[String]| {
        let mut states = serde_json::Map::new();
        for (index, name) in names.iter().enumerate() {
            let next = names.get(index + 1);
            let state = match next {
                Some(next) => json!({ "Type": "Pass", "Next": next }),
                None => json!({ "Type": "Pass", "End": true }),
            };
            states.insert(name.clone(), state);
        }
        json!({ "StartAt": names[0], "States": states })
    };
    let names = |prefix: &str| {
        (0..60)
            .map(|index| format!("{prefix}{index}"))
            .collect::<Vec<_>>()
    };
    let definition = json!({ "StartAt": "Box", "States": { "Box": { "Type": "Parallel", "End": true,
        "Branches": [chain(&names("a")), chain(&names("b"))] } } });
    let fake = Fake::of(definition, "RUNNING");
    let closed = page(fake.clone(), "");
    let link = closed
        .attributes("a", "href")
        .into_iter()
        .find(|link| link.contains("open=Box"))
        .unwrap();
    let is_drawn = |page: &Document| {
        page.attributes("a", "aria-label")
            .iter()
            .any(|label| label.starts_with("a0, "))
    };
    assert!(!is_drawn(&closed));
    let open = page(fake.clone(), link.strip_prefix('?').unwrap());
    assert!(is_drawn(&open) && open.text.contains("Close it in the graph"));
    assert!(open.text.contains("open=Box"));
}

#[test]
fn ten_thousand_history_events_make_a_small_page() {
    let definition = json!({ "StartAt": "Work", "States": {
        "Work": { "Type": "Pass", "Next": "Rest" }, "Rest": { "Type": "Wait", "Seconds": 1, "Next": "Work" } } });
    let mut fake = Fake::of(definition, "RUNNING");
    let input = json!({ "text": "x".repeat(2_000) }).to_string();
    fake.event(0, "ExecutionStarted", json!({ "input": input }));
    for round in 0..2_500_u64 {
        let first = 1 + 4 * round;
        fake.event(
            first,
            "PassStateEntered",
            json!({ "name": "Work", "input": input }),
        );
        fake.event(
            first + 1,
            "PassStateExited",
            json!({ "name": "Work", "output": input }),
        );
        fake.event(
            first + 2,
            "WaitStateEntered",
            json!({ "name": "Rest", "input": input }),
        );
        fake.event(
            first + 3,
            "WaitStateExited",
            json!({ "name": "Rest", "output": input }),
        );
    }
    for query in ["", "state=Work", "rows=99&events=200"] {
        let page = page(fake.clone(), query);
        assert!(
            page.text.len() < 300_000,
            "{query}: {} bytes",
            page.text.len()
        );
        assert!(page.elements < 3_000, "{query}: {} elements", page.elements);
    }
}

#[test]
fn an_execution_that_is_not_there_is_said_to_be() {
    let mut fake = declined();
    fake.refusal = Some(Answer {
        status: 400,
        error_type: Some("ExecutionDoesNotExist"),
        body: br#"{"message":"Execution Does Not Exist: '<x>'"}"#.to_vec(),
    });
    let response = get(fake, "");
    assert_eq!(response.status, 400);
    let page = Document::read(&String::from_utf8(response.body).unwrap());
    assert!(page.text.contains("Execution Does Not Exist: '&lt;x&gt;'"));
}
