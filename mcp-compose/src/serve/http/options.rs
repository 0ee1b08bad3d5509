//! Settings of the HTTP front.

use std::time::Duration;

use super::guard::AllowedHosts;

/// Settings of the HTTP front.
///
/// ```
/// use mcp_compose::HttpOptions;
///
/// let options = HttpOptions::default()
///     .allow_host("mcp.example.com")
///     .allow_origin("https://app.example.com");
/// # drop(options);
/// ```
#[derive(Debug, Clone)]
pub struct HttpOptions {
    pub(super) hosts: AllowedHosts,
    pub(super) origins: Vec<String>,
    pub(super) open_bind: bool,
    pub(super) max_body: usize,
    pub(super) max_sessions: usize,
    pub(super) session_idle: Duration,
    pub(super) max_connections: usize,
    pub(super) keep_alive: Duration,
    pub(super) patience: Duration,
    pub(super) drain: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            hosts: AllowedHosts::default(),
            origins: Vec::new(),
            open_bind: false,
            max_body: 4 * 1024 * 1024,
            max_sessions: 10_000,
            session_idle: Duration::from_secs(30 * 60),
            max_connections: 10_000,
            keep_alive: Duration::from_secs(15),
            patience: Duration::from_secs(15),
            drain: Duration::from_secs(30),
        }
    }
}

impl HttpOptions {
    /// Serves requests whose `Host` is `host` (`mcp.example.com`: any port; `mcp.example.com:8443`:
    /// that port), beside the names of this machine's loopback interface.
    #[must_use]
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        match &mut self.hosts {
            AllowedHosts::Any => {}
            AllowedHosts::These(hosts) => hosts.push(host.into()),
            AllowedHosts::Loopback => self.hosts = AllowedHosts::These(vec![host.into()]),
        }
        self
    }

    /// Serves requests for every `Host`. Web pages can then reach this server by DNS rebinding,
    /// unless something before it checks the name or asks for credentials.
    #[must_use]
    pub fn allow_any_host(mut self) -> Self {
        self.hosts = AllowedHosts::Any;
        self
    }

    /// Serves web pages of `origin` (`https://app.example.com`), beside those of this machine.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Listens on an address that others can reach although this server asks for no credentials.
    #[must_use]
    pub fn allow_open_bind(mut self) -> Self {
        self.open_bind = true;
        self
    }

    /// Most bytes of one message of a client; 4 MiB unless set.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Most sessions of clients up to 2025-11-25; 10,000 unless set.
    #[must_use]
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// How long a session lives without a request, a call in flight or an open stream; 30 minutes
    /// unless set.
    #[must_use]
    pub fn session_idle(mut self, idle: Duration) -> Self {
        self.session_idle = idle;
        self
    }

    /// Most connections at once; 10,000 unless set. More wait to be accepted.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// How often something is sent on a stream where nothing happens; 15 seconds unless set.
    #[must_use]
    pub fn keep_alive(mut self, every: Duration) -> Self {
        self.keep_alive = every;
        self
    }

    /// How long an answer may take before it becomes a stream, so that nobody on the way gives up
    /// on it; 15 seconds unless set.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long calls in flight may go on once the server is told to stop; 30 seconds unless set.
    #[must_use]
    pub fn drain(mut self, grace: Duration) -> Self {
        self.drain = grace;
        self
    }
}
