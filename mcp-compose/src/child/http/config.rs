//! Where an HTTP child is, and what every request to it carries.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect;
use rustls::RootCertStore;
use url::{Host, Url};

use super::breaker;
use super::gate::Gate;
use super::tls;
use crate::child::{AuthProvider, HttpSpec};
use crate::compose::ChildOptions;

/// How long a connection may take to come about.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// A longer time is none that anybody waits for; it is one that the clock can count.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Largest answer or event.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;
/// Idle connections are given up before servers (5 s is usual) close them: a request that meets the
/// close on its way may have been delivered, and is not sent again.
const POOL_IDLE: Duration = Duration::from_secs(4);
/// Finds peers that vanished from under a silent stream.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const MAX_REDIRECTS: usize = 3;

/// An HTTP child. Clones share one connection pool.
#[derive(Clone)]
pub(crate) struct HttpConfig {
    /// What people call the child.
    pub(crate) child: String,
    /// The MCP endpoint.
    pub(crate) url: Url,
    /// Headers of every request.
    pub(crate) headers: HeaderMap,
    /// Chooses further headers for each request.
    pub(crate) auth: Option<Arc<dyn AuthProvider>>,
    /// How long a connection may take to come about.
    pub(crate) connect_timeout: Duration,
    /// The authorities that may vouch for the server. `None`: those of this system.
    pub(crate) roots: Option<Arc<RootCertStore>>,
    /// Largest answer or event, in bytes.
    pub(crate) max_message: usize,
    /// How long a call may take: whether there is time to wait for the server's pleasure, or to try again.
    pub(super) timeout: Duration,
    /// What all sessions of the child know of the server.
    pub(crate) gate: Arc<Gate>,
    client: Arc<OnceLock<Result<reqwest::Client, Arc<str>>>>,
}

impl HttpConfig {
    /// A child at `url` with no headers and the usual bounds.
    pub(crate) fn new(url: Url) -> Self {
        Self {
            child: String::new(),
            url,
            headers: HeaderMap::new(),
            auth: None,
            connect_timeout: CONNECT_TIMEOUT,
            roots: None,
            max_message: MAX_MESSAGE,
            timeout: TIMEOUT,
            gate: Arc::new(Gate::new(breaker::FAILURES)),
            client: Arc::default(),
        }
    }

    /// A child as it was declared.
    pub(crate) fn of(child: &str, spec: &HttpSpec, options: &ChildOptions) -> Self {
        Self {
            child: child.to_owned(),
            headers: spec.headers.clone(),
            auth: spec.auth.clone(),
            connect_timeout: spec.connect_timeout,
            roots: spec.roots.clone(),
            max_message: options.max_message,
            timeout: options
                .timeout
                .min(options.max_timeout)
                .min(LONGEST_TIMEOUT),
            gate: Arc::new(Gate::new(spec.breaker)),
            ..Self::new(spec.url.clone())
        }
    }

    /// Whether requests carry anything that a server could know us by.
    pub(super) fn has_credentials(&self) -> bool {
        self.auth.is_some() || !self.base_headers().is_empty()
    }

    /// The child's origin: all of its URL that is shown, for paths and queries may hold keys.
    pub(super) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The URL to connect to: user name and password go into a header instead.
    pub(super) fn target(&self) -> Url {
        let mut url = self.url.clone();
        // Fails only for URLs that cannot have them.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_fragment(None);
        url
    }

