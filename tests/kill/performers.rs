//! What performs attempts, outlives every server, and counts: a function behind HTTP, whoever answers
//! tokens, and the workers of an activity.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::Ordering,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use axum::{Router, extract::State, routing::post};
use serde_json::{Value, json};

use crate::{attempts::attempt, chance::Chance, line::Line};

/// How long a function takes at most.
const WORK: Duration = Duration::from_millis(120);

/// How long an answer to a token takes at most.
const THOUGHT: Duration = Duration::from_millis(600);

/// Workers of the activity.
const WORKERS: usize = 3;

pub(crate) struct Performers {
    line: Arc<Line>,
    desk: Arc<Desk>,
    url: String,
    chance: Mutex<Chance>,
}

/// Where it is written down what was performed.
struct Desk {
    performed: Mutex<BTreeMap<String, u32>>,
    /// Attempts whose answers the server has taken.
    acknowledged: Mutex<BTreeSet<String>>,
    chance: Mutex<Chance>,
    tokens: Sender<Asked>,
}

/// An attempt that waits for the answer to a token.
struct Asked {
    token: String,
    attempt: String,
    result: Value,
}

impl Performers {
    pub(crate) fn start(line: &Arc<Line>, chance: &mut Chance) -> Self {
        let (tokens, asked) = channel();
        let desk = Arc::new(Desk {
            performed: Mutex::default(),
            acknowledged: Mutex::default(),
            chance: Mutex::new(chance.fork()),
            tokens,
        });
        let performers = Self {
            line: Arc::clone(line),
            url: serve(Arc::clone(&desk)),
            desk,
            chance: Mutex::new(chance.fork()),
        };
        performers.answer(asked);
        performers
    }

    /// Where the function is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How often each attempt was performed.
    pub(crate) fn performed(&self) -> BTreeMap<String, u32> {
        self.desk.performed.lock().unwrap().clone()
    }

    /// The attempts whose answers the server has taken.
    pub(crate) fn acknowledged(&self) -> BTreeSet<String> {
        self.desk.acknowledged.lock().unwrap().clone()
    }

    /// Answers each token after a while, one in its own time.
    fn answer(&self, asked: Receiver<Asked>) {
        let (line, desk) = (Arc::clone(&self.line), Arc::clone(&self.desk));
        let mut chance = self.chance.lock().unwrap().fork();
        thread::spawn(move || {
            for asked in asked {
                let (line, desk) = (Arc::clone(&line), Arc::clone(&desk));
                let thought = chance.up_to(THOUGHT);
                thread::spawn(move || {
                    thread::sleep(thought);
                    desk.answer(&line, &asked);
                });
            }
        });
    }

    /// Performs the tasks of an activity.
    pub(crate) fn take_tasks_of(&self, activity: &str) {
        for _ in 0..WORKERS {
            let (line, desk) = (Arc::clone(&self.line), Arc::clone(&self.desk));
            let asked = json!({ "activityArn": activity, "workerName": "w" });
            thread::spawn(move || {
                while !line.is_over.load(Ordering::Acquire) {
                    match line.ask("GetActivityTask", &asked) {
                        Some((200, task)) if task["taskToken"].is_string() => {
                            let input = task["input"].as_str().unwrap();
                            let sent: Value = serde_json::from_str(input).unwrap();
                            let asked = desk.perform(&sent, &task["taskToken"]);
                            thread::sleep(desk.work());
                            desk.answer(&line, &asked);
                        }
                        Some((200, _)) => {}
                        Some((status, answer)) => panic!("GetActivityTask: {status} {answer}"),
                        None => thread::sleep(Duration::from_millis(20)),
                    }
                }
            });
        }
    }
}

impl Desk {
    fn perform(&self, sent: &Value, token: &Value) -> Asked {
        let attempt = attempt(sent);
        *self
            .performed
            .lock()
            .unwrap()
            .entry(attempt.clone())
            .or_default() += 1;
        Asked {
            token: token.as_str().unwrap_or_default().to_owned(),
            result: json!({ "by": attempt }),
            attempt,
        }
    }

    /// How long the work takes this time.
    fn work(&self) -> Duration {
        self.chance.lock().unwrap().up_to(WORK)
    }

    /// Answers a token until that is taken, or it is too late.
    fn answer(&self, line: &Line, asked: &Asked) {
        let answer = json!({ "taskToken": asked.token, "output": asked.result.to_string() });
        match line.insist("SendTaskSuccess", &answer) {
            (200, _) => drop(
                self.acknowledged
                    .lock()
                    .unwrap()
                    .insert(asked.attempt.clone()),
            ),
            (_, refused) => assert_eq!(refused["__type"], "TaskTimedOut", "{}", asked.attempt),
        }
    }
}

/// Serves the function. Gives its URL.
fn serve(desk: Arc<Desk>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let router = Router::new().route("/", post(function)).with_state(desk);
            axum::serve(listener, router).await.unwrap();
        });
    });
    url
}

/// The function. It has begun before it waits: whoever calls may be gone by then.
async fn function(State(desk): State<Arc<Desk>>, event: String) -> String {
    let sent: Value = serde_json::from_str(&event).unwrap();
    let asked = desk.perform(&sent, &sent["token"]);
    let result = asked.result.to_string();
    if !asked.token.is_empty() {
        desk.tokens.send(asked).unwrap();
    }
    tokio::time::sleep(desk.work()).await;
    result
}
