//! A legacy child without a transport, for tests: it answers at once and does as it is told.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use tokio::sync::Notify;

use super::circle::Identity;
use super::instance::Opened;
use super::not_started::NotStarted;
use crate::wire::message::{ErrorObject, Response};
use crate::wire::peer::{Handler, Link, LinkError, Outgoing, Peer, lock};
use crate::wire::{Id, Message, Notification, Object, Raw, Request};

/// A child of which every session is an object of this process. Clones are the same child.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fake(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    opened: Mutex<Vec<FakeSession>>,
    /// What sessions do when they have been greeted.
    greeted: Mutex<VecDeque<Message>>,
    refuses: AtomicBool,
    /// There is no such program.
    missing: AtomicBool,
    /// Answers nothing.
    mute: AtomicBool,
    opens: AtomicUsize,
    modern: AtomicBool,
    /// Speaks the legacy era as well, though it is modern.
    dual: AtomicBool,
    /// Its resources come from this composition.
    through: Mutex<Option<Identity>>,
    changed: Notify,
}

/// One session of a [`Fake`], seen from the child.
#[derive(Debug, Clone)]
pub(crate) struct FakeSession {
    peer: Weak<Peer>,
    heard: Arc<Mutex<Vec<Message>>>,
}

impl Fake {
    pub(super) fn open(&self, handler: Arc<dyn Handler>) -> Result<Opened, NotStarted> {
        self.0.opens.fetch_add(1, Ordering::Relaxed);
        if self.0.missing.load(Ordering::Relaxed) {
            return Err(NotStarted {
                permanent: true,
                ..NotStarted::from("it was not found")
            });
        }
        let link = FakeLink {
            fake: self.clone(),
            session: OnceLock::new(),
        };
        let link = Arc::new(link);
        let peer = Peer::new(Box::new(SharedLink(Arc::clone(&link))), handler);
        let session = FakeSession {
            peer: Arc::downgrade(&peer),
            heard: Arc::default(),
        };
        let _ = link.session.set(session.clone());
        lock(&self.0.opened).push(session);
        self.0.changed.notify_waiters();
        Ok(Opened {
            peer,
            process: None,
            greeted: None,
        })
    }

    /// How often it was tried to start it.
    pub(crate) fn opens(&self) -> usize {
        self.0.opens.load(Ordering::Relaxed)
    }

    /// Every session so far, in order.
    pub(crate) fn sessions(&self) -> Vec<FakeSession> {
        lock(&self.0.opened).clone()
    }

    /// How many sessions have not ended.
    pub(crate) fn open_sessions(&self) -> usize {
        let sessions = self.sessions();
        sessions.iter().filter(|session| session.is_open()).count()
    }

    /// Whether handshakes fail from now on.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.0.refuses.store(refuses, Ordering::Relaxed);
    }

    /// Whether there is nothing to start from now on.
    pub(crate) fn miss(&self, missing: bool) {
        self.0.missing.store(missing, Ordering::Relaxed);
    }

    /// Whether nothing is answered from now on.
    pub(crate) fn mute(&self, mute: bool) {
        self.0.mute.store(mute, Ordering::Relaxed);
    }

    /// It speaks both eras.
    pub(crate) fn dual(self) -> Self {
        self.0.dual.store(true, Ordering::Relaxed);
        self.modern()
    }

    /// It speaks 2026-07-28 only.
    pub(crate) fn modern(self) -> Self {
        self.0.modern.store(true, Ordering::Relaxed);
        self
    }

    /// Which composition its resources come from, from now on.
    pub(crate) fn through(&self, composition: Option<Identity>) {
        *lock(&self.0.through) = composition;
    }

    /// What each session says as soon as it has been greeted.
    pub(crate) fn once_greeted(&self, message: Message) {
        lock(&self.0.greeted).push_back(message);
    }

    /// Waits until `true` of what all sessions have heard.
    pub(crate) async fn until(&self, done: impl Fn(&[FakeSession]) -> bool) {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if done(&self.sessions()) {
                return;
            }
            changed.await;
        }
    }
}

impl FakeSession {
    /// Whether this is the child's end of that connection.
    pub(crate) fn is_of(&self, peer: &Arc<Peer>) -> bool {
        std::ptr::eq(self.peer.as_ptr(), Arc::as_ptr(peer))
    }

    pub(crate) fn is_open(&self) -> bool {
        self.peer
            .upgrade()
            .is_some_and(|peer| peer.ended().is_none())
    }

