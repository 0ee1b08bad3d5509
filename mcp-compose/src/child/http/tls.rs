//! Whom HTTPS children are believed: the authorities of a file, those of the system, or those that this crate brings.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::Verifier;

/// By which the system's authorities are replaced where OpenSSL is used, and here too.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// For a child that says itself who vouches for its server.
pub(super) fn only(roots: &Arc<RootCertStore>) -> Result<ClientConfig, Arc<str>> {
    Ok(builder()?
        .with_root_certificates(Arc::clone(roots))
        .with_no_client_auth())
}

/// For a child that speaks no TLS: nothing is read, and it works on a machine without authorities.
pub(super) fn nobody() -> Result<ClientConfig, Arc<str>> {
    only(&Arc::new(RootCertStore::empty()))
}

/// For all other children, made once: the system's list is long.
pub(super) fn of_this_system() -> Result<ClientConfig, Arc<str>> {
    static CONFIG: OnceLock<Result<ClientConfig, Arc<str>>> = OnceLock::new();
    CONFIG.get_or_init(read_system).clone()
}

fn read_system() -> Result<ClientConfig, Arc<str>> {
    let verifier = Verifier::new(provider());
    let replaced = VARIABLES
        .into_iter()
        .find(|name| std::env::var_os(name).is_some());
    match (verifier, replaced) {
        (Ok(verifier), _) => Ok(builder()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth()),
        (Err(_), Some(name)) => Err(format!("{name} names no certificate that can be read").into()),
        // An empty image, most likely. Where there are any, these are not added to them: whom the system does not
        // believe was taken out of its list, or was never put into it, for a reason.
        (Err(_), None) => {
            tracing::debug!(
                "this system has no list of certificate authorities; the built-in one is used"
            );
            only(&Arc::new(bundled()))
        }
    }
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Arc<str>> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string().into())
}

/// Mozilla's list, as of this build.
fn bundled() -> RootCertStore {
    RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned())
}

/// The certificates of a PEM file.
///
/// # Errors
/// In words that begin with the file, when it cannot be read, when there is none in it, or when one is not of an
/// authority.
pub(crate) fn read_authorities(file: &Path) -> Result<Arc<RootCertStore>, String> {
    let shown = file.display();
    let text = std::fs::read(file).map_err(|error| format!("{shown}: {error}"))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| format!("{shown}: {error}"))?;
        roots.add(certificate).map_err(|error| {
            format!(
                "{shown}: certificate {} cannot be used: {error}",
                roots.len() + 1
            )
        })?;
    }
    if roots.is_empty() {
        return Err(format!(
            "{shown}: no certificate in PEM form (`-----BEGIN CERTIFICATE-----`) is in it"
        ));
    }
    Ok(Arc::new(roots))
}

/// The one that the program has chosen for the whole process, else ring.
fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_is_there() {
        assert!(bundled().len() > 100, "{}", bundled().len());
    }

    #[test]
    fn a_file_without_authorities_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let said = || read_authorities(&file).unwrap_err();
        assert!(said().contains("ca.pem"), "{}", said());
        std::fs::write(&file, "nothing").unwrap();
        assert!(said().contains("no certificate in PEM form"), "{}", said());
        let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(&file, junk).unwrap();
        assert!(
            said().contains("certificate 1 cannot be used"),
            "{}",
            said()
        );
    }
}
