//! The client of everything that holdfast speaks to: TLS by ring, trusting whom the operating system trusts.
//!
//! One place, because a client that is built otherwise has no cryptography at all. A machine without any root certificate
//! still gets a client; nobody's certificate is then good, which shows when it is used.

use std::sync::LazyLock;

use reqwest::{Client, ClientBuilder};
use rustls::{ClientConfig, RootCertStore};

/// Reading some hundred certificates takes a moment and is done once.
static TRUST: LazyLock<ClientConfig> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        tracing::warn!(
            "this machine trusts no certificate authority, so no https address can be reached; install its package of CA certificates"
        );
    }
    let provider = rustls::crypto::ring::default_provider();
    ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
});

/// A client that can speak TLS; it goes through no proxy.
pub fn http_client() -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(TRUST.clone())
        .no_proxy()
}
