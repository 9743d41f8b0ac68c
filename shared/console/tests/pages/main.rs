//! Pages of executions, from their histories: what is on them, and how large they are.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod document;
mod fake;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use segno_api::Response as Answer;
use segno_console::{Console, Request, Response};
use serde_json::{Value, json};

use self::{
    document::Document,
    fake::{EXECUTION, Fake},
};

/// Answers at once: nothing here waits.
fn get(fake: Fake, query: &str) -> Response {
    let console = Console::new(fake, [0; 32], false);
    let path = format!("/console/executions/{EXECUTION}");
    let request = Request {
        is_post: false,
        path: &path,
        query,
        cookies: "",
        body: b"",
    };
    let mut answer = Box::pin(console.answer(&request));
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
        "href=\"#e9\"",
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
