//! A typed server in this process, mounted as a child: no process, no bytes between.
//!
//! It answers in the era of its caller, which the relay tells in `_meta` of each request: a modern
//! caller is asked by the result, a legacy one while the call runs.

mod questions;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use self::questions::Questions;
use super::handshake::{Offers, Profile, ServerName};
use super::instance::Opened;
use crate::server::{Answers, Asking, Ctx, CtxParts, LocalServer, LogLevel, RpcError};
use crate::wire::message::{ErrorObject, Notification, Request, Response};
use crate::wire::peer::{Handler, Link, LinkError, Outgoing, Peer, lock};
use crate::wire::version::{Era, LATEST_LEGACY, META_VERSION};
use crate::wire::{Message, Object, Origin, Raw};

/// Opens a connection to a typed server. Its code runs on `runtime`, the one that the composition
/// was made on, so that user code that blocks never holds up the relay.
pub(crate) fn open(server: &LocalServer, runtime: Handle, handler: Arc<dyn Handler>) -> Opened {
    let link = Arc::new(LocalLink {
        server: server.clone(),
        runtime,
        peer: OnceLock::new(),
        running: Mutex::default(),
        questions: Arc::default(),
    });
    let peer = Peer::new(Box::new(SharedLink(Arc::clone(&link))), handler);
    // Set once, right here.
    let _ = link.peer.set(Arc::downgrade(&peer));
    Opened {
        peer,
        process: None,
        greeted: Some(profile(server)),
    }
}

fn profile(server: &LocalServer) -> Profile {
    let info = server.info();
    let lists = server.lists();
    let resources = !lists.resources.is_empty() || !lists.templates.is_empty();
    Profile {
        era: Era::Legacy,
        version: LATEST_LEGACY.to_owned(),
        offers: Offers {
            tools: !lists.tools.is_empty(),
            prompts: !lists.prompts.is_empty(),
            resources,
            subscribe: resources,
            completions: lists.completes,
            logging: true,
            tasks: false,
            ui: false,
            hops: false,
        },
        instructions: info.instructions.clone(),
        server: Some(ServerName {
            name: info.name.clone(),
            version: Some(info.version.clone()),
        }),
        // Known without asking.
        info: None,
    }
}

#[derive(Debug)]
struct SharedLink(Arc<LocalLink>);

#[derive(Debug)]
struct LocalLink {
    server: LocalServer,
    runtime: Handle,
    peer: OnceLock<Weak<Peer>>,
    running: Mutex<HashMap<u64, CancellationToken>>,
    questions: Arc<Questions>,
}

impl Link for SharedLink {
    fn send(&self, message: Outgoing) -> Result<(), LinkError> {
        match message.message {
            Message::Request(request) => self.0.serve(request, message.origin),
            Message::Response(response) => self.0.questions.answer(response),
            // There is none that a typed server would act on.
            Message::Notification(_) => {}
        }
        Ok(())
    }

    fn cancel(&self, id: u64, _reason: &str) {
        if let Some(token) = lock(&self.0.running).remove(&id) {
            token.cancel();
        }
    }

    fn close(&self) {
        for token in lock(&self.0.running).values() {
            token.cancel();
        }
        self.0.questions.close();
    }
}

impl LocalLink {
    fn serve(self: &Arc<Self>, request: Request, origin: Option<Arc<Origin>>) {
        let (Some(id), Some(peer)) = (request.id.as_u64(), self.peer.get().cloned()) else {
            return;
        };
        if let Some(lists) = self.listed(&request.method) {
            answer(&peer, request, Ok(lists));
            return;
        }
        let cancel = CancellationToken::new();
        let ctx = match self.parts(&request, origin, id, &peer, cancel.clone()) {
            Ok(parts) => Ctx::new(parts),
            Err(error) => return answer(&peer, request, Err(told(error))),
        };
        lock(&self.running).insert(id, cancel.clone());
        let link = Arc::clone(self);
        self.runtime.spawn(async move {
            let handled = link.server.handle(&request.method, request.params(), ctx);
            // A server that ignores its cancellation is not waited for.
            let outcome = tokio::select! {
                biased;
                outcome = handled => outcome,
                () = cancel.cancelled() => return,
            };
            lock(&link.running).remove(&id);
            answer(&peer, request, outcome.map(Raw::from_json).map_err(told));
        });
    }

    /// What the method that serves a request can know and do.
    fn parts(
        &self,
        request: &Request,
        origin: Option<Arc<Origin>>,
        id: u64,
        peer: &Weak<Peer>,
        cancel: CancellationToken,
    ) -> Result<CtxParts, RpcError> {
        let params = Object::parse(request.params()).unwrap_or_default();
        let meta = params.get("_meta").map(str::to_owned);
        let parsed = meta.as_deref().and_then(|meta| Object::parse(meta).ok());
        let parsed = parsed.unwrap_or_default();
        let replay = match parsed.get(META_VERSION) {
            Some(_) => Some(Answers::parse(
                params.get("inputResponses"),
                params.get("requestState"),
            )?),
            None => None,
        };
        let inline = {
            let (questions, peer) = (Arc::clone(&self.questions), Weak::clone(peer));
            let call = (id, cancel.clone());
            Arc::new(move |method: &str, params| {
                let (questions, method) = (Arc::clone(&questions), method.to_owned());
                questions
                    .ask(Weak::clone(&peer), call.clone(), method, params)
                    .boxed()
            })
        };
        let peer = Weak::clone(peer);
        Ok(CtxParts {
            progress_token: parsed.get("progressToken").map(str::to_owned),
            // The relay filters by what each client asked for.
            log_level: Some(LogLevel::Debug),
            notify: Arc::new(move |method, params| {
                if let Some(peer) = peer.upgrade() {
                    let notification = Notification::named(method, Some(Raw::from_json(params)));
                    peer.receive(Message::Notification(notification), Some(id));
                }
            }),
            cancel,
            meta,
            asking: Asking { inline, replay },
            origin: origin.unwrap_or_default(),
        })
    }

    /// The answer to a list method.
    fn listed(&self, method: &str) -> Option<Raw> {
        let kind = super::listing::Kind::ALL
            .into_iter()
            .find(|kind| kind.method() == method)?;
        let lists = self.server.lists();
        let entries = match kind {
            super::listing::Kind::Tools => &lists.tools,
            super::listing::Kind::Prompts => &lists.prompts,
            super::listing::Kind::Resources => &lists.resources,
            super::listing::Kind::Templates => &lists.templates,
        };
        Some(Raw::from_json(format!(
            "{{\"{}\":[{}]}}",
            kind.member(),
            entries.join(",")
        )))
    }
}

fn answer(peer: &Weak<Peer>, request: Request, outcome: Result<Raw, ErrorObject>) {
    if let Some(peer) = peer.upgrade() {
        peer.receive(
            Message::Response(Response {
                id: Some(request.id),
                outcome,
            }),
            None,
        );
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is mapped over errors")]
fn told(error: RpcError) -> ErrorObject {
    ErrorObject::with_data(error.code, &error.message, error.data.as_deref())
}

#[cfg(test)]
mod tests;
