//! Who may talk to the local server: programs on this machine, and no web page.
//!
//! A browser lets any page send requests to localhost. What a page cannot do is leave out its
//! `Origin`, or add an `Authorization` header without asking first.

use axum::http::{HeaderMap, StatusCode, Uri, header};

/// Why a request was turned away.
pub(super) type Refusal = (StatusCode, &'static str);

/// Checks who sends a request.
pub(super) fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = uri.host().or_else(|| text(header::HOST).map(without_port));
    if !host.is_some_and(is_local_name) {
        return Err((
            StatusCode::FORBIDDEN,
            "the host is not a name of this machine",
        ));
    }
    if headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site") {
        return Err((StatusCode::FORBIDDEN, "requests of web pages are refused"));
    }
    Ok(())
}

/// Checks that a request is signed, as those of every AWS client are. The signature itself is not
/// looked at: whoever can connect to the loopback is let in.
pub(super) fn check_signed(headers: &HeaderMap) -> Result<(), Refusal> {
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    match authorization.is_some_and(|value| value.starts_with("AWS4-")) {
        true => Ok(()),
        false => Err((
            StatusCode::FORBIDDEN,
            "the request is not signed: any AWS credentials will do",
        )),
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// A loopback name, also with the `sync-` that SDKs put in front of it for some operations.
fn is_local_name(host: &str) -> bool {
    is_loopback(host) || host.strip_prefix("sync-").is_some_and(is_loopback)
}

/// A loopback address, `localhost` or `*.localhost`.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&'static str, &'static str)]) -> Result<(), Refusal> {
        let pairs = headers
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()));
        check(&Uri::from_static("/"), &pairs.collect())
    }

    #[test]
    fn names_of_this_machine_are_let_in() {
        for host in [
            "localhost:8083",
            "127.0.0.1:8083",
            "[::1]:8083",
            "sync-localhost:8083",
            "a.localhost",
        ] {
            assert!(request(&[("host", host)]).is_ok(), "{host}");
        }
    }

    #[test]
    fn names_that_may_be_rebound_are_not() {
        for host in [
            "example.com",
            "localhost.example.com:8083",
            "192.168.0.1:8083",
            "",
        ] {
            assert!(request(&[("host", host)]).is_err(), "{host}");
        }
    }

    #[test]
    fn web_pages_are_not_let_in() {
        assert!(request(&[("host", "localhost"), ("origin", "http://localhost")]).is_err());
        assert!(request(&[("host", "localhost"), ("sec-fetch-site", "same-site")]).is_err());
    }
}
