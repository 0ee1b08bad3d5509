//! Elicitations by URL that are open at legacy clients: ids that are unique for a client, and the
//! word that one is complete, which comes later and names nothing but the id.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::client::Client;
use crate::child::supervisor::Child;
use crate::wire::message::ErrorObject;
use crate::wire::peer::{Peer, lock};
use crate::wire::{Message, Notification, Object, Raw, json};

/// Elicitations that are remembered; the oldest are forgotten first.
const MAX_OPEN: usize = 1024;

/// How a child says that an elicitation is complete.
pub(super) const COMPLETE: &str = "notifications/elicitation/complete";

/// The elicitations whose end may still be told.
#[derive(Debug, Default)]
pub(super) struct Elicitations {
    open: Mutex<VecDeque<Open>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Open {
    child: u64,
    session: Option<Weak<Peer>>,
    original: String,
    exposed: String,
    client: Weak<Client>,
}

impl Elicitations {
    /// The id under which `client` gets to know an elicitation of `child`, on `session`.
    pub(super) fn expose(
        &self,
        child: &Child,
        session: Option<&Arc<Peer>>,
        original: Option<String>,
        client: &Arc<Client>,
    ) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let Some(original) = original else {
            // A modern child has no ids; it tells nothing later either.
            return format!("{}.{number}", child.label);
        };
        let exposed = format!("{}.{number}.{original}", child.label);
        let mut open = lock(&self.open);
        if open.len() >= MAX_OPEN {
            open.pop_front();
        }
        open.push_back(Open {
            child: child.id,
            session: session.map(Arc::downgrade),
            original,
            exposed: exposed.clone(),
            client: Arc::downgrade(client),
        });
        exposed
    }

    /// An error that lists pages to open, with ids that are unique for `client`.
    pub(super) fn expose_pages(
        &self,
        child: &Child,
        error: &ErrorObject,
        client: &Arc<Client>,
    ) -> ErrorObject {
        let exposed = || {
            let mut object = Object::parse(error.raw().as_str()).ok()?;
            let mut data = Object::parse(object.get_borrowed("data")?).ok()?;
            let mut pages = Vec::new();
            for item in json::array_items(data.get_borrowed("elicitations")?).ok()? {
                let mut page = Object::parse(item).ok()?;
                if let Some(original) = page.string("elicitationId").map(|id| id.into_owned()) {
                    let id = self.expose(child, None, Some(original), client);
                    page.set("elicitationId", json::quote(&id));
                }
                pages.push(page.to_json());
            }
            data.set("elicitations", format!("[{}]", pages.join(",")));
            object.set("data", data.to_json());
            Some(ErrorObject::from_raw(object.to_raw()))
        };
        exposed().unwrap_or_else(|| error.clone())
    }

    /// A child says that an elicitation is complete: the clients that were asked hear it.
    pub(super) fn completed(&self, child: &Child, peer: Option<&Arc<Peer>>, said: &Notification) {
        let Ok(mut params) = Object::parse(said.params()) else {
            return;
        };
        let Some(original) = params.string("elicitationId").map(|id| id.into_owned()) else {
            return;
        };
        let mut concerned = Vec::new();
        lock(&self.open).retain(|one| {
            let same_session = match (&one.session, peer) {
                (Some(session), Some(peer)) => std::ptr::eq(session.as_ptr(), Arc::as_ptr(peer)),
                // Of an error, which does not say on which session it came: the id must do.
                _ => true,
            };
            let matches = one.child == child.id && same_session && one.original == original;
            if matches {
                concerned.push((one.exposed.clone(), Weak::clone(&one.client)));
            }
            !matches
        });
        for (exposed, client) in concerned {
            params.set("elicitationId", json::quote(&exposed));
            tell(&client, params.to_raw());
        }
    }

    /// Tells a client that what it was asked, under an id of ours, is complete.
    pub(super) fn complete(client: &Arc<Client>, exposed: &str) {
        let mut params = Object::default();
        params.set("elicitationId", json::quote(exposed));
        tell(&Arc::downgrade(client), params.to_raw());
    }
}

fn tell(client: &Weak<Client>, params: Raw) {
    if let Some(client) = client.upgrade() {
        client.push(Message::Notification(Notification::new(
            COMPLETE,
            Some(params),
        )));
    }
}
