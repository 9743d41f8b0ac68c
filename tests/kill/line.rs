//! The way to a server that may be gone, and come back at another address.

use std::{
    sync::{Mutex, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

use reqwest::blocking::Client;
use serde_json::Value;

use crate::local::PATIENCE;

pub(crate) struct Line {
    http: Client,
    url: Mutex<String>,
    /// Whether nothing more is to be asked.
    pub(crate) is_over: AtomicBool,
}

impl Default for Line {
    fn default() -> Self {
        // Longer than a worker of an activity waits for a task.
        let http = Client::builder().timeout(Duration::from_secs(90));
        Self {
            http: http.build().unwrap(),
            url: Mutex::default(),
            is_over: AtomicBool::default(),
        }
    }
}

impl Line {
    pub(crate) fn leads_to(&self, url: &str) {
        url.clone_into(&mut self.url.lock().unwrap());
    }

    /// Asks once: status and answer, or `None` if the server was gone before it had answered.
    pub(crate) fn ask(&self, operation: &str, body: &Value) -> Option<(u16, Value)> {
        let url = self.url.lock().unwrap().clone();
        let asked = self
            .http
            .post(url)
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=segno/20240101/eu-central-1/states/aws4_request",
            )
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
            .body(body.to_string())
            .send();
        let response = asked.ok()?;
        let status = response.status().as_u16();
        let answer = response.text().ok()?;
        assert!(status < 500, "{operation} {body}: {status} {answer}");
        Some((status, serde_json::from_str(&answer).unwrap()))
    }

    /// Asks until there is an answer.
    pub(crate) fn insist(&self, operation: &str, body: &Value) -> (u16, Value) {
        let begun = Instant::now();
        loop {
            if let Some(answered) = self.ask(operation, body) {
                return answered;
            }
            assert!(begun.elapsed() < PATIENCE, "{operation} is not answered");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks until there is an answer, which is not a refusal.
    pub(crate) fn ok(&self, operation: &str, body: &Value) -> Value {
        let (status, answer) = self.insist(operation, body);
        assert_eq!(status, 200, "{operation} {body}: {answer}");
        answer
    }

    /// All pages of a list.
    pub(crate) fn list(&self, operation: &str, mut body: Value, key: &str) -> Vec<Value> {
        let mut entries = Vec::new();
        loop {
            let page = self.ok(operation, &body);
            entries.extend_from_slice(page[key].as_array().unwrap());
            match &page["nextToken"] {
                Value::Null => return entries,
                token => body["nextToken"] = token.clone(),
            }
        }
    }
}
