//! One running session of a child.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::asks::Told;
use super::handshake::Profile;
use super::listing::Kind;
use super::pool::Holder;
use crate::observe::figures::Operation;
use crate::server::LogLevel;
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::{Outlet, Peer, lock};
use crate::wire::{FastMap, Message, Request};

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
    calls: Mutex<Calls>,
    /// Resources that are subscribed to here, by original URI.
    watched: Mutex<HashSet<String>>,
    next: AtomicU64,
    /// Calls in a row that had no answer in time, and nothing was heard meanwhile.
    missed: AtomicU32,
    suspected: Notify,
    stopping: CancellationToken,
}

#[derive(Debug)]
struct Calls {
    in_flight: FastMap<u64, InFlight>,
    /// Questions from before the first call, of a session that is started for one.
    early: Option<Vec<Request>>,
}

/// Unanswered calls in a row after which a session must show that it is still there.
const SUSPECT_AFTER: u32 = 3;

/// Questions that wait for the first call.
const MAX_EARLY: usize = 16;
/// How long they wait for it.
const EARLY_WAIT: Duration = Duration::from_secs(5);

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
            calls: Mutex::new(Calls {
                in_flight: FastMap::default(),
                early: None,
            }),
            watched: Mutex::default(),
            next: AtomicU64::new(0),
            missed: AtomicU32::new(0),
            suspected: Notify::new(),
            stopping: CancellationToken::new(),
        }
    }

    /// The session is started for a call, which comes next: what it asks before that waits for it.
    pub(super) fn await_call(&mut self) {
        self.calls
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .early = Some(Vec::new());
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
        let questions = Arc::clone(&call.questions);
        let early = {
            let mut calls = lock(&self.calls);
            calls.in_flight.insert(id, call);
            calls.early.take()
        };
        for question in early.into_iter().flatten() {
            if let Err(question) = questions.push(question) {
                self.refuse(question);
            }
        }
        Active {
            instance: Arc::clone(self),
            id,
        }
    }

    /// The calls in flight.
    pub(crate) fn in_flight(&self) -> Vec<InFlight> {
        lock(&self.calls).in_flight.values().cloned().collect()
    }

    /// How many calls were ever made here.
    pub(super) fn uses(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// Whether a call is in flight.
    pub(super) fn is_busy(&self) -> bool {
        !lock(&self.calls).in_flight.is_empty()
    }

    /// Something came that only a session can send that works on its calls.
    pub(crate) fn heard(&self) {
        // Nearly always nothing was missed.
        if self.missed.load(Ordering::Relaxed) != 0 {
            self.missed.store(0, Ordering::Relaxed);
        }
    }

    /// A call had no answer in time.
    pub(crate) fn missed(&self) {
        self.missed.fetch_add(1, Ordering::Relaxed);
        if self.is_suspect() {
            self.suspected.notify_one();
        }
    }

    /// Whether so many calls in a row had no answer that it may not be there any more.
    pub(super) fn is_suspect(&self) -> bool {
        self.missed.load(Ordering::Relaxed) >= SUSPECT_AFTER
    }

    /// Waits until that is so.
    pub(super) async fn suspected(&self) {
        while !self.is_suspect() {
            self.suspected.notified().await;
        }
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
    pub(crate) fn hand(self: &Arc<Self>, question: Request) -> Handed {
        if self.owner.is_none() {
            return Handed::Nobody(question);
        }
        let mut calls = lock(&self.calls);
        let latest = calls.in_flight.iter().max_by_key(|(id, _)| **id);
        if let Some((_, call)) = latest {
            return match call.questions.push(question) {
                Ok(()) => Handed::Taken,
                Err(question) => Handed::Nobody(question),
            };
        }
        match &mut calls.early {
            Some(early) if early.len() < MAX_EARLY => {
                early.push(question);
                if early.len() == 1 {
                    tokio::spawn(Arc::clone(self).stop_waiting());
                }
                Handed::Taken
            }
            _ => Handed::Nobody(question),
        }
    }

    /// No call has come in time for the questions that wait for the first one: they are taken as
    /// any other that comes between calls.
    async fn stop_waiting(self: Arc<Self>) {
        tokio::select! {
            () = tokio::time::sleep(EARLY_WAIT) => {}
            () = self.peer.closed() => return,
        }
        let early = lock(&self.calls).early.take();
        for question in early.into_iter().flatten() {
            self.peer.receive(Message::Request(question), None);
        }
    }

    fn refuse(&self, question: Request) {
        let why = format!(
            "`{}` is refused: there is no call that it can belong to",
            question.method
        );
        let error = ErrorObject::new(code::METHOD_NOT_FOUND, &why);
        self.peer.respond_lightly(question.id, Err(error));
    }

    /// Notes that a resource is subscribed to here; false if it was before.
    pub(crate) fn watch(&self, uri: &str) -> bool {
        lock(&self.watched).insert(uri.to_owned())
    }

    /// Notes that a resource is subscribed to here no more; false if it was not.
    pub(crate) fn unwatch(&self, uri: &str) -> bool {
        lock(&self.watched).remove(uri)
    }

    /// Whether the session is in use though no call is: its connection waits for what it tells.
    /// What a stateless client watches, it watches at all its sessions and at the shared one.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self.owner, Some(Holder::Client(_))) && !lock(&self.watched).is_empty()
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
    /// What is asked.
    pub(crate) operation: Operation,
    /// The tool, prompt or resource, as the child calls it.
    pub(crate) name: Option<Arc<str>>,
    /// When it was sent.
    pub(crate) since: Instant,
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
    waiting: Mutex<Waiting>,
    added: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    questions: VecDeque<Request>,
    /// The call has ended.
    closed: bool,
}

/// Questions of one call that may wait.
const MAX_QUESTIONS: usize = 64;

impl Questions {
    /// The queue of a call on this session. A session without an owner asks nobody in particular:
    /// its calls share one queue, which stays empty.
    pub(crate) fn of(instance: &Instance) -> Arc<Self> {
        static NONE: LazyLock<Arc<Questions>> = LazyLock::new(Arc::default);
        match &instance.owner {
            Some(_) => Arc::default(),
            None => Arc::clone(&NONE),
        }
    }

    /// Adds a question, or gives it back when too many wait or the call has ended.
    pub(crate) fn push(&self, question: Request) -> Result<(), Request> {
        {
            let mut waiting = lock(&self.waiting);
            if waiting.closed || waiting.questions.len() >= MAX_QUESTIONS {
                return Err(question);
            }
            waiting.questions.push_back(question);
        }
        self.added.notify_one();
        Ok(())
    }

    /// The next question. Dropping the future loses none.
    pub(crate) async fn next(&self) -> Request {
        loop {
            if let Some(question) = lock(&self.waiting).questions.pop_front() {
                return question;
            }
            self.added.notified().await;
        }
    }

    /// The call has ended. Gives the questions that nobody has seen.
    fn close(&self) -> VecDeque<Request> {
        let mut waiting = lock(&self.waiting);
        waiting.closed = true;
        std::mem::take(&mut waiting.questions)
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
        let unseen = {
            let mut calls = lock(&self.instance.calls);
            let Some(call) = calls.in_flight.remove(&self.id) else {
                return;
            };
            // A call that went on to another request of its client keeps its questions.
            let others = calls.in_flight.values();
            let goes_on = others
                .into_iter()
                .any(|other| Arc::ptr_eq(&other.questions, &call.questions));
            if goes_on {
                return;
            }
            call.questions.close()
        };
        // Which of a client's calls a question belongs to cannot be told: another may go on. If there
        // is none, it is one that came between calls.
        for question in unseen {
            let peer = &self.instance.peer;
            peer.receive(Message::Request(question), None);
        }
    }
}
