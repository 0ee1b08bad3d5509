//! The stdio front: one client over stdin and stdout.

use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::TaskTracker;

use super::ServeError;
use super::relay_thread::told_to_stop;
use crate::gateway::Gateway;
use crate::gateway::client::{Client, Outlet, Principal};
use crate::wire::lines::{Line, LineLink, LineReader};
use crate::wire::message::{ErrorObject, Incoming, Malformed, code};
use crate::wire::peer::{BeginError, Handler, LinkError, Outgoing, Peer};
use crate::wire::{Message, Notification, Request};

/// Longest message of a client, in bytes.
const MAX_LINE: usize = 4 * 1024 * 1024;
/// How long calls in flight may go on once the client has said its last word.
const DRAIN: Duration = Duration::from_secs(30);
/// How long the last answers may take to be read.
const FLUSH: Duration = Duration::from_secs(2);

/// Serves the client at the process's standard streams.
pub(super) async fn serve(gateway: Arc<Gateway>) -> Result<(), ServeError> {
    let output = take_stdout()?;
    serve_streams(gateway, tokio::io::stdin(), output, told_to_stop())
        .await
        .map_err(ServeError::Io)
}

/// Serves the client at the other end of two byte streams, until its stream ends or `stop` does.
async fn serve_streams(
    gateway: Arc<Gateway>,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let link = LineLink::new();
    let calls = TaskTracker::new();
    let mut connected = None;
    let peer = Peer::new_cyclic(Box::new(link.clone()), |peer| {
        let push = Arc::new(Connection(Weak::clone(peer)));
        let client = gateway.connect(push, Principal::anonymous());
        connected = Some(Arc::clone(&client));
        Arc::new(Front {
            gateway: Arc::clone(&gateway),
            client,
            calls: calls.clone(),
        })
    });
    if let Some(client) = connected {
        client.bind(&peer);
    }
    let writing = tokio::spawn(link.write_to(output));
    let read = tokio::select! {
        read = read(input, &peer) => read,
        () = stop => Ok(()),
    };
    gateway.drain();
    peer.stop_hearing("the client has closed its end of the connection");
    calls.close();
    let _ = tokio::time::timeout(DRAIN, calls.wait()).await;
    peer.end("the client has closed the connection");
    let _ = tokio::time::timeout(FLUSH, writing).await;
    read
}

async fn read(input: impl AsyncRead + Unpin, peer: &Arc<Peer>) -> io::Result<()> {
    let mut lines = LineReader::new(input, MAX_LINE);
    while let Some(line) = lines.next().await? {
        let incoming = match line {
            Line::Text(text) => Incoming::parse(&text),
            Line::NotText => Err(refused(code::PARSE, "parse error: the line is not UTF-8")),
            Line::TooLong => Err(refused(
                code::INVALID_REQUEST,
                &format!("invalid request: a message has at most {MAX_LINE} bytes"),
            )),
        };
        match incoming {
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
    Ok(())
}

fn refused(code: i64, why: &str) -> Malformed {
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
        let inbound = match peer.begin(&request.id) {
            Ok(inbound) => inbound,
            Err(error) => {
                let why = match error {
                    BeginError::Duplicate => {
                        format!(
                            "invalid request: id {} is in flight already",
                            request.id.as_str()
                        )
                    }
                    BeginError::TooMany => {
                        "too many requests are in flight; retry when some are answered".to_owned()
                    }
                };
                // Without the id: with it, this would be taken for the answer to the request in
                // flight.
                peer.complain(refused(code::INVALID_REQUEST, &why));
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

/// Takes stdout for the protocol: what user code or a library prints from now on goes to stderr.
#[cfg(unix)]
fn take_stdout() -> io::Result<tokio::fs::File> {
    let ours = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(tokio::fs::File::from_std(std::fs::File::from(ours)))
}

#[cfg(not(unix))]
fn take_stdout() -> io::Result<tokio::io::Stdout> {
    Ok(tokio::io::stdout())
}

#[cfg(test)]
mod tests;
