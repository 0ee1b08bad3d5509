//! Children: the servers behind a composition.

mod auth;
mod options;
mod transport;

pub use auth::{AuthProvider, AuthResult, CallerInfo};
pub use options::{Http, IntoSession, Local, Session, Stdio, http, local, session, stdio};
pub use transport::Transport;

pub use crate::compose::{ChildEra, Isolation, Validate};
pub use ::http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) use options::{HttpSpec, SessionSpec, StdioSpec};
pub(crate) use transport::AnyTransport;
