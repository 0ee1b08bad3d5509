//! The children of a composition, to be found by name.

use std::sync::Weak;

use super::{Child, Declared};
use crate::Composition;
use crate::gateway::Gateway;
use crate::server::Ctx;

/// The children of a composition. Cheap to clone.
///
/// A method of a typed server takes one as a parameter, or from
/// [`Ctx::children`](crate::Ctx::children).
#[derive(Debug, Clone, Default)]
pub struct Children {
    of: Option<Of>,
    ctx: Option<Ctx>,
}

#[derive(Debug, Clone)]
enum Of {
    Running(Weak<Gateway>),
    Declared(Declared),
}

impl Children {
    pub(crate) fn of(gateway: Weak<Gateway>) -> Self {
        Self {
            of: Some(Of::Running(gateway)),
            ctx: None,
        }
    }

    pub(super) fn declared(declared: Declared) -> Self {
        Self {
            of: Some(Of::Declared(declared)),
            ctx: None,
        }
    }

    /// Calls by these handles are made for the caller that `ctx` belongs to.
    pub(crate) fn for_caller(&self, ctx: &Ctx) -> Self {
        Self {
            of: self.of.clone(),
            ctx: Some(ctx.clone()),
        }
    }

    /// The child of this namespace, if there is one.
    #[must_use]
    pub fn get(&self, namespace: &str) -> Option<Child> {
        let child = match self.of.as_ref()? {
            Of::Running(gateway) => {
                let children = gateway.upgrade()?.children();
                let child = children.iter().find(|child| {
                    let own = child.spec.namespace.as_ref();
                    own.is_some_and(|own| own.as_str() == namespace)
                })?;
                Child::running(Weak::clone(gateway), child.id, child.label.as_str())
            }
            Of::Declared(declared) => declared.find(namespace)?,
        };
        Some(child.for_caller(self.ctx.as_ref()))
    }

    /// The namespaces, in the order of their declaration. A child without one is not among them.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let name = |namespace: Option<&crate::compose::Namespace>| Some(namespace?.to_string());
        match &self.of {
            None => Vec::new(),
            Some(Of::Running(gateway)) => {
                let children = gateway.upgrade().map(|gateway| gateway.children());
                let children = children.iter().flat_map(|children| children.iter());
                let names = children.map(|child| child.spec.namespace.as_ref());
                names.filter_map(name).collect()
            }
            Some(Of::Declared(declared)) => {
                let names = declared.specs().iter().map(|spec| spec.namespace.as_ref());
                names.filter_map(name).collect()
            }
        }
    }
}

/// What has children that another composition can take over: `..shared` in `compose!`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no children to spread",
    label = "not a composition",
    note = "after `..` stands a composition: `compose! {{ .. }}`, or a value of a struct that `compose!` declares"
)]
pub trait IntoChildren {
    /// The children, as a composition; its settings are not taken over.
    fn into_children(self) -> Composition;
}

#[diagnostic::do_not_recommend]
impl IntoChildren for Composition {
    fn into_children(self) -> Composition {
        self
    }
}
