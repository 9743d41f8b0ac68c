//! Requests that clients have signed, as they were received.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use segno_keys::{Keys, Refusal, Request, key_id, verify};
use serde::Deserialize;

/// The region that requests were signed for.
const REGION: &str = "eu-west-1";

/// The key that `requests/record` gives to clients.
const KEYS: &str = r#"{"keys":[{"id":"SEGNOEXAMPLE0000KEY1","secret":"segno/EXAMPLE+secret/of/forty/characters",
    "operations":["*"],"stateMachines":["*"],"created":"2026-01-01T00:00:00Z"}]}"#;

/// A request, as `requests/record` keeps it.
#[derive(Clone, Deserialize)]
struct Recorded {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Recorded {
    fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/requests");
        let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn all() -> Vec<(&'static str, Self)> {
        let names = ["boto3", "aws-cli", "javascript", "java-form"];
        names.map(|name| (name, Self::read(name))).to_vec()
    }

    fn request(&self) -> Request<'_> {
        let headers = self.headers.iter();
        Request {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: headers.map(|(name, value)| (&**name, &**value)).collect(),
            body: self.body.as_bytes(),
        }
    }

    fn header(&mut self, name: &str) -> &mut String {
        let mut headers = self.headers.iter_mut();
        &mut headers.find(|(sent, _)| sent == name).unwrap().1
    }

    fn without(&self, name: &str) -> Self {
        let mut rest = self.clone();
        rest.headers.retain(|(sent, _)| sent != name);
        rest
    }

    fn with(&self, name: &str, value: &str) -> Self {
        let mut more = self.clone();
        more.headers.push((name.into(), value.into()));
        more
    }

    fn replaced(&self, name: &str, from: &str, to: &str) -> Self {
        let mut changed = self.clone();
        let value = changed.header(name);
        assert!(value.contains(from), "{name} has no {from}");
        *value = value.replace(from, to);
        changed
    }

    fn signed_at(&self) -> SystemTime {
        let date = self.clone().header("x-amz-date").clone();
        date.parse::<jiff::Timestamp>().unwrap().into()
    }

    fn verified_at(&self, now: SystemTime) -> Result<String, Refusal> {
        self.verified_with(KEYS, now)
    }

    fn verified_with(&self, keys: &str, now: SystemTime) -> Result<String, Refusal> {
        let keys = Keys::read(keys).unwrap();
        verify(&self.request(), REGION, &keys, now).map(|key| key.id.clone())
    }

    fn refused(&self) -> Refusal {
        self.verified_at(Self::read("javascript").signed_at())
            .unwrap_err()
    }
}

/// The one that signs most.
fn recorded() -> Recorded {
    Recorded::read("javascript")
}

#[test]
fn what_clients_sign_is_theirs() {
    for (name, recorded) in Recorded::all() {
        assert_eq!(key_id(&recorded.request()).unwrap(), "SEGNOEXAMPLE0000KEY1");
        let verified = recorded.verified_at(recorded.signed_at());
        assert_eq!(verified.as_deref(), Ok("SEGNOEXAMPLE0000KEY1"), "{name}");
    }
}

#[test]
fn nothing_that_was_signed_may_be_different() {
    for (name, recorded) in Recorded::all() {
        let now = recorded.signed_at();
        let authorization = recorded.clone().header("authorization").clone();
        let signed = authorization.split("SignedHeaders=").nth(1).unwrap();
        let signed = signed.split(',').next().unwrap();
        for header in signed.split(';') {
            let mut changed = recorded.clone();
            changed.header(header).push('1');
            assert!(changed.verified_at(now).is_err(), "{name}: {header}");
        }
        let mut other = recorded.clone();
        other.body = other.body.replace(":order", ":other");
        other.body.push(' ');
        assert!(
            matches!(other.verified_at(now), Err(Refusal::Invalid(_))),
            "{name}"
        );
        for (method, path) in [("PUT", "/"), ("POST", "/admin")] {
            let mut other = recorded.clone();
            (other.method, other.path) = (method.into(), path.into());
            assert!(
                matches!(other.verified_at(now), Err(Refusal::Invalid(_))),
                "{name}: {path}"
            );
        }
    }
}

