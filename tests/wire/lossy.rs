//! Something between a client and a server that loses the first answer: the request is served, and
//! whoever sent it sees the connection end.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

pub(crate) struct Lossy {
    port: u16,
    requests: Arc<AtomicUsize>,
}

impl Lossy {
    /// Stands before the server at a port, until the test ends.
    pub(crate) fn before(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                forward(client.unwrap(), server, &count);
            }
        });
        Self { port, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests have come.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Forwards one request, and its answer unless it is the first.
fn forward(mut client: TcpStream, server: u16, requests: &AtomicUsize) {
    let request = message(&mut client);
    if request.is_empty() {
        return;
    }
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).unwrap();
    server.write_all(&request).unwrap();
    let answer = message(&mut server);
    if requests.fetch_add(1, Ordering::SeqCst) > 0 {
        client.write_all(&answer).unwrap();
    }
}

/// A message with a head, and a body of the length that it says; nothing if the connection ends before.
fn message(from: &mut TcpStream) -> Vec<u8> {
    let mut message = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(length) = length(&message)
            && message.len() >= length
        {
            return message;
        }
        match from.read(&mut buffer).unwrap() {
            0 => return Vec::new(),
            count => message.extend(&buffer[..count]),
        }
    }
}

/// How long a message is, once its head is there.
fn length(message: &[u8]) -> Option<usize> {
    let head = message.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&message[..head])
        .unwrap()
        .to_lowercase();
    let (_, rest) = text.split_once("content-length:")?;
    let (body, _) = rest.split_once("\r\n")?;
    Some(head + body.trim().parse::<usize>().unwrap())
}
