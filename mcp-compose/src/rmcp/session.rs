//! A running rmcp client session as a child.
//!
//! Its requests go out raw, as custom requests; results pass through rmcp's types, and what the
//! server tells outside a call goes to the session's own handler, not to us.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use rmcp::model::{
    CancelledNotification, CancelledNotificationParam, ClientRequest, CustomRequest, RequestId,
};
use rmcp::service::{PeerRequestOptions, RoleClient, ServiceError};
use tokio_util::sync::CancellationToken;

use crate::child::RmcpSession;
use crate::child::handshake;
use crate::child::instance::Opened;
use crate::wire::message::{ErrorObject, Request, Response};
use crate::wire::peer::{Delivered, Failure, Handler, Link, LinkError, Lost, Outgoing, Peer, lock};
use crate::wire::{Message, Raw};

/// Takes over a session whose handshake is done.
pub(crate) fn open(session: RmcpSession, handler: Arc<dyn Handler>) -> Opened {
    let greeted = session
        .peer
        .peer_info()
        .and_then(|info| handshake::greeted(&Raw::of(&*info)).ok());
    let link = Arc::new(Session {
        rmcp: session.peer,
        _keep: Mutex::new(session.keep),
        ours: OnceLock::new(),
        calls: Mutex::default(),
    });
    let peer = Peer::new(Box::new(SessionLink(Arc::clone(&link))), handler);
    // Set once, right here.
    let _ = link.ours.set(Arc::downgrade(&peer));
    Opened {
        peer,
        process: None,
        greeted,
    }
}

struct SessionLink(Arc<Session>);

struct Session {
    rmcp: rmcp::Peer<RoleClient>,
    /// What must live for as long as the session is used.
    _keep: Mutex<Box<dyn std::any::Any + Send>>,
    ours: OnceLock<Weak<Peer>>,
    /// Our calls in flight, for cancelling. There are as many as the child may have.
    calls: Mutex<HashMap<u64, InFlight>>,
}

#[derive(Default)]
struct InFlight {
    /// rmcp's id, once it has one.
    sent: Option<RequestId>,
    /// The answer is no longer wanted.
    given_up: CancellationToken,
}

impl std::fmt::Debug for SessionLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionLink")
    }
}

impl Link for SessionLink {
    fn send(&self, message: Outgoing) -> Result<(), LinkError> {
        if self.0.rmcp.is_transport_closed() {
            return Err(LinkError::Closed);
        }
        if let Message::Request(request) = message.message
            && let Some(id) = request.id.as_u64()
        {
            let call = InFlight::default();
            let given_up = call.given_up.clone();
            lock(&self.0.calls).insert(id, call);
            tokio::spawn(Arc::clone(&self.0).call(id, request, given_up));
        }
        Ok(())
    }

    fn cancel(&self, id: u64, reason: &str) {
        let Some(call) = lock(&self.0.calls).remove(&id) else {
            return;
        };
        call.given_up.cancel();
        let Some(request_id) = call.sent else {
            return;
        };
        let peer = self.0.rmcp.clone();
        let reason = reason.to_owned();
        tokio::spawn(async move {
            let params = CancelledNotificationParam::new(Some(request_id), Some(reason));
            let _ = peer
                .send_notification(CancelledNotification::new(params).into())
                .await;
        });
    }

    // The session belongs to whoever opened it.
    fn close(&self) {}
}

impl Session {
    async fn call(self: Arc<Self>, id: u64, request: Request, given_up: CancellationToken) {
        let params = serde_json::from_str(request.params()).ok();
        let custom = ClientRequest::CustomRequest(CustomRequest::new(&*request.method, params));
        let options = PeerRequestOptions::no_options();
        let sent = tokio::select! {
            sent = self.rmcp.send_request_with_option(custom, options) => sent,
            // It waits behind others, and is not sent at all.
            () = given_up.cancelled() => return,
        };
        let outcome = match sent {
            Ok(handle) => {
                let known = lock(&self.calls)
                    .get_mut(&id)
                    .map(|call| call.sent = Some(handle.id.clone()));
                if known.is_none() {
                    // Given up in the very moment that it was sent: nobody else tells the server.
                    let _ = handle.cancel(None).await;
                    return;
                }
                // rmcp itself ends the wait for what was cancelled.
                handle.await_response().await
            }
            Err(error) => Err(error),
        };
        lock(&self.calls).remove(&id);
        let Some(peer) = self.ours.get().and_then(Weak::upgrade) else {
            return;
        };
        match outcome {
            Ok(result) => {
                let response = Response {
                    id: Some(request.id),
                    outcome: Ok(Raw::of(&result)),
                };
                peer.receive(Message::Response(response), None);
            }
            Err(ServiceError::McpError(error)) => {
                let error = ErrorObject::from_raw(Raw::of(&error));
                peer.finish(id, Err(Failure::Error(error)));
            }
            Err(error) => {
                let lost = Lost::exited(Delivered::Maybe, error.to_string());
                peer.finish(id, Err(lost.into()));
                if self.rmcp.is_transport_closed() {
                    peer.end("the session was closed by the other side");
                }
            }
        }
    }
}
