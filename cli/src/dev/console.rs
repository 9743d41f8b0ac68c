//! The console over HTTP: its pages, and what keeps a page up to date.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use futures_core::Stream;
use segno_console::{Console, Operations, Request, Watcher};
use segno_engine::Backend;
use tokio::sync::mpsc;

use super::{
    activity::Activity,
    guard::text,
    server::{LocalApi, Server, serve},
};

/// The console of this server.
pub(super) type LocalConsole<S> = Console<LocalOperations<S>>;

/// The operations of this server's own API.
pub(super) struct LocalOperations<S>(pub(super) Arc<LocalApi<S>>);

impl<S: Backend> Operations for LocalOperations<S> {
    async fn call(&self, operation: &str, body: Vec<u8>) -> segno_api::Response {
        let target = format!("AWSStepFunctions.{operation}");
        let mut headers = HeaderMap::new();
        if let Ok(target) = HeaderValue::try_from(target) {
            headers.insert("x-amz-target", target);
        }
        let answer = serve(Arc::clone(&self.0), headers, body.into()).await;
        answer.unwrap_or_else(|_| segno_api::Response {
            // It is written where it happens what went wrong.
            status: 500,
            error_type: None,
            body: Vec::new(),
        })
    }
}

/// A secret of this process.
pub(super) fn secret() -> [u8; 32] {
    let mut secret = [0; 32];
    for half in secret.chunks_mut(16) {
        half.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    }
    secret
}

/// Between two looks at an execution that changes all the time.
const PAUSE: Duration = Duration::from_millis(150);

/// How often a page is told that it is not forgotten.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// Answers a browser.
pub(super) async fn page<S: Backend>(
    State(server): State<Arc<Server<S>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = uri.query().unwrap_or_default();
    if let (&Method::GET, Some(arn)) = (&method, LocalConsole::<S>::watched(uri.path())) {
        return follow(server, &arn, query).await;
    }
    let request = Request {
        is_post: method == Method::POST,
        path: uri.path(),
        query,
        cookies: text(&headers, header::COOKIE.as_str()).unwrap_or_default(),
        body: &body,
    };
    let (session, cookie) = server.sessions.of(request.cookies);
    let mut answer = server.console.answer(&request, &session).await;
    answer
        .headers
        .extend(cookie.map(|cookie| ("set-cookie", cookie)));
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response
                .headers_mut()
                .append(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Tells a page what changes, for as long as there is somebody to tell.
async fn follow<S: Backend>(server: Arc<Server<S>>, arn: &str, query: &str) -> Response {
    let watcher = match server.console.watch(arn, query).await {
        Ok(watcher) => watcher,
        Err(why) => return (StatusCode::NOT_FOUND, why.to_string()).into_response(),
    };
    let (sender, receiver) = mpsc::channel(1);
    let activity = server.activity.clone();
    tokio::spawn(async move { tell(&server.console, watcher, &activity, sender).await });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(Told(receiver))).into_response()
}

async fn tell<S: Backend>(
    console: &LocalConsole<S>,
    mut watcher: Watcher,
    activity: &Activity,
    page: mpsc::Sender<String>,
) {
    loop {
        // Told of every change from now on, so that none comes between looking and waiting.
        let changed = activity.changed();
        let mut changed = std::pin::pin!(changed);
        changed.as_mut().enable();
        let news = console.news(&mut watcher).await;
        let message = news.map(|news| format!("data: {news}\n\n"));
        if let Some(message) = message
            && page.send(message).await.is_err()
        {
            return;
        }
        if watcher.has_ended() {
            return;
        }
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep(SIGN_OF_LIFE) => {
                if page.send(": still here\n\n".into()).await.is_err() {
                    return;
                }
            }
            () = page.closed() => return,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What a page is told, as the body of a response.
struct Told(mpsc::Receiver<String>);

impl Stream for Told {
    type Item = Result<String, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|told| told.map(Ok))
    }
}
