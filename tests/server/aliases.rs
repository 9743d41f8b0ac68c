//! Aliases of state machines.

use serde_json::{Value, json};

use crate::client::{Server, pass};

const NOT_FOUND: &str = "Request references a resource that does not exist.";

/// A machine with two versions.
fn machine(server: &Server, name: &str) -> String {
    let machine = server.create(name, &pass());
    server.ok(
        "PublishStateMachineVersion",
        json!({ "stateMachineArn": machine }),
    );
    let role = "arn:aws:iam::123456789012:role/other";
    server.ok(
        "UpdateStateMachine",
        json!({ "stateMachineArn": machine, "roleArn": role, "publish": true }),
    );
    machine
}

fn routes(machine: &str, weights: &[(u64, u64)]) -> Value {
    let route = |(version, weight): &(u64, u64)| json!({ "stateMachineVersionArn": format!("{machine}:{version}"), "weight": weight });
    weights.iter().map(route).collect()
}

#[test]
fn an_alias_lives_from_creation_to_deletion() {
    let server = Server::start(&[]);
    let machine = machine(&server, "m");
    let create = json!({ "name": "live", "description": "d", "routingConfiguration": routes(&machine, &[(1, 100)]) });
    let created = server.ok("CreateStateMachineAlias", create.clone());
    let alias = json!({ "stateMachineAliasArn": format!("{machine}:live") });
    assert_eq!(
        created["stateMachineAliasArn"],
        alias["stateMachineAliasArn"]
    );
    assert_eq!(
        server.ok("CreateStateMachineAlias", create),
        created,
        "the same again"
    );

    let describe = || server.ok("DescribeStateMachineAlias", alias.clone());
    let first = describe();
    assert_eq!(
        first,
        json!({
            "stateMachineAliasArn": alias["stateMachineAliasArn"], "name": "live", "description": "d",
            "routingConfiguration": routes(&machine, &[(1, 100)]),
            "creationDate": created["creationDate"], "updateDate": created["creationDate"],
        })
    );
    let update = |field: &str, value: Value| {
        let mut request = alias.clone();
        request[field] = value;
        server.ok("UpdateStateMachineAlias", request)["updateDate"].clone()
    };
    update("description", json!("other"));
    assert_eq!(
        describe()["routingConfiguration"],
        first["routingConfiguration"]
    );
    let updated_at = update(
        "routingConfiguration",
        routes(&machine, &[(1, 20), (2, 80)]),
    );
    let second = describe();
    assert_eq!(
        (&second["description"], &second["updateDate"]),
        (&json!("other"), &updated_at)
    );
    assert_eq!(
        second["routingConfiguration"],
        routes(&machine, &[(1, 20), (2, 80)])
    );

    let shown = server.ok(
        "DescribeStateMachine",
        json!({ "stateMachineArn": format!("{machine}:live") }),
    );
    assert_eq!(
        shown["roleArn"], "arn:aws:iam::123456789012:role/other",
        "what most executions run"
    );

    for _ in 0..2 {
        assert_eq!(
            server.ok("DeleteStateMachineAlias", alias.clone()),
            json!({})
        );
    }
    server.refuses(
        "DescribeStateMachineAlias",
        alias.clone(),
        "ResourceNotFound",
        NOT_FOUND,
    );
    let mut update = alias;
    update["description"] = "d".into();
    server.refuses(
        "UpdateStateMachineAlias",
        update,
        "ResourceNotFound",
        NOT_FOUND,
    );
}

#[test]
fn another_alias_of_the_name_is_a_conflict() {
    let server = Server::start(&[]);
    let machine = machine(&server, "m");
    let create = |description: &str, weights: &[(u64, u64)]| json!({ "name": "live", "description": description, "routingConfiguration": routes(&machine, weights) });
    server.ok("CreateStateMachineAlias", create("d", &[(1, 100)]));
    for other in [create("e", &[(1, 100)]), create("d", &[(2, 100)])] {
        let (status, name, message) = server.refused("CreateStateMachineAlias", other);
        assert_eq!((status, name.as_str()), (409, "ConflictException"));
        assert_eq!(
            message,
            "Failed to create alias because an alias with the same name and a different routing \
             configuration already exists."
        );
    }
}

