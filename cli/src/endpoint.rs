//! The URL of a server.

use std::fmt;

/// Where a server is: the base of its URLs, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint(String);

/// Why a URL is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an endpoint: it must be http://HOST:PORT")]
pub(crate) struct InvalidEndpoint(String);

impl Endpoint {
    /// Reads an http URL.
    pub(crate) fn parse(url: &str) -> Result<Self, InvalidEndpoint> {
        let refuse = || InvalidEndpoint(url.to_owned());
        let parsed: http::Uri = url.parse().map_err(|_| refuse())?;
        match (parsed.scheme_str(), parsed.authority()) {
            (Some("http"), Some(_)) => Ok(Self(url.trim_end_matches('/').to_owned())),
            _ => Err(refuse()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_http_url() {
        assert!(Endpoint::parse("http://127.0.0.1:9000/").is_ok());
        for url in ["127.0.0.1:9000", "https://127.0.0.1", "ftp://x", ""] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }
}
