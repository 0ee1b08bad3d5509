//! One client at the other end of a connection that carries messages both ways.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bytestring::ByteString;
use tokio_util::task::TaskTracker;

use super::refusal;
use crate::gateway::Gateway;
use crate::gateway::client::{Client, Outlet, Principal};
use crate::wire::message::{ErrorObject, Incoming, Malformed, code};
use crate::wire::peer::{BeginError, Handler, Link, LinkError, Outgoing, Peer};
use crate::wire::{Message, Notification, Request};

/// How long calls in flight may go on once the client has said its last word, or we were told to stop.
pub(crate) const DRAIN: Duration = Duration::from_secs(30);
/// How long the last answers may take to be read.
pub(crate) const FLUSH: Duration = Duration::from_secs(2);

/// A client that is connected, whatever carries its messages.
pub(crate) struct Connected {
    peer: Arc<Peer>,
    calls: TaskTracker,
}

impl Connected {
    /// A client that is written to by `link`.
    pub(crate) fn new(gateway: &Arc<Gateway>, link: Box<dyn Link>) -> Self {
        let calls = TaskTracker::new();
        let mut connected = None;
        let peer = Peer::new_cyclic(link, |peer| {
            let push = Arc::new(Connection(Weak::clone(peer)));
            let client = gateway.connect(push, Principal::anonymous());
            connected = Some(Arc::clone(&client));
            Arc::new(Front {
                gateway: Arc::clone(gateway),
                client,
                calls: calls.clone(),
            })
        });
        if let Some(client) = connected {
            client.bind(&peer);
        }
        Self { peer, calls }
    }

    /// Takes what the client sent: a message, or a batch of them.
    pub(crate) fn take(&self, text: &ByteString) {
        let peer = &self.peer;
        match Incoming::parse(text) {
            Ok(Incoming::One(message)) => peer.receive(message, None),
            Ok(Incoming::Batch(messages)) => {
                for message in messages {
                    match message {
                        Ok(message) => peer.receive(message, None),
                        Err(malformed) => peer.complain(malformed),
                    }
                }
            }
            Err(malformed) => peer.complain(malformed),
        }
    }

    /// Says what was wrong with what is no message.
    pub(crate) fn complain(&self, code: i64, why: &str) {
        self.peer.complain(malformed(code, why));
    }

    /// The client says nothing more: its calls in flight are answered, within a bound, and the
    /// connection ends.
    #[cfg(feature = "rmcp")]
    pub(crate) async fn end(self) {
        self.stop_hearing();
        let _ = tokio::time::timeout(DRAIN, self.answered()).await;
    }

    /// The client says nothing more: nobody waits for its answers to questions.
    pub(crate) fn stop_hearing(&self) {
        let why = "the client has closed its end of the connection";
        self.peer.stop_hearing(why);
    }

    /// Ends the connection, with all that is in flight.
    pub(crate) fn close(&self) {
        self.peer.end("the client has closed the connection");
    }

    /// Waits until no call is in flight, once no new ones are taken.
    pub(crate) async fn answered(&self) {
        self.calls.close();
        self.calls.wait().await;
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.close();
    }
}

fn malformed(code: i64, why: &str) -> Malformed {
    Malformed {
        id: None,
        error: ErrorObject::new(code, why),
    }
}

/// What the client starts.
struct Front {
    gateway: Arc<Gateway>,
    client: Arc<Client>,
    calls: TaskTracker,
}

impl Handler for Front {
    fn request(&self, peer: &Arc<Peer>, request: Request, _origin: Option<u64>) {
        if self.gateway.draining().is_cancelled() && &*request.method != "ping" {
            peer.respond(request.id, Err(refusal::draining()));
            return;
        }
        let inbound = match peer.begin(&request.id) {
            Ok(inbound) => inbound,
            Err(BeginError::Duplicate) => {
                let id = request.id.as_str();
                let why = format!("invalid request: id {id} is in flight already");
                // Without the id: with it, this would be taken for the answer to the request in
                // flight.
                peer.complain(malformed(code::INVALID_REQUEST, &why));
                return;
            }
            Err(BeginError::TooMany) => {
                let error = refusal::overloaded("too many requests are in flight");
                peer.respond(request.id, Err(error));
                return;
            }
        };
        let (gateway, client, peer) = (
            Arc::clone(&self.gateway),
            Arc::clone(&self.client),
            Arc::clone(peer),
        );
        self.calls.spawn(async move {
            let outlet: Arc<dyn Outlet> = Arc::new(Connection(Arc::downgrade(&peer)));
            let outcome = gateway
                .serve(&client, &request, &outlet, inbound.cancelled())
                .await;
            // A cancelled request is not answered.
            if !inbound.cancelled().is_cancelled() {
                peer.respond(request.id.clone(), outcome);
            }
        });
    }

    fn notification(&self, _peer: &Arc<Peer>, notification: Notification) {
        self.gateway.notified(&self.client, notification);
    }

    fn closed(&self, _reason: &str) {
        self.gateway.disconnect(&self.client);
    }
}

/// The client's one stream: what belongs to a request and what does not share it, in order.
#[derive(Debug)]
struct Connection(Weak<Peer>);

impl Outlet for Connection {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        let peer = self.0.upgrade().ok_or(LinkError::Closed)?;
        peer.link().send(Outgoing::new(message))
    }
}
