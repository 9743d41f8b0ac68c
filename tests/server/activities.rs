//! Activities, as resources.

use serde_json::{Value, json};

use crate::client::Server;

#[test]
fn an_activity_lives_from_creation_to_deletion() {
    let server = Server::start(&[]);
    let created = server.ok("CreateActivity", json!({ "name": "approve" }));
    let arn = "arn:aws:states:eu-central-1:123456789012:activity:approve";
    assert_eq!(created["activityArn"], arn);
    assert_eq!(
        server.ok("CreateActivity", json!({ "name": "approve" })),
        created,
        "the same again"
    );
    let activity = json!({ "activityArn": arn });
    assert_eq!(
        server.ok("DescribeActivity", activity.clone()),
        json!({ "activityArn": arn, "name": "approve", "creationDate": created["creationDate"],
            "encryptionConfiguration": { "type": "AWS_OWNED_KEY" } })
    );
    for _ in 0..2 {
        assert_eq!(server.ok("DeleteActivity", activity.clone()), json!({}));
    }
    let message = format!("Activity Does Not Exist: '{arn}'");
    for operation in ["DescribeActivity", "GetActivityTask"] {
        server.refuses(
            operation,
            activity.clone(),
            "ActivityDoesNotExist",
            &message,
        );
    }
}

#[test]
fn what_no_activity_can_be_is_refused() {
    let server = Server::start(&[]);
    server.refuses(
        "CreateActivity",
        json!({ "name": "a;b" }),
        "InvalidName",
        "Invalid Name: 'a;b'",
    );
    let arn = server.ok("CreateActivity", json!({ "name": "a" }))["activityArn"].clone();
    let key = json!({ "type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/any" });
    let other = json!({ "name": "a", "encryptionConfiguration": key });
    let message = format!("Activity Already Exists: '{}'", arn.as_str().unwrap());
    server.refuses("CreateActivity", other, "ActivityAlreadyExists", &message);
    let machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:a";
    for operation in ["DescribeActivity", "DeleteActivity", "GetActivityTask"] {
        let message = "Invalid Arn: 'Resource type not valid in this context: stateMachine'";
        server.refuses(
            operation,
            json!({ "activityArn": machine }),
            "InvalidArn",
            message,
        );
    }
}

#[test]
fn activities_are_listed_by_name_in_pages() {
    let server = Server::start(&[]);
    for name in ["c", "a", "b"] {
        server.ok("CreateActivity", json!({ "name": name }));
    }
    let listed = server.list("ListActivities", json!({}), 2, "activities");
    let names: Vec<&Value> = listed.iter().map(|activity| &activity["name"]).collect();
    assert_eq!(names, ["a", "b", "c"]);
}
