//! A proxy between the engine and an emulator that makes things go wrong, and looks at what goes by.

use std::{
    io,
    sync::{Arc, Mutex},
};

use segno_tests::http;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is answered.
    Answered,
    /// The service is too busy: it is not done.
    Throttled,
    /// The service is broken: it is not done.
    Broken,
    /// It is not done, and there is no answer.
    Unheard,
    /// It is done, and the answer is lost.
    Lost,
    /// It is done, and the connection is reset.
    Reset,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `dynamodb`, say: whom it is signed for.
    pub(crate) service: String,
    /// `PutItem`, say; empty where the protocol has no name for it.
    pub(crate) operation: String,
    /// Its first line and its headers, as they came.
    pub(crate) head: String,
    /// Its body.
    pub(crate) body: Arc<[u8]>,
}

/// Where a request goes, and what becomes of it.
type Decide = dyn Fn(&Request) -> (u16, Fate) + Send + Sync;

/// A proxy that ends with its test's runtime.
pub(crate) struct Proxy {
    port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Proxy {
    /// A proxy before the server at this port: what becomes of a request is decided by `decide`.
    pub(crate) async fn before(
        upstream: u16,
        decide: impl Fn(&Request) -> Fate + Send + Sync + 'static,
    ) -> Self {
        Self::routing(move |request| (upstream, decide(request))).await
    }

    /// A proxy before several servers: `decide` says at which port each request is served, too.
    pub(crate) async fn routing(
        decide: impl Fn(&Request) -> (u16, Fate) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&seen);
        let decide: Arc<Decide> = Arc::new(decide);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (decide, seen) = (Arc::clone(&decide), Arc::clone(&requests));
                tokio::spawn(async move {
                    // Whoever hangs up does so.
                    let _ = serve(client, &*decide, &seen).await;
                });
            }
        });
        Self { port, seen }
    }

    /// Fails the first so many requests of an operation in this way.
    pub(crate) async fn failing(
        upstream: u16,
        operation: &'static str,
        times: usize,
        fate: Fate,
    ) -> Self {
        let left = Mutex::new(times);
        Self::before(upstream, move |request| {
            let mut left = left.lock().unwrap();
            if *left == 0 || request.operation != operation {
                return Fate::Answered;
            }
            *left -= 1;
            fate
        })
        .await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests that came so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        let seen = self.seen();
        seen.iter()
            .filter(|request| request.operation == operation)
            .count()
    }
}

/// Serves one request, and hangs up.
async fn serve(
    mut client: TcpStream,
    decide: &Decide,
    seen: &Mutex<Vec<Request>>,
) -> io::Result<()> {
    let sent = http::Request::read(&mut client).await?;
    let target = sent.header("x-amz-target").unwrap_or_default();
    let request = Request {
        service: signed_for(&sent).unwrap_or_default().to_owned(),
        operation: target.rsplit('.').next().unwrap_or_default().to_owned(),
        head: sent.head.clone(),
        body: sent.body.as_slice().into(),
    };
    seen.lock().unwrap().push(request.clone());
    let (upstream, fate) = decide(&request);
    let answer = match fate {
        Fate::Throttled => throttled(&request.service),
        Fate::Broken => broken(&request.service),
        Fate::Unheard => return Ok(()),
        Fate::Answered | Fate::Lost | Fate::Reset => http::forward(upstream, &sent).await?,
    };
    match fate {
        Fate::Reset => return client.set_zero_linger(),
        Fate::Lost => {}
        _ => client.write_all(&answer).await?,
    }
    client.shutdown().await
}

/// The service in the scope of a signature.
fn signed_for(request: &http::Request) -> Option<&str> {
    let authorization = request.header("authorization")?;
    let (_, scope) = authorization.split_once("Credential=")?;
    scope.split('/').nth(3)
}

fn throttled(service: &str) -> Vec<u8> {
    match service {
        "lambda" => error(429, "TooManyRequestsException"),
        "s3" => error_of_s3(503, "SlowDown"),
        _ => error(400, "ThrottlingException"),
    }
}

fn broken(service: &str) -> Vec<u8> {
    match service {
        "lambda" => error(500, "ServiceException"),
        "s3" => error_of_s3(500, "InternalError"),
        _ => error(500, "InternalServerError"),
    }
}

fn error(status: u16, name: &str) -> Vec<u8> {
    let body = format!(r#"{{"__type":"{name}","message":"not now"}}"#);
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amzn-errortype", name),
    ];
    http::response(status, &headers, body.as_bytes())
}

fn error_of_s3(status: u16, code: &str) -> Vec<u8> {
    let body = format!("<Error><Code>{code}</Code><Message>not now</Message></Error>");
    http::response(
        status,
        &[("content-type", "application/xml")],
        body.as_bytes(),
    )
}
