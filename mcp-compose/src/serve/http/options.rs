//! Settings of the HTTP front.

use std::path::Path;
use std::time::Duration;

use super::auth::Tokens;
use super::guard::AllowedHosts;
use crate::serve::ServeError;

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
    pub(super) tokens: Tokens,
    pub(super) max_body: usize,
    pub(super) max_sessions: usize,
    pub(super) max_sessions_of_client: usize,
    pub(super) max_in_flight: usize,
    pub(super) max_in_flight_of_client: usize,
    pub(super) session_idle: Duration,
    pub(super) head_timeout: Duration,
    pub(super) body_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) write_timeout: Duration,
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
            tokens: Tokens::default(),
            max_body: 4 * 1024 * 1024,
            max_sessions: 10_000,
            max_sessions_of_client: 100,
            max_in_flight: 4096,
            max_in_flight_of_client: 64,
            session_idle: Duration::from_secs(30 * 60),
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            max_connections: 10_000,
            keep_alive: Duration::from_secs(15),
            patience: Duration::from_secs(15),
            drain: Duration::from_secs(30),
        }
    }
}

impl HttpOptions {
    /// Why these settings cannot be served.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.tokens.problem().map_or(Ok(()), Err)
    }

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

    /// Serves only requests that show this token, or another that was given: `Authorization: Bearer TOKEN`, or
    /// `X-API-Key: TOKEN`. All others are answered with 401 before their body is read.
    ///
    /// Whoever shows the token is a client of its own: what belongs to it (sessions, calls that wait for its answer,
    /// tasks) is unknown to all others. Only a keyed digest of the token is kept, and no child ever sees it. A token has
    /// visible ASCII characters without spaces; one with fewer than 16 is warned about.
    ///
    /// ```
    /// use mcp_compose::HttpOptions;
    ///
    /// # fn token() -> String { "a-long-random-text".into() }
    /// let options = HttpOptions::default()
    ///     .bearer(token())
    ///     .allow_host("mcp.example.com");
    /// # drop(options);
    /// ```
    #[must_use]
    pub fn bearer(mut self, token: impl AsRef<str>) -> Self {
        self.tokens.add(None, token.as_ref());
        self
    }

    /// As [`bearer`](Self::bearer), with the name of the client. A client may have several tokens, so that one can be
    /// replaced while its sessions go on.
    #[must_use]
    pub fn bearer_of(mut self, name: impl AsRef<str>, token: impl AsRef<str>) -> Self {
        self.tokens.add(Some(name.as_ref()), token.as_ref());
        self
    }

    /// As [`bearer`](Self::bearer), with the token that an environment variable holds.
    ///
    /// # Errors
    /// When the variable is not set, or is not text.
    pub fn bearer_env(mut self, variable: &str) -> Result<Self, ServeError> {
        let token = std::env::var(variable).map_err(|error| {
            ServeError::Auth(format!("the environment variable `{variable}`: {error}"))
        })?;
        self.tokens.add(None, token.trim());
        Ok(self)
    }

    /// As [`bearer`](Self::bearer), with the tokens of a file, one on each line: `token` or `name:token`. Empty lines
    /// and those that begin with `#` are skipped. The file is read once.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn bearer_file(mut self, path: impl AsRef<Path>) -> Result<Self, ServeError> {
        let path = path.as_ref();
        let text = crate::text_file::read(path)
            .map_err(|error| ServeError::Auth(format!("{}: {error}", path.display())))?;
        self.tokens.add_lines(&text);
        Ok(self)
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

    /// Most sessions of clients up to 2025-11-25; 10,000 unless set. Where there is no place, the session that has been
    /// idle the longest ends if that is five minutes at least; else the new client is told to come back (503).
    #[must_use]
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// Most sessions of one client, where clients are told apart by [tokens](Self::bearer) or by
    /// [`Principal`](crate::Principal); 100 unless set.
    #[must_use]
    pub fn max_sessions_of_client(mut self, sessions: usize) -> Self {
        self.max_sessions_of_client = sessions;
        self
    }

    /// Most requests that are served at once; 4,096 unless set. More are refused at once (503).
    #[must_use]
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = requests;
        self
    }

    /// Most requests that are served at once for one session, or for whoever one [token](Self::bearer) belongs to; 64
    /// unless set. More are refused at once (429). Streams of changes do not count.
    #[must_use]
    pub fn max_in_flight_of_client(mut self, requests: usize) -> Self {
        self.max_in_flight_of_client = requests;
        self
    }

    /// How long a client may take for the head of a request once it has begun, and from connecting to the end of the
    /// first head; 10 seconds unless set.
    #[must_use]
    pub fn head_timeout(mut self, timeout: Duration) -> Self {
        self.head_timeout = timeout;
        self
    }

    /// How long a client may take for a body, for each 4 MiB of it; 30 seconds unless set.
    #[must_use]
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }

    /// How long a connection is kept on which nothing is asked; 75 seconds unless set.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How long a client may take nothing of what is sent to it; 30 seconds unless set. Then its connection is closed.
    #[must_use]
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
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
