//! Connections that fail: what is wrong, and what to do about it.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::{CertificateError, Error as TlsError};

use crate::wire::peer::{Cause, Delivered, Failure, Lost};

/// What a failed exchange with the server at `origin` means. Errors of the HTTP library show URLs, so only the
/// innermost cause is told.
pub(super) fn of_error(origin: &str, error: &reqwest::Error, connect_timeout: Duration) -> Failure {
    if error.is_connect() || error.is_builder() {
        let (why, advice) = why_not_connected(error, connect_timeout);
        let reason = format!("cannot connect to {origin}: {why}");
        let lost = Lost::new(Cause::Unavailable, Delivered::No, reason);
        match advice {
            Some(advice) => lost.advise(advice).into(),
            None => lost.into(),
        }
    } else {
        let why = cause(error);
        lost(
            Delivered::Maybe,
            format!("the connection to {origin} broke: {why}"),
        )
    }
}

/// A call whose connection failed.
pub(super) fn lost(delivered: Delivered, reason: impl Into<Arc<str>>) -> Failure {
    Lost::exited(delivered, reason).into()
}

/// The innermost cause of an error.
pub(super) fn cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// What keeps us from a connection, and what to do about it.
fn why_not_connected(
    error: &reqwest::Error,
    connect_timeout: Duration,
) -> (String, Option<&'static str>) {
    let innermost = cause(error);
    if error.is_dns() || chain(error).any(|link| link.to_string() == "dns error") {
        let why = format!("its host name cannot be looked up ({innermost})");
        return (why, Some("check the URL"));
    }
    if let Some(tls) = chain(error).find_map(tls_error) {
        return of_tls(tls);
    }
    if error.is_timeout() {
        let time = connect_timeout.as_secs_f32();
        let why = format!("no connection within {time} s");
        return (why, Some("check the address, and firewalls between"));
    }
    let refused = chain(error)
        .filter_map(|link| link.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    match refused {
        true => {
            let why = format!("nothing listens there ({innermost})");
            (why, Some("start the server, or check the port"))
        }
        false => (innermost, None),
    }
}

/// An error and its causes, outermost first.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| {
        (*error).source()
    })
}

/// The error of TLS, which an I/O error holds without naming it as its source.
fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e TlsError> {
    error.downcast_ref().or_else(|| {
        let held = error.downcast_ref::<io::Error>()?.get_ref()?;
        tls_error(held)
    })
}

fn of_tls(error: &TlsError) -> (String, Option<&'static str>) {
    let (what, advice) = match error {
        TlsError::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                "its certificate has expired",
                "renew it there, or check the clock here",
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                "its certificate is not valid yet",
                "check the clocks there and here",
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                ("its certificate is for another host name", "check the URL")
            }
            CertificateError::UnknownIssuer => (
                "its certificate is of an authority that is not trusted here",
                "give the child that authority's certificate with `ca`, or add it to those of this system",
            ),
            CertificateError::Revoked => (
                "its certificate has been revoked",
                "ask whoever runs the server for a new one",
            ),
            other => return (format!("its certificate is refused: {other}"), None),
        },
        TlsError::InvalidMessage(_) => (
            "it does not speak TLS there",
            "begin the URL with `http://` if that is meant",
        ),
        other => return (format!("TLS failed: {other}"), None),
    };
    (what.to_owned(), Some(advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b07_what_is_wrong_with_a_certificate_is_said_and_what_to_do() {
        for (error, part) in [
            (CertificateError::Expired, "renew it"),
            (CertificateError::NotValidYet, "check the clocks"),
            (CertificateError::NotValidForName, "check the URL"),
            (CertificateError::UnknownIssuer, "with `ca`"),
            (CertificateError::BadSignature, "refused"),
        ] {
            let tls = TlsError::InvalidCertificate(error);
            // As the connector has it: twice inside of I/O errors.
            let held = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
            let found = chain(&held).find_map(tls_error).map(of_tls);
            let (what, advice) = found.expect("an error of TLS");
            let told = format!("{what}; {}", advice.unwrap_or_default());
            assert!(told.contains(part), "{told}");
        }
    }
}
