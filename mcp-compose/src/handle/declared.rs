//! Children that are declared, and may run nowhere yet.

use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;

use super::child::Found;
use super::{Child, Children};
use crate::compose::{ChildSpec, Settings};
use crate::gateway::Gateway;
use crate::wire::peer::lock;
use crate::{Composition, Problem, ServeError};

/// What a struct of `compose!` holds: children that start with the composition that they are
/// spread into, or else, when they are first used, by themselves.
#[derive(Debug, Clone)]
pub struct Declared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    specs: Vec<ChildSpec>,
    problems: Vec<Problem>,
    /// The composition of these children alone, once one of them was used before they were served.
    own: Mutex<Option<Arc<Gateway>>>,
}

impl Declared {
    /// Declares the children of a composition; nothing starts.
    pub fn new(composition: Composition) -> Self {
        let Composition {
            settings,
            children,
            problems,
            ..
        } = composition;
        Self(Arc::new(Inner {
            settings,
            specs: children,
            problems,
            own: Mutex::default(),
        }))
    }

    /// The handle of the child of this namespace. One that is not declared, which the macro never
    /// asks for, is gone from the start.
    pub fn child(&self, namespace: &str) -> Child {
        self.find(namespace)
            .unwrap_or_else(|| Child::gone(namespace))
    }

    /// Handles of all children.
    pub fn children(&self) -> Children {
        Children::declared(self.clone())
    }

    /// The children as a composition that can be served: the handles then reach those that it
    /// starts.
    pub fn composition(&self) -> Composition {
        Composition {
            settings: self.0.settings.clone(),
            children: self.0.specs.clone(),
            problems: self.0.problems.clone(),
            file: None,
            showing: None,
        }
    }

    /// Starts the children by themselves, unless they run already, and waits until each has started
    /// or failed.
    ///
    /// # Errors
    /// When they are declared wrongly.
    pub async fn connect(&self) -> Result<(), ServeError> {
        let all_run = self.0.specs.iter().all(|spec| spec.mount.get().is_some());
        if !all_run {
            self.start()?;
        }
        for spec in &self.0.specs {
            if let Some((_, child)) = spec.mount.get() {
                // One that fails says so when it is called.
                let _ = child.instance().await;
            }
        }
        Ok(())
    }

    pub(super) fn find(&self, namespace: &str) -> Option<Child> {
        let named = |spec: &&ChildSpec| {
            let own = spec.namespace.as_ref();
            own.is_some_and(|own| own.as_str() == namespace)
        };
        let spec = self.0.specs.iter().find(named)?;
        let mount = Arc::clone(&spec.mount);
        Some(Child::declared(self.clone(), mount, &spec.label()))
    }

    pub(super) fn specs(&self) -> &[ChildSpec] {
        &self.0.specs
    }

    /// The child of this label in the composition of these children alone, which is started for it.
    pub(super) fn own(&self, label: &str) -> Result<Option<Found>, ServeError> {
        let gateway = self.start()?;
        let children = gateway.children();
        let child = children.iter().find(|child| child.label == label).cloned();
        Ok(child.map(|child| (gateway, child)))
    }

    fn start(&self) -> Result<Arc<Gateway>, ServeError> {
        let mut own = lock(&self.0.own);
        if let Some(gateway) = &*own {
            return Ok(Arc::clone(gateway));
        }
        let composition = self.composition();
        composition.ready()?;
        let gateway = Gateway::start(composition, Handle::current());
        *own = Some(Arc::clone(&gateway));
        Ok(gateway)
    }
}
