//! Children behind TLS, with certificates that are made on the spot.

use std::net::TcpListener;
use std::sync::Arc;

use mcp_compose_tests::aggregator::Config;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};
use serde_json::json;
use tempfile::NamedTempFile;

use super::bed::check_all;

/// An authority, as a file that `SSL_CERT_FILE` can name.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: NamedTempFile,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let own = params.self_signed(&key).expect("a certificate");
        let file = NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), own.pem()).expect("the file can be written");
        let issuer = Issuer::new(params, key);
        Self { issuer, file }
    }

    /// A composition of a server with a certificate of this authority, which is trusted or not.
    fn served(&self, params: &CertificateParams, trusted: bool) -> Config {
        let url = self.serve(params);
        let config = Config::new().child("sick", json!({ "url": url }));
        match trusted {
            true => config.environment("SSL_CERT_FILE", &self.file.path().display().to_string()),
            false => config,
        }
    }

    /// Serves handshakes until the test is over.
    fn serve(&self, params: &CertificateParams) -> String {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a certificate and its key");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound address").port();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let mut tls = ServerConnection::new(Arc::clone(&config)).expect("a connection");
                // The other side is to refuse it.
                let _ = tls.complete_io(&mut stream);
            }
        });
        format!("https://localhost:{port}/mcp")
    }
}

fn for_host(host: &str) -> CertificateParams {
    CertificateParams::new(vec![host.to_owned()]).expect("a host name")
}

/// A server with a certificate that nobody here trusts.
pub(super) fn untrusted() -> String {
    Authority::new().serve(&for_host("localhost"))
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority() {
    let config = Authority::new().served(&for_host("localhost"), false);
    check_all("tls_authority", 1, &config).await;
}

#[tokio::test]
async fn a_certificate_that_has_expired() {
    let mut params = for_host("localhost");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    let authority = Authority::new();
    check_all("tls_expired", 1, &authority.served(&params, true)).await;
}

#[tokio::test]
async fn a_certificate_for_another_host() {
    let authority = Authority::new();
    let config = authority.served(&for_host("other.example"), true);
    check_all("tls_host", 1, &config).await;
}

#[tokio::test]
async fn a_server_that_speaks_no_tls() {
    let plain = super::remote::website().await;
    let url = plain.url.replace("http://", "https://");
    let config = Config::new().child("sick", json!({ "url": url }));
    check_all("tls_none", 1, &config).await;
}