#[test]
fn whoever_hands_a_request_on_may_leave_out_its_length() {
    let recorded = recorded();
    let now = recorded.signed_at();
    assert!(recorded.without("content-length").verified_at(now).is_ok());
    assert!(
        recorded
            .without("amz-sdk-request")
            .verified_at(now)
            .is_err()
    );
}

#[test]
fn clocks_may_be_five_minutes_apart() {
    let recorded = recorded();
    let at = recorded.signed_at();
    let (near, far) = (Duration::from_secs(300), Duration::from_secs(301));
    for now in [at - near, at + near] {
        assert!(recorded.verified_at(now).is_ok());
    }
    let message = |now| recorded.verified_at(now).unwrap_err().to_string();
    assert!(message(at + far).starts_with("Signature expired"));
    assert!(message(at - far).starts_with("Signature not yet current"));
}

#[test]
fn a_wrong_secret_and_an_unknown_key_are_told_apart_as_aws_does() {
    let recorded = recorded();
    let wrong = KEYS.replace("segno/EXAMPLE", "segno/example");
    let refused = recorded.verified_with(&wrong, recorded.signed_at());
    assert!(matches!(refused, Err(Refusal::Invalid(_))));
    let unknown = recorded.replaced("authorization", "KEY1", "KEY2");
    assert_eq!(unknown.refused(), Refusal::Unrecognized(""));
}

#[test]
fn a_key_that_has_ended_is_good_for_nothing() {
    let recorded = recorded();
    let ended = KEYS.replace(
        "\"created\"",
        "\"expires\":\"2026-11-01T00:00:00Z\",\"created\"",
    );
    let refused = recorded.verified_with(&ended, recorded.signed_at());
    assert_eq!(refused, Err(Refusal::Expired));
}

#[test]
fn what_matters_must_be_signed() {
    for name in ["host", "x-amz-date", "x-amz-target", "content-type"] {
        let refused = recorded()
            .replaced("authorization", &format!("{name};"), "")
            .refused();
        assert_eq!(
            refused.to_string(),
            format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")
        );
    }
    // Not even if it is there twice.
    let twice = recorded().with("content-type", "text/plain");
    assert!(matches!(twice.refused(), Refusal::Incomplete(_)));
}

#[test]
fn other_ways_to_sign_are_refused() {
    for value in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"] {
        let mut unsigned = recorded();
        *unsigned.header("x-amz-content-sha256") = value.into();
        assert!(unsigned.refused().to_string().contains(value));
        let hidden = recorded().with("X-Amz-Content-Sha256", value);
        assert!(hidden.refused().to_string().contains(value));
    }
    let mut presigned = recorded().without("authorization");
    presigned.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=ab".into();
    assert!(matches!(presigned.refused(), Refusal::Incomplete(_)));
    assert_eq!(
        recorded().without("authorization").refused(),
        Refusal::Unsigned
    );
}

#[test]
fn a_request_is_signed_for_this_service_and_this_region() {
    for (from, to, message) in [
        ("/states/", "/execute-api/", "correct service: 'states'"),
        ("/eu-west-1/", "/us-east-1/", "valid region: 'eu-west-1'"),
    ] {
        let refused = recorded().replaced("authorization", from, to).refused();
        assert!(refused.to_string().contains(message), "{refused}");
    }
}

#[test]
fn the_date_is_one_date() {
    let day = recorded().clone().header("x-amz-date")[..8].to_owned();
    let other = recorded()
        .replaced("authorization", &day, "20200101")
        .refused();
    assert!(other.to_string().starts_with("Date in Credential scope"));
    let shorter = recorded()
        .replaced("authorization", &day, &day[..7])
        .refused();
    assert!(shorter.to_string().starts_with("Date in Credential scope"));
    for date in ["", "now", "2026-11-26T12:00:00Z", "20261326T120000Z"] {
        let mut odd = recorded();
        *odd.header("x-amz-date") = date.into();
        assert!(matches!(odd.refused(), Refusal::Incomplete(_)), "{date}");
    }
}

#[test]
fn a_session_token_that_was_left_behind_is_named() {
    let with_token = recorded().with("x-amz-security-token", "t");
    assert!(
        with_token
            .refused()
            .to_string()
            .contains("AWS_SESSION_TOKEN")
    );
}
