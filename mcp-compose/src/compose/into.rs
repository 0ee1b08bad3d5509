//! What can be served or tested as it stands.

use super::{Composition, IntoChild};

/// What [`serve`](crate::serve()) and [`test::client`](crate::test::client) take: a [`Composition`], the
/// struct that `compose!` declares, a typed server, or any other child by itself.
///
/// A child by itself is exposed without a prefix. A typed server gives the whole its own name, version,
/// title, icons and instructions.
///
/// ```
/// use mcp_compose::{IntoComposition, compose, mcp_server};
///
/// struct Status;
///
/// #[mcp_server]
/// impl Status {
///     /// Is everything well?
///     #[tool(read_only)]
///     fn status(&self) -> &'static str {
///         "ok"
///     }
/// }
///
/// assert!(Status.into_composition().check().is_empty());
/// assert!(compose! { db: stdio("db-server") }.into_composition().check().is_empty());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be served",
    label = "neither a composition nor a server",
    note = "it takes `compose! {{ .. }}`, a value whose impl block carries `#[mcp_server]`, or a child such as `stdio(..)`"
)]
pub trait IntoComposition {
    /// Makes it a composition.
    fn into_composition(self) -> Composition;
}

impl IntoComposition for Composition {
    fn into_composition(self) -> Composition {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<C: IntoChild> IntoComposition for C {
    fn into_composition(self) -> Composition {
        Composition::builder().local(self).build()
    }
}
