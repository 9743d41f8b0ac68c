//! Services of AWS that answer as they should not: the right error, bounded memory, one request.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod client;
mod hostile;

use std::time::Duration;

use aws_credential_types::Credentials;
use client::clients;
use hostile::{Behaviour, Hostile, answer};
use segno_asl::errors::StateError;
use segno_integrations::{
    CallOutcome,
    aws::Reach,
    services::{Caller, Services},
};
use serde_json::{Value, json};

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
    let url = Some(url);
    let clients = clients("us-east-1", credentials, url, Reach::ConfiguredEndpoints);
    Services::new(clients)
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

fn answering(status: &str, body: &str) -> Behaviour {
    let headers = "Content-Type: application/x-amz-json-1.0\r\nx-amzn-RequestId: r-1\r\n";
    Behaviour::Answer(answer(status, headers, body))
}

#[tokio::test]
async fn an_error_is_told_in_two_styles() {
    let refusal = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}"#;
    let [sdk, optimized] = fails(
        answering("400 Bad Request", refusal),
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
    fails(
        answering("400 Bad Request", throttled),
        "ThrottlingException",
    )
    .await;
    fails(answering("500 Internal Server Error", "{}"), "").await;
    fails(answering("503 Service Unavailable", "<html>"), "").await;
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
        answering("200 OK", r#"{"Item": {"id"#),
        answering("200 OK", r#"{"Item": 7}"#),
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
        let server = Hostile::start(answering("200 OK", "{}"));
        let error = call(&server, "dynamodb", "getItem", parameters).await;
        let error = error.unwrap_err();
        assert_eq!(error.name.as_deref(), Some("States.Runtime"), "{error:?}");
        let told =
            format!("The Parameters '{parameters}' could not be used to start the Task: [{why}]");
        assert_eq!(error.cause.as_deref(), Some(&*told));
        assert_eq!(server.connections(), 0);
    }
}

fn emr_answer(body: &str) -> Vec<u8> {
    // The server closes after each answer, and says so.
    let headers = "Content-Type: application/x-amz-json-1.1\r\nConnection: close\r\n";
    answer("200 OK", headers, body)
}

/// What EMR was asked for, and with what.
fn asked(server: &Hostile) -> Vec<(String, Value)> {
    let requests = server.requests();
    let asked = requests.iter().map(|request| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let target = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("x-amz-target").then_some(value)
        });
        let action = target.unwrap().trim_start_matches("ElasticMapReduce.");
        (action.to_owned(), serde_json::from_str(body).unwrap())
    });
    asked.collect()
}

const SCALE_FLEET: &str = r#"{"ClusterId": "j-1", "InstanceFleetName": "core",
    "InstanceFleet": {"TargetOnDemandCapacity": 8, "TargetSpotCapacity": 0}}"#;
const SCALE_GROUP: &str = r#"{"ClusterId": "j-1", "InstanceGroupName": "core",
    "InstanceGroup": {"InstanceCount": 8}}"#;

