//! A typed server of this process, as a child with options.

use super::common_options;
use crate::compose::{ChildOptions, ChildSource, DeclaredChild, IntoChild};
use crate::server::{LocalServer, Server};

/// A typed server with options, made by [`local`].
#[derive(Debug, Clone)]
#[must_use = "a child does nothing until it is part of a composition"]
pub struct Local {
    server: LocalServer,
    pub(super) options: ChildOptions,
}

/// A typed server that runs in this process, with options.
///
/// A server that needs none can stand in a composition as it is.
pub fn local<S: Server>(server: S) -> Local {
    Local {
        server: LocalServer::new(server),
        options: ChildOptions::default(),
    }
}

common_options!(Local);

#[diagnostic::do_not_recommend]
impl IntoChild for Local {
    fn into_child(self) -> DeclaredChild {
        DeclaredChild::new(self.options).with_source(ChildSource::Local(self.server))
    }
}
