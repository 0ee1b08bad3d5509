//! A session that the user holds, as a child.

use std::fmt;
use std::sync::{Arc, Mutex};

use super::common_options;
use crate::child::{AnyTransport, Transport};
use crate::compose::{ChildOptions, ChildSource, DeclaredChild, IntoChild};

/// A session that already exists, made by [`session`].
#[derive(Debug)]
#[must_use = "a child does nothing until it is part of a composition"]
pub struct Session {
    spec: SessionSpec,
    pub(super) options: ChildOptions,
}

/// How a session that the user holds is spoken over.
pub(crate) enum SessionSpec {
    /// Messages over a connection of the user's; the handshake is still to be done.
    Transport(Box<dyn AnyTransport>),
    /// A session of rmcp after its handshake.
    #[cfg(feature = "rmcp")]
    Rmcp(RmcpSession),
}

/// A running client session of rmcp.
#[cfg(feature = "rmcp")]
pub(crate) struct RmcpSession {
    pub(crate) peer: rmcp::Peer<rmcp::RoleClient>,
    /// Whatever must live for as long as the session is used.
    pub(crate) keep: Box<dyn std::any::Any + Send>,
}

/// A session that already exists: a [`Transport`] of one's own or, with the feature `rmcp`, a
/// running rmcp client session (`RunningService`, or its `Peer`).
///
/// The composition does not close what it did not open.
pub fn session(session: impl IntoSession) -> Session {
    Session {
        spec: session.into_session().0,
        options: ChildOptions::default(),
    }
}

/// What [`session`] takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session",
    note = "a session is a value that implements `mcp_compose::child::Transport`, or a running client session of rmcp"
)]
pub trait IntoSession {
    #[doc(hidden)]
    fn into_session(self) -> AnySession;
}

#[doc(hidden)]
pub struct AnySession(SessionSpec);

#[diagnostic::do_not_recommend]
impl<T: Transport> IntoSession for T {
    fn into_session(self) -> AnySession {
        AnySession(SessionSpec::Transport(Box::new(self)))
    }
}

#[cfg(feature = "rmcp")]
impl IntoSession for rmcp::Peer<rmcp::RoleClient> {
    fn into_session(self) -> AnySession {
        AnySession(SessionSpec::Rmcp(RmcpSession {
            peer: self,
            keep: Box::new(()),
        }))
    }
}

#[cfg(feature = "rmcp")]
impl<S: rmcp::Service<rmcp::RoleClient>> IntoSession
    for rmcp::service::RunningService<rmcp::RoleClient, S>
{
    fn into_session(self) -> AnySession {
        let peer = self.peer().clone();
        AnySession(SessionSpec::Rmcp(RmcpSession {
            peer,
            keep: Box::new(self),
        }))
    }
}

common_options!(Session);

#[diagnostic::do_not_recommend]
impl IntoChild for Session {
    fn into_child(self) -> DeclaredChild {
        DeclaredChild::new(self.options)
            .with_source(ChildSource::Session(Arc::new(Mutex::new(Some(self.spec)))))
    }
}

impl fmt::Debug for SessionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SessionSpec::Transport(_) => "Transport",
            #[cfg(feature = "rmcp")]
            SessionSpec::Rmcp(_) => "Rmcp",
        })
    }
}

impl fmt::Debug for AnySession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
