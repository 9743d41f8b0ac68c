//! TLS, with what is trusted: what the system trusts, or one authority.

use std::{fmt, sync::Arc, sync::OnceLock};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};
use url::Url;

use super::Failure;

/// How it is made sure who is at the other end. What the system trusts is read when it is first needed.
#[derive(Default)]
pub(super) struct Tls(OnceLock<Option<TlsConnector>>);

/// Whoever vouches for a server, and nobody else does.
#[derive(Clone)]
pub(crate) struct Authority(TlsConnector);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Authority {
    /// Reads the certificates of an authority (PEM); `None` if there are none, or if one is unreadable.
    pub(crate) fn parse(pem: &[u8]) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.ok()?).ok()?;
        }
        (!roots.is_empty()).then(|| Self(trusting(roots)))
    }
}

impl Tls {
    /// Trusts one authority.
    pub(super) fn of(authority: &Authority) -> Self {
        Self(OnceLock::from(Some(authority.0.clone())))
    }

    /// Makes sure who is at the other end.
    pub(super) async fn secure(
        &self,
        stream: TcpStream,
        url: &Url,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let connector = self.0.get_or_init(of_system);
        let connector = connector.as_ref().ok_or(Failure::NoRoots)?;
        let host = url.host_str().unwrap_or_default();
        let untrusted = |error| Failure::Untrusted(host.to_owned(), error);
        // A URL has an IPv6 address in brackets, a certificate has it without.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|error| untrusted(std::io::Error::other(error)))?;
        connector.connect(name, stream).await.map_err(untrusted)
    }
}

/// `None` if nothing is trusted.
fn of_system() -> Option<TlsConnector> {
    let mut roots = RootCertStore::empty();
    // Some certificates of a system may be unreadable; what they would have vouched for is not trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    (!roots.is_empty()).then(|| trusting(roots))
}

fn trusting(roots: RootCertStore) -> TlsConnector {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}
