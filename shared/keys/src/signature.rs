//! Whether a request is signed with a key: its signature is made once more, by AWS's own code, and must be
//! the same.
//!
//! AWS: [Signature Version 4](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html), and the
//! messages of its [troubleshooting](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html).

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use jiff::Timestamp;
use subtle::ConstantTimeEq;

use crate::{Key, Keys, authorization::Authorization};

/// What SDKs sign requests to Step Functions for.
const SERVICE: &str = "states";

/// How far the clocks of a client and of this machine may be apart.
const SKEW_MAX: Duration = Duration::from_secs(5 * 60);

/// What must be signed of every request: without them one could be sent elsewhere, later, or as another.
const SIGNED_ALWAYS: [&str; 3] = ["host", "x-amz-date", "x-amz-target"];

/// What an HTTP request is made of.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// `POST`
    pub method: &'a str,
    /// The path, as it was sent.
    pub path: &'a str,
    /// What comes behind the question mark.
    pub query: &'a str,
    /// Names and values.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The bytes themselves.
    pub body: &'a [u8],
}

/// Why a request is not taken for that of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not signed at all.
    #[error("Missing Authentication Token")]
    Unsigned,
    /// It is not signed as it should be.
    #[error("{0}")]
    Incomplete(String),
    /// There is no such key.
    #[error("The security token included in the request is invalid.{0}")]
    Unrecognized(&'static str),
    /// The key has ended.
    #[error("The security token included in the request is expired")]
    Expired,
    /// The signature is that of another request, another secret or another time.
    #[error("{0}")]
    Invalid(String),
}

/// The id of the key that a request says it is signed with.
///
/// # Errors
///
/// It says none.
pub fn key_id<'a>(request: &Request<'a>) -> Result<&'a str, Refusal> {
    Ok(authorization(request)?.credential.key_id)
}

/// The key that a request is signed with. What may be done with it is for [`authorize`](crate::authorize)
/// to say.
///
/// # Errors
///
/// Why it is none of these keys'.
pub fn verify<'k>(
    request: &Request<'_>,
    region: &str,
    keys: &'k Keys,
    now: SystemTime,
) -> Result<&'k Key, Refusal> {
    let authorization = authorization(request)?;
    check_headers(request, &authorization)?;
    check_scope(&authorization, region)?;
    let signed_at = signed_at(request, &authorization, now)?;
    let key = keys.find(authorization.credential.key_id);
    let key = key.ok_or(Refusal::Unrecognized(""))?;
    let expected = signature(request, &authorization, key, signed_at)?;
    if !bool::from(
        expected
            .as_bytes()
            .ct_eq(authorization.signature.as_bytes()),
    ) {
        return Err(Refusal::Invalid(
            "The request signature we calculated does not match the signature you provided. Check your \
             AWS Secret Access Key and signing method. Consult the service documentation for details."
                .into(),
        ));
    }
    match key.is_expired(now) {
        true => Err(Refusal::Expired),
        false => Ok(key),
    }
}

fn authorization<'a>(request: &Request<'a>) -> Result<Authorization<'a>, Refusal> {
    // No request of this protocol has one: what comes with a query is signed there, for whoever has the URL.
    if !request.query.is_empty() {
        return Err(Refusal::Incomplete(
            "Requests are signed in the Authorization header, and have no query string".into(),
        ));
    }
    let header = request.header("authorization").ok_or(Refusal::Unsigned)?;
    Authorization::read(header)
}

/// Checks that what matters is signed, and the body with it.
fn check_headers(request: &Request<'_>, authorization: &Authorization<'_>) -> Result<(), Refusal> {
    if request.has("x-amz-security-token") {
        return Err(Refusal::Unrecognized(
            " A key of Segno has no session token: is AWS_SESSION_TOKEN set?",
        ));
    }
    let also = ["content-type"];
    let also = also.iter().filter(|name| request.has(name));
    for name in SIGNED_ALWAYS.iter().chain(also) {
        if !authorization.signed_headers.contains(name) {
            return Err(Refusal::Invalid(format!(
                "'{name}' must be a 'SignedHeader' in the AWS Authorization."
            )));
        }
    }
    // The body's hash is computed here, whatever this says. Anything else than a hash is another way to sign.
    let is_hash = |value: &str| value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit());
    let mut hashes = request.values("x-amz-content-sha256");
    match hashes.find(|value| !is_hash(value)) {
        Some(value) => Err(Refusal::Invalid(format!(
            "x-amz-content-sha256 must be the hash of the body, not '{value}'"
        ))),
        None => Ok(()),
    }
}

