//! A server on the loopback that answers as it should not, and counts what arrives.
//!
//! It has threads of its own and needs no runtime, so any test can have it.

#![allow(dead_code, reason = "each of the tests that share it uses its part")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// What it does with a request that it has read.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// Answers with these bytes, and closes.
    Answer(Vec<u8>),
    /// Answers the first request with the first answer, and so on; the last one again and again.
    Answers(Vec<Vec<u8>>),
    /// Announces a body, and sends a byte of it now and then.
    Drip,
    /// Sends a body of so many bytes, as fast as it is taken; announced or in chunks.
    Flood { bytes: u64, is_announced: bool },
    /// Sends headers without an end.
    EndlessHeaders,
    /// Redirects to itself.
    Redirect,
    /// Closes without an answer.
    Close,
    /// Closes in the middle of the body.
    CloseInBody,
    /// Does not answer.
    Silence,
}

/// The server. What its threads hold on to ends with the test's process.
pub(crate) struct Hostile {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    connections: AtomicU64,
    sent: AtomicU64,
}

/// An answer with a status line, headers, and the body that they announce.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// An answer of status 200 with JSON.
pub(crate) fn json(body: &str) -> Behaviour {
    Behaviour::Answer(answer("200 OK", "Content-Type: application/json\r\n", body))
}

impl Hostile {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        Self::start_over(behaviour, |stream| stream)
    }

    /// One that speaks through what `layer` makes of a connection: TLS.
    pub(crate) fn start_over<S: Read + Write>(
        behaviour: Behaviour,
        layer: impl Fn(TcpStream) -> S + Send + Sync + 'static,
    ) -> Self {
        let layer = Arc::new(layer);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let server = Self {
            address,
            seen: Arc::clone(&seen),
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (behaviour, seen) = (behaviour.clone(), Arc::clone(&seen));
                let layer = Arc::clone(&layer);
                thread::spawn(move || {
                    seen.connections.fetch_add(1, Ordering::SeqCst);
                    // A client that goes away is what most of this is about.
                    let _ = serve(&mut layer(stream.unwrap()), behaviour, &seen, address);
                });
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests that arrived, as they were sent.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// The connections that were made.
    pub(crate) fn connections(&self) -> u64 {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Bytes of bodies and headers that it got rid of.
    pub(crate) fn sent(&self) -> u64 {
        self.seen.sent.load(Ordering::SeqCst)
    }
}

fn serve(
    stream: &mut (impl Read + Write),
    behaviour: Behaviour,
    seen: &Seen,
    address: SocketAddr,
) -> std::io::Result<()> {
    let Some(request) = read_request(stream)? else {
        return Ok(());
    };
    let index = {
        let mut requests = seen.requests.lock().unwrap();
        requests.push(request);
        requests.len() - 1
    };
    let mut send = |bytes: &[u8]| {
        stream.write_all(bytes)?;
        seen.sent.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        Ok::<_, std::io::Error>(())
    };
    match behaviour {
        Behaviour::Answer(bytes) => send(&bytes),
        Behaviour::Answers(answers) => send(&answers[index.min(answers.len() - 1)]),
        Behaviour::Drip => {
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")?;
            loop {
                send(b"x")?;
                thread::sleep(Duration::from_millis(20));
            }
        }
        Behaviour::Flood {
            bytes,
            is_announced,
        } => flood(bytes, is_announced, send),
        Behaviour::EndlessHeaders => {
            send(b"HTTP/1.1 200 OK\r\n")?;
            loop {
                send(format!("X-Filler: {}\r\n", "x".repeat(4096)).as_bytes())?;
            }
        }
        Behaviour::Redirect => {
            let location = format!("Location: http://{address}/again\r\n");
            send(&answer("302 Found", &location, "moved"))
        }
        Behaviour::Close => Ok(()),
        Behaviour::CloseInBody => send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
        Behaviour::Silence => {
            thread::sleep(Duration::from_secs(600));
            Ok(())
        }
    }
}

fn flood(
    bytes: u64,
    is_announced: bool,
    mut send: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    static PIECE: [u8; 64 * 1024] = [b'x'; 64 * 1024];
    if is_announced {
        send(format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n").as_bytes())?;
    } else {
        send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    }
    for _ in 0..bytes.div_ceil(PIECE.len() as u64) {
        if is_announced {
            send(&PIECE)?;
        } else {
            send(format!("{:x}\r\n", PIECE.len()).as_bytes())?;
            send(&PIECE)?;
            send(b"\r\n")?;
        }
    }
    send(if is_announced { b"" } else { b"0\r\n\r\n" })
}

/// A request with its body, if it came whole.
fn read_request(stream: &mut impl Read) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= content_length(head)
        {
            return Ok(Some(text));
        }
        let mut piece = [0; 16 * 1024];
        match stream.read(&mut piece)? {
            0 => return Ok(None),
            length => bytes.extend_from_slice(&piece[..length]),
        }
    }
}

fn content_length(head: &str) -> usize {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.map_or(0, |(_, length)| length.trim().parse().unwrap())
}
