//! Compositions.

use crate::{Server, child::Remote, server::LocalServer};

/// A declared whole: settings and children.
#[derive(Debug, Default)]
pub struct Composition {
    entries: Vec<String>,
}

/// Builds a [`Composition`].
#[derive(Debug, Default)]
pub struct Builder {
    entries: Vec<String>,
}

/// What can be a child.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an MCP child",
    label = "not a child",
    note = "a child is `stdio(..)`, `http(..)`, a session, or a value whose impl block carries `#[mcp_server]`"
)]
pub trait IntoChild {
    #[doc(hidden)]
    fn describe(self) -> String;
}

impl<S: Server> IntoChild for S {
    fn describe(self) -> String {
        format!("{:?}", LocalServer::new(self))
    }
}

impl IntoChild for Remote {
    fn describe(self) -> String {
        self.command()
    }
}

impl Composition {
    /// Starts one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// What was declared, in order.
    pub fn entries(&self) -> &[String] {
        &self.entries
    }
}

macro_rules! settings {
    ($($setting:ident: $type:ty),*) => {$(
        /// A setting.
        #[must_use]
        pub fn $setting(mut self, value: impl Into<$type>) -> Self {
            let value: $type = value.into();
            self.entries.push(format!(concat!(stringify!($setting), " = {}"), value));
            self
        }
    )*};
}

impl Builder {
    settings!(name: String, version: String, title: String, instructions: String, separator: String, max_name: usize);

    /// A child under a namespace.
    #[must_use]
    pub fn child(mut self, namespace: &str, child: impl IntoChild) -> Self {
        self.entries
            .push(format!("{namespace}: {}", child.describe()));
        self
    }

    /// A child without a prefix.
    #[must_use]
    pub fn local(self, child: impl IntoChild) -> Self {
        self.child("_", child)
    }

    /// The children of another composition.
    #[must_use]
    pub fn spread(mut self, other: Composition) -> Self {
        self.entries.extend(other.entries);
        self
    }

    /// The composition.
    pub fn build(self) -> Composition {
        Composition {
            entries: self.entries,
        }
    }
}
