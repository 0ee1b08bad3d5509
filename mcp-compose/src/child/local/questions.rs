//! What a typed server asks a legacy caller while its call runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::server::RpcError;
use crate::wire::message::{ErrorObject, Id, Notification, Request, Response};
use crate::wire::peer::{Peer, lock};
use crate::wire::{Message, Raw};

/// How many questions of one link may be open at once.
const MAX_OPEN: usize = 1024;

type Outcome = Result<Raw, ErrorObject>;

/// The questions that wait for their answers.
#[derive(Debug, Default)]
pub(super) struct Questions {
    open: Mutex<HashMap<u64, oneshot::Sender<Outcome>>>,
    next: AtomicU64,
}

impl Questions {
    /// Asks on the stream of `call`, and waits. Whoever relays the question bounds the wait.
    pub(super) async fn ask(
        self: Arc<Self>,
        peer: Weak<Peer>,
        call: (u64, CancellationToken),
        method: String,
        params: String,
    ) -> Result<String, RpcError> {
        let gone = || RpcError::new(RpcError::INTERNAL, "nobody is there to ask");
        let asked = peer.upgrade().ok_or_else(gone)?;
        let (call, cancelled) = call;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        {
            let mut open = lock(&self.open);
            if open.len() >= MAX_OPEN {
                return Err(RpcError::new(
                    RpcError::INTERNAL,
                    "too many questions are open",
                ));
            }
            open.insert(id, sender);
        }
        let _open = Open {
            questions: &self,
            peer,
            call,
            cancelled,
            id,
        };
        let request = Request {
            id: Id::number(id),
            method: method.into(),
            params: Some(Raw::from_json(params)),
        };
        asked.receive(Message::Request(request), Some(call));
        drop(asked);
        match receiver.await.map_err(|_| gone())? {
            Ok(result) => Ok(result.as_str().to_owned()),
            Err(error) => Err(RpcError::new(error.code(), error.message())),
        }
    }

    /// Takes the answer to a question; one that nobody waits for is dropped.
    pub(super) fn answer(&self, response: Response) {
        let id = response.id.and_then(|id| id.as_u64());
        if let Some(sender) = id.and_then(|id| lock(&self.open).remove(&id)) {
            let _ = sender.send(response.outcome);
        }
    }

    /// Ends every wait.
    pub(super) fn close(&self) {
        lock(&self.open).clear();
    }
}

/// A question while it is open. Dropped without an answer, it is withdrawn.
struct Open<'q> {
    questions: &'q Questions,
    peer: Weak<Peer>,
    call: u64,
    cancelled: CancellationToken,
    id: u64,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let waits = lock(&self.questions.open).remove(&self.id).is_some();
        // Whoever cancelled the call has forgotten its questions.
        if waits
            && !self.cancelled.is_cancelled()
            && let Some(peer) = self.peer.upgrade()
        {
            let params = format!(
                "{{\"requestId\":{},\"reason\":\"no longer wanted\"}}",
                self.id
            );
            let withdrawn =
                Notification::new("notifications/cancelled", Some(Raw::from_json(params)));
            peer.receive(Message::Notification(withdrawn), Some(self.call));
        }
    }
}
