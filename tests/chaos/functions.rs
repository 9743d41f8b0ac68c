//! The functions that executions call, and what is written down of it.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use segno_tests::http;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc::UnboundedSender, time::sleep};

use crate::{
    chance::Chance,
    harness::proxy::{Fate, Request},
};

/// How long a function takes at most.
const WORK: Duration = Duration::from_millis(200);

/// So many numbers are more than an item of the table has, compressed as they are.
const LARGE: u64 = 2_000;

/// Where it is written down what has arrived.
#[derive(Default)]
pub(crate) struct Desk {
    /// By attempt: what became of each request.
    arrivals: Mutex<BTreeMap<String, Vec<Fate>>>,
}

impl Desk {
    /// A request has arrived.
    pub(crate) fn note(&self, request: &Request, fate: Fate) {
        let sent: Value = serde_json::from_slice(&request.body).unwrap();
        let mut arrivals = self.arrivals.lock().unwrap();
        arrivals.entry(attempt(&sent)).or_default().push(fate);
    }

    pub(crate) fn arrivals(&self) -> BTreeMap<String, Vec<Fate>> {
        self.arrivals.lock().unwrap().clone()
    }
}

/// What tells an attempt from all others, of what its function was sent: the execution, the place in it,
/// and the number of the retry.
pub(crate) fn attempt(sent: &Value) -> String {
    let text = |key: &str| sent[key].as_str().unwrap();
    let retry = sent["retry"].as_u64().unwrap();
    format!("{}, {}, retry {retry}", text("execution"), text("place"))
}

/// Serves the functions: the port. Tokens are handed to whoever answers them.
pub(crate) async fn serve(chance: &mut Chance, tokens: UnboundedSender<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let chance = Mutex::new(chance.fork());
    tokio::spawn(http::serve(listener, move |request| {
        let work = chance.lock().unwrap().up_to(WORK);
        let tokens = tokens.clone();
        async move {
            let sent: Value = serde_json::from_slice(&request.body).unwrap();
            if let Some(token) = sent["token"].as_str() {
                // Nobody answers any more when the test is over.
                let _ = tokens.send(token.to_owned());
            }
            sleep(work).await;
            answer(name_of(request.path()), &sent)
        }
    }));
    port
}

/// `work`, of `/2015-03-31/functions/arn%3Aaws%3A…%3Awork/invocations`.
fn name_of(path: &str) -> &str {
    let function = path.split('/').nth(3).unwrap();
    let name = function.rsplit("%3A").next().unwrap();
    name.rsplit(':').next().unwrap()
}

fn answer(function: &str, sent: &Value) -> Vec<u8> {
    let place = &sent["place"];
    let body = match function {
        "work" => json!({ "did": place }),
        "large" => json!({ "did": place, "text": large() }),
        "ask" => Value::Null,
        "refuse" => json!({ "errorType": "Refused", "errorMessage": "never" }),
        other => panic!("there is no function {other}"),
    };
    let headers: &[(&str, &str)] = match function {
        "refuse" => &[("x-amz-function-error", "Unhandled")],
        _ => &[],
    };
    http::response(200, headers, body.to_string().as_bytes())
}

/// A text that is always the same, and cannot be made much smaller.
fn large() -> String {
    let numbers = (0..LARGE).map(|seed| Chance::new(seed).next());
    numbers.map(|number| format!("{number:016x}")).collect()
}
