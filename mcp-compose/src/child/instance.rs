//! One running session of a child.

use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::handshake::Profile;
use super::listing::Kind;
use crate::wire::FastMap;
use crate::wire::peer::{Peer, lock};

/// A connection that was opened and not yet greeted.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Our end of it.
    pub(crate) peer: Arc<Peer>,
    /// What must be stopped with it.
    pub(crate) process: Option<super::stdio::Process>,
    /// What the other side said already, where the connection came with a handshake done.
    pub(crate) greeted: Option<Profile>,
}

/// A session that is ready for calls.
#[derive(Debug)]
pub(crate) struct Instance {
    peer: Arc<Peer>,
    profile: Profile,
    /// Calls in flight by client, so that what a shared legacy session says without a link to a
    /// call is attributed only where it can belong to one client alone.
    active: Mutex<FastMap<u64, usize>>,
    stopping: CancellationToken,
}

impl Instance {
    pub(crate) fn new(peer: Arc<Peer>, profile: Profile) -> Self {
        Self {
            peer,
            profile,
            active: Mutex::default(),
            stopping: CancellationToken::new(),
        }
    }

    pub(crate) fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    pub(crate) fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Whether the session said that it has lists of this kind.
    pub(crate) fn lists(&self, kind: Kind) -> bool {
        match kind {
            Kind::Tools => self.profile.offers.tools,
            Kind::Prompts => self.profile.offers.prompts,
            Kind::Resources | Kind::Templates => self.profile.offers.resources,
        }
    }

    /// Whether calls can be made.
    pub(crate) fn is_alive(&self) -> bool {
        self.peer.ended().is_none()
    }

    /// Fires when the supervisor is to end the session.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Notes that a call of `client` is in flight until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>, client: u64) -> Active {
        *lock(&self.active).entry(client).or_default() += 1;
        Active {
            instance: Arc::clone(self),
            client,
        }
    }

    /// The clients with calls in flight.
    pub(crate) fn active_clients(&self) -> Vec<u64> {
        lock(&self.active).keys().copied().collect()
    }
}

/// A call of one client in flight.
#[derive(Debug)]
pub(crate) struct Active {
    instance: Arc<Instance>,
    client: u64,
}

impl Drop for Active {
    fn drop(&mut self) {
        let mut active = lock(&self.instance.active);
        if let Some(count) = active.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                active.remove(&self.client);
            }
        }
    }
}
