//! Creating, updating, describing, listing and deleting state machines.

use serde_json::{Value, json};

use crate::client::{Server, pass, wait};

const ROLE: &str = "arn:aws:iam::123456789012:role/any";
const GROUP: &str = "arn:aws:logs:eu-central-1:123456789012:log-group:any:*";

fn request(name: &str, definition: &Value) -> Value {
    json!({ "name": name, "definition": definition.to_string(), "roleArn": ROLE })
}

fn with(mut request: Value, fields: Value) -> Value {
    let fields = fields.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(fields);
    request
}

#[test]
fn a_state_machine_is_described_as_it_was_created() {
    let server = Server::start(&[]);
    let plain = server.create("plain", &pass());
    let described = server.ok("DescribeStateMachine", json!({ "stateMachineArn": plain }));
    let created_at = described["creationDate"].clone();
    assert_eq!(
        described,
        json!({
            "stateMachineArn": plain, "name": "plain", "status": "ACTIVE", "type": "STANDARD", "roleArn": ROLE,
            "definition": pass().to_string(), "creationDate": created_at,
            "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
            "tracingConfiguration": { "enabled": false },
            "encryptionConfiguration": { "type": "AWS_OWNED_KEY" },
        })
    );
    let configuration = json!({
        "loggingConfiguration": { "level": "ERROR", "includeExecutionData": true,
            "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": GROUP } }] },
        "tracingConfiguration": { "enabled": true },
        "encryptionConfiguration": { "type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/any",
            "kmsDataKeyReusePeriodSeconds": 60 },
        "type": "EXPRESS",
    });
    let created = server.ok(
        "CreateStateMachine",
        with(request("express", &pass()), configuration.clone()),
    );
    let arn = json!({ "stateMachineArn": created["stateMachineArn"] });
    let described = server.ok("DescribeStateMachine", arn.clone());
    for (key, value) in configuration.as_object().unwrap() {
        assert_eq!(&described[key], value);
    }
    let metadata = server.ok(
        "DescribeStateMachine",
        with(arn, json!({ "includedData": "METADATA_ONLY" })),
    );
    assert_eq!(metadata["definition"], "{}");
}

#[test]
fn what_no_state_machine_can_be_is_refused_by_name() {
    let server = Server::start(&[]);
    let any = || request("m", &pass());
    for (request, name, message) in [
        (
            with(any(), json!({ "name": "a b" })),
            "InvalidName",
            "Invalid Name: 'a b'",
        ),
        (
            with(any(), json!({ "roleArn": "r" })),
            "InvalidArn",
            "Invalid Role Arn: 'r'",
        ),
        (
            with(any(), json!({ "versionDescription": "v" })),
            "ValidationException",
            "Version description can only be set when publish is true",
        ),
        (
            with(any(), json!({ "definition": "{\"StartAt\":\"A\"}" })),
            "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'",
        ),
        (
            with(any(), json!({ "loggingConfiguration": { "level": "ALL" } })),
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        ),
        (
            with(
                any(),
                json!({ "encryptionConfiguration": { "type": "CUSTOMER_MANAGED_KMS_KEY" } }),
            ),
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: kmsKeyId must be specified when type is CUSTOMER_MANAGED_KMS_KEY",
        ),
        (
            with(any(), json!({ "tags": [{ "key": "aws:a", "value": "" }] })),
            "ValidationException",
            "The key of a tag must not begin with 'aws:': 'aws:a'",
        ),
        (
            with(
                any(),
                json!({ "type": "EXPRESS", "definition": json!({ "StartAt": "T", "States": { "T": {
            "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": { "QueueUrl": "q", "MessageBody": {} }, "End": true } } }).to_string() }),
            ),
            "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state machine does not support \
          '.waitForTaskToken' service integration  at /States/T/Resource'",
        ),
    ] {
        server.refuses("CreateStateMachine", request, name, message);
    }
    let listed = server.ok("ListStateMachines", json!({}));
    assert_eq!(
        listed,
        json!({ "stateMachines": [] }),
        "nothing was created"
    );
}

