//! As much of Lambda as runs functions: a process behind the runtime API, and the event source mapping of
//! a queue.
//!
//! AWS: [Lambda runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{Mutex as AsyncMutex, Notify, mpsc, oneshot},
    task::JoinHandle,
};

use crate::{emulated::Emulated, http};

/// A function: at most one process of its program, which is started when it is needed.
pub struct Function {
    program: PathBuf,
    environment: BTreeMap<String, String>,
    /// How long an invocation may take.
    timeout: Duration,
    /// Where its processes write to.
    log: PathBuf,
    instance: AsyncMutex<Option<Instance>>,
    kill: Notify,
    started: AtomicUsize,
}

/// Why an invocation has no answer.
#[derive(Debug)]
pub enum Failed {
    /// The function says so.
    Said(Value),
    /// Its process has ended.
    Died,
}

impl Function {
    /// A function that is this program, with these variables.
    pub fn new(
        program: impl Into<PathBuf>,
        environment: BTreeMap<String, String>,
        timeout: Duration,
        log: PathBuf,
    ) -> Self {
        Self {
            program: program.into(),
            environment,
            timeout,
            log,
            instance: AsyncMutex::default(),
            kill: Notify::new(),
            started: AtomicUsize::new(0),
        }
    }

    /// Invokes it, when the invocation before is over.
    ///
    /// # Errors
    ///
    /// [`Failed`].
    pub async fn invoke(&self, event: Value) -> Result<Value, Failed> {
        let mut slot = self.instance.lock().await;
        let mut instance = match slot.take() {
            Some(instance) => instance,
            None => self.start().await,
        };
        let (answer, answered) = oneshot::channel();
        let invocation = Invocation {
            event,
            deadline: SystemTime::now() + self.timeout,
            answer,
        };
        // The receiver lives as long as the instance.
        let _ = instance.invocations.send(invocation);
        let answered = tokio::select! {
            answered = answered => answered.map_err(|_closed| Failed::Died)?,
            _ = instance.process.wait() => Err(Failed::Died),
            () = self.kill.notified() => {
                instance.process.kill().await.unwrap();
                Err(Failed::Died)
            }
        };
        if !matches!(answered, Err(Failed::Died)) {
            *slot = Some(instance);
        }
        answered
    }

    /// Kills the process that works at an invocation. It has no say in it.
    pub fn kill(&self) {
        self.kill.notify_one();
    }

    /// How many processes there were.
    pub fn started(&self) -> usize {
        self.started.load(Ordering::Relaxed)
    }

    async fn start(&self) -> Instance {
        self.started.fetch_add(1, Ordering::Relaxed);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, invocations) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk {
            invocations: AsyncMutex::new(invocations),
            begun: Mutex::default(),
            count: AtomicUsize::new(0),
        });
        let runtime = tokio::spawn(http::serve(listener, move |request| {
            let desk = Arc::clone(&desk);
            async move { desk.answer(&request).await }
        }));
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.unwrap();
        let process = Command::new(&self.program)
            .env_clear()
            .envs(&self.environment)
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "function")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "function")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Instance {
            process,
            invocations: sender,
            runtime,
        }
    }
}

/// A process, and the runtime API that it asks.
struct Instance {
    process: Child,
    invocations: mpsc::UnboundedSender<Invocation>,
    runtime: JoinHandle<()>,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.runtime.abort();
    }
}

struct Invocation {
    event: Value,
    deadline: SystemTime,
    answer: oneshot::Sender<Result<Value, Failed>>,
}

/// What the runtime API knows.
struct Desk {
    invocations: AsyncMutex<mpsc::UnboundedReceiver<Invocation>>,
    /// Who waits for the answers to what was begun, by the ids of the invocations.
    begun: Mutex<HashMap<String, oneshot::Sender<Result<Value, Failed>>>>,
    count: AtomicUsize,
}

