//! `segno dev`, started for a test and ended with it.

#![allow(dead_code, reason = "each of the tests that share it uses its part")]

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// A generous time-out: nothing here takes long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    said: Arc<Mutex<String>>,
    logged: Arc<Mutex<String>>,
}

/// The binary, with an environment of which nothing is known but the region.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_segno"));
    for variable in [
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_LAMBDA",
        "AWS_ENDPOINT_URL_SFN",
    ] {
        command.env_remove(variable);
    }
    command.env("AWS_REGION", "eu-central-1").args(arguments);
    command
}

impl Server {
    /// A server that has only what the test creates.
    pub(crate) fn start(options: &[&str]) -> Self {
        let options = [&["--no-discovery"], options].concat();
        Self::start_in(Path::new("."), &options)
    }

    /// A server in a folder.
    pub(crate) fn start_in(folder: &Path, options: &[&str]) -> Self {
        Self::start_kept(folder, &[&["--ephemeral"], options].concat())
    }

    /// A server in a folder, that keeps what it has there.
    pub(crate) fn start_kept(folder: &Path, options: &[&str]) -> Self {
        let mut child = command(&["dev", "--port", "0"])
            .args(options)
            .current_dir(folder)
            // Of its own, as a shell makes one for each command.
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = read_all(child.stderr.take().unwrap());
        let logged = read_all(child.stdout.take().unwrap());
        let mut server = Self {
            child,
            url: String::new(),
            said,
            logged,
        };
        let banner = server.hears("AWS_ENDPOINT_URL_SFN=");
        let (_, rest) = banner.split_once("AWS_ENDPOINT_URL_SFN=").unwrap();
        // The machine that the tests run on need not know the name that people are told.
        let (_, port) = rest
            .trim()
            .lines()
            .next()
            .unwrap()
            .rsplit_once(':')
            .unwrap();
        server.url = format!("http://127.0.0.1:{port}");
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit_once(':').unwrap().1.parse().unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything on standard error so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Everything on standard output so far.
    pub(crate) fn logged(&self) -> String {
        self.logged.lock().unwrap().clone()
    }

    /// Waits until these words, and the whole line that they are in, are on standard error.
    pub(crate) fn hears(&self, words: &str) -> String {
        let begun = Instant::now();
        loop {
            let said = self.said();
            if said.contains(words) {
                return said;
            }
            assert!(begun.elapsed() < PATIENCE, "`{words}` is not said: {said}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ctrl-C: the terminal tells every process of the group.
    pub(crate) fn interrupt(&self) {
        let group = format!("-{}", self.pid());
        let mut kill = Command::new("kill");
        let sent = kill.args(["-INT", "--", &group]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "it does not end: {}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(5));
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

    pub(crate) fn create(&self, name: &str, definition: &Value) -> String {
        let role = "arn:aws:iam::123456789012:role/any";
        let request =
            json!({ "name": name, "definition": definition.to_string(), "roleArn": role });
        self.ok("CreateStateMachine", request)["stateMachineArn"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn begin(&self, machine: &str, name: &str, input: &str) -> String {
        let start = json!({ "stateMachineArn": machine, "name": name, "input": input });
        let started = self.ok("StartExecution", start);
        started["executionArn"].as_str().unwrap().to_owned()
    }

    pub(crate) fn run(&self, machine: &str, name: &str, input: &str) -> Value {
        let execution = self.begin(machine, name, input);
        self.end_of(&execution)
    }

    pub(crate) fn end_of(&self, execution: &str) -> Value {
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

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines as they come, so that whoever writes them never waits.
fn read_all(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    std::thread::spawn({
        let text = Arc::clone(&text);
        move || {
            for line in BufReader::new(pipe).lines() {
                *text.lock().unwrap() += &(line.unwrap() + "\n");
            }
        }
    });
    text
}

/// What a run of the binary that ended left behind.
pub(crate) fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let mut stdout = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut stdout)
        .unwrap();
    (child.wait().unwrap().code(), stdout, reader.join().unwrap())
}

/// A folder with files, gone when this is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("segno-dev-{}-{name}", std::process::id()));
        let folder = Self(folder);
        std::fs::create_dir_all(&folder.0).unwrap();
        for (file, text) in files {
            folder.write(file, text);
        }
        folder
    }

    /// Writes a file in place.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes a file beside another, and renames it over that.
    pub(crate) fn replace(&self, file: &str, text: &str) {
        let beside = self.0.join(format!(".{file}.swp"));
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, self.0.join(file)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in the temporary folder does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
