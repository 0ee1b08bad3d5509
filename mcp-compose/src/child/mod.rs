//! Children: the servers that a composition proxies.

pub(crate) mod http;

pub use self::http::{AuthProvider, BoxError};

/// On whose behalf a child is called: what per-request credentials are chosen by.
///
/// It says who the client is, and never carries the client's own token.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CallerInfo {
    /// The client's self-reported name, as in `initialize` or `_meta`.
    pub client_name: Option<String>,
    /// The client's self-reported version.
    pub client_version: Option<String>,
    /// Identifies the client's connection or session within this process; `None` for a client that has neither.
    pub session: Option<String>,
}
