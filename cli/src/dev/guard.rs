//! Who may talk to the local server: programs on this machine, and no web page but its own.
//!
//! A browser lets any page send requests to localhost. What a page cannot do is leave out its
//! `Origin`, or add an `Authorization` header without asking first.

use axum::http::{HeaderMap, StatusCode, Uri, header};

/// Why a request was turned away.
pub(super) type Refusal = (StatusCode, &'static str);

/// Who is let in.
pub(super) struct Guard {
    /// Names of this machine besides those of the loopback, in lower case.
    pub(super) hosts: Vec<String>,
}

impl Guard {
    /// Checks who sends a request.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let refuse = |why| Err((StatusCode::FORBIDDEN, why));
        // A target may name the host, too, as requests to a proxy do. Both must be this machine.
        let authority = uri.authority().map(|authority| authority.as_str());
        let host = text(headers, header::HOST.as_str());
        let mut named = authority.iter().chain(&host).peekable();
        if named.peek().is_none() || !named.all(|host| self.is_local_name(without_port(host))) {
            return refuse("the host is not a name of this machine; --host adds one");
        }
        let own = authority.or(host).map(|host| format!("http://{host}"));
        let origin = text(headers, header::ORIGIN.as_str());
        let site = text(headers, "sec-fetch-site");
        let is_own = origin.is_none_or(|origin| own.as_deref() == Some(origin));
        // `none` is what the person at the browser has asked for.
        if !is_own || !site.is_none_or(|site| matches!(site, "same-origin" | "none")) {
            return refuse("requests of other web pages are refused");
        }
        Ok(())
    }

    /// A loopback name or one that was added, also with the `sync-` that SDKs put in front of it for
    /// some operations.
    fn is_local_name(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let is_local = |host: &str| is_loopback(host) || self.hosts.iter().any(|own| own == host);
        is_local(&host) || host.strip_prefix("sync-").is_some_and(is_local)
    }
}

/// Checks that a request is signed, as those of every AWS client are. The signature itself is not
/// looked at: whoever can connect to the loopback is let in.
pub(super) fn check_signed(headers: &HeaderMap) -> Result<(), Refusal> {
    let authorization = text(headers, header::AUTHORIZATION.as_str());
    match authorization.is_some_and(|value| value.starts_with("AWS4-")) {
        true => Ok(()),
        false => Err((
            StatusCode::FORBIDDEN,
            "the request is not signed: any AWS credentials will do",
        )),
    }
}

/// The access key ID that a request is signed with.
pub(super) fn access_key_id(headers: &HeaderMap) -> Option<&str> {
    let authorization = text(headers, header::AUTHORIZATION.as_str())?;
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split('/').next()
}

/// A header; one that is no text is `?`.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// A loopback address, `localhost` or `*.localhost`.
pub(crate) fn is_loopback(host: &str) -> bool {
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

    fn request_to(uri: &str, headers: &[(&'static str, &'static str)]) -> Result<(), Refusal> {
        let guard = Guard {
            hosts: vec!["segno.test".into()],
        };
        let pairs = headers
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()));
        guard.check(&uri.parse().unwrap(), &pairs.collect())
    }

    fn request(headers: &[(&'static str, &'static str)]) -> Result<(), Refusal> {
        request_to("/", headers)
    }

    #[test]
    fn names_of_this_machine_are_let_in() {
        for host in [
            "localhost:8083",
            "LocalHost",
            "127.0.0.1:8083",
            "[::1]:8083",
            "sync-localhost:8083",
            "sync-127.0.0.1:8083",
            "sync-sfn.localhost",
            "a.localhost",
            "segno.test:8083",
            "sync-segno.test",
        ] {
            assert!(request(&[("host", host)]).is_ok(), "{host}");
        }
    }

    #[test]
    fn names_that_may_be_rebound_are_not() {
        for host in [
            "example.com",
            "localhost.example.com:8083",
            "x.segno.test",
            "192.168.0.1:8083",
            "",
        ] {
            assert!(request(&[("host", host)]).is_err(), "{host}");
        }
        assert!(request(&[]).is_err());
    }

    #[test]
    fn a_target_with_a_host_obeys_the_same_list() {
        let local = ("host", "localhost:8083");
        assert!(request_to("http://localhost:8083/", &[local]).is_ok());
        assert!(request_to("http://localhost:8083/", &[]).is_ok());
        assert!(request_to("http://example.com/", &[local]).is_err());
        assert!(request_to("http://localhost:8083/", &[("host", "example.com")]).is_err());
    }

    #[test]
    fn the_signature_says_whose_key_it_is() {
        let signed = |authorization: &str| {
            HeaderMap::from_iter([(header::AUTHORIZATION, authorization.parse().unwrap())])
        };
        let sent = signed(
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/states/aws4_request, Signature=0",
        );
        assert_eq!(access_key_id(&sent), Some("AKID"));
        assert_eq!(access_key_id(&signed("AWS4-HMAC-SHA256")), None);
        assert_eq!(access_key_id(&HeaderMap::new()), None);
    }

    #[test]
    fn other_web_pages_are_not_let_in() {
        let host = ("host", "localhost:8083");
        for header in [
            ("origin", "http://localhost"),
            ("origin", "https://localhost:8083"),
            ("origin", "http://localhost:3000"),
            ("origin", "null"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
        ] {
            assert!(request(&[host, header]).is_err(), "{header:?}");
        }
    }

    #[test]
    fn its_own_pages_and_the_address_bar_are() {
        let host = ("host", "localhost:8083");
        for header in [
            ("origin", "http://localhost:8083"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "none"),
        ] {
            assert!(request(&[host, header]).is_ok(), "{header:?}");
        }
    }
}
