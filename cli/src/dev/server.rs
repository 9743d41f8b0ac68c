//! The API over HTTP.

use std::{
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::{self, DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use segno_api::{Api, CONTENT_TYPE, Request};
use segno_console::Sessions;
use segno_engine::{Backend, clock::SystemClock};
use serde_json::json;
use tokio::task::JoinError;

use super::{
    activity::Activity,
    console::{self, LocalConsole},
    guard::{Guard, Refusal, access_key_id, check_signed, text},
    metrics,
};
use crate::invoker::LocalInvoker;

pub(super) type LocalApi<S> = Api<S, LocalInvoker, SystemClock>;

/// What answers requests.
pub(super) struct Server<S> {
    pub(super) api: Arc<LocalApi<S>>,
    pub(super) console: LocalConsole<S>,
    pub(super) sessions: Sessions,
    pub(super) guard: Guard,
    /// Whether the definitions are loaded.
    pub(super) is_ready: AtomicBool,
    pub(super) activity: Activity,
    pub(super) store_metrics: Arc<dyn Display + Send + Sync>,
}

/// Bytes of a request: room for the largest definition, escaped.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The header that names the operation.
const TARGET: &str = "x-amz-target";

/// What the names of operations begin with that change nothing, or nothing before they answer.
const READS: &[&str] = &["Describe", "Get", "List", "TestState", "Validate"];

/// How every response names the server. [`holder`](super::port) looks for it.
pub(super) const SERVER: &str = concat!("segno/", env!("CARGO_PKG_VERSION"));

pub(super) fn router<S: Backend>(server: Arc<Server<S>>) -> Router {
    Router::new()
        .route("/", post(operation::<S>).get(console))
        .route(segno_console::PATH, get(console::page::<S>))
        .route(
            "/console/{*page}",
            get(console::page::<S>).post(console::page::<S>),
        )
        .route("/health", get(health))
        .route("/ready", get(ready::<S>))
        .route("/metrics", get(metrics::<S>))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(Arc::clone(&server), guarded::<S>))
        .with_state(server)
}

/// Lets in who may ask, and says who answers.
async fn guarded<S: Backend>(
    State(server): State<Arc<Server<S>>>,
    request: extract::Request,
    next: Next,
) -> Response {
    let mut response = match server.guard.check(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refused(refusal),
    };
    let name = HeaderValue::from_static(SERVER);
    response.headers_mut().insert(header::SERVER, name);
    response
}

/// What people look for who open the address of the server.
async fn console() -> Redirect {
    Redirect::to(segno_console::PATH)
}

async fn operation<S: Backend>(
    State(server): State<Arc<Server<S>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(refusal) = check_signed(&headers) {
        return refused(refusal);
    }
    let target = text(&headers, TARGET).unwrap_or_default().to_owned();
    let Ok(answer) = serve(Arc::clone(&server.api), headers, body).await else {
        // It is written where it happens what went wrong.
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    tracing::debug!(
        target,
        status = answer.status,
        error = answer.error_type,
        "request"
    );
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let request_id = uuid::Uuid::new_v4().to_string();
    let headers = [
        (header::CONTENT_TYPE.as_str(), CONTENT_TYPE),
        ("x-amzn-requestid", &request_id),
    ];
    let mut response = (status, headers, answer.body).into_response();
    if let Some(name) = answer.error_type {
        let value = HeaderValue::from_static(name);
        response.headers_mut().insert("x-amzn-errortype", value);
    }
    response
}

/// Serves a request. One that changes something is served to its end, also if its sender hangs up: what
/// it has begun, it sees through. Any other ends with its sender, such as a poll, who would not hear of
/// the task that it finds.
pub(super) async fn serve<S: Backend>(
    api: Arc<LocalApi<S>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<segno_api::Response, JoinError> {
    let target = text(&headers, TARGET).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let is_read = READS.iter().any(|name| operation.starts_with(name));
    let serving = async move {
        let request = Request {
            target: text(&headers, TARGET).unwrap_or_default(),
            caller: access_key_id(&headers).unwrap_or_default(),
            invocation_id: text(&headers, "amz-sdk-invocation-id"),
            body: &body,
        };
        api.handle(&request).await
    };
    match is_read {
        true => Ok(serving.await),
        false => tokio::spawn(serving).await,
    }
}

/// The process is there.
async fn health() -> Response {
    let version = env!("CARGO_PKG_VERSION");
    let health = json!({ "status": "ok", "version": version, "pid": std::process::id() });
    format!("{health}\n").into_response()
}

/// The definitions are loaded.
async fn ready<S: Backend>(State(server): State<Arc<Server<S>>>) -> Response {
    match server.is_ready.load(Ordering::Acquire) {
        true => (StatusCode::OK, "ready\n").into_response(),
        false => (
            StatusCode::SERVICE_UNAVAILABLE,
            "definitions are being loaded\n",
        )
            .into_response(),
    }
}

/// What was done since the process began.
async fn metrics<S: Backend>(State(server): State<Arc<Server<S>>>) -> Response {
    let text = format!("{}{}", server.activity.executions(), server.store_metrics);
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
}

fn refused((status, why): Refusal) -> Response {
    tracing::info!(why, "a request is turned away");
    (status, why).into_response()
}
