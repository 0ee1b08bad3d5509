//! What a child starts by itself, from the first moment of its session on.

use std::sync::{Arc, Mutex, Weak};

use super::instance::Instance;
use super::listing::Kind;
use super::supervisor::{Child, bit};
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::{Handler, Oddity, Peer, lock};
use crate::wire::{Message, Notification, Raw, Request};

/// Messages that a session may send before it is known to be one.
const MAX_EARLY: usize = 64;
/// Requests of one session that nobody has answered yet: one for each call that may be in flight by default.
const MAX_QUESTIONS: usize = 64;

/// Takes what one session of a child sends.
pub(super) struct ChildHandler {
    child: Weak<Child>,
    session: Mutex<Session>,
}

enum Session {
    /// The handshake is not done, or has just been: what came until now, in order.
    Opening(Vec<Message>),
    Ready(Weak<Instance>),
}

impl ChildHandler {
    pub(super) fn new(child: Weak<Child>) -> Arc<Self> {
        Arc::new(Self {
            child,
            session: Mutex::new(Session::Opening(Vec::new())),
        })
    }

    /// The handshake is done. What came before is taken now.
    pub(super) fn ready(&self, instance: &Arc<Instance>) {
        loop {
            let early = match &mut *lock(&self.session) {
                Session::Ready(_) => return,
                session @ Session::Opening(_) => {
                    let Session::Opening(early) = session else {
                        return;
                    };
                    let early = std::mem::take(early);
                    // Only now: what comes while the early ones are taken stays behind them.
                    if early.is_empty() {
                        *session = Session::Ready(Arc::downgrade(instance));
                        return;
                    }
                    early
                }
            };
            for message in early {
                match message {
                    Message::Request(request) => self.asked(instance, request),
                    Message::Notification(notification) => self.told(instance, notification),
                    Message::Response(_) => {}
                }
            }
        }
    }

    /// The session, or the message back if it was kept for later.
    fn instance(&self, message: Message) -> Taken {
        match &mut *lock(&self.session) {
            Session::Ready(instance) => match instance.upgrade() {
                Some(instance) => Taken::Now(instance, message),
                None => Taken::Refused(message),
            },
            Session::Opening(early) if early.len() < MAX_EARLY => {
                early.push(message);
                Taken::Kept
            }
            Session::Opening(_) => Taken::Refused(message),
        }
    }

    fn asked(&self, instance: &Arc<Instance>, request: Request) {
        let peer = instance.peer();
        let child = self.child.upgrade();
        match child.and_then(|child| Some((child.common.audience.upgrade()?, child))) {
            Some((audience, child)) => audience.asked(&child, Some(instance), peer, request),
            None => refuse(peer, request),
        }
    }

    fn told(&self, instance: &Arc<Instance>, notification: Notification) {
        if let Some(child) = self.child.upgrade()
            && let Some(audience) = child.common.audience.upgrade()
        {
            audience.told(&child, Some(instance), notification);
        }
    }
}

enum Taken {
    Now(Arc<Instance>, Message),
    Kept,
    Refused(Message),
}

impl Handler for ChildHandler {
    fn request(&self, peer: &Arc<Peer>, request: Request, _origin: Option<u64>) {
        if &*request.method == "ping" {
            peer.respond_lightly(request.id, Ok(Raw::from_static("{}")));
            return;
        }
        match self.instance(Message::Request(request)) {
            Taken::Now(instance, Message::Request(request)) => self.asked(&instance, request),
            Taken::Refused(Message::Request(request)) => refuse(peer, request),
            Taken::Now(..) | Taken::Kept | Taken::Refused(_) => {}
        }
    }

    fn notification(&self, _peer: &Arc<Peer>, notification: Notification) {
        let Some(child) = self.child.upgrade() else {
            return;
        };
        match &*notification.method {
            "notifications/tools/list_changed" => child.lists_changed(bit(Kind::Tools)),
            "notifications/prompts/list_changed" => child.lists_changed(bit(Kind::Prompts)),
            "notifications/resources/list_changed" => {
                child.lists_changed(bit(Kind::Resources) | bit(Kind::Templates));
            }
            _ => {
                let message = Message::Notification(notification);
                if let Taken::Now(instance, Message::Notification(notification)) =
                    self.instance(message)
                {
                    self.told(&instance, notification);
                }
            }
        }
    }

    fn closed(&self, _reason: &str) {}

    fn odd(&self, what: Oddity) {
        if let Some(child) = self.child.upgrade() {
            child.counters.note(&child.label, what);
        }
    }

    fn max_inbound(&self) -> usize {
        MAX_QUESTIONS
    }
}

fn refuse(peer: &Peer, request: Request) {
    let why = format!(
        "`{}` is refused: the session has no client now",
        request.method
    );
    peer.respond_lightly(
        request.id,
        Err(ErrorObject::new(code::METHOD_NOT_FOUND, &why)),
    );
}
