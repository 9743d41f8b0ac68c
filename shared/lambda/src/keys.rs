//! The keys of the stack: read from their secret, and kept for a minute.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use segno_api::ApiError;
use segno_integrations::services::{Caller, Services};
use segno_keys::{InvalidKeys, Keys, Refusal, Request, authorize, key_id, verify};
use serde_json::json;
use tokio::sync::Mutex;

use crate::http;

/// How long keys are taken for what they are: so long it takes until one that was revoked is good for
/// nothing.
const FRESH: Duration = Duration::from_secs(60);

/// How long they are used at most if the secret cannot be read.
const STALE_MAX: Duration = Duration::from_secs(5 * 60);

/// The secret is not read more often, whoever tries whatever ids.
const PAUSE: Duration = Duration::from_secs(1);

/// Lets in whoever signs with a key.
pub struct KeyRing {
    services: Services,
    /// ARN of the secret.
    secret: String,
    /// The region that requests are signed for.
    region: String,
    known: Mutex<Known>,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("the keys cannot be read: {0}")]
    Secret(String),
    #[error(transparent)]
    Text(#[from] InvalidKeys),
    #[error("the keys could not be read a moment ago")]
    Recently,
}

impl KeyRing {
    pub(crate) fn new(services: Services, secret: &str, region: &str) -> Self {
        Self {
            services,
            secret: secret.to_owned(),
            region: region.to_owned(),
            known: Mutex::default(),
        }
    }

    /// The key that a request is signed with, if it may be made with that.
    pub(crate) async fn admit(
        &self,
        event: &ApiGatewayV2httpRequest,
        body: &[u8],
    ) -> Result<String, ApiError> {
        let request = request(event, body);
        let id = key_id(&request).map_err(refused)?;
        let keys = self.keys(id).await.map_err(ApiError::unavailable)?;
        let key = verify(&request, &self.region, &keys, SystemTime::now()).map_err(refused)?;
        let allowed = authorize(key, http::operation(event), body);
        allowed.map_err(|denied| ApiError::access_denied(denied.to_string()))?;
        Ok(key.id.clone())
    }

    /// The keys, among which the one with an id should be.
    async fn keys(&self, id: &str) -> Result<Arc<Keys>, Unreadable> {
        let mut known = self.known.lock().await;
        let now = Instant::now();
        if known.is_due(id, now) {
            known.asked_at = Some(now);
            match self.read().await {
                Ok(keys) => known.read = Some((Arc::new(keys), now)),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "no keys");
                    return known.usable(now).ok_or(error);
                }
            }
        }
        known.usable(now).ok_or(Unreadable::Recently)
    }

    async fn read(&self) -> Result<Keys, Unreadable> {
        let found = self.services.result(
            "aws-sdk:secretsmanager",
            "getSecretValue",
            json!({ "SecretId": self.secret }),
            Caller::default(),
        );
        let found = found.await.map_err(|error| {
            let part = |text: Option<String>| text.unwrap_or_default();
            Unreadable::Secret(format!("{}: {}", part(error.name), part(error.cause)))
        })?;
        let text = found["SecretString"].as_str().unwrap_or_default();
        Ok(Keys::read(text)?)
    }
}

/// What is known of the secret.
#[derive(Default)]
struct Known {
    /// What it had, and when.
    read: Option<(Arc<Keys>, Instant)>,
    /// When it was asked for, successfully or not.
    asked_at: Option<Instant>,
}

impl Known {
    /// Whether the secret is to be read, for a request that is signed with this key.
    fn is_due(&self, id: &str, now: Instant) -> bool {
        if self
            .asked_at
            .is_some_and(|at| now.duration_since(at) < PAUSE)
        {
            return false;
        }
        let is_fresh = |at: Instant| now.duration_since(at) < FRESH;
        !matches!(&self.read, Some((keys, at)) if is_fresh(*at) && keys.find(id).is_some())
    }

    /// The keys, unless they are too old.
    fn usable(&self, now: Instant) -> Option<Arc<Keys>> {
        let (keys, at) = self.read.as_ref()?;
        (now.duration_since(*at) < STALE_MAX).then(|| Arc::clone(keys))
    }
}

fn request<'a>(event: &'a ApiGatewayV2httpRequest, body: &'a [u8]) -> Request<'a> {
    let text = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
    let headers = event.headers.iter();
    Request {
        method: event.request_context.http.method.as_str(),
        path: text(&event.raw_path),
        query: text(&event.raw_query_string),
        // What is no text cannot have been signed.
        headers: headers
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect(),
        body,
    }
}

fn refused(refusal: Refusal) -> ApiError {
    let message = refusal.to_string();
    match refusal {
        Refusal::Unsigned => ApiError::missing_authentication_token(message),
        Refusal::Incomplete(_) => ApiError::incomplete_signature(message),
        Refusal::Unrecognized(_) => ApiError::unrecognized_client(message),
        Refusal::Expired => ApiError::expired_token(message),
        Refusal::Invalid(_) => ApiError::invalid_signature(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(read_seconds_ago: Option<u64>, asked_seconds_ago: Option<u64>) -> (Known, Instant) {
        let now = Instant::now() + Duration::from_secs(1_000);
        let ago = |seconds| now - Duration::from_secs(seconds);
        let keys = r#"{"keys":[{"id":"K","secret":"s","operations":[],"stateMachines":[],
            "created":"2026-01-01T00:00:00Z"}]}"#;
        let keys = Arc::new(Keys::read(keys).expect("they are keys"));
        let known = Known {
            read: read_seconds_ago.map(|seconds| (keys, ago(seconds))),
            asked_at: asked_seconds_ago.map(ago),
        };
        (known, now)
    }

    #[test]
    fn keys_are_read_once_a_minute_and_for_an_unknown_id() {
        for (id, read, asked, is_due) in [
            ("K", None, None, true),
            ("K", Some(0), Some(0), false),
            ("K", Some(59), Some(59), false),
            ("K", Some(60), Some(60), true),
            ("other", Some(1), Some(1), true),
        ] {
            let (known, now) = known(read, asked);
            assert_eq!(known.is_due(id, now), is_due, "{id} {read:?} {asked:?}");
        }
    }

    #[test]
    fn however_many_ids_are_tried_the_secret_is_left_alone_for_a_while() {
        for read in [None, Some(0), Some(90)] {
            let (known, now) = known(read, Some(0));
            assert!(!known.is_due("other", now), "{read:?}");
        }
    }

    #[test]
    fn without_the_secret_keys_are_good_for_a_few_minutes_and_then_for_nothing() {
        let usable = |read| {
            let (known, now) = known(read, Some(1));
            known.usable(now).is_some()
        };
        assert!(usable(Some(299)));
        assert!(!usable(Some(300)));
        assert!(!usable(None));
    }
}
