//! Children: the servers behind a composition.

pub(crate) mod asks;
mod auth;
pub(crate) mod binary;
pub(crate) mod circle;
pub(crate) mod counters;
pub(crate) mod entry;
#[cfg(test)]
pub(crate) mod fake;
mod handler;
pub(crate) mod handshake;
mod http;
pub(crate) mod instance;
mod last_words;
mod lease;
pub(crate) mod listing;
mod local;
pub(crate) mod not_started;
mod options;
#[cfg(any(feature = "rmcp", test))]
mod piped;
pub(crate) mod pool;
mod process;
mod session;
mod stdio;
pub(crate) mod supervisor;
mod transport;
pub(crate) mod turns;

pub use auth::{AuthProvider, AuthResult, CallerInfo};
pub use options::{Http, IntoSession, Local, Session, Stderr, Stdio, http, local, session, stdio};
pub use transport::Transport;

pub use crate::compose::{
    ChildEra, Isolation, ListedRoot, Prefix, Relay, Restart, Roots, Validate,
};
pub use ::http::{HeaderMap, HeaderName, HeaderValue};

#[cfg(feature = "otel")]
pub(crate) use http::client_for;
pub(crate) use options::{DEFAULT_GRACE, Environment, HttpSpec, SessionSpec, StdioSpec};
#[cfg(feature = "rmcp")]
pub(crate) use options::{RmcpSession, common_options};
#[cfg(any(feature = "rmcp", test))]
pub(crate) use piped::Piped;
pub(crate) use process::limits::raise_open_files;
pub(crate) use transport::AnyTransport;
