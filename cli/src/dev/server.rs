//! The API over HTTP.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use segno_api::{Api, CONTENT_TYPE};
use segno_engine::{clock::SystemClock, memory::MemoryStore};

use super::guard;
use crate::invoker::LocalInvoker;

type LocalApi = Api<MemoryStore, LocalInvoker, SystemClock>;

/// Bytes of a request: room for the largest definition, escaped.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

pub(super) fn router(api: Arc<LocalApi>) -> Router {
    Router::new()
        .route("/", post(operation))
        .route("/health", get(health))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(api)
}

async fn operation(
    State(api): State<Arc<LocalApi>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(refusal) = guard::check(&uri, &headers).and_then(|()| guard::check_signed(&headers))
    {
        return refusal.into_response();
    }
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let answer = api.handle(target, &body).await;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let request_id = uuid::Uuid::new_v4().to_string();
    let headers = [
        (header::CONTENT_TYPE.as_str(), CONTENT_TYPE),
        ("x-amzn-requestid", &request_id),
    ];
    let mut response = (status, headers, answer.body).into_response();
    if let Some(name) = answer.error_type {
        let value = header::HeaderValue::from_static(name);
        response.headers_mut().insert("x-amzn-errortype", value);
    }
    response
}

async fn health(uri: Uri, headers: HeaderMap) -> Response {
    match guard::check(&uri, &headers) {
        Ok(()) => "ok\n".into_response(),
        Err(refusal) => refusal.into_response(),
    }
}
