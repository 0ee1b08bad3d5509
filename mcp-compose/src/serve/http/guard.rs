//! Who may connect at all: Host and Origin checks against DNS rebinding, and where to listen.

use std::net::{IpAddr, SocketAddr};

use http::header::{HOST, HeaderMap, ORIGIN};

use super::options::HttpOptions;

/// Which `Host` headers are served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum AllowedHosts {
    /// Names and addresses of this machine's loopback interface, with any port.
    #[default]
    Loopback,
    /// These names (`mcp.example.com`, any port; `mcp.example.com:8443`, that port), and loopback.
    These(Vec<String>),
    /// Every name.
    Any,
}

/// A listener that would be open to the network without protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} can be reached from the network and this server asks for no credentials: \
     set a token (`--auth-token-env`, `--auth-token-file`, `HttpOptions::bearer`), bind a loopback \
     address such as 127.0.0.1, or allow it explicitly"
)]
pub(crate) struct OpenBind(SocketAddr);

/// Refuses to listen on an address that others can reach, unless clients show a token, or it is
/// explicitly allowed.
pub(crate) fn check_bind(address: SocketAddr, options: &HttpOptions) -> Result<(), OpenBind> {
    if options.open_bind || options.tokens.are_required() || is_loopback_address(address.ip()) {
        Ok(())
    } else {
        Err(OpenBind(address))
    }
}

/// The checks that each request passes first.
#[derive(Debug, Clone, Default)]
pub(super) struct Guard {
    pub(super) hosts: AllowedHosts,
    /// Allowed origins beside those of the loopback interface, as browsers send them.
    pub(super) origins: Vec<String>,
}

impl Guard {
    /// Says why a request is refused.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        match headers.get(HOST).map(|host| host.to_str()) {
            Some(Ok(host)) if self.allows_host(host) => {}
            None if self.hosts == AllowedHosts::Any => {}
            _ => return Err("this host name is not served here"),
        }
        match headers.get(ORIGIN).map(|origin| origin.to_str()) {
            // Only browsers send it.
            None => Ok(()),
            Some(Ok(origin)) if self.allows_origin(origin) => Ok(()),
            Some(_) => Err("pages of this origin may not use this server"),
        }
    }

    fn allows_host(&self, host: &str) -> bool {
        let loopback = || split_port(host).is_some_and(|(name, _)| is_loopback_name(name));
        match &self.hosts {
            AllowedHosts::Any => true,
            AllowedHosts::Loopback => loopback(),
            AllowedHosts::These(allowed) => {
                loopback() || allowed.iter().any(|allowed| matches_host(allowed, host))
            }
        }
    }

    /// Whether a page of what is served here itself sends it, under a name that was allowed. (Where all names are, a page
    /// that has its own name lead here would be that too.)
    pub(super) fn is_of_own_page(&self, headers: &HeaderMap) -> bool {
        let AllowedHosts::These(allowed) = &self.hosts else {
            return false;
        };
        let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let own = said(ORIGIN).and_then(web_authority);
        matches!((said(HOST), own), (Some(host), Some(own)) if host.eq_ignore_ascii_case(own)
            && allowed.iter().any(|allowed| matches_host(allowed, host)))
    }

    fn allows_origin(&self, origin: &str) -> bool {
        let loopback = web_authority(origin)
            .and_then(split_port)
            .is_some_and(|(name, _)| is_loopback_name(name));
        loopback
            || self
                .origins
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }
}

/// The host and port of a web page's origin.
fn web_authority(origin: &str) -> Option<&str> {
    let http = origin.strip_prefix("http://");
    http.or_else(|| origin.strip_prefix("https://"))
}

fn matches_host(allowed: &str, host: &str) -> bool {
    allowed.eq_ignore_ascii_case(host)
        || split_port(host).is_some_and(|(name, _)| allowed.eq_ignore_ascii_case(name))
}

/// A host and its port; `None` where the text is neither `name`, `name:port` nor `[address]:port`.
fn split_port(host: &str) -> Option<(&str, Option<u16>)> {
    let (name, rest) = match host.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => host.find(':').map_or((host, ""), |at| host.split_at(at)),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(port.parse().ok()?),
        None if rest.is_empty() => None,
        None => return None,
    };
    (!name.is_empty()).then_some((name, port))
}

fn is_loopback_name(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(is_loopback_address)
}

fn is_loopback_address(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(guard: &Guard, host: Option<&str>, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(HOST, host.parse().unwrap());
        }
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        guard.check(&headers).is_ok()
    }

    #[test]
    fn only_loopback_names_are_served_by_default() {
        let guard = Guard::default();
        for host in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:1",
            "[::1]:9",
            "[::1]",
        ] {
            assert!(check(&guard, Some(host), None), "{host}");
        }
        for host in [
            "evil.example.com",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "localhost:1:2",
            "localhost:x",
            "[::1",
            "[::1]x",
            "10.0.0.1",
            "",
        ] {
            assert!(!check(&guard, Some(host), None), "{host}");
        }
        assert!(!check(&guard, None, None));
    }

    #[test]
    fn only_pages_of_this_machine_may_call_by_default() {
        let guard = Guard::default();
        for origin in [
            "http://localhost:5173",
            "https://127.0.0.1",
            "http://[::1]:8",
        ] {
            assert!(check(&guard, Some("localhost"), Some(origin)), "{origin}");
        }
        for origin in [
            "null",
            "http://evil.example.com",
            "http://localhost.evil.example",
            "http://localhost@evil.example",
            "file://localhost",
            "localhost",
        ] {
            assert!(!check(&guard, Some("localhost"), Some(origin)), "{origin}");
        }
    }

    #[test]
    fn names_and_origins_can_be_allowed() {
        let guard = Guard {
            hosts: AllowedHosts::These(vec!["mcp.example.com".into(), "b.example:8443".into()]),
            origins: vec!["https://app.example.com".into()],
        };
        for (host, origin, allowed) in [
            ("mcp.example.com:443", None, true),
            ("b.example:8443", Some("https://app.example.com"), true),
            ("localhost", None, true),
            ("b.example:8444", None, false),
            ("mcp.example.com", Some("https://mcp.example.com"), false),
        ] {
            assert_eq!(check(&guard, Some(host), origin), allowed, "{host}");
        }
        let guard = Guard {
            hosts: AllowedHosts::Any,
            origins: vec![],
        };
        assert!(check(&guard, Some("x.example"), None) && check(&guard, None, None));
    }

    #[test]
    fn an_open_bind_is_refused_unless_allowed() {
        for (address, open) in [
            ("127.0.0.1:0", false),
            ("[::1]:8080", false),
            ("[::ffff:127.0.0.1]:1", false),
            ("0.0.0.0:0", true),
            ("[::]:0", true),
            ("192.168.1.2:80", true),
        ] {
            let address = address.parse().unwrap();
            let options = HttpOptions::default();
            assert_eq!(check_bind(address, &options).is_err(), open, "{address}");
            assert!(check_bind(address, &options.clone().allow_open_bind()).is_ok());
            assert!(check_bind(address, &options.bearer("sesame-sesame-sesame")).is_ok());
        }
    }
}
