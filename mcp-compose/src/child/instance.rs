//! One running session of a child.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::asks::Told;
use super::handshake::Profile;
use super::listing::Kind;
use super::pool::Holder;
use crate::server::LogLevel;
use crate::wire::peer::{Outlet, Peer, lock};
use crate::wire::{FastMap, Request};

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
    /// Whose session it is; `None` for the one that all share.
    owner: Option<Holder>,
    /// What it was told that it may ask.
    told: Told,
    /// Calls in flight, so that what a session says without a link to a call is attributed only
    /// where it can belong to one client alone.
    active: Mutex<FastMap<u64, InFlight>>,
    next: AtomicU64,
    stopping: CancellationToken,
}

impl Instance {
    pub(crate) fn new(
        peer: Arc<Peer>,
        profile: Profile,
        owner: Option<Holder>,
        told: Told,
    ) -> Self {
        Self {
            peer,
            profile,
            owner,
            told,
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

    /// Whose session this is; `None` for the one that all share.
    pub(crate) fn owner(&self) -> Option<&Holder> {
        self.owner.as_ref()
    }

    /// What the session was told that it may ask.
    pub(crate) fn told(&self) -> &Told {
        &self.told
    }

    /// Gives a question that names no call to the call that it can belong to.
    pub(crate) fn hand(&self, question: Request) -> Handed {
        let latest = self.owner.as_ref().and_then(|_| {
            lock(&self.active)
                .iter()
                .max_by_key(|(id, _)| **id)
                .map(|(_, call)| call.clone())
        });
        match latest {
            Some(call) => match call.questions.push(question) {
                Ok(()) => Handed::Taken,
                Err(question) => Handed::Nobody(question),
            },
            None => Handed::Nobody(question),
        }
    }
}

/// Whose call is in flight, and where what belongs to it goes.
#[derive(Debug, Clone)]
pub(crate) struct InFlight {
    /// The client.
    pub(crate) client: u64,
    /// Questions of the child for this call that named no call.
    pub(crate) questions: Arc<Questions>,
    /// The stream of the call.
    pub(crate) outlet: Arc<dyn Outlet>,
    /// Which log messages the client wants on it.
    pub(crate) wish: LogWish,
}

/// What became of a question that names no call.
#[derive(Debug)]
pub(crate) enum Handed {
    /// A call has it, or will have it.
    Taken,
    /// There is no call that it can belong to.
    Nobody(Request),
}

/// Questions that wait for the one who drives a call.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    waiting: Mutex<VecDeque<Request>>,
    added: Notify,
}

/// Questions of one call that may wait.
const MAX_QUESTIONS: usize = 64;

impl Questions {
    /// Adds a question, or gives it back when too many wait.
    pub(crate) fn push(&self, question: Request) -> Result<(), Request> {
        {
            let mut waiting = lock(&self.waiting);
            if waiting.len() >= MAX_QUESTIONS {
                return Err(question);
            }
            waiting.push_back(question);
        }
        self.added.notify_one();
        Ok(())
    }

    /// The next question. Dropping the future loses none.
    pub(crate) async fn next(&self) -> Request {
        loop {
            if let Some(question) = lock(&self.waiting).pop_front() {
                return question;
            }
            self.added.notified().await;
        }
    }
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
