//! A child that is reached over streamable HTTP.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use rustls::RootCertStore;
use url::Url;

use super::common_options;
use crate::child::AuthProvider;
use crate::child::http::{CONNECT_TIMEOUT, breaker::FAILURES, read_authorities};
use crate::compose::{ChildOptions, ChildSource, DeclaredChild, IntoChild};

/// A server to reach over HTTP, made by [`http()`].
#[derive(Clone)]
#[must_use = "a child does nothing until it is part of a composition"]
pub struct Http {
    url: Result<Url, String>,
    headers: HeaderMap,
    auth: Option<Arc<dyn AuthProvider>>,
    connect_timeout: Duration,
    roots: Option<Arc<RootCertStore>>,
    breaker: u32,
    wrong: Vec<String>,
    pub(super) options: ChildOptions,
}

/// What is needed to reach a server over HTTP.
#[derive(Clone)]
pub(crate) struct HttpSpec {
    pub(crate) url: Url,
    /// Fixed headers; the values are marked as sensitive.
    pub(crate) headers: HeaderMap,
    /// Asked before each request; what it answers replaces fixed headers of the same name.
    pub(crate) auth: Option<Arc<dyn AuthProvider>>,
    pub(crate) connect_timeout: Duration,
    /// The authorities that may vouch for it. `None`: those of this system.
    pub(crate) roots: Option<Arc<RootCertStore>>,
    /// Failures in a row after which no call is sent for a while; 0 for never.
    pub(crate) breaker: u32,
}

/// An MCP server that is reached over streamable HTTP.
///
/// All children share one HTTP client of this crate. There is no option for one of your own: its type would become part of
/// this crate's interface, and with it the version of the crate that it comes from. What such a client is for most often
/// has a way of its own: [`Http::header`], [`Http::auth`], and `HTTPS_PROXY` of the environment. For anything else, connect
/// yourself and mount the connection with [`session`](crate::child::session()).
///
/// ```
/// use mcp_compose::child::http;
///
/// let orders = http("https://orders.example.com/mcp").bearer("token").tools(["search_*"]);
/// ```
pub fn http(url: impl AsRef<str>) -> Http {
    Http {
        url: parse(url.as_ref()),
        headers: HeaderMap::new(),
        auth: None,
        connect_timeout: CONNECT_TIMEOUT,
        roots: None,
        breaker: FAILURES,
        wrong: Vec::new(),
        options: ChildOptions::default(),
    }
}

