//! Where a declared child runs.

use std::sync::{Mutex, Weak};

use super::child::Found;
use crate::gateway::Gateway;
use crate::wire::peer::lock;

/// Where a declared child runs, once something has started it. A later start takes over.
#[derive(Debug, Default)]
pub(crate) struct Mount(Mutex<Option<(Weak<Gateway>, u64)>>);

impl Mount {
    /// The child runs here now.
    pub(crate) fn set(&self, gateway: Weak<Gateway>, child: u64) {
        *lock(&self.0) = Some((gateway, child));
    }

    /// The child, if it runs anywhere.
    pub(super) fn get(&self) -> Option<Found> {
        let (gateway, id) = lock(&self.0).clone()?;
        let gateway = gateway.upgrade()?;
        let child = gateway.child(id)?;
        Some((gateway, child))
    }
}
