//! A stack without AWS, for whoever speaks the Step Functions API: the real `api` and `step` as functions,
//! behind a port, in the account of an emulator that the environment names as an SDK has it.
//!
//! ```text
//! AWS_ENDPOINT_URL=http://127.0.0.1:5000 stack --functions target/debug --port 8083 --log stack.log
//! ```

#![allow(
    clippy::disallowed_methods,
    reason = "it is configured as functions are"
)]
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "it serves tests")]

use std::{
    collections::BTreeMap,
    env,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use segno_tests::{
    emulated::Emulated,
    http,
    lambda::{Function, Mapping},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore, time::sleep};

/// Requests that are answered at the same time.
const DOORS: usize = 8;

/// Invocations for the queue at the same time.
const WORKERS: usize = 4;

/// As the template has them.
const API_TIMEOUT: Duration = Duration::from_secs(29);
const STEP_TIMEOUT: Duration = Duration::from_secs(900);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (programs, log) = (
        PathBuf::from(option("--functions")),
        PathBuf::from(option("--log")),
    );
    let port: u16 = option("--port").parse().unwrap();
    let account = Emulated::at(&env::var("AWS_ENDPOINT_URL").unwrap());
    account.create_table("segno").await;
    account.create_bucket("segno").await;
    let main = account.create_queue("segno-main").await;
    let second = account.create_queue("segno-second").await;
    let dead_letters = account.create_queue("segno-dead").await;
    let variables = variables([&main, &second, &dead_letters]);
    let function = |name: &str, timeout| {
        let program = programs.join(name);
        Function::new(program, variables.clone(), timeout, log.clone())
    };
    for _ in 0..WORKERS {
        let mapping = Mapping::new(account.clone(), &main, 10);
        tokio::spawn(feed(mapping, function("step", STEP_TIMEOUT)));
    }
    let mapping = Mapping::new(account.clone(), &second, 1);
    tokio::spawn(feed(mapping, function("step", STEP_TIMEOUT)));
    tokio::spawn(tick(function("step", STEP_TIMEOUT)));

    let doors = (0..DOORS).map(|_| function("api", API_TIMEOUT));
    let gateway = Arc::new(Gateway {
        free: Semaphore::new(DOORS),
        doors: Mutex::new(doors.collect()),
    });
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let answer = move |request| {
        let gateway = Arc::clone(&gateway);
        async move { gateway.answer(&request).await }
    };
    http::serve(listener, answer).await;
}

/// What stands behind a name on the command line.
fn option(name: &str) -> String {
    let mut arguments = env::args().skip_while(|argument| argument != name);
    let value = arguments.nth(1);
    value.unwrap_or_else(|| panic!("{name} is missing"))
}

/// What functions are told: as the template does, and as Lambda does.
fn variables(queues: [&str; 3]) -> BTreeMap<String, String> {
    let [main, second, dead_letters] = queues;
    let account = env::var("AWS_ACCOUNT_ID").unwrap();
    let told = [
        ("SEGNO_TABLE", "segno"),
        ("SEGNO_BUCKET", "segno"),
        ("SEGNO_QUEUE_URL", main),
        ("SEGNO_SECOND_QUEUE_URL", second),
        ("SEGNO_DEAD_LETTERS_URL", dead_letters),
        ("SEGNO_ACCOUNT_ID", &account),
        ("SEGNO_STACK", "segno"),
        ("SEGNO_ROLE_PATTERN", "*"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ];
    let told = told.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let inherited = [
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
    ];
    let inherited = inherited.map(|name| (name.to_owned(), env::var(name).unwrap()));
    told.into_iter().chain(inherited).collect()
}

/// Hands messages to a function, for ever.
async fn feed(mapping: Mapping, function: Function) {
    loop {
        let records = mapping.receive().await;
        if records.is_empty() {
            continue;
        }
        if let Err(failed) = mapping.hand_over(&function, &records).await {
            eprintln!("messages come again: {failed:?}");
        }
    }
}

/// Invokes a function on a schedule, more often than the template does.
async fn tick(function: Function) {
    loop {
        if let Err(failed) = function.invoke(json!({})).await {
            eprintln!("the schedule comes again: {failed:?}");
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// What stands before the functions that answer requests.
struct Gateway {
    free: Semaphore,
    doors: Mutex<Vec<Function>>,
}

impl Gateway {
    async fn answer(&self, request: &http::Request) -> Vec<u8> {
        let _permit = self.free.acquire().await.unwrap();
        let door = self.doors.lock().unwrap().pop().unwrap();
        let answered = door.invoke(event(request)).await;
        self.doors.lock().unwrap().push(door);
        match answered {
            Ok(answer) => response(&answer),
            Err(failed) => {
                eprintln!("no answer: {failed:?}");
                http::response(502, &[], br#"{"message":"Internal Server Error"}"#)
            }
        }
    }
}

/// A request, as API Gateway hands it over.
fn event(request: &http::Request) -> Value {
    let lines = request.head.lines().skip(1);
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers: serde_json::Map<String, Value> = headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().into()))
        .collect();
    let account = env::var("AWS_ACCOUNT_ID").unwrap();
    json!({
        "version": "2.0",
        "routeKey": "POST /admin",
        "rawPath": "/admin",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": account,
            "apiId": "a1b2c3",
            "authorizer": { "iam": {
                "accessKey": "test",
                "accountId": account,
                "callerId": "test",
                "cognitoIdentity": null,
                "principalOrgId": null,
                "userArn": format!("arn:aws:iam::{account}:user/test"),
                "userId": "test",
            } },
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": "POST", "path": "/admin", "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1", "userAgent": "test",
            },
            "requestId": "test",
            "routeKey": "POST /admin",
            "stage": "$default",
            "time": "26/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_795_694_400_000_u64,
        },
        "body": String::from_utf8_lossy(&request.body),
        "isBase64Encoded": false,
    })
}

/// What API Gateway makes of an answer.
fn response(answer: &Value) -> Vec<u8> {
    let status = answer["statusCode"]
        .as_u64()
        .and_then(|code| u16::try_from(code).ok());
    let headers = answer["headers"].as_object().into_iter().flatten();
    let headers: Vec<(&str, &str)> = headers
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect();
    let body = answer["body"].as_str().unwrap_or_default();
    http::response(status.unwrap(), &headers, body.as_bytes())
}
