//! The port that the server listens on, and who has it if it cannot.

use std::{io::ErrorKind, net::Ipv4Addr, time::Duration};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::net::TcpListener;

/// How long another server may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// Takes a port of 127.0.0.1; 0 is any.
pub(super) async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let holder = holder(port).await;
            bail!("127.0.0.1:{port} is taken by {holder}; --port takes another")
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on 127.0.0.1:{port}")),
    }
}

/// Who listens on a port, as far as it tells.
async fn holder(port: u16) -> String {
    let url = format!("http://127.0.0.1:{port}/health");
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
    let client = client
        .build()
        .expect("a client without TLS can always be built");
    let Ok(response) = client.get(url).send().await else {
        return "another program".into();
    };
    let server = response.headers().get("server");
    let server = server
        .and_then(|name| name.to_str().ok())
        .map(str::to_owned);
    match server {
        Some(name) if name.starts_with("segno/") => {
            let health = response.text().await.unwrap_or_default();
            let health: Value = serde_json::from_str(&health).unwrap_or_default();
            match health["pid"].as_u64() {
                Some(pid) => format!("another segno (process {pid}, {name})"),
                None => format!("another segno ({name})"),
            }
        }
        Some(name) => format!("a web server that calls itself `{name}`"),
        None => "a web server".into(),
    }
}
