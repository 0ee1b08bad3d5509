//! A typed server in this process, mounted as a child: no process, no bytes between.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::handshake::{Offers, Profile};
use super::instance::Opened;
use crate::server::{Ctx, CtxParts, LocalServer, LogLevel};
use crate::wire::message::{ErrorObject, Notification, Request, Response};
use crate::wire::peer::{Handler, Link, LinkError, Outgoing, Peer, lock};
use crate::wire::version::{Era, LATEST_LEGACY};
use crate::wire::{Message, Object, Raw};

/// Opens a connection to a typed server. Its code runs on `runtime`, the one that the composition
/// was made on, so that user code that blocks never holds up the relay.
pub(crate) fn open(server: &LocalServer, runtime: Handle, handler: Arc<dyn Handler>) -> Opened {
    let link = Arc::new(LocalLink {
        server: server.clone(),
        runtime,
        peer: OnceLock::new(),
        running: Mutex::default(),
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
        },
        instructions: info.instructions.clone(),
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
}

impl Link for SharedLink {
    fn send(&self, message: Outgoing) -> Result<(), LinkError> {
        // A typed server is told nothing but requests; there is no notification it would act on.
        if let Message::Request(request) = message.message {
            self.0.serve(request);
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
    }
}

impl LocalLink {
    fn serve(self: &Arc<Self>, request: Request) {
        let (Some(id), Some(peer)) = (request.id.as_u64(), self.peer.get().cloned()) else {
            return;
        };
        if let Some(lists) = self.listed(&request.method) {
            answer(&peer, request, Ok(lists));
            return;
        }
        let cancel = CancellationToken::new();
        lock(&self.running).insert(id, cancel.clone());
        let link = Arc::clone(self);
        self.runtime.spawn(async move {
            let ctx = Ctx::new(parts(&request, id, &peer, cancel.clone()));
            let handled = link.server.handle(&request.method, request.params(), ctx);
            // A server that ignores its cancellation is not waited for.
            let outcome = tokio::select! {
                biased;
                outcome = handled => outcome,
                () = cancel.cancelled() => return,
            };
            lock(&link.running).remove(&id);
            let outcome = outcome.map(Raw::from_json).map_err(|error| {
                ErrorObject::with_data(error.code, &error.message, error.data.as_deref())
            });
            answer(&peer, request, outcome);
        });
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

fn parts(request: &Request, id: u64, peer: &Weak<Peer>, cancel: CancellationToken) -> CtxParts {
    let meta = Object::parse(request.params())
        .ok()
        .and_then(|params| Some(params.get("_meta")?.to_owned()));
    let parsed = meta.as_deref().and_then(|meta| Object::parse(meta).ok());
    let progress_token = parsed
        .as_ref()
        .and_then(|meta| Some(meta.get("progressToken")?.to_owned()));
    let peer = Weak::clone(peer);
    CtxParts {
        progress_token,
        // The relay filters by what each client asked for.
        log_level: Some(LogLevel::Debug),
        notify: Arc::new(move |method, params| {
            if let Some(peer) = peer.upgrade() {
                let notification = Notification::new(method, Some(Raw::from_json(params)));
                peer.receive(Message::Notification(notification), Some(id));
            }
        }),
        cancel,
        meta,
    }
}
