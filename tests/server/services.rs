//! Tasks that call HTTPS APIs and those of API Gateway.

use serde_json::{Value, json};

use crate::{
    client::Server,
    hostile::{Behaviour, Hostile, answer},
    local::{Folder, command, output},
};

const CONNECTIONS: &str = r#"{ "Pets": {
    "AuthorizationType": "API_KEY",
    "AuthParameters": { "ApiKeyAuthParameters": { "ApiKeyName": "x-key", "ApiKeyValue": "hidden" } }
} }"#;

/// A server with a connection, and what else its tasks are told.
fn server(name: &str, options: &[&str]) -> (Server, Folder) {
    let folder = Folder::with(name, &[("connections.json", CONNECTIONS)]);
    let options = [
        &["--no-discovery", "--connections", "connections.json"],
        options,
    ]
    .concat();
    (Server::start_in(&folder.0, &options), folder)
}

/// A machine of one task, that retries what it is told to.
fn task(service: &str, parameters: Value, retried: &str) -> Value {
    json!({ "StartAt": "Call", "States": { "Call": {
        "Type": "Task",
        "Resource": format!("arn:aws:states:::{service}:invoke"),
        "Parameters": parameters,
        "Retry": [{ "ErrorEquals": [retried], "IntervalSeconds": 1, "MaxAttempts": 1 }],
        "ResultSelector": { "body.$": "$.ResponseBody", "status.$": "$.StatusCode" },
        "End": true,
    } } })
}

fn pet(api: &Hostile) -> Value {
    json!({
        "ApiEndpoint": api.url("/pets"),
        "Method": "POST",
        "InvocationConfig": {
            "ConnectionArn": "arn:aws:events:eu-central-1:123456789012:connection/Pets/81210c42",
        },
        "RequestBody": { "name.$": "$.name" },
    })
}

#[test]
fn an_http_task_calls_an_api_and_is_retried() {
    let (server, _folder) = server("http-task", &["-vv"]);
    let api = Hostile::start(Behaviour::Answers(vec![
        answer("503 Service Unavailable", "", "later"),
        answer(
            "201 Created",
            "Content-Type: application/json\r\n",
            r#"{"id":7}"#,
        ),
    ]));
    let machine = server.create("m", &task("http", pet(&api), "States.Http.StatusCode.503"));

    let ended = server.run(&machine, "one", r#"{"name":"Fluff"}"#);

    assert_eq!(ended["output"], r#"{"body":{"id":7},"status":201}"#);
    let requests = api.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].contains("X-Key: hidden\r\n"), "{}", requests[0]);
    assert!(
        requests[0].ends_with(r#"{"name":"Fluff"}"#),
        "{}",
        requests[0]
    );

    let history = server.ok(
        "GetExecutionHistory",
        json!({ "executionArn": ended["executionArn"] }),
    );
    let failed = &history["events"][4]["taskFailedEventDetails"];
    assert_eq!(failed["error"], "States.Http.StatusCode.503");
    assert_eq!(failed["cause"], "later");
    for text in [history.to_string(), server.said(), server.logged()] {
        assert!(!text.contains("hidden"), "{text}");
    }
}

#[test]
fn a_task_of_api_gateway_calls_the_endpoint_that_is_named() {
    let api = Hostile::start(Behaviour::Answers(vec![answer(
        "403 Forbidden",
        "",
        r#"{"message":"Missing Authentication Token"}"#,
    )]));
    let parameters = json!({
        "ApiEndpoint": "abc123.execute-api.eu-central-1.amazonaws.com",
        "Method": "GET", "Stage": "prod", "Path": "bills", "AuthType": "IAM_ROLE",
    });
    let definition = task("apigateway", parameters, "States.Timeout").to_string();
    let folder = Folder::with("api-gateway", &[("m.asl.json", &definition)]);

    let mut run = command(&["run", "m.asl.json", "--quiet", "--events"]);
    run.current_dir(&folder.0)
        .env("AWS_ENDPOINT_URL_EXECUTE_API", api.url(""));
    let (status, events, said) = output(&mut run);

    assert_eq!(status, Some(1), "{said}");
    let events: Value = serde_json::from_str(&events).unwrap();
    let failed = events["events"].as_array().unwrap().last().unwrap();
    let details = &failed["executionFailedEventDetails"];
    assert_eq!(details["error"], "ApiGateway.403");
    assert_eq!(
        details["cause"],
        r#"{"message":"Missing Authentication Token"}"#
    );
    let requests = api.requests();
    assert_eq!(requests.len(), 1);
    assert!(
        requests[0].starts_with("GET /prod/bills HTTP/1.1\r\n"),
        "{}",
        requests[0]
    );
    assert!(requests[0].contains("Authorization: AWS4-HMAC-SHA256 "));
}

#[test]
fn without_connections_an_http_task_is_refused() {
    let server = Server::start(&[]);
    let api = Hostile::start(Behaviour::Silence);
    let definition = task("http", pet(&api), "States.Timeout").to_string();
    let role = "arn:aws:iam::123456789012:role/any";
    let request = json!({ "name": "m", "definition": definition, "roleArn": role });
    let (_, name, message) = server.refused("CreateStateMachine", request);
    assert_eq!(name, "InvalidDefinition");
    assert!(message.contains("--connections FILE"), "{message}");
}

#[test]
fn a_file_of_connections_that_is_wrong_is_told_of() {
    let folder = Folder::with("connections", &[("c.json", r#"{ "Pets": {} }"#)]);
    let (status, _, said) =
        output(command(&["dev", "--port", "0", "--connections", "c.json"]).current_dir(&folder.0));
    assert_eq!(status, Some(2));
    assert!(
        said.contains("--connections c.json")
            && said.contains("the connection `Pets`: missing field `AuthorizationType`"),
        "{said}"
    );
}
