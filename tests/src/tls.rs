//! TLS in front of a child over HTTP, with a certificate of an authority that nobody knows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// Decrypts what comes, and passes it on; ends when dropped.
#[derive(Debug)]
pub struct TlsFront {
    /// The child's endpoint, by `https://` and `localhost`.
    pub url: String,
    authority: PathBuf,
    _folder: TempDir,
    task: JoinHandle<()>,
}

impl TlsFront {
    /// Stands before the child at `http://127.0.0.1:PORT/..`, on a free port, as `localhost` and `127.0.0.1`.
    ///
    /// # Panics
    /// When no certificate can be made, or no port is free.
    pub async fn start(child: &str) -> Self {
        Self::named(child, &["localhost", "127.0.0.1"]).await
    }

    /// The same with a certificate for these names.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn named(child: &str, names: &[&str]) -> Self {
        let rest = child.strip_prefix("http://").expect("a plain URL");
        let (address, path) = rest.split_once('/').expect("a path");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound address").port();
        let (config, authority) = certificates(names, port);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, authority).expect("the certificate can be written");
        let task = tokio::spawn(serve(
            listener,
            address.to_owned(),
            TlsAcceptor::from(config),
        ));
        Self {
            url: format!("https://localhost:{port}/{path}"),
            authority: file,
            _folder: folder,
            task,
        }
    }

    /// The PEM file of the authority that vouches for it.
    pub fn authority(&self) -> &Path {
        &self.authority
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, to: String, acceptor: TlsAcceptor) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (to, acceptor) = (to.clone(), acceptor.clone());
        connections.spawn(async move {
            // Whoever does not believe the certificate leaves here.
            let Ok(mut near) = acceptor.accept(stream).await else {
                return;
            };
            let mut far = TcpStream::connect(to).await.expect("the child is there");
            let _ = copy_bidirectional(&mut near, &mut far).await;
        });
    }
}

/// A server's certificate and key, and the certificate of its authority as PEM. Authorities of one name would be taken for
/// one another, with a signature that is wrong.
fn certificates(names: &[&str], port: u16) -> (Arc<ServerConfig>, String) {
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    let name = format!("Authority of port {port}");
    authority.distinguished_name.push(DnType::CommonName, name);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let vouches = authority.self_signed(&key).expect("a certificate").pem();
    let issuer = Issuer::new(authority, key);
    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    let server_key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(names)
        .expect("good names")
        .signed_by(&server_key, &issuer)
        .expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_no_client_auth()
        .with_single_cert(vec![server.der().clone()], key)
        .expect("the key fits");
    (Arc::new(config), vouches)
}