    /// The headers that every request carries whatever it is about.
    pub(super) fn base_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 8);
        if !self.url.username().is_empty() || self.url.password().is_some() {
            let decode = |text| percent_decode(text);
            let mut pair = decode(self.url.username());
            pair.push(b':');
            pair.extend(decode(self.url.password().unwrap_or_default()));
            let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
            if let Ok(mut value) = HeaderValue::try_from(value) {
                value.set_sensitive(true);
                headers.insert(header::AUTHORIZATION, value);
            }
        }
        merge(&mut headers, self.headers.clone());
        headers
    }

    /// The connections to this child, made on first use.
    pub(super) fn client(&self) -> Result<reqwest::Client, Arc<str>> {
        self.client.get_or_init(|| self.build()).clone()
    }

    fn build(&self) -> Result<reqwest::Client, Arc<str>> {
        let tls = match (self.url.scheme(), &self.roots) {
            ("http", _) => tls::nobody(),
            (_, Some(roots)) => tls::only(roots),
            (_, None) => tls::of_this_system(),
        };
        let tls = tls.map_err(|reason| self.not_set_up(&reason))?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("mcp-compose/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect_timeout)
            .tcp_nodelay(true)
            .tcp_keepalive(KEEP_ALIVE)
            .tcp_keepalive_interval(KEEP_ALIVE / 2)
            .tcp_keepalive_retries(3)
            .pool_idle_timeout(POOL_IDLE)
            .retry(reqwest::retry::never())
            .redirect(redirect::Policy::custom(same_origin))
            .referer(false)
            .tls_backend_preconfigured(tls);
        if is_loopback(&self.url) {
            builder = builder.no_proxy();
        }
        builder
            .build()
            .map_err(|error| self.not_set_up(&super::failure::cause(&error)))
    }

    fn not_set_up(&self, reason: &str) -> Arc<str> {
        format!("cannot set up connections to {}: {reason}", self.origin()).into()
    }
}

impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConfig")
            .field("origin", &self.origin())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("auth", &self.auth.is_some())
            .finish_non_exhaustive()
    }
}

/// Lets `given` replace what `headers` has, except for what belongs to the transport.
pub(super) fn merge(headers: &mut HeaderMap, given: HeaderMap) {
    let mut current = None;
    for (name, value) in given {
        match name {
            Some(name) if is_ours(&name) => current = None,
            Some(name) => {
                headers.insert(&name, value);
                current = Some(name);
            }
            None => {
                if let Some(name) = &current {
                    headers.append(name, value);
                }
            }
        }
    }
}

/// Headers that a user cannot set: the framing of the connection, and what the protocol says.
fn is_ours(name: &HeaderName) -> bool {
    [
        header::ACCEPT,
        header::ACCEPT_ENCODING,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::TE,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ]
    .contains(name)
        || matches!(
            name.as_str(),
            "last-event-id" | "mcp-method" | "mcp-name" | "mcp-protocol-version" | "mcp-session-id"
        )
}

/// Follows what keeps the request as it is and the credentials where they belong.
fn same_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let keeps_method = matches!(attempt.status().as_u16(), 307 | 308);
    let origin = attempt.previous().first().map(Url::origin);
    if keeps_method
        && origin == Some(attempt.url().origin())
        && attempt.previous().len() <= MAX_REDIRECTS
    {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn percent_decode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if first == b'%' => {
                out.push(byte);
                rest = &tail[2..];
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> HttpConfig {
        HttpConfig::new(Url::parse(url).unwrap())
    }

    #[test]
    fn nothing_secret_is_shown() {
        let mut config = config("https://user:hunter2@example.com/key-in-path?key=in-query");
        let bearer = HeaderValue::from_static("Bearer hunter3");
        config.headers.insert(header::AUTHORIZATION, bearer);
        let shown = format!("{config:?}");
        assert!(shown.contains("https://example.com"), "{shown}");
        for secret in ["hunter", "key-in-path", "in-query", "user"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn a_password_in_the_url_becomes_a_header() {
        let config = config("http://me:p%40ss@127.0.0.1/mcp?x=1#frag");
        assert_eq!(config.target().as_str(), "http://127.0.0.1/mcp?x=1");
        let headers = config.base_headers();
        let value = &headers[header::AUTHORIZATION];
        assert_eq!(
            value,
            &format!("Basic {}", BASE64_STANDARD.encode("me:p@ss"))
        );
        assert!(value.is_sensitive());
    }

    #[test]
    fn headers_replace_and_the_transport_keeps_its_own() {
        let mut headers = HeaderMap::new();
        headers.insert("x-a", HeaderValue::from_static("1"));
        headers.insert("x-b", HeaderValue::from_static("1"));
        let mut given = HeaderMap::new();
        for (name, value) in [
            ("x-a", "2"),
            ("x-a", "3"),
            ("mcp-session-id", "stolen"),
            ("mcp-session-id", "twice"),
            ("transfer-encoding", "chunked"),
        ] {
            given.append(name, HeaderValue::from_static(value));
        }
        merge(&mut headers, given);
        let all: Vec<_> = headers.get_all("x-a").iter().collect();
        assert_eq!(all, ["2", "3"]);
        assert_eq!(headers["x-b"], "1");
        assert_eq!(headers.len(), 3);
    }
}
