//! Calls under roles: who assumes which, with what, and how often.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod client;
mod hostile;

use aws_credential_types::Credentials;
use client::clients;
use hostile::{Behaviour, Hostile, answer};
use segno_integrations::{
    CallOutcome,
    aws::Reach,
    services::{Caller, Services},
};

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
const OWN_ROLE: &str = "arn:aws:iam::123456789012:role/own";
const THEIR_ROLE: &str = "arn:aws:iam::210987654321:role/theirs";

const CALLER: Caller<'_> = Caller {
    execution_arn: "arn:aws:states:us-east-1:123456789012:execution:m:e",
    state_machine_arn: MACHINE,
    role_arn: Some(OWN_ROLE),
    credentials_role_arn: Some(THEIR_ROLE),
};

fn services(server: &Hostile) -> Services {
    let credentials = Credentials::new("BASE", "hidden", None, None, "test");
    let url = server.url("");
    let clients = clients(
        "us-east-1",
        credentials,
        Some(&url),
        Reach::ConfiguredEndpoints,
    );
    Services::new(clients)
}

async fn get_item(services: &Services, caller: Caller<'_>) -> CallOutcome {
    let parameters = r#"{"TableName": "t", "Key": {"id": {"S": "1"}}}"#;
    services
        .call("dynamodb", "getItem", parameters, caller)
        .await
}

fn assumed(key: &str, expiration: &str) -> Vec<u8> {
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
         <Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>token-of-{key}</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
         </AssumeRoleResult></AssumeRoleResponse>"
    );
    answer("200 OK", XML, body)
}

fn refused(status: &str, code: &str) -> Vec<u8> {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no way</Message></Error>\
         </ErrorResponse>"
    );
    answer(status, XML, body)
}

fn item() -> Vec<u8> {
    let headers = "Content-Type: application/x-amz-json-1.0\r\nConnection: close\r\n";
    answer("200 OK", headers, r#"{"Item":{"id":{"S":"1"}}}"#)
}

/// The server closes after each answer, and says so.
const XML: &str = "Content-Type: text/xml\r\nConnection: close\r\n";

const LATER: &str = "2100-01-01T00:00:00Z";
const ONCE: &str = "2001-01-01T00:00:00Z";

fn is_signed_by(request: &str, key: &str) -> bool {
    request.contains(&format!("Credential={key}/"))
}

#[tokio::test]
async fn the_machines_role_assumes_that_of_the_state_and_both_are_kept() {
    let server = Hostile::start(Behaviour::Answers(vec![
        assumed("OWN", LATER),
        assumed("THEIRS", LATER),
        item(),
    ]));
    let services = services(&server);
    for _ in 0..3 {
        get_item(&services, CALLER).await.unwrap();
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 5, "two roles and three calls");
    let [own, theirs, call, ..] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert!(is_signed_by(own, "BASE"), "{own}");
    assert!(own.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fown"));
    assert!(
        own.contains("ExternalId=arn%3Aaws%3Astates%3Aus-east-1%3A123456789012%3AstateMachine%3Am")
    );
    assert!(own.contains("RoleSessionName=segno-m"));
    assert!(is_signed_by(theirs, "OWN"), "{theirs}");
    assert!(
        theirs.contains("x-amz-security-token: token-of-OWN"),
        "{theirs}"
    );
    assert!(theirs.contains("role%2Ftheirs"));
    for call in [call, &requests[3], &requests[4]] {
        assert!(is_signed_by(call, "THEIRS"), "{call}");
        assert!(call.contains("x-amz-target: DynamoDB_20120810.GetItem"));
    }
}

#[tokio::test]
async fn credentials_that_expire_are_asked_for_again() {
    let server = Hostile::start(Behaviour::Answers(vec![
        assumed("FIRST", ONCE),
        item(),
        assumed("SECOND", LATER),
        item(),
    ]));
    let services = services(&server);
    let caller = Caller {
        credentials_role_arn: None,
        ..CALLER
    };
    get_item(&services, caller).await.unwrap();
    get_item(&services, caller).await.unwrap();
    let requests = server.requests();
    assert!(is_signed_by(&requests[1], "FIRST"));
    assert!(is_signed_by(&requests[3], "SECOND"));
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_fails_the_task_before_anything_is_called() {
    let server = Hostile::start(Behaviour::Answer(refused("403 Forbidden", "AccessDenied")));
    let error = get_item(&services(&server), CALLER).await.unwrap_err();
    assert_eq!(error.name.as_deref(), Some("States.TaskFailed"));
    let cause = error.cause.unwrap();
    assert!(
        cause.starts_with(&format!("The role {OWN_ROLE} cannot be assumed: no way")),
        "{cause}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_may_pass_is_waited_for() {
    let busy = || refused("503 Service Unavailable", "ServiceUnavailable");
    let server = Hostile::start(Behaviour::Answers(vec![
        busy(),
        refused("400 Bad Request", "Throttling"),
        assumed("OWN", LATER),
        item(),
    ]));
    let caller = Caller {
        credentials_role_arn: None,
        ..CALLER
    };
    get_item(&services(&server), caller).await.unwrap();
    assert_eq!(server.requests().len(), 4);

    let server = Hostile::start(Behaviour::Answer(busy()));
    let error = get_item(&services(&server), caller).await.unwrap_err();
    assert_eq!(error.name.as_deref(), Some("States.TaskFailed"));
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn another_machine_does_not_get_the_credentials_of_the_first() {
    let server = Hostile::start(Behaviour::Answers(vec![
        assumed("OF-M", LATER),
        item(),
        assumed("OF-N", LATER),
        item(),
    ]));
    let services = services(&server);
    let caller = Caller {
        credentials_role_arn: None,
        ..CALLER
    };
    get_item(&services, caller).await.unwrap();
    let other = Caller {
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:n",
        ..caller
    };
    get_item(&services, other).await.unwrap();
    assert!(is_signed_by(&server.requests()[3], "OF-N"));
}