impl Desk {
    async fn answer(&self, request: &http::Request) -> Vec<u8> {
        let parts: Vec<&str> = request.path().split('/').collect();
        match parts[..] {
            [_, _, "runtime", "invocation", "next"] => self.next().await,
            [_, _, "runtime", "invocation", id, outcome] => {
                let said = serde_json::from_slice(&request.body).unwrap_or_default();
                let waiting = self.begun.lock().unwrap().remove(id);
                if let Some(waiting) = waiting {
                    let answer = match outcome {
                        "response" => Ok(said),
                        _ => Err(Failed::Said(said)),
                    };
                    // Whoever does not wait any more does not.
                    let _ = waiting.send(answer);
                }
                http::response(202, &[], b"{}")
            }
            _ => http::response(404, &[], b"{}"),
        }
    }

    async fn next(&self) -> Vec<u8> {
        let Some(invocation) = self.invocations.lock().await.recv().await else {
            return http::response(500, &[], b"{}");
        };
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let mut begun = self.begun.lock().unwrap();
        begun.insert(id.clone(), invocation.answer);
        drop(begun);
        let deadline = invocation.deadline.duration_since(SystemTime::UNIX_EPOCH);
        let headers = [
            ("content-type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", &*id),
            (
                "Lambda-Runtime-Deadline-Ms",
                &*deadline.unwrap().as_millis().to_string(),
            ),
            (
                "Lambda-Runtime-Invoked-Function-Arn",
                "arn:aws:lambda:us-east-1:123456789012:function:function",
            ),
        ];
        http::response(200, &headers, invocation.event.to_string().as_bytes())
    }
}

/// The event source mapping of a queue.
pub struct Mapping {
    emulated: Emulated,
    queue: String,
    batch: usize,
}

/// The time that the template gives messages: as long as an invocation may take.
const VISIBILITY_SECONDS: u32 = 900;

impl Mapping {
    /// Of the queue at this URL: so many messages are handed over at once.
    pub fn new(emulated: Emulated, queue: &str, batch: usize) -> Self {
        Self {
            emulated,
            queue: queue.to_owned(),
            batch,
        }
    }

    /// Receives messages, as records of an event. Waits for a second at most.
    pub async fn receive(&self) -> Vec<Value> {
        let asked = json!({
            "QueueUrl": self.queue,
            "MaxNumberOfMessages": self.batch,
            "VisibilityTimeout": VISIBILITY_SECONDS,
            "WaitTimeSeconds": 1,
            "AttributeNames": ["All"],
        });
        let target = "AmazonSQS.ReceiveMessage";
        let received = self.emulated.ask("sqs", target, asked).await;
        let name = self.queue.rsplit('/').next().unwrap();
        let messages = received["Messages"].as_array().into_iter().flatten();
        messages
            .map(|message| {
                json!({
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                    "messageAttributes": {},
                    "eventSource": "aws:sqs",
                    "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{name}"),
                    "awsRegion": "us-east-1",
                })
            })
            .collect()
    }

    /// Invokes a function with records, and deletes those that it does not report.
    ///
    /// # Errors
    ///
    /// [`Failed`]: all of them come again.
    pub async fn hand_over(&self, function: &Function, records: &[Value]) -> Result<(), Failed> {
        let answer = function.invoke(json!({ "Records": records })).await?;
        let failures = answer["batchItemFailures"].as_array();
        let is_failed = |record: &&Value| {
            failures.is_some_and(|failures| {
                let id = &record["messageId"];
                failures.iter().any(|it| it["itemIdentifier"] == *id)
            })
        };
        for record in records.iter().filter(|record| !is_failed(record)) {
            let done = json!({
                "QueueUrl": self.queue,
                "Entries": [{ "Id": "0", "ReceiptHandle": record["receiptHandle"] }],
            });
            self.emulated
                .ask("sqs", "AmazonSQS.DeleteMessageBatch", done)
                .await;
        }
        Ok(())
    }
}
