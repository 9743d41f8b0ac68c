//! A stack as far as it costs something: the API, the worker, and the event source mapping between them,
//! with everything counted that is billed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message as Delivered, MessageSystemAttributeName,
};
use segno_api::{Api, Config as ApiConfig, Request};
use segno_asl::definition::{StateName, Task};
use segno_aws::{AwsBackend, Options, Places, QueueRecord, Usage};
use segno_engine::{Engine, Invoker, clock::SystemClock, invoker::Call};
use segno_interpreter::{event::Outcome, payload::Payload};
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use crate::{
    harness::{Emulator, config, payloads::Draw},
    workloads::{BYTES, answer},
};

type Item = HashMap<String, AttributeValue>;

/// What was billed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Bill {
    /// Write units of the table and its index.
    pub(crate) write_units: f64,
    /// Read units of the table and its index.
    pub(crate) read_units: f64,
    /// Requests of SQS: ours, and those of the mapping.
    pub(crate) sqs: f64,
    /// Objects that were put.
    pub(crate) objects: f64,
    /// Objects that were read.
    pub(crate) objects_read: f64,
    /// Invocations of `api` or `start`, and of `callback`.
    pub(crate) requests: f64,
    /// Invocations of `step`.
    pub(crate) batches: f64,
}

impl Bill {
    pub(crate) fn per(self, executions: usize) -> Self {
        let per = |count: f64| count / executions as f64;
        Self {
            write_units: per(self.write_units),
            read_units: per(self.read_units),
            sqs: per(self.sqs),
            objects: per(self.objects),
            objects_read: per(self.objects_read),
            requests: per(self.requests),
            batches: per(self.batches),
        }
    }
}

pub(crate) struct Account {
    api: Api<AwsBackend, Function, SystemClock>,
    tokens: Arc<Mutex<Vec<String>>>,
    sqs: aws_sdk_sqs::Client,
    table: aws_sdk_dynamodb::Client,
    places: Places,
    usage: Arc<Usage>,
    requests: f64,
    batches: f64,
    mapping: f64,
}

impl Account {
    pub(crate) async fn new(emulator: &Emulator) -> Self {
        let usage = Arc::new(Usage::default());
        let options = Options {
            poll: Duration::ZERO,
            usage: Some(Arc::clone(&usage)),
            ..Options::default()
        };
        let places = emulator.places().await;
        let config = config(&emulator.url());
        let backend = AwsBackend::new(&config, places.clone(), options);
        let tokens = Arc::default();
        let function = Function {
            tokens: Arc::clone(&tokens),
        };
        let api = ApiConfig {
            region: "us-east-1".into(),
            account_id: "123456789012".into(),
            check_result: |_, _, _| Ok(()),
            roles: None,
            activity_patience: Duration::ZERO,
        };
        Self {
            api: Api::new(Engine::new(backend, function, SystemClock), api),
            tokens,
            sqs: aws_sdk_sqs::Client::new(&config),
            table: aws_sdk_dynamodb::Client::new(&config),
            places,
            usage,
            requests: 0.0,
            batches: 0.0,
            mapping: 0.0,
        }
    }

    /// What was billed since the last time.
    pub(crate) fn bill(&mut self) -> Bill {
        let used = self.usage.take();
        assert_eq!(
            used.refused_writes, 0,
            "what the table does not tell of: {used:?}"
        );
        let of = |name: &str| {
            let all = used.requests.iter().filter(|(of, _)| of.starts_with(name));
            all.map(|(_, count)| *count).sum::<u64>() as f64
        };
        Bill {
            write_units: used.write_units,
            read_units: used.read_units,
            sqs: of("SQS:") + std::mem::take(&mut self.mapping),
            objects: of("S3:put"),
            objects_read: of("S3:get"),
            requests: std::mem::take(&mut self.requests),
            batches: std::mem::take(&mut self.batches),
        }
    }

