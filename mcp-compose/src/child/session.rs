//! A session that the user opened: a transport of their own.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::instance::Opened;
use super::{AnyTransport, SessionSpec};
use crate::wire::message::{Frame, Incoming};
use crate::wire::peer::{Handler, Link, LinkError, Outgoing, Peer};

/// Messages that may wait for a transport that is slow to send.
const QUEUE: usize = 1024;
/// How long a transport may take to send one message. Nothing is received meanwhile.
const SEND: Duration = Duration::from_secs(30);

/// Takes over a session that exists.
pub(crate) fn open(spec: SessionSpec, handler: Arc<dyn Handler>) -> Opened {
    match spec {
        SessionSpec::Transport(transport) => speak(transport, handler),
        #[cfg(feature = "rmcp")]
        SessionSpec::Rmcp(session) => crate::rmcp::session::open(session, handler),
    }
}

/// Speaks over a transport until either side ends. The transport is dropped then, never closed.
fn speak(mut transport: Box<dyn AnyTransport>, handler: Arc<dyn Handler>) -> Opened {
    let (outgoing, mut queue) = mpsc::channel::<Option<String>>(QUEUE);
    let peer = Peer::new(Box::new(TransportLink { outgoing }), handler);
    let ours = Arc::downgrade(&peer);
    tokio::spawn(async move {
        let reason = loop {
            tokio::select! {
                message = queue.recv() => match message {
                    Some(Some(text)) => match timeout(SEND, transport.send(text)).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => break format!("the session cannot be written to: {error}"),
                        Err(_) => break format!("the session took no message for {SEND:?}"),
                    },
                    Some(None) | None => break "the session was given up".to_owned(),
                },
                received = transport.receive() => match received {
                    Ok(Some(text)) => {
                        let Some(peer) = ours.upgrade() else { return };
                        take(&peer, &text.into());
                    }
                    Ok(None) => break "the session was closed by the other side".to_owned(),
                    Err(error) => break format!("the session cannot be read: {error}"),
                },
            }
        };
        if let Some(peer) = ours.upgrade() {
            peer.end(&reason);
        }
    });
    Opened {
        peer,
        process: None,
        greeted: None,
    }
}

fn take(peer: &Arc<Peer>, text: &ByteString) {
    match Incoming::parse(text) {
        Ok(Incoming::One(message)) => peer.receive(message, None),
        Ok(Incoming::Batch(messages)) => {
            for message in messages.into_iter().flatten() {
                peer.receive(message, None);
            }
        }
        Err(malformed) => tracing::debug!(?malformed.error, "a session sent what is no message"),
    }
}

#[derive(Debug)]
struct TransportLink {
    /// `None` ends the session.
    outgoing: mpsc::Sender<Option<String>>,
}

impl Link for TransportLink {
    fn send(&self, message: Outgoing) -> Result<(), LinkError> {
        let mut frame = Frame::default();
        message.message.encode(&mut frame);
        self.outgoing
            .try_send(Some(frame.to_text()))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => LinkError::Full,
                mpsc::error::TrySendError::Closed(_) => LinkError::Closed,
            })
    }

    fn close(&self) {
        // A full queue ends with the peer, whose weak reference the task checks.
        let _ = self.outgoing.try_send(None);
    }
}
