//! A proxy between the engine and an emulator that makes things go wrong, and looks at what goes by.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
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
    /// It is done, and the answer is lost.
    Lost,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `PutItem`, say.
    pub(crate) operation: String,
    /// Its headers, as they came.
    pub(crate) head: String,
}

type Decide = dyn Fn(&Request) -> Fate + Send + Sync;

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
                    let _ = serve(client, upstream, &*decide, &seen).await;
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
    upstream: u16,
    decide: &Decide,
    seen: &Mutex<Vec<Request>>,
) -> io::Result<()> {
    let (head, body) = read_request(&mut client).await?;
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned())
    };
    let target = header("x-amz-target").unwrap_or_default();
    let request = Request {
        operation: target.rsplit('.').next().unwrap_or_default().to_owned(),
        head: head.clone(),
    };
    seen.lock().unwrap().push(request.clone());
    let fate = decide(&request);
    let answer = match fate {
        Fate::Throttled => error(400, "com.amazonaws.dynamodb.v20120810#ThrottlingException"),
        Fate::Broken => error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
        Fate::Answered | Fate::Lost => forward(upstream, &head, &body).await?,
    };
    if fate != Fate::Lost {
        client.write_all(&answer).await?;
    }
    client.shutdown().await
}

fn error(status: u16, name: &str) -> Vec<u8> {
    let body = format!(r#"{{"__type":"{name}","message":"not now"}}"#);
    format!(
        "HTTP/1.1 {status} Error\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn forward(upstream: u16, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).await?;
    let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    server.write_all(head.as_bytes()).await?;
    server.write_all(body).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}

async fn read_request(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let end = loop {
        if client.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let mut body = read.split_off(end);
    let head = String::from_utf8(read).map_err(io::Error::other)?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    let length: usize = length.unwrap_or_default();
    while body.len() < length {
        if client.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((head, body))
}