#[test]
fn what_no_alias_can_route_to_is_refused() {
    let server = Server::start(&[]);
    let (machine, other) = (machine(&server, "m"), machine(&server, "other"));
    let create = |routes: Value| json!({ "name": "live", "routingConfiguration": routes });
    let plain = json!([{ "stateMachineVersionArn": machine, "weight": 100 }]);
    let message = format!(
        "Routing configuration must contain state machine version ARNs. Received: [{machine}]"
    );
    server.refuses(
        "CreateStateMachineAlias",
        create(plain),
        "ValidationException",
        &message,
    );
    let message = "Sum of routing configuration weights must equal 100. Received: [70, 29]";
    let uneven = create(routes(&machine, &[(1, 70), (2, 29)]));
    server.refuses(
        "CreateStateMachineAlias",
        uneven,
        "ValidationException",
        message,
    );
    for absent in [
        routes(&machine, &[(7, 100)]),
        routes(&format!("{machine}2"), &[(1, 100)]),
    ] {
        server.refuses(
            "CreateStateMachineAlias",
            create(absent),
            "ResourceNotFound",
            NOT_FOUND,
        );
    }
    server.ok(
        "CreateStateMachineAlias",
        create(routes(&machine, &[(1, 100)])),
    );
    let update = |routes: Value| json!({ "stateMachineAliasArn": format!("{machine}:live"), "routingConfiguration": routes });
    server.refuses(
        "UpdateStateMachineAlias",
        update(routes(&machine, &[(7, 100)])),
        "ResourceNotFound",
        NOT_FOUND,
    );
    let (_, refused) = server.call(
        "UpdateStateMachineAlias",
        update(routes(&other, &[(1, 100)])),
    );
    assert_eq!(refused["reason"], "INVALID_ROUTING_CONFIGURATION");
    let (_, refused) = server.call(
        "UpdateStateMachineAlias",
        json!({ "stateMachineAliasArn": format!("{machine}:live") }),
    );
    assert_eq!(refused["reason"], "MISSING_REQUIRED_PARAMETER");
}

#[test]
fn aliases_are_listed_by_name_and_by_version() {
    let server = Server::start(&[]);
    let machine = machine(&server, "m");
    for (name, weights) in [
        ("c", &[(1, 100)][..]),
        ("a", &[(1, 50), (2, 50)]),
        ("b", &[(2, 100)]),
    ] {
        let request = json!({ "name": name, "routingConfiguration": routes(&machine, weights) });
        server.ok("CreateStateMachineAlias", request);
    }
    let names = |arn: String| {
        let request = json!({ "stateMachineArn": arn });
        let listed = server.list("ListStateMachineAliases", request, 1, "stateMachineAliases");
        let name = |alias: &Value| {
            let arn = alias["stateMachineAliasArn"].as_str().unwrap();
            arn.strip_prefix(&format!("{machine}:")).unwrap().to_owned()
        };
        listed.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(names(machine.clone()), ["a", "b", "c"]);
    assert_eq!(names(format!("{machine}:1")), ["a", "c"]);
    assert_eq!(names(format!("{machine}:2")), ["a", "b"]);
    let absent = format!("{machine}:7");
    let message = format!("Resource not found: '{absent}'");
    server.refuses(
        "ListStateMachineAliases",
        json!({ "stateMachineArn": absent }),
        "ResourceNotFound",
        &message,
    );
    let (_, name, _) = server.refused(
        "ListStateMachineAliases",
        json!({ "stateMachineArn": format!("{machine}2") }),
    );
    assert_eq!(name, "StateMachineDoesNotExist");
}
