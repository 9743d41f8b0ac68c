//! One HTTP request to anywhere: on a connection of its own, to an address that was looked at first,
//! with a bound on what is kept of the answer.
//!
//! Nothing is followed, repeated or kept open: what goes out is one request at most. No message here
//! has more of a URL than its host, since the rest may hold secrets.

mod answer;
mod reach;
mod tls;

use std::{net::SocketAddr, time::Duration};

use http::{HeaderValue, Request, Uri, header::HOST};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::timeout,
};
use url::{Host, Url};

pub(crate) use self::answer::{Answer, parsed};
pub use self::reach::Reach;
pub(crate) use self::tls::Authority;
use self::tls::Tls;

/// How long an address may take to be connected to if there is another.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of a status line with its headers.
const HEAD_BYTES_MAX: usize = 128 * 1024;

/// Sends requests as far as it may reach.
#[derive(Debug)]
pub(crate) struct Wire {
    reach: Reach,
    tls: Tls,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("`{0}` is not found: {1}")]
    Unresolved(String, #[source] std::io::Error),
    #[error("`{0}` has no address that may be called: {1}")]
    Refused(String, &'static str),
    #[error("`{0}` cannot be connected to: {1}")]
    Unreachable(String, #[source] std::io::Error),
    #[error("this system trusts no certificate at all")]
    NoRoots,
    #[error("`{0}` is not trusted: {1}")]
    Untrusted(String, #[source] std::io::Error),
    #[error("the request cannot be sent: {0}")]
    Malformed(#[from] http::Error),
    #[error("the request was sent, and no whole answer came: {}", deepest(.0))]
    Broken(#[from] hyper::Error),
    #[error("the time was up after {} seconds", .0.as_secs_f64())]
    TimedOut(Duration),
}

/// What went wrong at the bottom: hyper says where it noticed, its source says what.
fn deepest(error: &hyper::Error) -> String {
    let mut said = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(deeper) = source {
        said.push_str(&format!(": {deeper}"));
        source = deeper.source();
    }
    said
}

impl Wire {
    pub(crate) fn new(reach: Reach) -> Self {
        let tls = Tls::default();
        Self { reach, tls }
    }

    /// One that trusts servers for which this authority vouches, and no others.
    pub(crate) fn trusting(authority: &Authority, reach: Reach) -> Self {
        let tls = Tls::of(authority);
        Self { reach, tls }
    }

    /// Sends a request to where `url` says, and keeps up to so many bytes of the answer's body. Its
    /// headers are sent as they are; `Host` is added unless it is there.
    pub(crate) async fn send(
        &self,
        url: &Url,
        mut request: Request<String>,
        body_bytes_max: usize,
    ) -> Result<Answer, Failure> {
        *request.uri_mut() = origin_form(url)?;
        if !request.headers().contains_key(HOST) {
            request.headers_mut().insert(HOST, authority(url)?);
        }
        // A path or a query may have what is secret.
        tracing::info!(
            method = %request.method(),
            host = url.host_str(),
            "an API is called"
        );
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let stream = self.connect(url).await?;
        if url.scheme() == "http" {
            return exchange(stream, request, body_bytes_max).await;
        }
        exchange(self.tls.secure(stream, url).await?, request, body_bytes_max).await
    }

    /// Looks a host up, once, and connects to what may be connected to.
    async fn connect(&self, url: &Url) -> Result<TcpStream, Failure> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let addresses = addresses(url).await?;
        let mut admitted = Vec::new();
        let mut why = "there is none";
        for address in addresses {
            match self.reach.admits(address.ip(), url.scheme()) {
                Ok(()) => admitted.push(address),
                Err(refused) => why = refused,
            }
        }
        let Some((last, first)) = admitted.split_last() else {
            return Err(Failure::Refused(host, why));
        };
        for address in first {
            if let Ok(Ok(stream)) = timeout(CONNECT_PATIENCE, TcpStream::connect(address)).await {
                return Ok(stream);
            }
        }
        TcpStream::connect(last)
            .await
            .map_err(|error| Failure::Unreachable(host, error))
    }
}

async fn addresses(url: &Url) -> Result<Vec<SocketAddr>, Failure> {
    let port = url.port_or_known_default().unwrap_or_default();
    match url.host() {
        Some(Host::Ipv4(address)) => Ok(vec![(address, port).into()]),
        Some(Host::Ipv6(address)) => Ok(vec![(address, port).into()]),
        Some(Host::Domain(name)) => match lookup_host((name, port)).await {
            Ok(found) => Ok(found.collect()),
            Err(error) => Err(Failure::Unresolved(name.to_owned(), error)),
        },
        None => Ok(Vec::new()),
    }
}

/// What a request names of its URL.
fn origin_form(url: &Url) -> Result<Uri, http::Error> {
    let query = url.query().map(|query| format!("?{query}"));
    Ok(format!("{}{}", url.path(), query.unwrap_or_default()).parse::<Uri>()?)
}

/// `Host`: the port is there if it is not the scheme's own.
fn authority(url: &Url) -> Result<HeaderValue, http::Error> {
    let host = url.host_str().unwrap_or_default();
    let text = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    Ok(HeaderValue::try_from(text)?)
}

/// Sends the request on a connection, and reads the answer.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
    body_bytes_max: usize,
) -> Result<Answer, Failure> {
    let (mut sender, connection) = http1::Builder::new()
        .title_case_headers(true)
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await?;
    // The connection is closed when this goes, whether the answer was read to its end or not.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let answer = sender.send_request(request).await?;
    read(answer, body_bytes_max).await
}

async fn read(
    response: http::Response<Incoming>,
    body_bytes_max: usize,
) -> Result<Answer, Failure> {
    let (head, mut incoming) = response.into_parts();
    let mut answer = Answer::of(head);
    let announced = hyper::body::Body::size_hint(&incoming).lower();
    answer.is_cut = announced > body_bytes_max as u64;
    // Of what succeeded, the part would be of no use; what failed may say why.
    if answer.is_cut && answer.status.is_success() {
        return Ok(answer);
    }
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        let room = body_bytes_max - answer.body.len();
        answer.body.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            answer.is_cut = true;
            break;
        }
    }
    Ok(answer)
}
