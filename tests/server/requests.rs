//! Which requests are served at all, and what is said of those that are none.

use serde_json::{Value, json};

use crate::client::{Server, pass};

/// Every operation of the service.
const OPERATIONS: [&str; 37] = [
    "CreateActivity",
    "CreateStateMachine",
    "CreateStateMachineAlias",
    "DeleteActivity",
    "DeleteStateMachine",
    "DeleteStateMachineAlias",
    "DeleteStateMachineVersion",
    "DescribeActivity",
    "DescribeExecution",
    "DescribeMapRun",
    "DescribeStateMachine",
    "DescribeStateMachineAlias",
    "DescribeStateMachineForExecution",
    "GetActivityTask",
    "GetExecutionHistory",
    "ListActivities",
    "ListExecutions",
    "ListMapRuns",
    "ListStateMachineAliases",
    "ListStateMachineVersions",
    "ListStateMachines",
    "ListTagsForResource",
    "PublishStateMachineVersion",
    "RedriveExecution",
    "SendTaskFailure",
    "SendTaskHeartbeat",
    "SendTaskSuccess",
    "StartExecution",
    "StartSyncExecution",
    "StopExecution",
    "TagResource",
    "TestState",
    "UntagResource",
    "UpdateMapRun",
    "UpdateStateMachine",
    "UpdateStateMachineAlias",
    "ValidateStateMachineDefinition",
];

#[test]
fn every_operation_says_what_it_misses() {
    let server = Server::start(&[]);
    for operation in OPERATIONS {
        let (status, answer) = server.call(operation, json!({}));
        match operation {
            "ListActivities" | "ListStateMachines" => assert_eq!(status, 200, "{operation}"),
            _ => assert_eq!(
                (status, &answer["__type"]),
                (400, &json!("ValidationException")),
                "{operation}"
            ),
        }
        let (status, name, _) = server.refused(operation, json!([]));
        assert_eq!(
            (status, name.as_str()),
            (400, "SerializationException"),
            "{operation}"
        );
    }
    let (status, name, _) = server.refused("NoSuchOperation", json!({}));
    assert_eq!((status, name.as_str()), (400, "UnknownOperationException"));
}

#[test]
fn fields_out_of_bounds_are_told_all_at_once() {
    let server = Server::start(&[]);
    let failed = "failed to satisfy constraint: Member must";
    for (operation, request, message) in [
        (
            "ListExecutions",
            json!({ "stateMachineArn": "x", "maxResults": 1001 }),
            format!(
                "1 validation error detected: Value '1001' at 'maxResults' {failed} have value less than or equal to 1000"
            ),
        ),
        (
            "StartExecution",
            json!({ "name": "x".repeat(81) }),
            format!(
                "2 validation errors detected: Value null at 'stateMachineArn' {failed} not be null; \
                  Value '{}' at 'name' {failed} have length less than or equal to 80",
                "x".repeat(81)
            ),
        ),
        (
            "StartExecution",
            json!({ "stateMachineArn": "x", "input": "x".repeat(262_145) }),
            format!(
                "1 validation error detected: Value at 'input' {failed} have size less than or equal to 262144 bytes in UTF-8 encoding"
            ),
        ),
        (
            "CreateStateMachineAlias",
            json!({ "name": "7", "routingConfiguration": [{ "stateMachineVersionArn": "x", "weight": 101 }] }),
            format!(
                "2 validation errors detected: Value '7' at 'name' {failed} satisfy regular expression pattern: \
                  ^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$; \
                  Value '101' at 'routingConfiguration.1.member.weight' {failed} have value less than or equal to 100"
            ),
        ),
        (
            "ValidateStateMachineDefinition",
            json!({ "definition": "{}", "severity": "INFO", "maxResults": -1 }),
            format!(
                "2 validation errors detected: Value 'INFO' at 'severity' {failed} satisfy enum value set: [ERROR, WARNING]; \
                  Value '-1' at 'maxResults' {failed} have value greater than or equal to 0"
            ),
        ),
    ] {
        server.refuses(operation, request, "ValidationException", &message);
    }
}

#[test]
fn a_field_of_another_type_is_told_by_its_place() {
    let server = Server::start(&[]);
    for (request, message) in [
        (
            json!({ "name": 7 }),
            "'name' must be a string, and is a number",
        ),
        (
            json!({ "tags": [{ "key": true }] }),
            "'tags.1.member.key' must be a string, and is a boolean",
        ),
    ] {
        server.refuses("CreateActivity", request, "SerializationException", message);
    }
}

#[test]
fn an_arn_that_is_none_or_another_is_refused() {
    let server = Server::start(&[]);
    let machine = server.create("m", &pass());
    let execution = server.run(&machine, "one", "{}")["executionArn"].clone();
    for (operation, field, other, kind) in [
        (
            "DescribeStateMachine",
            "stateMachineArn",
            &execution,
            "execution",
        ),
        (
            "DeleteStateMachine",
            "stateMachineArn",
            &execution,
            "execution",
        ),
        ("StartExecution", "stateMachineArn", &execution, "execution"),
        ("ListExecutions", "stateMachineArn", &execution, "execution"),
        (
            "PublishStateMachineVersion",
            "stateMachineArn",
            &execution,
            "execution",
        ),
        (
            "ListStateMachineVersions",
            "stateMachineArn",
            &execution,
            "execution",
        ),
        (
            "ListStateMachineAliases",
            "stateMachineArn",
            &execution,
            "execution",
        ),
        (
            "DeleteStateMachineVersion",
            "stateMachineVersionArn",
            &execution,
            "execution",
        ),
        (
            "DescribeStateMachineAlias",
            "stateMachineAliasArn",
            &execution,
            "execution",
        ),
        (
            "DeleteStateMachineAlias",
            "stateMachineAliasArn",
            &execution,
            "execution",
        ),
        (
            "DescribeExecution",
            "executionArn",
            &json!(machine),
            "stateMachine",
        ),
        (
            "DescribeStateMachineForExecution",
            "executionArn",
            &json!(machine),
            "stateMachine",
        ),
        (
            "GetExecutionHistory",
            "executionArn",
            &json!(machine),
            "stateMachine",
        ),
        (
            "StopExecution",
            "executionArn",
            &json!(machine),
            "stateMachine",
        ),
        (
            "ListMapRuns",
            "executionArn",
            &json!(machine),
            "stateMachine",
        ),
    ] {
        let request = |arn: &Value| json!({ field: arn });
        let message = format!("Invalid Arn: 'Resource type not valid in this context: {kind}'");
        server.refuses(operation, request(other), "InvalidArn", &message);
        let message = "Invalid Arn: 'Invalid ARN prefix: x'";
        server.refuses(operation, request(&json!("x")), "InvalidArn", message);
    }
}

#[test]
fn web_pages_strangers_and_unsigned_requests_are_turned_away() {
    let server = Server::start(&[]);
    let request = || server.request("ListStateMachines", &json!({}));
    assert_eq!(request().send().unwrap().status(), 200);
    assert_eq!(
        request()
            .header("origin", "http://localhost")
            .send()
            .unwrap()
            .status(),
        403
    );
    assert_eq!(
        request()
            .header("host", "rebound.example.com")
            .send()
            .unwrap()
            .status(),
        403
    );
    let unsigned = reqwest::blocking::Client::new()
        .post(&server.url)
        .body("{}")
        .send()
        .unwrap();
    assert_eq!(unsigned.status(), 403);
    let health = reqwest::blocking::get(format!("{}/health", server.url)).unwrap();
    let health: Value = serde_json::from_str(&health.text().unwrap()).unwrap();
    assert_eq!(health["status"], "ok");
}
