//! HTTP Tasks and tasks of API Gateway against a server that answers as it should not.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod hostile;

use std::time::{Duration, Instant};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use hostile::{Behaviour, Hostile, answer, json};
use segno_asl::errors::StateError;
use segno_integrations::{
    CallOutcome, Reach, api_gateway,
    http::{Client, Config, connections::FileConnections},
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

/// A client with its connections.
#[derive(Debug)]
struct Tasks {
    client: Client,
    connections: FileConnections,
}

impl Tasks {
    async fn call(&self, parameters: &str, limit: Duration) -> CallOutcome {
        self.client.call(parameters, &self.connections, limit).await
    }
}

fn client(reach: Reach, connections: &Value) -> Tasks {
    let config = Config {
        reach,
        region: "eu-central-1".into(),
        response_bytes_max: 262_144,
    };
    Tasks {
        client: Client::new(config),
        connections: FileConnections::parse(&connections.to_string()).unwrap(),
    }
}

fn api_key() -> Value {
    json!({ "Api": {
        "AuthorizationType": "API_KEY",
        "AuthParameters": { "ApiKeyAuthParameters": { "ApiKeyName": "x-key", "ApiKeyValue": "hidden" } },
    } })
}

/// A connection whose tokens that server gives.
fn oauth(tokens: &Hostile) -> Value {
    json!({ "Api": {
        "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS",
        "AuthParameters": { "OAuthParameters": {
            "ClientParameters": { "ClientID": "me", "ClientSecret": "hidden" },
            "AuthorizationEndpoint": tokens.url("/token"),
            "HttpMethod": "POST",
            "OAuthHttpParameters": { "BodyParameters": [{ "Key": "audience", "Value": "all of it" }] },
        } },
    } })
}

fn parameters(url: &str, extra: Value) -> String {
    let mut parameters = json!({
        "ApiEndpoint": url, "Method": "POST", "InvocationConfig": { "ConnectionArn": "Api" },
    });
    let extra = extra.as_object().unwrap().clone();
    parameters.as_object_mut().unwrap().extend(extra);
    parameters.to_string()
}

async fn call(server: &Hostile, limit: Duration) -> CallOutcome {
    let parameters = parameters(&server.url("/pets"), json!({}));
    client(Reach::Loopback, &api_key())
        .call(&parameters, limit)
        .await
}

/// Expects an error, and that the server saw one request.
async fn fails(behaviour: Behaviour, name: &str) -> (Hostile, StateError) {
    let server = Hostile::start(behaviour);
    let error = call(&server, LIMIT).await.unwrap_err();
    assert_eq!(error.name.as_deref(), Some(name), "{error:?}");
    assert_eq!(server.requests().len(), 1);
    (server, error)
}

fn cause(error: &StateError) -> &str {
    error.cause.as_deref().unwrap()
}

#[tokio::test]
async fn an_answer_is_the_result() {
    let server = Hostile::start(json(r#"{"id": 7}"#));
    let text = parameters(
        &server.url("/pets?a=1"),
        json!({ "RequestBody": { "name": "Fluff" }, "QueryParameters": { "b": "2 3" } }),
    );
    let client = client(Reach::Loopback, &api_key());
    let result: Value = serde_json::from_str(&client.call(&text, LIMIT).await.unwrap()).unwrap();
    assert_eq!(
        result,
        json!({
            "Headers": { "content-length": ["9"], "content-type": ["application/json"] },
            "ResponseBody": { "id": 7 },
            "StatusCode": 200,
            "StatusText": "OK",
        })
    );
    let host = server.address;
    assert_eq!(
        server.requests(),
        [format!(
            "POST /pets?a=1&b=2%203 HTTP/1.1\r\n\
             X-Key: hidden\r\n\
             User-Agent: Amazon|StepFunctions|HttpInvoke|eu-central-1\r\n\
             Range: bytes=0-262144\r\n\
             Content-Type: application/json; charset=UTF-8\r\n\
             Host: {host}\r\n\
             Content-Length: 16\r\n\r\n\
             {{\"name\":\"Fluff\"}}"
        )]
    );
}

#[tokio::test]
async fn a_refusal_is_an_error_with_the_body_as_its_cause() {
    let refusal = answer("429 Slow Down", "", "later");
    let (_, error) = fails(Behaviour::Answer(refusal), "States.Http.StatusCode.429").await;
    assert_eq!(cause(&error), "later");
    let empty = Behaviour::Answer(answer("418 Short and Stout", "", ""));
    let (_, error) = fails(empty, "States.Http.StatusCode.418").await;
    assert_eq!(cause(&error), "Short and Stout");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (server, error) = fails(Behaviour::Redirect, "States.Http.StatusCode.302").await;
    assert_eq!(cause(&error), "moved");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_server_that_takes_its_time_is_left() {
    for behaviour in [Behaviour::Drip, Behaviour::Silence] {
        let server = Hostile::start(behaviour);
        let begun = Instant::now();
        let error = call(&server, Duration::from_millis(300)).await.unwrap_err();
        assert_eq!(error.name.as_deref(), Some("States.Http.Socket"));
        assert_eq!(
            cause(&error),
            "The HTTP request failed: the time was up after 0.3 seconds"
        );
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_flood_is_not_held() {
    for is_announced in [true, false] {
        let flood = Behaviour::Flood {
            bytes: 5_000_000_000,
            is_announced,
        };
        let (server, _) = fails(flood, "States.DataLimitExceeded").await;
        // Until the connection is closed, both ends' buffers take some.
        assert!(server.sent() < 50_000_000, "{} bytes", server.sent());
    }
}

#[tokio::test]
async fn as_much_as_a_state_may_have_is_taken() {
    let body =
        |bytes: usize| Behaviour::Answer(answer("206 Partial Content", "", vec![b'x'; bytes]));
    let server = Hostile::start(body(262_144));
    assert!(call(&server, LIMIT).await.is_ok());
    fails(body(262_145), "States.DataLimitExceeded").await;
}

#[tokio::test]
async fn headers_have_an_end() {
    let (server, _) = fails(Behaviour::EndlessHeaders, "States.Http.Socket").await;
    assert!(server.sent() < 50_000_000, "{} bytes", server.sent());
}

#[tokio::test]
async fn a_connection_that_breaks_is_an_error_and_nothing_is_sent_again() {
    for behaviour in [Behaviour::Close, Behaviour::CloseInBody] {
        let (server, error) = fails(behaviour, "States.Http.Socket").await;
        let said = "The HTTP request failed: the request was sent, and no whole answer came: ";
        assert!(cause(&error).starts_with(said), "{error:?}");
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn what_a_state_cannot_have_is_refused() {
    let typed = |media_type: &str, body: &[u8]| {
        let header = format!("Content-Type: {media_type}\r\n");
        Behaviour::Answer(answer("200 OK", &header, body))
    };
    for (media_type, body) in [
        ("text/plain", &b"\xff\xfe\x00"[..]),
        ("image/png", b"text"),
        ("application/octet-stream", b"text"),
    ] {
        fails(typed(media_type, body), "States.Runtime").await;
    }
    let server = Hostile::start(typed("application/json", b"{\"a\": "));
    let result: Value = serde_json::from_str(&call(&server, LIMIT).await.unwrap()).unwrap();
    assert_eq!(result["ResponseBody"], "{\"a\": ");
}

#[tokio::test]
async fn what_is_not_to_be_called_is_not_connected_to() {
    let server = Hostile::start(json("{}"));
    for (reach, url, why) in [
        (
            Reach::Public,
            server.url("/"),
            "this machine must not be called",
        ),
        (
            Reach::Loopback,
            "https://10.1.2.3/".into(),
            "its network is private",
        ),
        (
            Reach::Private,
            "https://169.254.169.254/latest".into(),
            "it is link-local, multicast or reserved",
        ),
    ] {
        let client = client(reach, &api_key());
        let error = client.call(&parameters(&url, json!({})), LIMIT).await;
        let error = error.unwrap_err();
        assert_eq!(error.name.as_deref(), Some("States.Http.Socket"));
        assert!(cause(&error).ends_with(why), "{error:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_connection_that_is_not_there_is_an_error_before_anything_is_sent() {
    let server = Hostile::start(json("{}"));
    let text = parameters(&server.url("/"), json!({}));
    let error = client(Reach::Loopback, &json!({})).call(&text, LIMIT).await;
    let name = "Events.ConnectionResource.ResourceNotFound";
    assert_eq!(error.unwrap_err().name.as_deref(), Some(name));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_token_is_fetched_once_and_again_after_it_was_refused() {
    let token = |text: &str| {
        let body = json!({ "access_token": text, "expires_in": 3600 }).to_string();
        answer("200 OK", "", body)
    };
    let tokens = Hostile::start(Behaviour::Answers(vec![token("one"), token("two")]));
    let api = Hostile::start(Behaviour::Answers(vec![
        answer("200 OK", "", "1"),
        answer("200 OK", "", "2"),
        answer("401 Unauthorized", "", "who?"),
        answer("200 OK", "", "4"),
    ]));
    let client = client(Reach::Loopback, &oauth(&tokens));
    let text = parameters(&api.url("/"), json!({}));
    let mut names = Vec::new();
    for _ in 0..4 {
        let outcome = client.call(&text, LIMIT).await;
        names.push(outcome.err().and_then(|error| error.name));
    }
    let refused = Some("States.Http.StatusCode.401".to_owned());
    assert_eq!(names, [None, None, refused, None]);

    let said: Vec<bool> = api
        .requests()
        .iter()
        .map(|request| request.contains("Authorization: Bearer one\r\n"))
        .collect();
    assert_eq!(said, [true, true, true, false]);
    assert!(api.requests()[3].contains("Authorization: Bearer two\r\n"));

    let asked = tokens.requests();
    assert_eq!(asked.len(), 2);
    // `me:hidden`
    assert!(
        asked[0].contains("Authorization: Basic bWU6aGlkZGVu\r\n"),
        "{}",
        asked[0]
    );
    assert!(asked[0].ends_with("\r\n\r\ngrant_type=client_credentials&audience=all%20of%20it"));
}

#[tokio::test]
async fn tasks_that_need_a_token_at_once_share_it() {
    let body = json!({ "access_token": "one" }).to_string();
    let tokens = Hostile::start(json(&body));
    let api = Hostile::start(json("1"));
    let client = client(Reach::Loopback, &oauth(&tokens));
    let text = parameters(&api.url("/"), json!({}));
    let (first, second) = tokio::join!(client.call(&text, LIMIT), client.call(&text, LIMIT));
    assert!(first.is_ok() && second.is_ok());
    assert_eq!((tokens.requests().len(), api.requests().len()), (1, 2));
}

#[tokio::test]
async fn a_token_that_is_about_to_expire_is_not_used_again() {
    let body = json!({ "access_token": "one", "expires_in": 5 }).to_string();
    let tokens = Hostile::start(json(&body));
    let api = Hostile::start(json("1"));
    let client = client(Reach::Loopback, &oauth(&tokens));
    let text = parameters(&api.url("/"), json!({}));
    for _ in 0..2 {
        client.call(&text, LIMIT).await.unwrap();
    }
    assert_eq!(tokens.requests().len(), 2);
}

#[tokio::test]
async fn a_client_that_is_given_no_token_is_told_why_without_its_secret() {
    let denied = answer(
        "400 Bad Request",
        "",
        r#"{"error": "invalid_client", "error_description": "hidden is wrong"}"#,
    );
    let api = Hostile::start(json("1"));
    for (behaviour, why) in [
        (Behaviour::Answer(denied), "answered 400, invalid_client"),
        (json("{}"), "gave no token"),
        (Behaviour::Close, "no whole answer came"),
    ] {
        let tokens = Hostile::start(behaviour);
        let client = client(Reach::Loopback, &oauth(&tokens));
        let error = client
            .call(&parameters(&api.url("/"), json!({})), LIMIT)
            .await;
        let error = error.unwrap_err();
        let name = "Events.ConnectionResource.InvalidConnectionState";
        assert_eq!(error.name.as_deref(), Some(name));
        assert!(cause(&error).contains(why), "{error:?}");
        assert!(!format!("{error:?} {client:?}").contains("hidden"));
    }
    assert_eq!(api.connections(), 0);
}

/// A client of the APIs behind a server.
struct Gateway(api_gateway::Client);

impl Gateway {
    async fn call(&self, parameters: &str, limit: Duration) -> CallOutcome {
        let credentials = Credentials::new("id", "hidden", None, None, "test");
        let credentials = Some(SharedCredentialsProvider::new(credentials));
        self.0.call(parameters, credentials, limit).await
    }
}

fn gateway(server: &Hostile) -> Gateway {
    Gateway(api_gateway::Client::new(api_gateway::Config {
        endpoint: Some(server.url("")),
        response_bytes_max: 262_144,
    }))
}

fn bill(auth_type: &str) -> String {
    json!({
        "ApiEndpoint": "abc123.execute-api.eu-central-1.amazonaws.com",
        "Method": "PUT",
        "Stage": "prod",
        "Path": "bills",
        "QueryParameters": { "id": ["1", "2"] },
        "Headers": { "key": ["a", "b"] },
        "RequestBody": { "sum": 3, "note": null },
        "AuthType": auth_type,
    })
    .to_string()
}

#[tokio::test]
async fn an_api_of_api_gateway_is_called() {
    let server = Hostile::start(json(r#"{"paid": true}"#));
    let result = gateway(&server)
        .call(&bill("NO_AUTH"), LIMIT)
        .await
        .unwrap();
    let result: Value = serde_json::from_str(&result).unwrap();
    assert_eq!(result["ResponseBody"], json!({ "paid": true }));
    assert_eq!(
        result["Headers"]["content-type"],
        json!(["application/json"])
    );
    assert_eq!(
        server.requests(),
        ["PUT /prod/bills?id=1&id=2 HTTP/1.1\r\n\
          Host: abc123.execute-api.eu-central-1.amazonaws.com\r\n\
          Key: a\r\n\
          Key: b\r\n\
          Content-Type: application/json\r\n\
          Content-Length: 9\r\n\r\n\
          {\"sum\":3}"]
    );
}

#[tokio::test]
async fn a_request_of_a_role_is_signed() {
    for auth_type in ["IAM_ROLE", "RESOURCE_POLICY"] {
        let server = Hostile::start(json("{}"));
        gateway(&server)
            .call(&bill(auth_type), LIMIT)
            .await
            .unwrap();
        let request = &server.requests()[0];
        assert!(
            request.contains("Authorization: AWS4-HMAC-SHA256 Credential=id/"),
            "{request}"
        );
        assert!(
            request.contains("/eu-central-1/execute-api/aws4_request"),
            "{request}"
        );
        assert!(!request.contains("hidden"));
    }
}

#[tokio::test]
async fn an_api_that_refuses_or_breaks_is_an_error() {
    let refusal = r#"{"message":"Missing Authentication Token"}"#;
    let refusal_bytes = answer("403 Forbidden", "", refusal);
    let flood = Behaviour::Flood {
        bytes: 5_000_000_000,
        is_announced: false,
    };
    for (behaviour, name) in [
        (Behaviour::Answer(refusal_bytes), "ApiGateway.403"),
        (Behaviour::Redirect, "ApiGateway.302"),
        (Behaviour::Close, "ApiGateway.SdkClientException"),
        (flood, "States.DataLimitExceeded"),
    ] {
        let server = Hostile::start(behaviour);
        let error = gateway(&server).call(&bill("NO_AUTH"), LIMIT).await;
        let error = error.unwrap_err();
        assert_eq!(error.name.as_deref(), Some(name));
        if name == "ApiGateway.403" {
            assert_eq!(cause(&error), refusal);
        }
        assert_eq!(server.requests().len(), 1, "{name}");
    }
}