    /// A request that comes through the API.
    pub(crate) async fn request(&mut self, operation: &str, body: &Value) -> Value {
        self.requests += 1.0;
        let target = format!("AWSStepFunctions.{operation}");
        let body = body.to_string();
        let request = Request::new(&target, body.as_bytes());
        let response = self.api.handle(&request).await;
        let text = String::from_utf8(response.body).unwrap();
        assert_eq!(response.status, 200, "{operation}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn create(&mut self, definition: &str) -> String {
        let body = json!({
            "name": "order-fulfilment",
            "definition": definition,
            "roleArn": "arn:aws:iam::123456789012:role/service-role/order-fulfilment",
        });
        let created = self.request("CreateStateMachine", &body).await;
        let arn = created["stateMachineArn"].as_str().unwrap().to_owned();
        self.bill();
        arn
    }

    pub(crate) async fn start(&mut self, machine: &str, name: &str, input: &Value) {
        let body = json!({ "stateMachineArn": machine, "name": name, "input": input.to_string() });
        self.request("StartExecution", &body).await;
    }

    /// The tokens that calls have got since the last time.
    pub(crate) fn tokens(&self) -> Vec<String> {
        std::mem::take(&mut *self.tokens.lock().unwrap())
    }

    /// The mapping hands over what is in the queue, ten messages at a time, and deletes what is done.
    pub(crate) async fn deliver(&mut self) {
        loop {
            let received = self.sqs.receive_message();
            let received = received
                .queue_url(&self.places.queues.main)
                .max_number_of_messages(10)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .send()
                .await
                .unwrap();
            let messages = received.messages.unwrap_or_default();
            if messages.is_empty() {
                return;
            }
            self.invoke(&messages).await;
            self.batches += 1.0;
            self.mapping += 2.0;
        }
    }

    async fn invoke(&self, messages: &[Delivered]) {
        let engine = self.api.engine();
        let records: Vec<_> = messages.iter().map(record).collect();
        let received = engine.store().take_over(&records, Instant::now()).await;
        let (sender, receiver) = mpsc::unbounded_channel();
        for message in received.unwrap() {
            sender.send(message).unwrap();
        }
        drop(sender);
        let (in_hand, _watched) = watch::channel(0);
        engine.work_off(receiver, &in_hand).await;
        assert_eq!(engine.store().hand_back(), Vec::<String>::new());
        self.delete(messages).await;
    }

    async fn delete(&self, messages: &[Delivered]) {
        let entries = messages.iter().enumerate().map(|(index, message)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(message.receipt_handle.as_deref().unwrap())
                .build()
                .unwrap()
        });
        let deleted = self
            .sqs
            .delete_message_batch()
            .queue_url(&self.places.queues.main)
            .set_entries(Some(entries.collect()))
            .send()
            .await
            .unwrap();
        assert!(deleted.failed.is_empty(), "{deleted:?}");
    }

    /// Bytes that are stored in the table and its index, as they are billed.
    ///
    /// AWS: [Item sizes](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
    pub(crate) async fn stored_bytes(&self) -> usize {
        let scan = self.table.scan().table_name(&self.places.table);
        let page = scan.send().await.unwrap();
        assert!(page.last_evaluated_key.is_none(), "there is one page");
        let items = page.items.unwrap_or_default();
        // Rows of the catalog are there once for all executions.
        let is_catalog = |item: &&Item| item["pk"].as_s().unwrap().starts_with(['r', 't']);
        let executions = items.iter().filter(|item| !is_catalog(item));
        executions.map(billed_bytes).sum()
    }
}

/// An item with what DynamoDB adds to each, and once more if it is in the index.
fn billed_bytes(item: &Item) -> usize {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Bool(_) => 1,
        other => panic!("{other:?}"),
    };
    let attributes = item.iter().map(|(name, of)| name.len() + value(of));
    let bytes = attributes.sum::<usize>() + 100;
    match item.contains_key("lk") {
        true => 2 * bytes,
        false => bytes,
    }
}

fn record(message: &Delivered) -> QueueRecord<'_> {
    QueueRecord {
        message_id: message.message_id.as_deref().unwrap(),
        receipt_handle: message.receipt_handle.as_deref().unwrap(),
        body: message.body.as_deref().unwrap(),
        receives: 1,
        queue_arn: "main",
    }
}

/// A function that answers with so much, or keeps the token that it is given.
struct Function {
    tokens: Arc<Mutex<Vec<String>>>,
}

impl Invoker for Function {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        let sent: Value = serde_json::from_str(call.input.text()).unwrap();
        if let Some(token) = sent["Payload"]["token"].as_str() {
            self.tokens.lock().unwrap().push(token.to_owned());
        }
        let mut draw = Draw::new(call.attempt.number + 17);
        let order = draw.order(BYTES);
        Ok(Payload::from(answer(&mut draw, order)))
    }
}
