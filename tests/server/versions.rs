//! Versions of state machines.

use serde_json::{Value, json};

use crate::client::{Server, pass};

fn numbered(number: u32) -> String {
    json!({ "Comment": number, "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } })
        .to_string()
}

/// A machine with so many versions, whose last one is current.
fn with_versions(server: &Server, count: u32) -> String {
    let machine = server.create("m", &pass());
    for number in 1..=count {
        let update =
            json!({ "stateMachineArn": machine, "definition": numbered(number), "publish": true });
        let version = server.ok("UpdateStateMachine", update)["stateMachineVersionArn"].clone();
        assert_eq!(version, format!("{machine}:{number}"));
    }
    machine
}

#[test]
fn a_version_may_be_published_with_its_machine() {
    let server = Server::start(&[]);
    let request = json!({ "name": "m", "definition": pass().to_string(), "publish": true, "versionDescription": "first",
        "roleArn": "arn:aws:iam::123456789012:role/any" });
    let created = server.ok("CreateStateMachine", request.clone());
    let version = created["stateMachineVersionArn"].clone();
    assert_eq!(
        version,
        format!("{}:1", created["stateMachineArn"].as_str().unwrap())
    );
    assert_eq!(
        server.ok("CreateStateMachine", request),
        created,
        "the same again"
    );

    let described = server.ok(
        "DescribeStateMachine",
        json!({ "stateMachineArn": version }),
    );
    assert_eq!(described["stateMachineArn"], version);
    assert_eq!(described["description"], "first");
    assert_eq!(described["creationDate"], created["creationDate"]);
}

#[test]
fn a_version_stays_as_it_was_published() {
    let server = Server::start(&[]);
    let machine = with_versions(&server, 2);
    for number in 1..=2 {
        let version = json!({ "stateMachineArn": format!("{machine}:{number}") });
        let described = server.ok("DescribeStateMachine", version);
        assert_eq!(described["definition"], numbered(number));
        assert!(described["revisionId"].is_string());
    }
    let (_, name, message) = server.refused(
        "DescribeStateMachine",
        json!({ "stateMachineArn": format!("{machine}:3") }),
    );
    assert_eq!(name, "StateMachineDoesNotExist");
    assert_eq!(
        message,
        format!("State Machine Does Not Exist: '{machine}:3'")
    );
}

#[test]
fn publishing_asks_for_the_current_revision() {
    let server = Server::start(&[]);
    let machine = server.create("m", &pass());
    let publish = |revision: &Value| {
        let request = json!({ "stateMachineArn": machine, "revisionId": revision });
        server.call("PublishStateMachineVersion", request)
    };
    assert_eq!(
        publish(&json!("INITIAL")).1["stateMachineVersionArn"],
        format!("{machine}:1")
    );
    assert_eq!(
        publish(&Value::Null).1["stateMachineVersionArn"],
        format!("{machine}:1")
    );

    let update = json!({ "stateMachineArn": machine, "definition": numbered(1) });
    let current = server.ok("UpdateStateMachine", update)["revisionId"].clone();
    let (status, refused) = publish(&json!("INITIAL"));
    assert_eq!(
        (status, &refused["__type"]),
        (409, &json!("ConflictException"))
    );
    assert_eq!(
        refused["message"],
        format!(
            "Failed to publish the State Machine version for revision INITIAL. \
             The current State Machine revision is {}.",
            current.as_str().unwrap()
        )
    );
    assert_eq!(
        publish(&current).1["stateMachineVersionArn"],
        format!("{machine}:2")
    );
}

#[test]
fn versions_are_listed_newest_first_in_pages() {
    let server = Server::start(&[]);
    let machine = with_versions(&server, 5);
    server.ok(
        "DeleteStateMachineVersion",
        json!({ "stateMachineVersionArn": format!("{machine}:3") }),
    );
    let request = json!({ "stateMachineArn": machine });
    let listed = server.list(
        "ListStateMachineVersions",
        request,
        2,
        "stateMachineVersions",
    );
    let arns: Vec<&Value> = listed
        .iter()
        .map(|version| &version["stateMachineVersionArn"])
        .collect();
    let expected = [5, 4, 2, 1].map(|number| json!(format!("{machine}:{number}")));
    assert_eq!(arns, expected.iter().collect::<Vec<_>>());

    let nothing = json!({ "stateMachineArn": format!("{machine}2") });
    let listed = server.ok("ListStateMachineVersions", nothing);
    assert_eq!(listed, json!({ "stateMachineVersions": [] }));
}

#[test]
fn a_version_that_an_alias_routes_to_is_not_deleted() {
    let server = Server::start(&[]);
    let machine = with_versions(&server, 1);
    let version = json!({ "stateMachineVersionArn": format!("{machine}:1") });
    let route = json!({ "stateMachineVersionArn": format!("{machine}:1"), "weight": 100 });
    let alias = server.ok(
        "CreateStateMachineAlias",
        json!({ "name": "live", "routingConfiguration": [route] }),
    );
    let (status, name, message) = server.refused("DeleteStateMachineVersion", version.clone());
    assert_eq!((status, name.as_str()), (409, "ConflictException"));
    assert_eq!(
        message,
        "Version to be deleted must not be referenced by an alias. \
         Current list of aliases referencing this version: [live]"
    );
    server.ok(
        "DeleteStateMachineAlias",
        json!({ "stateMachineAliasArn": alias["stateMachineAliasArn"] }),
    );
    for _ in 0..2 {
        assert_eq!(
            server.ok("DeleteStateMachineVersion", version.clone()),
            json!({})
        );
    }
    let again = server.ok(
        "PublishStateMachineVersion",
        json!({ "stateMachineArn": machine }),
    );
    assert_eq!(
        again["stateMachineVersionArn"],
        format!("{machine}:2"),
        "a number never comes again"
    );

    let no_version = json!({ "stateMachineVersionArn": machine });
    assert_eq!(
        server.refused("DeleteStateMachineVersion", no_version).1,
        "ValidationException"
    );
}