fn check_scope(authorization: &Authorization<'_>, region: &str) -> Result<(), Refusal> {
    if authorization.credential.service != SERVICE {
        return Err(Refusal::Invalid(format!(
            "Credential should be scoped to correct service: '{SERVICE}'."
        )));
    }
    if authorization.credential.region != region {
        return Err(Refusal::Invalid(format!(
            "Credential should be scoped to a valid region: '{region}'."
        )));
    }
    Ok(())
}

/// When the request was signed: now, more or less.
fn signed_at(
    request: &Request<'_>,
    authorization: &Authorization<'_>,
    now: SystemTime,
) -> Result<SystemTime, Refusal> {
    let text = request.header("x-amz-date").unwrap_or_default();
    let parsed = (text.len() == "20261126T120000Z".len())
        .then(|| text.parse::<Timestamp>().ok())
        .flatten()
        .ok_or_else(|| {
            Refusal::Incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{text}'."
            ))
        })?;
    let date = authorization.credential.date;
    if !text.starts_with(date) || date.len() != "20261126".len() {
        return Err(Refusal::Invalid(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
             '{date}', from '{text}'."
        )));
    }
    let signed_at = SystemTime::from(parsed);
    if signed_at + SKEW_MAX < now {
        return Err(Refusal::Invalid(format!(
            "Signature expired: {text} is more than 5 min. ago."
        )));
    }
    if now + SKEW_MAX < signed_at {
        return Err(Refusal::Invalid(format!(
            "Signature not yet current: {text} is more than 5 min. away."
        )));
    }
    Ok(signed_at)
}

/// The signature that the request has if it is signed with this key.
fn signature(
    request: &Request<'_>,
    authorization: &Authorization<'_>,
    key: &Key,
    signed_at: SystemTime,
) -> Result<String, Refusal> {
    let unsignable = |why: &dyn std::fmt::Display| Refusal::Incomplete(format!("{why}"));
    let length = request.body.len().to_string();
    let mut headers = Vec::with_capacity(authorization.signed_headers.len());
    for &name in &authorization.signed_headers {
        let value = match (name, request.header(name)) {
            (_, Some(value)) => value,
            // It can have been no other: whoever hands the body on may leave it out.
            ("content-length", None) => &length,
            (name, None) => {
                return Err(unsignable(&format_args!(
                    "the header '{name}' is signed, and was not sent once"
                )));
            }
        };
        headers.push((name, value));
    }
    let mut settings = SigningSettings::default();
    // The client has chosen already.
    settings.excluded_headers = None;
    let identity = Credentials::new(&key.id, &key.secret, None, None, "segno").into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(authorization.credential.region)
        .name(authorization.credential.service)
        .time(signed_at)
        .settings(settings)
        .build()
        .map_err(|error| unsignable(&error))?
        .into();
    let body = SignableBody::Bytes(request.body);
    let signable = SignableRequest::new(request.method, request.path, headers.into_iter(), body)
        .map_err(|error| unsignable(&error))?;
    let signed = sign(signable, &parameters).map_err(|error| unsignable(&error))?;
    Ok(signed.signature().to_owned())
}

impl<'a> Request<'a> {
    /// The value of a header; `None` also if it is there twice, for nobody knows then which one counts.
    fn header(&self, name: &str) -> Option<&'a str> {
        let mut values = self.values(name);
        let value = values.next();
        value.filter(|_| values.next().is_none())
    }

    fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = move |(sent, value): &(&str, &'a str)| {
            sent.eq_ignore_ascii_case(name).then_some(*value)
        };
        self.headers.iter().filter_map(named)
    }
}
