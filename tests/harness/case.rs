//! A case: a definition, an input, what its functions answer, and what must come of it.

use std::{collections::BTreeMap, fs, path::Path};

use segno_asl::{
    definition::{StateMachine, parse},
    errors::StateError,
};
use segno_interpreter::{
    event::{Outcome, Polled},
    payload::Payload,
};
use serde::Deserialize;
use serde_json::Value;

use crate::world::Ended;

/// One case, as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows, as a sentence.
    pub about: String,
    /// Where the rule stands: the section of the specification, or the page of AWS's guide.
    pub source: String,
    /// How it is known that AWS does so.
    pub evidence: Evidence,
    /// The definition.
    pub definition: Value,
    /// The input.
    #[serde(default = "empty")]
    pub input: Value,
    /// What each function answers to its first, second, … call. The last answer is repeated.
    #[serde(default)]
    pub functions: BTreeMap<String, Vec<Answer>>,
    /// What the polls of the jobs find out that are started by each resource, from the first one. The
    /// last answer is repeated.
    #[serde(default)]
    pub jobs: BTreeMap<String, Vec<Poll>>,
    /// Stop the execution after so many seconds.
    pub stop_after_seconds: Option<i64>,
    /// How it must end.
    pub expect: Expected,
}

/// How a rule is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// AWS was seen doing so.
    Recorded,
    /// The guide or the specification says so.
    Documented,
    /// Neither.
    Judgement,
}

fn empty() -> Value {
    Value::Object(Default::default())
}

/// One answer of a function.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Its result.
    pub result: Option<Value>,
    /// Its error.
    pub error: Option<String>,
    /// The error's cause.
    pub cause: Option<String>,
    /// How long it takes.
    #[serde(default)]
    pub takes_seconds: i64,
}

/// What one poll of a job finds out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Poll {
    /// It goes on.
    Running,
    /// It is over.
    Ended(Answer),
}

impl Answer {
    /// What the call comes to.
    pub fn outcome(&self) -> Outcome {
        match (&self.result, &self.error) {
            (Some(result), None) => Ok(Payload::from(result.clone())),
            (None, error) => Err(StateError {
                name: error.clone(),
                cause: self.cause.clone(),
            }),
            (Some(_), Some(_)) => panic!("an answer is a result or an error"),
        }
    }
}

/// How a case must end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// The output of one that succeeds.
    pub output: Option<Value>,
    /// The error of one that fails.
    pub error: Option<String>,
    /// The error's cause.
    pub cause: Option<String>,
    /// The jobs that were cancelled: by what they were started, and the number of the attempt.
    #[serde(default)]
    pub cancelled: Vec<String>,
    /// How much time passes in all.
    pub seconds: Option<i64>,
    /// The history: for each event `<previous event id> <type>`.
    pub history: Option<Vec<String>>,
}

impl Case {
    /// Reads a case from its file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// The compiled definition.
    pub fn machine(&self) -> Result<StateMachine, String> {
        parse(&self.definition.to_string()).map_err(|diagnostics| diagnostics.to_string())
    }

    /// What a function answers to a call, counted from 0, and how many seconds that takes.
    pub fn answer(&self, function: &str, call: usize) -> (Outcome, i64) {
        let Some(answers) = self.functions.get(function) else {
            let cause = format!("the case has no function `{function}`");
            return (Err(StateError::new("NoFunction", cause)), 0);
        };
        let answer = &answers[call.min(answers.len() - 1)];
        (answer.outcome(), answer.takes_seconds)
    }

    /// What a poll finds out about a job, counted from 0.
    pub fn poll(&self, job: &str, poll: usize) -> Polled {
        let Some(polls) = self.jobs.get(job) else {
            let cause = format!("the case has no job `{job}`");
            return Polled::Ended(Err(StateError::new("NoJob", cause)));
        };
        match &polls[poll.min(polls.len() - 1)] {
            Poll::Running => Polled::Running,
            Poll::Ended(answer) => Polled::Ended(answer.outcome()),
        }
    }

    /// Compares how it ended with how it must end.
    pub fn check(&self, ended: &Ended) -> Result<(), String> {
        let expected = &self.expect;
        same("status", expected.status.as_str(), ended.status.as_str())?;
        same("output", &expected.output, &ended.output)?;
        same("error", &expected.error, &ended.error.name)?;
        same("cancelled", &expected.cancelled, &ended.cancelled)?;
        if expected.cause.is_some() {
            same("cause", &expected.cause, &ended.error.cause)?;
        }
        if let Some(seconds) = expected.seconds {
            same("seconds", seconds, ended.milliseconds / 1_000)?;
        }
        match &expected.history {
            Some(history) => same("history", history, &ended.history()),
            None => Ok(()),
        }
    }
}

fn same<T, U>(what: &str, expected: T, found: U) -> Result<(), String>
where
    T: std::fmt::Debug + PartialEq<U>,
    U: std::fmt::Debug,
{
    match expected == found {
        true => Ok(()),
        false => Err(format!(
            "{what}\n  expected {expected:?}\n  found    {found:?}"
        )),
    }
}
