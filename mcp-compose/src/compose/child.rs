//! Children as they are declared.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{ChildOptions, Namespace, Prefix};
use crate::child::{DEFAULT_GRACE, HttpSpec, SessionSpec, StdioSpec};
use crate::handle::Mount;
use crate::server::{LocalServer, Server};

/// What can be a child of a composition.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an MCP child",
    label = "not a child",
    note = "a child is `stdio(..)`, `http(..)`, a session, or a value whose impl block carries `#[mcp_server]`"
)]
pub trait IntoChild {
    /// Turns the value into a child.
    fn into_child(self) -> DeclaredChild;
}

#[diagnostic::do_not_recommend]
impl<S: Server> IntoChild for S {
    fn into_child(self) -> DeclaredChild {
        let source = ChildSource::Local(LocalServer::new(self));
        DeclaredChild::new(ChildOptions::default()).with_source(source)
    }
}

/// A child that has no namespace yet.
#[derive(Debug)]
pub struct DeclaredChild {
    pub(super) source: Option<ChildSource>,
    pub(super) options: ChildOptions,
    pub(super) errors: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl DeclaredChild {
    pub(crate) fn new(options: ChildOptions) -> Self {
        DeclaredChild {
            source: None,
            options,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(crate) fn with_source(mut self, source: ChildSource) -> Self {
        if let ChildSource::Local(server) = &source {
            self.errors.extend_from_slice(server.problems());
        }
        self.source = Some(source);
        self
    }

    /// Notes why the composition cannot start with this child.
    pub(crate) fn refuse(&mut self, why: impl Into<String>) {
        self.errors.push(why.into());
    }

    /// Notes what may be a mistake.
    pub(crate) fn warn(&mut self, why: impl Into<String>) {
        self.warnings.push(why.into());
    }
}

/// A child of a composition.
#[derive(Debug, Clone)]
pub(crate) struct ChildSpec {
    /// `None`: what it offers is exposed without a prefix.
    pub(crate) namespace: Option<Namespace>,
    pub(crate) source: ChildSource,
    pub(crate) options: ChildOptions,
    /// Where handles of the child find it.
    pub(crate) mount: Arc<Mount>,
}

/// Where a child comes from.
#[derive(Debug, Clone)]
pub(crate) enum ChildSource {
    Stdio(StdioSpec),
    Http(HttpSpec),
    Local(LocalServer),
    /// Taken when it is opened: a session cannot be opened twice.
    Session(Arc<Mutex<Option<SessionSpec>>>),
    /// Runs in this process, behind a pipe.
    #[cfg(any(feature = "rmcp", test))]
    Piped(crate::child::Piped),
    #[cfg(test)]
    Fake(crate::child::fake::Fake),
}

impl ChildSpec {
    /// How much longer than others its process may take to end.
    pub(crate) fn extra_grace(&self) -> Duration {
        match &self.source {
            ChildSource::Stdio(spec) => spec.grace.saturating_sub(DEFAULT_GRACE),
            _ => Duration::ZERO,
        }
    }

    /// The namespace, where names have it in any case.
    pub(crate) fn prefix(&self) -> Option<&Namespace> {
        self.namespace
            .as_ref()
            .filter(|_| self.options.prefix == Prefix::Always)
    }

    /// What people call the child: its namespace or, without one, what it is.
    pub(crate) fn label(&self) -> String {
        if let Some(namespace) = &self.namespace {
            return namespace.to_string();
        }
        match &self.source {
            ChildSource::Stdio(spec) => {
                let program = Path::new(&spec.program);
                let name = program.file_name().unwrap_or(&spec.program);
                name.to_string_lossy().into_owned()
            }
            ChildSource::Http(spec) => spec.place(),
            ChildSource::Local(server) => server.info().name.clone(),
            ChildSource::Session(_) => "session".to_owned(),
            #[cfg(any(feature = "rmcp", test))]
            ChildSource::Piped(piped) => piped.label.to_owned(),
            #[cfg(test)]
            ChildSource::Fake(_) => "fake".to_owned(),
        }
    }
}
