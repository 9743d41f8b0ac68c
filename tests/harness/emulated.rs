//! What an account in an emulator of AWS is asked for by the tests themselves.

use serde_json::{Value, json};

use crate::http;

/// An emulator, which believes everybody.
#[derive(Debug, Clone)]
pub struct Emulated {
    /// Host and port.
    address: String,
}

impl Emulated {
    /// The emulator at this URL.
    pub fn at(url: &str) -> Self {
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        Self {
            address: address.to_owned(),
        }
    }

    /// What it answers.
    ///
    /// # Panics
    ///
    /// If that is an error.
    pub async fn ask(&self, service: &str, target: &str, body: Value) -> Value {
        let headers = [
            ("x-amz-target", target),
            ("content-type", "application/x-amz-json-1.0"),
        ];
        let body = body.to_string();
        let answer = self
            .send(service, "POST", "/", &headers, body.as_bytes())
            .await;
        serde_json::from_slice(&answer).unwrap_or_default()
    }

    async fn send(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Vec<u8> {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=0"
        );
        let signed = [
            ("authorization", &*authorization),
            ("x-amz-date", "20260101T000000Z"),
        ];
        let headers = [headers, &signed].concat();
        let asked = http::ask(&self.address, method, path, &headers, body).await;
        let (status, answer) = asked.unwrap();
        let said = String::from_utf8_lossy(&answer);
        assert!(status < 300, "{method} {path} {headers:?}: {status} {said}");
        answer
    }

    /// The table of a stack, as the template has it.
    pub async fn create_table(&self, name: &str) {
        let attributes = ["pk", "sk", "lk", "ls"]
            .map(|name| json!({ "AttributeName": name, "AttributeType": "S" }));
        let key = |hash, range| {
            json!([
                { "AttributeName": hash, "KeyType": "HASH" },
                { "AttributeName": range, "KeyType": "RANGE" },
            ])
        };
        let table = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": attributes,
            "KeySchema": key("pk", "sk"),
            "GlobalSecondaryIndexes": [{
                "IndexName": "list",
                "KeySchema": key("lk", "ls"),
                "Projection": { "ProjectionType": "ALL" },
            }],
        });
        self.ask("dynamodb", "DynamoDB_20120810.CreateTable", table)
            .await;
        let described = json!({ "TableName": name });
        loop {
            let target = "DynamoDB_20120810.DescribeTable";
            let table = self.ask("dynamodb", target, described.clone()).await;
            if table["Table"]["TableStatus"] == "ACTIVE" {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// A queue: its URL.
    pub async fn create_queue(&self, name: &str) -> String {
        let queue = json!({ "QueueName": name });
        let created = self.ask("sqs", "AmazonSQS.CreateQueue", queue).await;
        created["QueueUrl"].as_str().unwrap().to_owned()
    }

    /// A bucket.
    pub async fn create_bucket(&self, name: &str) {
        self.send("s3", "PUT", &format!("/{name}"), &[], &[]).await;
    }
}