impl Http {
    /// Adds a header to every request. The value is never printed.
    ///
    /// Headers that the protocol itself sets (`Mcp-*`, `Content-Type`, `Accept`, `Host`,
    /// `Content-Length`) are refused.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        match (name.parse::<HeaderName>(), value.as_ref().parse::<HeaderValue>()) {
            (Err(_), _) => self.wrong.push(format!("`{}` is not a header name", name.escape_debug())),
            (Ok(name), _) if belongs_to_the_protocol(&name) => {
                self.wrong.push(format!("header `{name}` is set by the protocol; leave it out"));
            }
            (Ok(name), Err(_)) => self.wrong.push(format!(
                "the value of header `{name}` has a character that no header can have, such as a line end"
            )),
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                self.headers.insert(name, value);
            }
        }
        self
    }

    /// Sends `Authorization: Bearer {token}` with every request. The token is never printed.
    pub fn bearer(self, token: impl AsRef<str>) -> Self {
        self.header(AUTHORIZATION, format!("Bearer {}", token.as_ref()))
    }

    /// Asks `provider` for headers before every request; see [`AuthProvider`].
    pub fn auth(mut self, provider: impl AuthProvider) -> Self {
        self.auth = Some(Arc::new(provider));
        self
    }

    /// How long it may take to connect: to look the name up, to reach the server, to agree on TLS. Default: 5 s.
    ///
    /// A call for which there is no connection is tried twice more, within its own [`timeout`](Self::timeout).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mcp_compose::child::*; let child = http("https://orders.example.com/mcp");
    /// child.connect_timeout(Duration::from_secs(2));
    /// ```
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// The certificate authorities, in a PEM file, one of which must vouch for the server; no others are believed for this
    /// child. Default: those of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`; where a system has none, as in an
    /// empty container image, Mozilla's list, which this crate brings.
    ///
    /// A relative path starts at the working directory. The file is read here, once; one that cannot be read, or has no
    /// certificate in it, is told as a mistake of the composition, and so is one for a URL with `http://`.
    ///
    /// ```
    /// # use mcp_compose::child::*;
    /// let child = http("https://orders.corp.example/mcp").ca("corp-ca.pem");
    /// ```
    pub fn ca(mut self, file: impl AsRef<Path>) -> Self {
        match read_authorities(file.as_ref()) {
            Ok(roots) => self.roots = Some(roots),
            Err(wrong) => self.wrong.push(format!("`ca`: {wrong}")),
        }
        self
    }

    /// After how many failures in a row the server is left alone: calls are refused at once then, with the reason and when
    /// to come again. 0: never. Default: 5.
    ///
    /// It is left alone for 30 s; then one call is sent, and decides. When that fails too, the pause is 30 s longer than the
    /// one before, up to 5 minutes. Only what the connection does counts: no answer, half an answer, HTTP 5xx. Tools that
    /// report errors, and calls that take too long, do not.
    ///
    /// ```
    /// # use mcp_compose::child::*; let child = http("https://orders.example.com/mcp");
    /// child.breaker(20);
    /// ```
    pub fn breaker(mut self, failures: u32) -> Self {
        self.breaker = failures;
        self
    }
}

common_options!(Http);

#[diagnostic::do_not_recommend]
impl IntoChild for Http {
    fn into_child(self) -> DeclaredChild {
        let mut child = DeclaredChild::new(self.options);
        for wrong in self.wrong {
            child.refuse(wrong);
        }
        if self.roots.is_some() && self.url.as_ref().is_ok_and(|url| url.scheme() == "http") {
            child.refuse(
                "`ca` is for a URL with `https://`: nobody vouches for a server without TLS",
            );
        }
        match self.url {
            Ok(url) => child.with_source(ChildSource::Http(HttpSpec {
                url,
                headers: self.headers,
                auth: self.auth,
                connect_timeout: self.connect_timeout,
                roots: self.roots,
                breaker: self.breaker,
            })),
            Err(wrong) => {
                child.refuse(wrong);
                child
            }
        }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("url", &self.url.as_ref().map(place))
            .field("headers", &self.headers)
            .field("auth", &self.auth)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSpec")
            .field("url", &self.place())
            .field("headers", &self.headers)
            .field("auth", &self.auth)
            .field("connect_timeout", &self.connect_timeout)
            .field("breaker", &self.breaker)
            .finish()
    }
}

impl HttpSpec {
    /// The URL for people: without user, password, query and fragment, any of which may be secret.
    pub(crate) fn place(&self) -> String {
        place(&self.url)
    }
}

fn place(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}"));
    let host = url.host_str().unwrap_or_default();
    format!(
        "{}://{host}{}{}",
        url.scheme(),
        port.unwrap_or_default(),
        url.path()
    )
}

impl fmt::Debug for dyn AuthProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthProvider")
    }
}

fn parse(text: &str) -> Result<Url, String> {
    let shown = without_secrets(text).escape_debug().to_string();
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Ok(_) => Err(format!(
            "`{shown}` is not an HTTP URL: it must start with `https://` or `http://`"
        )),
        Err(error) => Err(format!("`{shown}` is not a URL: {error}")),
    }
}

/// What may be shown of a text that should have been a URL.
fn without_secrets(text: &str) -> &str {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let text = &text[..end];
    text.rfind('@').map_or(text, |at| &text[at + 1..])
}

fn belongs_to_the_protocol(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("mcp-")
        || matches!(
            name,
            "content-type" | "accept" | "host" | "content-length" | "last-event-id"
        )
}
