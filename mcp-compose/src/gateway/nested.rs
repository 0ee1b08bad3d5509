//! Calls that the program makes of its children: for the caller of one of its typed servers, or for
//! nobody.
//!
//! What such a call brings up goes the way of the typed server's own call: a question is asked on
//! it, progress and log messages are told on it, and when it ends or is cancelled so is this one.

use std::sync::{Arc, OnceLock, Weak};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::Gateway;
use super::call::{Caller, Forward};
use super::client::{Client, Handshake, Outlet, Principal};
use crate::child::pool::Holder;
use crate::child::supervisor::Child;
use crate::handle::Children;
use crate::server::Ctx;
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::{Handler, Link, LinkError, Outgoing, Peer, lock};
use crate::wire::version::{Era, LATEST_LEGACY, META_CLIENT_CAPABILITIES, META_VERSION};
use crate::wire::{FastMap, Id, Message, Notification, Object, Raw, Request, Response};

/// Questions of one such call that may be open at once.
const MAX_QUESTIONS: usize = 64;
/// Whose sessions are used for calls that are made for nobody.
const PROGRAM: &str = "the program";

impl Gateway {
    /// Handles of the children.
    pub(crate) fn handles(&self) -> Children {
        Children::of(self.own.clone())
    }

    /// Where the relay runs.
    pub(crate) fn relay(&self) -> &Handle {
        &self.relay
    }

    /// Makes a call of a child for the caller that `ctx` belongs to. `params` are a child's own:
    /// original names.
    pub(crate) async fn call_child(
        self: Arc<Self>,
        ctx: Option<Ctx>,
        child: Arc<Child>,
        method: &'static str,
        params: Raw,
    ) -> Result<Raw, ErrorObject> {
        let never = CancellationToken::new();
        let meta = ctx.as_ref().and_then(Ctx::raw_meta).unwrap_or("{}");
        let meta = Object::parse(meta).unwrap_or_default();
        let era = match meta.get(META_VERSION) {
            Some(_) => Era::Modern,
            None => Era::Legacy,
        };
        let asker = ctx.clone().map(Asker::new);
        let outlet: Arc<dyn Outlet> = match &asker {
            Some(asker) => Arc::clone(asker) as Arc<dyn Outlet>,
            None => Arc::new(Unheard),
        };
        let client = self.stand_in(ctx.as_ref(), &meta, &outlet);
        let peer = Peer::new(Box::new(Nowhere), Arc::new(Deaf));
        client.bind(&peer);
        client.set_initialized();
        if let Some(asker) = asker {
            // Set once, right here.
            let _ = asker.peer.set(Arc::downgrade(&peer));
        }
        let holder = match &ctx {
            Some(ctx) => ctx.origin().holder.clone(),
            None => Holder::Principal(PROGRAM.into()),
        };
        let caller = Caller {
            client: &client,
            era,
            meta,
            outlet: &outlet,
            cancelled: &never,
            served: None,
            nested: Some(holder),
        };
        let params = Object::parse(params.as_str())
            .map_err(|error| super::fault::invalid_params(&error.to_string()))?;
        let uri = params.string("uri").map(std::borrow::Cow::into_owned);
        let forward = Forward::nested(&child, method, params, uri.as_deref());
        let result = self.forward(&caller, forward).await;
        // Nothing that comes later finds a way back.
        peer.end("the call is over");
        result
    }

    /// Stands for the caller, as a client that is asked while the call runs.
    fn stand_in(
        &self,
        ctx: Option<&Ctx>,
        meta: &Object<'_>,
        outlet: &Arc<dyn Outlet>,
    ) -> Arc<Client> {
        let origin = ctx.map(Ctx::origin);
        let principal = match origin {
            Some(origin) => origin.principal.clone(),
            None => Principal::anonymous(),
        };
        let client = Client::new(
            self.next_id(),
            Some(Arc::clone(outlet)),
            principal,
            // The program's own, whatever its caller sees.
            Arc::clone(self.views.whole()),
        );
        let capabilities = meta.get(META_CLIENT_CAPABILITIES);
        client.greet(Handshake {
            version: LATEST_LEGACY,
            info: origin.and_then(|origin| origin.client_info.clone()),
            capabilities: capabilities.map(|text| Raw::from_json(text.to_owned())),
        });
        if let Some(level) = origin.and_then(|origin| origin.log_level) {
            client.set_log_level(level);
        }
        client
    }
}

/// Where what a nested call brings up goes: to the call of the typed server that makes it.
struct Asker {
    ctx: Ctx,
    /// What answers come back by.
    peer: OnceLock<Weak<Peer>>,
    open: std::sync::Mutex<FastMap<Id, AbortOnDropHandle<()>>>,
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asker")
    }
}

impl Asker {
    fn new(ctx: Ctx) -> Arc<Self> {
        Arc::new(Self {
            ctx,
            peer: OnceLock::new(),
            open: std::sync::Mutex::default(),
        })
    }

    fn ask(&self, question: Request) -> Result<(), LinkError> {
        let mut open = lock(&self.open);
        open.retain(|_, task| !task.is_finished());
        if open.len() >= MAX_QUESTIONS {
            return Err(LinkError::Full);
        }
        let Some(peer) = self.peer.get().cloned() else {
            return Err(LinkError::Closed);
        };
        let asked = question.id.clone();
        let answer = self.ctx.relay_question(&question.method, question.params());
        let task = tokio::spawn(async move {
            let outcome = answer.await.map(Raw::from_json).map_err(|error| {
                ErrorObject::with_data(error.code, &error.message, error.data.as_deref())
            });
            if let Some(peer) = peer.upgrade() {
                let response = Response {
                    id: Some(asked),
                    outcome,
                };
                peer.receive(Message::Response(response), None);
            }
        });
        open.insert(question.id, AbortOnDropHandle::new(task));
        Ok(())
    }

    fn tell(&self, told: &Notification) {
        match &*told.method {
            // The question is withdrawn with the task that waits for its answer.
            "notifications/cancelled" => {
                let params = Object::parse(told.params()).unwrap_or_default();
                let id = params
                    .get("requestId")
                    .and_then(|id| Id::from_raw(Raw::from_json(id.to_owned())));
                if let Some(id) = id {
                    lock(&self.open).remove(&id);
                }
            }
            "notifications/progress" => self.ctx.relay_progress(told.params()),
            method => self.ctx.relay_notification(method, told.params()),
        }
    }
}

impl Outlet for Asker {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        match message {
            Message::Request(question) => self.ask(question),
            Message::Notification(told) => {
                self.tell(&told);
                Ok(())
            }
            Message::Response(_) => Ok(()),
        }
    }
}

/// Where what is told to nobody goes.
#[derive(Debug)]
struct Unheard;

impl Outlet for Unheard {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        match message {
            Message::Request(_) => Err(LinkError::Closed),
            Message::Notification(_) | Message::Response(_) => Ok(()),
        }
    }
}

/// The link of a stand-in: it is reached on the stream of its call only.
#[derive(Debug)]
struct Nowhere;

impl Link for Nowhere {
    fn send(&self, _: Outgoing) -> Result<(), LinkError> {
        Err(LinkError::Closed)
    }

    fn close(&self) {}
}

/// A stand-in starts nothing.
struct Deaf;

impl Handler for Deaf {
    fn request(&self, peer: &Arc<Peer>, request: Request, _: Option<u64>) {
        let error = ErrorObject::new(code::METHOD_NOT_FOUND, "nothing is served here");
        peer.respond(request.id, Err(error));
    }

    fn notification(&self, _: &Arc<Peer>, _: Notification) {}

    fn closed(&self, _: &str) {}
}
