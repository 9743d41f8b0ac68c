//! Writes requests and reads responses of AWS services, for `tests/aws_messages`, which compares them with
//! botocore's: a JSON object a line on standard input, an answer a line on standard output.

use std::{
    collections::HashMap,
    io::{self, BufRead, Write},
};

use aws_config::{Region, SdkConfig};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use segno_integrations::aws::{Client, Limits, Operation, Service};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Line {
    /// A model of its own, in base64.
    frame: Option<String>,
    service: String,
    action: String,
    #[serde(flatten)]
    message: Message,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Request {
        parameters: Map<String, Value>,
    },
    Response {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = SdkConfig::builder()
        .region(Region::from_static("us-east-1"))
        .endpoint_url("https://127.0.0.1")
        .build();
    let limits = Limits {
        response_bytes_max: u64::MAX,
    };
    let mut clients: HashMap<&str, Client> = HashMap::new();
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let service = match &line.frame {
            Some(frame) => Service::from_frame(BASE64_STANDARD.decode(frame)?),
            None => Service::find(&line.service),
        };
        let service = service.ok_or("no such service")?;
        let operation = service.operation(&line.action).ok_or("no such action")?;
        let new = || Client::new(service, &config, limits);
        let client = match line.frame {
            Some(_) => clients.entry("").insert_entry(new()).into_mut(),
            None => clients.entry(service.id()).or_insert_with(new),
        };
        let answer = match line.message {
            Message::Request { parameters } => request(client, operation, &parameters),
            Message::Response {
                status,
                headers,
                body,
            } => {
                let body = BASE64_STANDARD.decode(body)?;
                let output = client.output(operation, status, &headers, body);
                output.map(|output| json!({ "output": output }))
            }
        };
        let answer = answer.unwrap_or_else(|error| json!({ "error": error }));
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn request(
    client: &Client,
    operation: &'static Operation,
    parameters: &Map<String, Value>,
) -> Result<Value, String> {
    let request = client.request(operation, parameters)?;
    let headers: Vec<(&str, &str)> = request.headers().iter().collect();
    Ok(json!({
        "method": request.method(),
        "uri": request.uri(),
        "headers": headers,
        "body": BASE64_STANDARD.encode(request.body().bytes().unwrap_or_default()),
    }))
}
