//! One running session of a child.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::handshake::Profile;
use super::listing::Kind;
use crate::server::LogLevel;
use crate::wire::FastMap;
use crate::wire::peer::{Outlet, Peer, lock};

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
    owner: Option<u64>,
    /// Calls in flight, so that what a session says without a link to a call is attributed only
    /// where it can belong to one client alone.
    active: Mutex<FastMap<u64, InFlight>>,
    next: AtomicU64,
    stopping: CancellationToken,
}

impl Instance {
    pub(crate) fn new(peer: Arc<Peer>, profile: Profile, owner: Option<u64>) -> Self {
        Self {
            peer,
            profile,
            owner,
            active: Mutex::default(),
            next: AtomicU64::new(0),
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

    /// Notes that a call is in flight until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>, call: InFlight) -> Active {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.active).insert(id, call);
        Active {
            instance: Arc::clone(self),
            id,
        }
    }

    /// The calls in flight.
    pub(crate) fn in_flight(&self) -> Vec<InFlight> {
        lock(&self.active).values().cloned().collect()
    }

    /// The client whose own session this is; `None` for the one that all share.
    pub(crate) fn owner(&self) -> Option<u64> {
        self.owner
    }
}

/// Whose call is in flight, and where what belongs to it goes.
#[derive(Debug, Clone)]
pub(crate) struct InFlight {
    /// The client.
    pub(crate) client: u64,
    /// The stream of the call.
    pub(crate) outlet: Arc<dyn Outlet>,
    /// Which log messages the client wants on it.
    pub(crate) wish: LogWish,
}

/// Which log messages are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogWish {
    /// None: a modern request that did not ask.
    Nothing,
    /// All: before `logging/setLevel` the server decides.
    Everything,
    /// Those of this level, and graver ones.
    From(LogLevel),
}

impl LogWish {
    /// Whether a message of this level is wanted; one that names none is taken to be grave.
    pub(crate) fn takes(self, level: Option<LogLevel>) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::From(least) => level.is_none_or(|level| level >= least),
        }
    }
}

/// A call in flight.
#[derive(Debug)]
pub(crate) struct Active {
    instance: Arc<Instance>,
    id: u64,
}

impl Drop for Active {
    fn drop(&mut self) {
        lock(&self.instance.active).remove(&self.id);
    }
}
