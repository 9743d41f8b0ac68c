//! Services of AWS that answer as they should not: the right error, bounded memory, one request.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod hostile;

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::{rt::sleep::TokioSleep, time::SystemTimeSource};
use aws_types::{SdkConfig, region::Region};
use hostile::{Behaviour, Hostile, answer};
use segno_asl::errors::StateError;
use segno_integrations::{
    CallOutcome,
    aws::{Clients, Limits, Reach},
    services::{Caller, Services},
};

const CALLER: Caller<'_> = Caller {
    execution_arn: "arn:aws:states:us-east-1:123456789012:execution:m:e",
    state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m",
    role_arn: None,
    credentials_role_arn: None,
};
const GET_ITEM: &str = r#"{"TableName": "t", "Key": {"id": {"S": "1"}}}"#;
const LIMIT: Duration = Duration::from_secs(20);

fn services(url: &str) -> Services {
    let credentials = Credentials::new("id", "hidden", None, None, "test");
    let config = SdkConfig::builder()
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new())
        .endpoint_url(url)
        .build();
    let limits = Limits {
        response_bytes_max: 1 << 20,
    };
    Services::new(Clients::new(config, Reach::ConfiguredEndpoints, limits))
}

async fn call(server: &Hostile, service: &str, action: &str, parameters: &str) -> CallOutcome {
    let services = services(&server.url(""));
    let called = services.call(service, action, parameters, CALLER);
    tokio::time::timeout(LIMIT, called).await.expect("it ends")
}

/// Expects an error of DynamoDB in both styles, each after one request.
async fn fails(behaviour: Behaviour, exception: &str) -> [StateError; 2] {
    let mut errors = Vec::new();
    for (service, prefix, base) in [
        ("aws-sdk:dynamodb", "DynamoDb", "DynamoDbException"),
        ("dynamodb", "DynamoDB", "AmazonDynamoDBException"),
    ] {
        let server = Hostile::start(behaviour.clone());
        let error = call(&server, service, "getItem", GET_ITEM).await;
        let error = error.unwrap_err();
        let exception = match exception {
            "" => base,
            exception => exception,
        };
        let name = format!("{prefix}.{exception}");
        assert_eq!(error.name.as_deref(), Some(&*name), "{error:?}");
        assert_eq!(server.requests().len(), 1, "{name}");
        assert!(!format!("{error:?}").contains("hidden"));
        errors.push(error);
    }
    errors.try_into().expect("two")
}

fn json(status: &str, body: &str) -> Behaviour {
    let headers = "Content-Type: application/x-amz-json-1.0\r\nx-amzn-RequestId: r-1\r\n";
    Behaviour::Answer(answer(status, headers, body))
}

#[tokio::test]
async fn an_error_is_told_in_two_styles() {
    let refusal = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}"#;
    let [sdk, optimized] = fails(
        json("400 Bad Request", refusal),
        "ResourceNotFoundException",
    )
    .await;
    assert_eq!(
        sdk.cause.as_deref(),
        Some(
            "Requested resource not found (Service: DynamoDb, Status Code: 400, Request ID: r-1) \
             (SDK Attempt Count: 1)"
        )
    );
    assert_eq!(
        optimized.cause.as_deref(),
        Some(
            "Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: \
             ResourceNotFoundException; Request ID: r-1; Proxy: null)"
        )
    );
}

#[tokio::test]
async fn what_asks_to_be_tried_again_is_not_tried_again() {
    let throttled = r#"{"__type":"ThrottlingException","message":"slow down"}"#;
    fails(json("400 Bad Request", throttled), "ThrottlingException").await;
    fails(json("500 Internal Server Error", "{}"), "").await;
    fails(json("503 Service Unavailable", "<html>"), "").await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    fails(Behaviour::Redirect, "").await;
}

#[tokio::test]
async fn what_is_no_answer_is_the_clients_error() {
    for behaviour in [
        Behaviour::Close,
        Behaviour::CloseInBody,
        json("200 OK", r#"{"Item": {"id"#),
        json("200 OK", r#"{"Item": 7}"#),
        Behaviour::Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe".to_vec()),
    ] {
        fails(behaviour, "SdkClientException").await;
    }
}

#[tokio::test]
async fn nobody_there_is_the_clients_error() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let services = services(&url);
    let error = services.call("sqs", "listQueues", "{}", CALLER).await;
    let error = error.unwrap_err();
    assert_eq!(error.name.as_deref(), Some("SQS.SdkClientException"));
    let cause = error.cause.unwrap();
    assert!(
        cause.starts_with("Unable to execute HTTP request: "),
        "{cause}"
    );
}

#[tokio::test]
async fn a_flood_is_not_taken_in() {
    for is_announced in [true, false] {
        let server = Hostile::start(Behaviour::Flood {
            bytes: 5_000_000_000,
            is_announced,
        });
        let parameters = r#"{"Bucket": "bucket", "Key": "key"}"#;
        let error = call(&server, "aws-sdk:s3", "getObject", parameters).await;
        let error = error.unwrap_err();
        assert_eq!(error.name.as_deref(), Some("States.DataLimitExceeded"));
        assert_eq!(server.requests().len(), 1);
        // What the kernels of both sides hold besides what was read.
        let sent = server.sent();
        assert!(sent < 50_000_000, "{sent} bytes were sent");
    }
}

#[tokio::test]
async fn who_does_not_wait_any_more_is_gone() {
    for behaviour in [Behaviour::Silence, Behaviour::Drip] {
        let server = Hostile::start(behaviour);
        let services = services(&server.url(""));
        let called = services.call("dynamodb", "getItem", GET_ITEM, CALLER);
        let waited = tokio::time::timeout(Duration::from_millis(300), called).await;
        assert!(waited.is_err());
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn headers_without_an_end_are_an_error() {
    let server = Hostile::start(Behaviour::EndlessHeaders);
    let error = call(&server, "dynamodb", "getItem", GET_ITEM).await;
    let error = error.unwrap_err();
    assert_eq!(error.name.as_deref(), Some("DynamoDB.SdkClientException"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_not_sent() {
    for (parameters, why) in [
        (
            r#"{"TableName": "t", "Keys": {}}"#,
            "The field \"Keys\" is not supported by Step Functions",
        ),
        (
            r#"{"TableName": "t", "Key": 7}"#,
            "expected an object, found a number",
        ),
        ("[]", "The parameters of a service must be an object"),
    ] {
        let server = Hostile::start(json("200 OK", "{}"));
        let error = call(&server, "dynamodb", "getItem", parameters).await;
        let error = error.unwrap_err();
        assert_eq!(error.name.as_deref(), Some("States.Runtime"), "{error:?}");
        let told =
            format!("The Parameters '{parameters}' could not be used to start the Task: [{why}]");
        assert_eq!(error.cause.as_deref(), Some(&*told));
        assert_eq!(server.connections(), 0);
    }
}
