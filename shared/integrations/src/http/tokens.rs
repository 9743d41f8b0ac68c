//! Tokens of OAuth clients: fetched when they are needed, and kept until they expire or are refused.
//!
//! A token that an API refuses is forgotten, and the next attempt fetches another; the one that was
//! refused stays refused. So it is with EventBridge, and so an attempt remains one request.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex as StdMutex},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};

use super::{
    connections::{ConnectionError, OAuthClient, Secret},
    parameters::endpoint,
};
use crate::{
    encode,
    fields::header,
    wire::{Answer, Wire},
};

/// Before it expires, a token is no longer used: the request would come too late.
const MARGIN: Duration = Duration::from_secs(30);

/// Bytes of an answer with a token.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Tokens by the ARN of their connection.
#[derive(Default)]
pub(super) struct Tokens(StdMutex<HashMap<String, Arc<Mutex<Option<Token>>>>>);

struct Token {
    /// Whose it is: a connection may have been given another client.
    client: OAuthClient,
    text: Secret,
    /// `None` if that is not known.
    expires: Option<Instant>,
}

/// An answer of RFC 6749, 5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: Secret,
    expires_in: Option<u64>,
}

/// An answer of RFC 6749, 5.2.
#[derive(Deserialize)]
struct Denied {
    error: String,
}

/// Tokens are not printed.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

impl Tokens {
    /// A token for requests of now. Tasks that need the same one wait for one of them to fetch it.
    pub(super) async fn get(
        &self,
        wire: &Wire,
        arn: &str,
        client: &OAuthClient,
    ) -> Result<Secret, ConnectionError> {
        let slot = self.slot(arn);
        let mut kept = slot.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.is_good_for(client)) {
            return Ok(token.text.clone());
        }
        let token = fetch(wire, client).await?;
        let text = token.text.clone();
        *kept = Some(token);
        Ok(text)
    }

    /// A token was refused. Another, that was fetched meanwhile, is kept.
    pub(super) async fn forget(&self, arn: &str, refused: &Secret) {
        let slot = self.slot(arn);
        let mut kept = slot.lock().await;
        if kept.as_ref().is_some_and(|token| token.text == *refused) {
            *kept = None;
        }
    }

    fn slot(&self, arn: &str) -> Arc<Mutex<Option<Token>>> {
        let mut slots = self.0.lock().expect("nothing panics under the lock");
        Arc::clone(slots.entry(arn.to_owned()).or_default())
    }
}

impl Token {
    fn is_good_for(&self, client: &OAuthClient) -> bool {
        let is_fresh = |expires: Instant| Instant::now() + MARGIN < expires;
        self.client == *client && self.expires.is_none_or(is_fresh)
    }
}

async fn fetch(wire: &Wire, client: &OAuthClient) -> Result<Token, ConnectionError> {
    let invalid = |why: String| ConnectionError::InvalidConnectionState(why);
    let request = request(client).ok_or_else(|| {
        invalid("its authorization endpoint or a parameter for it is not valid".into())
    })?;
    let asked = Instant::now();
    let answer = wire.send(&request.0, request.1, ANSWER_BYTES_MAX).await;
    let answer =
        answer.map_err(|failure| invalid(format!("the authorization endpoint: {failure}")))?;
    if !answer.status.is_success() {
        return Err(invalid(denial(&answer)));
    }
    let granted: Granted = serde_json::from_slice(&answer.body)
        .map_err(|_| invalid("the authorization endpoint gave no token".into()))?;
    Ok(Token {
        client: client.clone(),
        text: granted.access_token,
        expires: granted
            .expires_in
            .and_then(|seconds| asked.checked_add(Duration::from_secs(seconds))),
    })
}

/// The request for a token. The client shows who it is in `Authorization` (RFC 6749, 2.3.1).
fn request(client: &OAuthClient) -> Option<(url::Url, Request<String>)> {
    let mut url = endpoint(&client.endpoint)?;
    for parameter in &client.parameters.query {
        let (name, value) = (&parameter.key, parameter.value.reveal());
        url.query_pairs_mut().append_pair(name, value);
    }
    let own = ("grant_type".to_owned(), "client_credentials".to_owned());
    let given = client.parameters.body.iter();
    let given = given.map(|given| (given.key.clone(), given.value.reveal().to_owned()));
    let mut form: Vec<(String, String)> = given.collect();
    if form.iter().all(|(name, _)| *name != own.0) {
        form.insert(0, own);
    }
    let method = Method::from_bytes(client.method.as_bytes()).ok()?;
    let body = match method {
        Method::GET => {
            for (name, value) in &form {
                url.query_pairs_mut().append_pair(name, value);
            }
            String::new()
        }
        _ => encode::pairs(&form),
    };
    let credentials = format!("{}:{}", client.id, client.secret.reveal());
    let credentials = format!("Basic {}", BASE64_STANDARD.encode(credentials));
    let mut request = Request::new(body);
    *request.method_mut() = method;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, "application/json".parse().ok()?);
    headers.insert(
        CONTENT_TYPE,
        "application/x-www-form-urlencoded".parse().ok()?,
    );
    headers.insert(AUTHORIZATION, credentials.parse().ok()?);
    for parameter in &client.parameters.headers {
        let (name, value) = header(&parameter.key, parameter.value.reveal())?;
        headers.insert(name, value);
    }
    Some((url, request))
}

/// Why there is no token. Of the answer only the code is told, since the rest may repeat the request.
fn denial(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    let denied: Option<Denied> = serde_json::from_slice(&answer.body).ok();
    let is_code = |code: &String| {
        code.len() <= 64
            && code
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    match denied.map(|denied| denied.error).filter(is_code) {
        Some(code) => format!("the authorization endpoint answered {status}, {code}"),
        None => format!("the authorization endpoint answered {status}"),
    }
}
