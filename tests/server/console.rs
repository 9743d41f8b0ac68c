//! Who may use the console, and for what.

use reqwest::{
    blocking::{Client, RequestBuilder, Response},
    header::HeaderMap,
    redirect::Policy,
};
use serde_json::json;

use crate::client::{Server, pass, wait};

fn client() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

fn get(server: &Server, path: &str) -> RequestBuilder {
    client().get(format!("{}{path}", server.url))
}

/// A browser that has opened a page: its cookie, and the token of the page's forms.
struct Browser {
    cookie: String,
    token: String,
}

impl Browser {
    fn open(server: &Server, path: &str) -> Self {
        let answer = get(server, path).send().unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        let page = answer.text().unwrap();
        let token = page.split("name=\"form-token\" value=\"").nth(1).unwrap();
        Self {
            cookie: cookie.split(';').next().unwrap().to_owned(),
            token: token.split('"').next().unwrap().to_owned(),
        }
    }

    fn post(&self, server: &Server, path: &str, fields: &str) -> RequestBuilder {
        let body = format!("form-token={}&{fields}", self.token);
        let request = client().post(format!("{}{path}", server.url));
        request.header("cookie", &self.cookie).body(body)
    }
}

fn location(answer: &Response) -> &str {
    answer.headers()["location"].to_str().unwrap()
}

#[test]
fn the_address_of_the_server_leads_to_it() {
    let server = Server::start(&[]);
    let answer = get(&server, "/").send().unwrap();
    assert_eq!(
        (answer.status().as_u16(), location(&answer)),
        (303, "/console")
    );
    assert!(server.said().contains("/console"), "{}", server.said());
}

#[test]
fn a_page_is_shut_off_from_everything_else() {
    let server = Server::start(&[]);
    let machine = server.create("m", &pass());
    for path in [
        "",
        "/executions",
        "/waiting",
        &format!("/machines/{machine}"),
        "/try",
        "/nowhere",
        "/style.css",
    ] {
        let answer = get(&server, &format!("/console{path}")).send().unwrap();
        let header = |headers: &HeaderMap, name| headers[name].to_str().unwrap().to_owned();
        let policy = header(answer.headers(), "content-security-policy");
        for rule in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "script-src 'self'",
            "style-src 'self'",
        ] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header(answer.headers(), "x-frame-options"), "DENY");
        assert_eq!(
            header(answer.headers(), "x-content-type-options"),
            "nosniff"
        );
        let page = answer.text().unwrap();
        for outside in ["<script>", " style=\"", " onclick=", "src=\"http"] {
            assert!(!page.contains(outside), "{path} has {outside}");
        }
    }
}

