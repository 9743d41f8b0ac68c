//! Tags of state machines and activities.

use serde_json::{Value, json};

use crate::client::{Server, pass};

fn tags(pairs: &[(&str, &str)]) -> Value {
    pairs
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect()
}

#[test]
fn both_kinds_of_resources_have_tags() {
    let server = Server::start(&[]);
    let first = tags(&[("a", "1"), ("b", "")]);
    let machine = json!({ "name": "m", "definition": pass().to_string(), "tags": first,
        "roleArn": "arn:aws:iam::123456789012:role/any" });
    let machine = server.ok("CreateStateMachine", machine)["stateMachineArn"].clone();
    let activity = json!({ "name": "m", "tags": first });
    let activity = server.ok("CreateActivity", activity)["activityArn"].clone();
    for arn in [machine, activity] {
        let listed =
            || server.ok("ListTagsForResource", json!({ "resourceArn": arn }))["tags"].clone();
        assert_eq!(listed(), first);
        server.ok(
            "TagResource",
            json!({ "resourceArn": arn, "tags": tags(&[("c", "3"), ("a", "2")]) }),
        );
        assert_eq!(listed(), tags(&[("a", "2"), ("b", ""), ("c", "3")]));
        server.ok(
            "UntagResource",
            json!({ "resourceArn": arn, "tagKeys": ["a", "c", "d", "a"] }),
        );
        assert_eq!(listed(), tags(&[("b", "")]));
    }
}

#[test]
fn what_has_no_tags_is_not_found() {
    let server = Server::start(&[]);
    let machine = server.create("m", &pass());
    let version = server.ok(
        "PublishStateMachineVersion",
        json!({ "stateMachineArn": machine }),
    );
    let version = version["stateMachineVersionArn"].as_str().unwrap();
    let execution = server.run(&machine, "one", "{}")["executionArn"].clone();
    for arn in [
        version,
        &machine.replace(":m", ":n"),
        execution.as_str().unwrap(),
    ] {
        let message = format!("Resource not found: '{arn}'");
        for (operation, field, value) in [
            ("TagResource", "tags", tags(&[("a", "")])),
            ("UntagResource", "tagKeys", json!(["a"])),
            ("ListTagsForResource", "unused", Value::Null),
        ] {
            let request = json!({ "resourceArn": arn, field: value });
            server.refuses(operation, request, "ResourceNotFound", &message);
        }
    }
    let message = "Invalid Arn: 'Invalid ARN prefix: m'";
    server.refuses(
        "ListTagsForResource",
        json!({ "resourceArn": "m" }),
        "InvalidArn",
        message,
    );
}

#[test]
fn a_resource_has_up_to_fifty_tags() {
    let server = Server::start(&[]);
    let arn = server.ok("CreateActivity", json!({ "name": "a" }))["activityArn"].clone();
    let keys: Vec<String> = (0..51).map(|key| key.to_string()).collect();
    let tag = |keys: &[String]| {
        let pairs: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "")).collect();
        json!({ "resourceArn": arn, "tags": tags(&pairs) })
    };
    server.ok("TagResource", tag(&keys[..49]));
    server.ok("TagResource", tag(&keys[..50]));
    let (status, refused) = server.call("TagResource", tag(&keys[50..]));
    assert_eq!(
        (status, &refused["__type"], &refused["resourceName"]),
        (400, &json!("TooManyTags"), &arn)
    );
    let listed = server.ok("ListTagsForResource", json!({ "resourceArn": arn }));
    assert_eq!(listed["tags"].as_array().unwrap().len(), 50);
}