#[tokio::test]
async fn a_fleet_is_found_by_its_name_on_whatever_page() {
    let server = Hostile::start(Behaviour::Answers(vec![
        emr_answer(r#"{"InstanceFleets": [{"Id": "if-1", "Name": "main"}], "Marker": "m"}"#),
        emr_answer(r#"{"InstanceFleets": [{"Id": "if-2"}, {"Id": "if-3", "Name": "core"}]}"#),
        emr_answer(""),
    ]));
    let action = "modifyInstanceFleetByName";
    let result = call(&server, "elasticmapreduce", action, SCALE_FLEET).await;
    let result: Value = serde_json::from_str(&result.unwrap()).unwrap();
    assert_eq!(result["SdkHttpMetadata"]["HttpStatusCode"], 200);
    let change = json!({
        "InstanceFleetId": "if-3", "TargetOnDemandCapacity": 8, "TargetSpotCapacity": 0,
    });
    assert_eq!(
        asked(&server),
        [
            ("ListInstanceFleets".into(), json!({ "ClusterId": "j-1" })),
            (
                "ListInstanceFleets".into(),
                json!({ "ClusterId": "j-1", "Marker": "m" })
            ),
            (
                "ModifyInstanceFleet".into(),
                json!({ "ClusterId": "j-1", "InstanceFleet": change })
            ),
        ]
    );
}

#[tokio::test]
async fn a_group_is_found_by_its_name() {
    let server = Hostile::start(Behaviour::Answers(vec![
        emr_answer(r#"{"InstanceGroups": [{"Id": "ig-1", "Name": "core"}]}"#),
        emr_answer(""),
    ]));
    let action = "modifyInstanceGroupByName";
    let result = call(&server, "elasticmapreduce", action, SCALE_GROUP).await;
    result.unwrap();
    let change = json!({ "InstanceGroupId": "ig-1", "InstanceCount": 8 });
    let [(listing, _), (modification, sent)] = asked(&server).try_into().unwrap();
    assert_eq!(
        (&*listing, &*modification),
        ("ListInstanceGroups", "ModifyInstanceGroups")
    );
    assert_eq!(
        sent,
        json!({ "ClusterId": "j-1", "InstanceGroups": [change] })
    );
}

#[tokio::test]
async fn a_name_that_is_not_that_of_one_group_is_an_error_and_nothing_is_modified() {
    for (listing, how_many) in [
        (
            r#"{"InstanceGroups": [{"Id": "ig-1", "Name": "main"}]}"#,
            "no",
        ),
        (r#"{"InstanceGroups": []}"#, "no"),
        (
            r#"{"InstanceGroups": [{"Id": "ig-1", "Name": "core"}, {"Id": "ig-2", "Name": "core"}]}"#,
            "more than one",
        ),
    ] {
        let server = Hostile::start(Behaviour::Answer(emr_answer(listing)));
        let action = "modifyInstanceGroupByName";
        let error = call(&server, "elasticmapreduce", action, SCALE_GROUP).await;
        let error = error.unwrap_err();
        assert_eq!(error.name.as_deref(), Some("EMR.InvalidRequestException"));
        let cause = format!("Cluster j-1 has {how_many} InstanceGroup named 'core'");
        assert_eq!(error.cause.as_deref(), Some(&*cause));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_listing_without_an_end_is_left() {
    let page = r#"{"InstanceGroups": [], "Marker": "again"}"#;
    let server = Hostile::start(Behaviour::Answer(emr_answer(page)));
    let action = "modifyInstanceGroupByName";
    let error = call(&server, "elasticmapreduce", action, SCALE_GROUP).await;
    let error = error.unwrap_err();
    assert_eq!(error.name.as_deref(), Some("States.TaskFailed"));
    let cause = error.cause.unwrap();
    assert_eq!(cause, "listInstanceGroups of j-1 has no end");
    assert_eq!(server.requests().len(), 100);
}

#[tokio::test]
async fn a_listing_that_is_refused_is_the_tasks_error() {
    let refusal = r#"{"__type": "InvalidRequestException", "Message": "Cluster id is not valid."}"#;
    let server = Hostile::start(answering("400 Bad Request", refusal));
    let action = "modifyInstanceFleetByName";
    let error = call(&server, "elasticmapreduce", action, SCALE_FLEET).await;
    let name = error.unwrap_err().name;
    assert_eq!(name.as_deref(), Some("EMR.InvalidRequestException"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_has_an_id_needs_no_name() {
    for (parameters, why) in [
        (
            r#"{"ClusterId": "j-1", "InstanceGroupName": "core", "InstanceGroup": {"InstanceGroupId": "ig-1"}}"#,
            "The field \"InstanceGroupId\" is not supported by Step Functions",
        ),
        (
            r#"{"ClusterId": "j-1", "InstanceGroup": {}}"#,
            "The field 'InstanceGroupName' is required but was missing",
        ),
        (
            r#"{"ClusterId": "j-1", "InstanceGroupName": "core"}"#,
            "The field 'InstanceGroup' is required but was missing",
        ),
    ] {
        let server = Hostile::start(Behaviour::Answer(emr_answer("{}")));
        let action = "modifyInstanceGroupByName";
        let error = call(&server, "elasticmapreduce", action, parameters).await;
        let error = error.unwrap_err();
        assert_eq!(error.name.as_deref(), Some("States.Runtime"));
        assert!(error.cause.unwrap().ends_with(&format!(": [{why}]")));
        assert_eq!(server.connections(), 0);
    }
}