#[test]
fn its_own_form_starts_and_stops_executions() {
    let server = Server::start(&[]);
    let machine = server.create("m", &wait());
    let path = format!("/console/machines/{machine}");
    let browser = Browser::open(&server, &path);
    let start = format!("{path}/start");
    let started = browser
        .post(&server, &start, "input=%7B%22a%22%3A1%7D&name=one")
        .send()
        .unwrap();
    assert_eq!(started.status(), 303);
    let page = location(&started).to_owned();
    let arn = page
        .strip_prefix("/console/executions/")
        .unwrap()
        .to_owned();
    let described = server.ok("DescribeExecution", json!({ "executionArn": arn }));
    assert_eq!(described["input"], r#"{"a":1}"#);
    let stopped = browser
        .post(&server, &format!("{page}/stop"), "")
        .send()
        .unwrap();
    assert_eq!(stopped.status(), 303);
    assert_eq!(server.end_of(&arn)["status"], "ABORTED");
}

#[test]
fn a_state_is_tried_stage_by_stage() {
    let server = Server::start(&[]);
    let browser = Browser::open(&server, "/console/try");
    let fields = "definition=%7B%22Type%22%3A%22Pass%22%2C%22InputPath%22%3A%22%24.a%22%2C%22End%22%3Atrue%7D&input=%7B%22a%22%3A7%7D";
    let tried = browser
        .post(&server, "/console/try", fields)
        .send()
        .unwrap();
    assert_eq!(tried.status(), 200);
    let page = tried.text().unwrap();
    let (_, after) = page.split_once("<h3>After InputPath</h3>").unwrap();
    let difference = "<del>- }\n</del><ins>+ 7\n</ins></pre>";
    let stage = after.split("<h3>").next().unwrap();
    assert!(stage.ends_with(difference), "{stage}");
    let refused = browser.post(&server, "/console/try", "definition=%7B%7D");
    let page = refused.send().unwrap().text().unwrap();
    assert!(page.contains("role=\"alert\""), "{page}");
}

#[test]
fn what_another_page_sends_does_nothing() {
    let server = Server::start(&[]);
    let machine = server.create("m", &pass());
    let path = format!("/console/machines/{machine}");
    let start = format!("{path}/start");
    let (browser, other) = (Browser::open(&server, &path), Browser::open(&server, &path));
    let without_token = client()
        .post(format!("{}{start}", server.url))
        .header("cookie", &browser.cookie);
    let without_cookie = Browser {
        cookie: "segno-console=x".into(),
        token: browser.token.clone(),
    };
    let with_others_token = Browser {
        cookie: browser.cookie.clone(),
        token: other.token,
    };
    let refused = [
        without_token,
        without_cookie.post(&server, &start, ""),
        with_others_token.post(&server, &start, ""),
        browser
            .post(&server, &start, "")
            .header("origin", "http://localhost:1"),
        browser.post(&server, &start, "").header("origin", "null"),
        browser
            .post(&server, &start, "")
            .header("sec-fetch-site", "cross-site"),
        browser
            .post(&server, &start, "")
            .header("sec-fetch-site", "same-site"),
        browser
            .post(&server, &start, "")
            .header("host", "rebound.example"),
        get(&server, &path).header("host", "rebound.example"),
    ];
    for (index, request) in refused.into_iter().enumerate() {
        assert_eq!(request.send().unwrap().status(), 403, "request {index}");
    }
    let list = server.ok("ListExecutions", json!({ "stateMachineArn": machine }));
    assert_eq!(list["executions"], json!([]));
}

#[test]
fn a_console_that_only_shows_does_nothing_else() {
    let server = Server::start(&["--read-only-console"]);
    let machine = server.create("m", &wait());
    let execution = server.begin(&machine, "one", "{}");
    let page = get(&server, &format!("/console/executions/{execution}"))
        .send()
        .unwrap();
    assert!(!page.text().unwrap().contains("method=\"post\""));
    let stop = client().post(format!(
        "{}/console/executions/{execution}/stop",
        server.url
    ));
    assert_eq!(stop.send().unwrap().status(), 403);
    let described = server.ok("DescribeExecution", json!({ "executionArn": execution }));
    assert_eq!(described["status"], "RUNNING");
}

#[test]
fn what_is_not_there_is_told_in_the_words_of_the_api() {
    let server = Server::start(&[]);
    for (path, name) in [
        ("/console/machines/x", "InvalidArn"),
        (
            "/console/executions/arn:aws:states:us-east-1:123456789012:execution:m:x",
            "ExecutionDoesNotExist",
        ),
        ("/console/nowhere", "NotFound"),
    ] {
        let answer = get(&server, path).send().unwrap();
        assert!(answer.status().is_client_error(), "{path}");
        let page = answer.text().unwrap();
        assert!(page.contains(&format!("<h1>{name}</h1>")), "{page}");
    }
}

#[test]
fn a_page_is_told_what_changes() {
    let server = Server::start(&[]);
    let machine = server.create("m", &wait());
    let execution = server.begin(&machine, "one", "{}");
    let path = format!("/console/executions/{execution}");
    let page = get(&server, &path).send().unwrap().text().unwrap();
    let live = page
        .split("data-live=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let told = get(&server, &live.replace("&amp;", "&")).send().unwrap();
    assert_eq!(told.headers()["content-type"], "text/event-stream");
    server.ok("StopExecution", json!({ "executionArn": execution }));
    let told = told.text().unwrap();
    let news = told
        .lines()
        .find_map(|line| line.strip_prefix("data: "))
        .unwrap();
    let news: serde_json::Value = serde_json::from_str(news).unwrap();
    assert_eq!(news["ended"], true);
    let head = &news["parts"][0];
    assert_eq!(head[0], "head");
    assert!(head[1].as_str().unwrap().contains("aborted"), "{head}");
}
