//! Protocol versions and the two eras they fall into.

/// The newest revision that begins with `initialize`.
pub(crate) const LATEST_LEGACY: &str = "2025-11-25";
/// The stateless revision.
pub(crate) const MODERN: &str = "2026-07-28";
/// Every revision with a handshake, newest first.
pub(crate) const LEGACY: [&str; 4] = [LATEST_LEGACY, "2025-06-18", "2025-03-26", "2024-11-05"];
/// Every revision that is served, newest first.
pub(crate) const ALL: [&str; 5] = [
    MODERN,
    LATEST_LEGACY,
    "2025-06-18",
    "2025-03-26",
    "2024-11-05",
];

/// `_meta` key of a request's protocol version (2026-07-28 and later).
pub(crate) const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// `_meta` key of the client's name and version.
pub(crate) const META_CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// `_meta` key of what the client can be asked for during this request.
pub(crate) const META_CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// `_meta` key of the least severe log level that this request wants.
pub(crate) const META_LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// `_meta` key that ties a notification to its `subscriptions/listen`.
pub(crate) const META_SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
/// `_meta` key of a result's server name and version.
pub(crate) const META_SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// Through how many compositions a request has come; between compositions only. In a handshake: that they are counted.
pub(crate) const META_HOPS: &str = "mcpCompose/hops";
/// Which compositions a list has come through: asked for and told between compositions only.
pub(crate) const META_THROUGH: &str = "mcpCompose/through";

/// How a connection is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Era {
    /// `initialize`, sessions, server-to-client requests: 2024-11-05 to 2025-11-25.
    Legacy,
    /// Stateless, every request describes itself: 2026-07-28.
    Modern,
}

/// The handshake version that we answer to a client that asks for `requested`.
pub(crate) fn negotiate_legacy(requested: &str) -> &'static str {
    LEGACY
        .into_iter()
        .find(|version| *version == requested)
        .unwrap_or(LATEST_LEGACY)
}
