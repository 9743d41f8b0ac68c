//! A server, and a client of it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// A generous time-out: nothing here takes long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A server of one test.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_segno"))
            .args(["dev", "--ephemeral", "--port", "0"])
            .args(options)
            .env_remove("AWS_ENDPOINT_URL")
            .env_remove("AWS_ENDPOINT_URL_LAMBDA")
            .env("AWS_REGION", "eu-central-1")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut banner = BufReader::new(child.stderr.take().unwrap()).lines();
        let export = banner.find_map(|line| {
            line.unwrap()
                .split_once("AWS_ENDPOINT_URL_SFN=")
                .map(|(_, url)| url.to_owned())
        });
        // Whatever else the server writes is read, so that it never waits for a reader.
        std::thread::spawn(move || banner.for_each(drop));
        Self {
            child,
            url: export.unwrap(),
        }
    }

    pub(crate) fn request(
        &self,
        operation: &str,
        body: &Value,
    ) -> reqwest::blocking::RequestBuilder {
        reqwest::blocking::Client::new()
            .post(&self.url)
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=segno/20240101/eu-central-1/states/aws4_request",
            )
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
            .body(body.to_string())
    }

    pub(crate) fn call(&self, operation: &str, body: Value) -> (u16, Value) {
        let response = self.request(operation, &body).send().unwrap();
        let status = response.status().as_u16();
        (
            status,
            serde_json::from_str(&response.text().unwrap()).unwrap(),
        )
    }

    pub(crate) fn ok(&self, operation: &str, body: Value) -> Value {
        let (status, answer) = self.call(operation, body);
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    /// What a request is refused with: status, name and message.
    pub(crate) fn refused(&self, operation: &str, body: Value) -> (u16, String, String) {
        let (status, answer) = self.call(operation, body);
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        assert_ne!(status, 200, "{operation}: {answer}");
        (status, text("__type"), text("message"))
    }

    /// Expects a refusal of status 400.
    #[track_caller]
    pub(crate) fn refuses(&self, operation: &str, body: Value, name: &str, message: &str) {
        let refused = self.refused(operation, body);
        assert_eq!(refused, (400, name.to_owned(), message.to_owned()));
    }

    /// All entries of a list, asked for `limit` at a time.
    pub(crate) fn list(
        &self,
        operation: &str,
        mut body: Value,
        limit: u64,
        key: &str,
    ) -> Vec<Value> {
        let mut entries = Vec::new();
        body["maxResults"] = limit.into();
        loop {
            let page = self.ok(operation, body.clone());
            let found = page[key].as_array().unwrap();
            assert!(found.len() as u64 <= limit, "{page}");
            entries.extend(found.iter().cloned());
            match &page["nextToken"] {
                Value::Null => return entries,
                token => body["nextToken"] = token.clone(),
            }
        }
    }

    pub(crate) fn create(&self, name: &str, definition: &Value) -> String {
        let role = "arn:aws:iam::123456789012:role/any";
        let request =
            json!({ "name": name, "definition": definition.to_string(), "roleArn": role });
        self.ok("CreateStateMachine", request)["stateMachineArn"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn run(&self, machine: &str, name: &str, input: &str) -> Value {
        let start = json!({ "stateMachineArn": machine, "name": name, "input": input });
        let execution = self.ok("StartExecution", start)["executionArn"].clone();
        let begun = Instant::now();
        loop {
            let described = self.ok("DescribeExecution", json!({ "executionArn": execution }));
            if described["status"] != "RUNNING" {
                return described;
            }
            assert!(begun.elapsed() < PATIENCE, "{described}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The definition of a machine that ends in ten minutes.
pub(crate) fn wait() -> Value {
    json!({ "StartAt": "W", "States": { "W": { "Type": "Wait", "Seconds": 600, "End": true } } })
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The definition of a machine that ends at once.
pub(crate) fn pass() -> Value {
    json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } })
}
