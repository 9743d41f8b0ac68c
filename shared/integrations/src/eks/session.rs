//! Requests to one cluster, on behalf of one caller.

use std::time::Duration;

use http::{
    HeaderValue, Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use segno_asl::errors::StateError;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{PREFIX, parameters::Cluster, token};
use crate::{
    Reach,
    aws::Clients,
    encode,
    sdk_error::client_error,
    wire::{Answer, Failure, Wire},
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A cluster that knows who asks, until the time is up.
pub(super) struct Session {
    endpoint: Url,
    authorization: HeaderValue,
    wire: Wire,
    limit: Duration,
    until: Instant,
}

/// A request to a Kubernetes API.
pub(super) struct ApiRequest {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<String>,
    pub(super) content_type: HeaderValue,
}

impl ApiRequest {
    pub(super) fn new(method: Method, path: String) -> Self {
        Self {
            method,
            path,
            query: Vec::new(),
            body: None,
            content_type: JSON,
        }
    }

    pub(super) fn with_query(self, query: Vec<(String, String)>) -> Self {
        Self { query, ..self }
    }

    pub(super) fn with_body(self, body: String) -> Self {
        let body = Some(body);
        Self { body, ..self }
    }
}

impl Session {
    /// Nothing is sent to the cluster yet; a role may be assumed.
    pub(super) async fn open(
        cluster: &Cluster,
        clients: &Clients,
        reach: Reach,
        limit: Duration,
    ) -> Result<Self, StateError> {
        let until = Instant::now() + limit;
        let authorization = timeout_at(until, token::authorization(&cluster.name, clients));
        let authorization = authorization.await.map_err(|_elapsed| late(limit))??;
        Ok(Self {
            endpoint: cluster.endpoint.clone(),
            authorization,
            wire: Wire::trusting(&cluster.authority, reach),
            limit,
            until,
        })
    }

    /// Sends one request, and keeps up to so many bytes of the answer's body.
    pub(super) async fn send(
        &self,
        request: ApiRequest,
        body_bytes_max: usize,
    ) -> Result<Answer, StateError> {
        let url = self.url(&request);
        let has_body = request.body.is_some();
        let mut sent = Request::new(request.body.unwrap_or_default());
        *sent.method_mut() = request.method;
        let headers = sent.headers_mut();
        headers.insert(ACCEPT, JSON);
        headers.insert(AUTHORIZATION, self.authorization.clone());
        if has_body {
            headers.insert(CONTENT_TYPE, request.content_type);
        }
        let answer = timeout_at(self.until, self.wire.send(&url, sent, body_bytes_max)).await;
        let answer = answer.map_err(|_elapsed| late(self.limit))?;
        answer.map_err(|failure| client_error(PREFIX, &failure))
    }

    /// The endpoint may have a path of its own.
    fn url(&self, request: &ApiRequest) -> Url {
        let mut url = self.endpoint.clone();
        let own = self.endpoint.path().trim_end_matches('/');
        let path = request.path.trim_start_matches('/');
        url.set_path(&format!("{own}/{path}"));
        let query = Some(encode::pairs(&request.query)).filter(|query| !query.is_empty());
        url.set_query(query.as_deref());
        url
    }
}

fn late(limit: Duration) -> StateError {
    client_error(PREFIX, &Failure::TimedOut(limit))
}