#[test]
fn a_task_that_nothing_performs_is_refused_at_creation() {
    let server = Server::start(&[]);
    let definition = json!({ "StartAt": "Send", "States": { "Send": {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true,
        "Parameters": { "QueueUrl": "q", "MessageBody": {} },
    } } });
    let (_, name, message) = server.refused("CreateStateMachine", request("m", &definition));
    assert_eq!(name, "InvalidDefinition");
    assert!(message.contains("--lambda Send="), "{message}");
}

#[test]
fn creating_the_same_again_is_no_error_and_changes_nothing() {
    let server = Server::start(&[]);
    let arn = server.create("m", &pass());
    let first = server.ok("DescribeStateMachine", json!({ "stateMachineArn": arn }));
    let role = "arn:aws:iam::123456789012:role/other";
    let again = with(
        request("m", &pass()),
        json!({ "roleArn": role, "tags": [{ "key": "k", "value": "v" }] }),
    );
    let created = server.ok("CreateStateMachine", again);
    assert_eq!(
        created,
        json!({ "stateMachineArn": arn, "creationDate": first["creationDate"] })
    );
    assert_eq!(
        server.ok("DescribeStateMachine", json!({ "stateMachineArn": arn })),
        first
    );

    let spaced = pass().to_string().replace(':', ": ");
    let published = json!({ "publish": true });
    for other in [
        json!({ "definition": spaced }),
        json!({ "type": "EXPRESS" }),
        published,
    ] {
        let message = format!("State Machine Already Exists: '{arn}'");
        let request = with(request("m", &pass()), other);
        server.refuses(
            "CreateStateMachine",
            request,
            "StateMachineAlreadyExists",
            &message,
        );
    }
}

#[test]
fn an_update_makes_a_revision_if_it_changes_something() {
    let server = Server::start(&[]);
    let arn = server.create("m", &pass());
    let update = |fields: Value| {
        let request = with(json!({ "stateMachineArn": arn }), fields);
        server.ok("UpdateStateMachine", request)
    };
    let same = json!({ "definition": pass().to_string(), "roleArn": ROLE });
    assert_eq!(
        update(same.clone())["revisionId"],
        Value::Null,
        "the first has no id"
    );

    let mut ids = Vec::new();
    for change in [
        json!({ "definition": wait().to_string() }),
        json!({ "roleArn": "arn:aws:iam::123456789012:role/other" }),
        json!({ "tracingConfiguration": { "enabled": true } }),
        json!({ "encryptionConfiguration": { "type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k" } }),
        same,
    ] {
        let id = update(change.clone())["revisionId"].clone();
        assert!(!ids.contains(&id), "{change}");
        assert_eq!(update(change)["revisionId"], id);
        ids.push(id);
    }
    let described = server.ok("DescribeStateMachine", json!({ "stateMachineArn": arn }));
    assert_eq!(described["revisionId"], ids[4]);
    assert_eq!(described["definition"], pass().to_string());
    assert_eq!(
        described["tracingConfiguration"],
        json!({ "enabled": true }),
        "it stays as it was"
    );
}

#[test]
fn an_update_is_of_a_state_machine_and_of_something() {
    let server = Server::start(&[]);
    let arn = server.create("m", &pass());
    let either = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified";
    for nothing in [
        json!({}),
        json!({ "publish": true }),
        json!({ "definition": null }),
    ] {
        let request = with(json!({ "stateMachineArn": arn }), nothing);
        server.refuses(
            "UpdateStateMachine",
            request,
            "MissingRequiredParameter",
            either,
        );
    }
    for end in ["2", ":1", ":live", "/Each"] {
        let arn = format!("{arn}{end}");
        let message = format!("State Machine Does Not Exist: '{arn}'");
        let request = json!({ "stateMachineArn": arn, "roleArn": ROLE });
        server.refuses(
            "UpdateStateMachine",
            request,
            "StateMachineDoesNotExist",
            &message,
        );
    }
    let request = json!({ "stateMachineArn": arn, "roleArn": ROLE, "versionDescription": "v" });
    let message = "Version description can only be set when publish is true";
    server.refuses(
        "UpdateStateMachine",
        request,
        "ValidationException",
        message,
    );
    let request = json!({ "stateMachineArn": arn, "definition": "{}" });
    assert_eq!(
        server.refused("UpdateStateMachine", request).1,
        "InvalidDefinition"
    );
}

