//! A case of TestState: what is asked, what the task answers, and what is answered then.

use std::{fs, path::Path, time::Duration};

use segno_api::{Api, Config, Request};
use segno_asl::definition::{StateName, Task};
use segno_engine::{Clock, Engine, Invoker, invoker::Call, memory::MemoryStore};
use segno_interpreter::event::{Outcome, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::case::{Answer, Evidence};

/// When every test begins: 2024-01-01.
const BEGIN: Timestamp = Timestamp(1_704_067_200_000);

/// One case, as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateTest {
    /// What it shows, as a sentence.
    pub about: String,
    /// The page of AWS's guide that the rule is about.
    pub source: String,
    /// How it is known that AWS does so.
    pub evidence: Evidence,
    /// What is asked.
    request: Value,
    /// What the task answers, if it is called.
    answer: Option<Answer>,
    /// What is answered.
    response: Option<Value>,
    /// Or the error's name and message.
    refused: Option<String>,
    /// How much time passes.
    #[serde(default)]
    seconds: u64,
}

impl StateTest {
    /// Reads a case from its file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// Asks, and compares what is answered with what must be.
    pub async fn run(&self) -> Result<(), String> {
        let started = tokio::time::Instant::now();
        let task = AnsweringTask(self.answer.clone());
        let engine = Engine::new(MemoryStore::default(), task, PausedClock { started });
        let config = Config {
            region: "us-east-1".into(),
            account_id: "123456789012".into(),
            check_result: segno_integrations::results::check,
            roles: None,
            activity_patience: segno_api::ACTIVITY_PATIENCE,
        };
        let mut request = self.request.clone();
        to_text(&mut request);
        let api = Api::new(engine, config);
        let request = request.to_string();
        let answer = api
            .handle(&Request::new(
                "AWSStepFunctions.TestState",
                request.as_bytes(),
            ))
            .await;
        let mut body: Value =
            serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
        let (expected, found) = match (&self.response, &self.refused) {
            (Some(response), None) => {
                from_text(&mut body);
                (response.clone(), body)
            }
            (None, Some(words)) => {
                let name = answer.error_type.unwrap_or("no error");
                let message = body["message"].as_str().unwrap_or_default();
                (words.as_str().into(), format!("{name}: {message}").into())
            }
            _ => return Err("a case has a response or is refused".into()),
        };
        let seconds = started.elapsed().as_secs();
        match expected == found && seconds == self.seconds {
            true => Ok(()),
            false => Err(format!(
                "expected, after {} s:\n{expected:#}\nfound, after {seconds} s:\n{found:#}",
                self.seconds
            )),
        }
    }
}

/// In requests JSON travels as text. In the files it is JSON, unless it is to be text that is none.
fn to_text(request: &mut Value) {
    for pointer in [
        "/definition",
        "/input",
        "/variables",
        "/context",
        "/mock/result",
        "/stateConfiguration/mapItemReaderData",
    ] {
        if let Some(value) = request.pointer_mut(pointer)
            && !value.is_string()
        {
            *value = value.to_string().into();
        }
    }
}

/// And in answers: what `inspectionData` has as text is all JSON.
fn from_text(answer: &mut Value) {
    let read = |value: &mut Value| {
        if let Value::String(text) = value {
            *value = serde_json::from_str(text).unwrap();
        }
    };
    answer.get_mut("output").map(read);
    let data = answer.get_mut("inspectionData");
    let fields = data.and_then(Value::as_object_mut);
    fields.into_iter().flat_map(Map::values_mut).for_each(read);
}

/// Does what tasks ask for: answers.
struct AnsweringTask(Option<Answer>);

impl Invoker for AnsweringTask {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        match self.0 {
            Some(_) => Ok(()),
            None => Err("the case has no answer".into()),
        }
    }

    async fn invoke(&self, _call: Call) -> Outcome {
        let answer = self.0.as_ref().expect("only what is accepted is called");
        tokio::time::sleep(Duration::from_secs(answer.takes_seconds.unsigned_abs())).await;
        answer.outcome()
    }
}

/// The clock of a paused runtime: it jumps when there is nothing but time to wait for.
struct PausedClock {
    started: tokio::time::Instant,
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        BEGIN.after(self.started.elapsed())
    }

    async fn sleep_until(&self, time: Timestamp) {
        tokio::time::sleep(self.now().until(time)).await;
    }
}