    /// The `capabilities` of its `initialize`.
    pub(crate) fn told(&self) -> Option<String> {
        self.requests("initialize").first().and_then(|params| {
            let params = Object::parse(params).ok()?;
            Some(params.get("capabilities")?.to_owned())
        })
    }

    /// The params of each request of this method that it has heard.
    pub(crate) fn requests(&self, method: &str) -> Vec<String> {
        let heard = lock(&self.heard);
        let requests = heard.iter().filter_map(|message| match message {
            Message::Request(request) if &*request.method == method => {
                Some(request.params().to_owned())
            }
            _ => None,
        });
        requests.collect()
    }

    /// Says something of its own accord.
    pub(crate) fn say(&self, message: Message) {
        if let Some(peer) = self.peer.upgrade() {
            peer.receive(message, None);
        }
    }

    /// Dies.
    pub(crate) fn die(&self) {
        if let Some(peer) = self.peer.upgrade() {
            peer.end("it fell over");
        }
    }
}

/// A question with this id.
pub(crate) fn question(id: u64, method: &str) -> Message {
    Message::Request(Request {
        id: Id::number(id),
        method: method.into(),
        params: None,
    })
}

/// A notification with these params.
pub(crate) fn notification(method: &'static str, params: &str) -> Message {
    Message::Notification(Notification::new(
        method,
        Some(Raw::from_json(params.to_owned())),
    ))
}

struct FakeLink {
    fake: Fake,
    session: OnceLock<FakeSession>,
}

impl fmt::Debug for FakeLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeLink")
    }
}

#[derive(Debug)]
struct SharedLink(Arc<FakeLink>);

impl Link for SharedLink {
    fn send(&self, message: Outgoing) -> Result<(), LinkError> {
        let session = self.0.session.get().ok_or(LinkError::Closed)?;
        if !session.is_open() {
            return Err(LinkError::Closed);
        }
        self.0.fake.hear(session, &message.message);
        lock(&session.heard).push(message.message);
        self.0.fake.0.changed.notify_waiters();
        Ok(())
    }

    fn close(&self) {
        self.0.fake.0.changed.notify_waiters();
    }
}

impl Fake {
    fn hear(&self, session: &FakeSession, message: &Message) {
        match message {
            Message::Request(request) => {
                if let Some(outcome) = self.answer(request) {
                    let response = Response {
                        id: Some(request.id.clone()),
                        outcome,
                    };
                    session.say_soon(Message::Response(response));
                }
            }
            Message::Notification(told) if &*told.method == "notifications/initialized" => {
                for message in lock(&self.0.greeted).iter() {
                    // At once: before whoever greets has seen that the handshake is done.
                    session.say(message.clone());
                }
            }
            _ => {}
        }
    }

    /// `None`: it takes its time, which is what calls are for here.
    fn answer(&self, request: &Request) -> Option<Result<Raw, ErrorObject>> {
        let modern = self.0.modern.load(Ordering::Relaxed);
        let result = match &*request.method {
            _ if self.0.mute.load(Ordering::Relaxed) => return None,
            _ if self.0.refuses.load(Ordering::Relaxed) => {
                return Some(Err(ErrorObject::new(-32603, "not today")));
            }
            "server/discover" if modern => {
                r#"{"supportedVersions":["2026-07-28"],"capabilities":{"resources":{"subscribe":true}}}"#
            }
            "initialize" if !modern || self.0.dual.load(Ordering::Relaxed) => {
                r#"{"protocolVersion":"2025-11-25","capabilities":{"resources":{"subscribe":true},"logging":{}},"serverInfo":{"name":"fake","version":"1"}}"#
            }
            "resources/list" => {
                let page = Raw::from_static(r#"{"resources":[{"uri":"fake://a","name":"a"}]}"#);
                let through = lock(&self.0.through).clone();
                return Some(Ok(match through {
                    Some(composition) => composition.told_in(page, []),
                    None => page,
                }));
            }
            "resources/templates/list" => r#"{"resourceTemplates":[]}"#,
            "resources/subscribe" | "resources/unsubscribe" | "logging/setLevel" => "{}",
            "tools/call" | "resources/read" | "subscriptions/listen" => return None,
            _ => return Some(Err(ErrorObject::new(-32601, "unknown"))),
        };
        Some(Ok(Raw::from_static(result)))
    }
}

impl FakeSession {
    fn say_soon(&self, message: Message) {
        let session = self.clone();
        tokio::spawn(async move { session.say(message) });
    }
}