#[test]
fn state_machines_are_listed_by_name_in_pages() {
    let server = Server::start(&[]);
    for name in ["c", "a", "b"] {
        server.create(name, &pass());
    }
    let listed = server.list("ListStateMachines", json!({}), 2, "stateMachines");
    let names: Vec<&Value> = listed.iter().map(|machine| &machine["name"]).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(listed[0]["type"], "STANDARD");
    let token = json!({ "nextToken": "none of ours" });
    server.refuses(
        "ListStateMachines",
        token,
        "InvalidToken",
        "Invalid Token: 'Invalid token'",
    );
}

#[test]
fn a_deleted_state_machine_is_gone() {
    let server = Server::start(&[]);
    let arn = server.create("m", &pass());
    server.run(&arn, "one", "{}");
    for _ in 0..2 {
        assert_eq!(
            server.ok("DeleteStateMachine", json!({ "stateMachineArn": arn })),
            json!({})
        );
    }
    let message = format!("State Machine Does Not Exist: '{arn}'");
    for operation in [
        "DescribeStateMachine",
        "StartExecution",
        "ListExecutions",
        "PublishStateMachineVersion",
    ] {
        let request = json!({ "stateMachineArn": arn });
        server.refuses(operation, request, "StateMachineDoesNotExist", &message);
    }
    let execution = arn.replace(":stateMachine:", ":execution:") + ":one";
    let described = server.ok("DescribeExecution", json!({ "executionArn": execution }));
    assert_eq!(described["status"], "SUCCEEDED", "its executions stay");
}

#[test]
fn deletion_waits_for_executions_which_keep_their_definition() {
    let server = Server::start(&[]);
    let arn = server.create("m", &wait());
    server.ok(
        "PublishStateMachineVersion",
        json!({ "stateMachineArn": arn }),
    );
    let of_machine = json!({ "stateMachineArn": arn });
    let execution =
        json!({ "executionArn": server.ok("StartExecution", of_machine.clone())["executionArn"] });
    server.ok("DeleteStateMachine", of_machine.clone());

    assert_eq!(
        server.ok("DescribeStateMachine", of_machine.clone())["status"],
        "DELETING"
    );
    let versions = server.ok("ListStateMachineVersions", of_machine.clone());
    assert_eq!(versions["stateMachineVersions"], json!([]));
    let message = format!("State Machine is being deleted: '{arn}'");
    for (operation, request) in [
        ("StartExecution", of_machine.clone()),
        ("PublishStateMachineVersion", of_machine.clone()),
        ("ListStateMachineAliases", of_machine.clone()),
        (
            "UpdateStateMachine",
            with(of_machine.clone(), json!({ "roleArn": ROLE })),
        ),
        ("CreateStateMachine", request("m", &wait())),
    ] {
        server.refuses(operation, request, "StateMachineDeleting", &message);
    }
    assert_eq!(
        server.ok("DescribeExecution", execution.clone())["status"],
        "RUNNING"
    );
    let kept = server.ok("DescribeStateMachineForExecution", execution.clone());
    assert_eq!(kept["definition"], wait().to_string());

    server.ok("StopExecution", execution);
    let (_, name, _) = server.refused("DescribeStateMachine", of_machine);
    assert_eq!(name, "StateMachineDoesNotExist");
    assert_eq!(server.create("m", &pass()), arn, "its name is free again");
}

#[test]
fn deleting_a_version_an_alias_or_a_label_deletes_no_machine() {
    let server = Server::start(&[]);
    let arn = server.create("m", &pass());
    for end in [":1", ":live"] {
        server.ok(
            "DeleteStateMachine",
            json!({ "stateMachineArn": format!("{arn}{end}") }),
        );
    }
    let label = json!({ "stateMachineArn": format!("{arn}/Each") });
    let (status, refused) = server.call("DeleteStateMachine", label);
    assert_eq!(
        (status, &refused["__type"]),
        (400, &json!("ValidationException"))
    );
    assert_eq!(refused["reason"], "API_DOES_NOT_SUPPORT_LABELED_ARNS");
    server.ok("DescribeStateMachine", json!({ "stateMachineArn": arn }));
}
