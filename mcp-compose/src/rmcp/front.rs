//! A composition served over a transport of rmcp.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, OptionFuture};
use rmcp::model::{CustomResult, ServerJsonRpcMessage, ServerResult};
use rmcp::service::RoleServer;
use rmcp::transport::{IntoTransport, Transport};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::serve::{Connected, FLUSH};
use crate::wire::Message;
use crate::wire::message::Frame;
use crate::wire::peer::{Link, LinkError, Outgoing};
use crate::{IntoComposition, Running, ServeError};

/// Messages that may wait for a transport that is slow to send.
const QUEUE: usize = 1024;
/// How long a transport may take to send one message: a client that reads none for so long is gone.
const SEND: Duration = Duration::from_secs(30);

/// Serves one client over a transport of rmcp, until the transport is closed. Calls in flight are still
/// answered then, within 30 seconds. Every child is stopped before it returns. Dropping the future stops
/// them as well.
///
/// It takes what [`serve`](crate::serve()) takes, and whatever rmcp takes as the transport of a server:
/// a pair of byte streams, a socket, a pair of a sink and a stream.
///
/// What clients send passes through rmcp's types: members that this version of rmcp does not know are
/// lost there, in results of children they are kept.
///
/// # Errors
/// When the composition is wrong, or the transport cannot be written to, or takes more than 30 seconds
/// for one message.
///
/// ```
/// # use mcp_compose::mcp_server;
/// use rmcp::ServiceExt;
/// use rmcp::model::CallToolRequestParams;
///
/// struct Status;
///
/// #[mcp_server]
/// impl Status {
///     /// Is everything well?
///     #[tool(read_only)]
///     fn status(&self) -> &'static str {
///         "ok"
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (ours, theirs) = tokio::io::duplex(4096);
/// let serving = tokio::spawn(mcp_compose::rmcp::serve(Status, ours));
///
/// let client = ().serve(theirs).await?;
/// let status = client.call_tool(CallToolRequestParams::new("status")).await?;
/// assert_eq!(status.content[0].as_text().map(|text| text.text.as_str()), Some("ok"));
/// client.cancel().await?;
/// serving.await??;
/// # Ok(())
/// # }
/// ```
pub async fn serve<T, E, A>(server: impl IntoComposition, transport: T) -> Result<(), ServeError>
where
    T: IntoTransport<RoleServer, E, A>,
    E: Error + Send + Sync + 'static,
{
    let composition = server.into_composition();
    composition.ready()?;
    let gateway = Gateway::start_for_one(composition, Handle::current());
    let refusals = gateway.refusals().await;
    let served = if refusals.is_empty() {
        carry(&gateway, transport.into_transport(), Alone::Yes).await
    } else {
        Err(ServeError::Composition(refusals))
    };
    gateway.stop().await;
    served
}

/// Serves one more client of a running composition, over a transport of rmcp: as [`serve`](serve()), but
/// the children go on, and calls in flight are cancelled when the transport is closed: the client is gone,
/// and nobody would read their answers.
///
/// # Errors
/// When the transport cannot be written to, or takes more than 30 seconds for one message.
///
/// ```
/// use mcp_compose::{compose, rmcp::connect};
/// use rmcp::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let running = compose! { name = "factory" }.start()?;
/// for _ in 0..2 {
///     let (ours, theirs) = tokio::io::duplex(4096);
///     let running = running.clone();
///     tokio::spawn(async move { connect(&running, ours).await });
///     let client = ().serve(theirs).await?;
///     assert!(client.list_all_tools().await?.is_empty());
///     client.cancel().await?;
/// }
/// running.stop().await;
/// # Ok(())
/// # }
/// ```
pub async fn connect<T, E, A>(running: &Running, transport: T) -> Result<(), ServeError>
where
    T: IntoTransport<RoleServer, E, A>,
    E: Error + Send + Sync + 'static,
{
    carry(running.gateway(), transport.into_transport(), Alone::No).await
}

/// Whether a client is the only one that there will be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alone {
    Yes,
    No,
}

async fn carry<T>(gateway: &Arc<Gateway>, mut transport: T, alone: Alone) -> Result<(), ServeError>
where
    T: Transport<RoleServer> + 'static,
{
    let (outgoing, mut queue) = mpsc::channel(QUEUE);
    let behind = CancellationToken::new();
    let link = RmcpLink {
        outgoing,
        behind: behind.clone(),
    };
    let client = Connected::new(gateway, Box::new(link));
    // What is on its way to the client, who is heard meanwhile: it may read only what it waits for.
    let mut sending: Option<BoxFuture<'static, io::Result<()>>> = None;
    let written = loop {
        tokio::select! {
            sent = OptionFuture::from(sending.as_mut()), if sending.is_some() => {
                sending = None;
                if let Some(Err(error)) = sent {
                    break Err(error);
                }
            }
            message = queue.recv(), if sending.is_none() => {
                let Some(Some(message)) = message else { break Ok(()) };
                sending = Some(send(&mut transport, message));
            }
            received = transport.receive() => {
                let Some(message) = received else { break Ok(()) };
                match serde_json::to_string(&message) {
                    Ok(text) => client.take(&ByteString::from(text)),
                    Err(error) => tracing::warn!("a message of rmcp cannot be written: {error}"),
                }
            }
            () = behind.cancelled() => break Err(io::ErrorKind::TimedOut.into()),
            () = gateway.stopping().cancelled() => break Ok(()),
        }
    };
    if written.is_ok() && alone == Alone::Yes {
        // Answers that are still to come may still be read.
        gateway.drain();
        let last = async {
            if let Some(sending) = sending.take()
                && sending.await.is_err()
            {
                return;
            }
            while let Some(Some(message)) = queue.recv().await {
                if send(&mut transport, message).await.is_err() {
                    return;
                }
            }
        };
        tokio::pin!(last);
        tokio::select! {
            () = client.end() => {
                let _ = tokio::time::timeout(FLUSH, last).await;
            }
            () = &mut last => {}
        }
    } else {
        drop(client);
    }
    // What holds the way to the client may hold it until it is dropped.
    drop(sending);
    let _ = tokio::time::timeout(FLUSH, transport.close()).await;
    written.map_err(ServeError::Io)
}

/// Sends one message within [`SEND`].
fn send<T>(transport: &mut T, message: ServerJsonRpcMessage) -> BoxFuture<'static, io::Result<()>>
where
    T: Transport<RoleServer> + 'static,
{
    let sent = tokio::time::timeout(SEND, transport.send(message));
    let sent = sent.map(|sent| match sent {
        Ok(sent) => sent.map_err(io::Error::other),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    });
    sent.boxed()
}

/// What is sent waits here for the transport.
#[derive(Debug)]
struct RmcpLink {
    /// `None` ends the connection.
    outgoing: mpsc::Sender<Option<ServerJsonRpcMessage>>,
    /// There was no room for an answer: a client that waits for it for ever is worse off than one that is cut off.
    behind: CancellationToken,
}

impl Link for RmcpLink {
    fn send(&self, message: Outgoing) -> Result<(), LinkError> {
        let Some(typed) = typed(&message.message) else {
            return Ok(());
        };
        self.outgoing
            .try_send(Some(typed))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => {
                    if matches!(message.message, Message::Response(_)) {
                        self.behind.cancel();
                    }
                    LinkError::Full
                }
                mpsc::error::TrySendError::Closed(_) => LinkError::Closed,
            })
    }

    fn close(&self) {
        // Where the queue is full, its reader finds the other end dropped.
        let _ = self.outgoing.try_send(None);
    }
}

/// A message as rmcp has it. Transports look at what they route by (notifications, the handshake), so
/// that these are of rmcp's types; other results stay as they are, with all that rmcp does not know.
fn typed(message: &Message) -> Option<ServerJsonRpcMessage> {
    let mut frame = Frame::default();
    message.encode(&mut frame);
    let text = frame.to_text();
    let mut message: ServerJsonRpcMessage = serde_json::from_str(&text)
        .inspect_err(|error| tracing::warn!("a message is not one of rmcp's: {error}"))
        .ok()?;
    if let ServerJsonRpcMessage::Response(response) = &mut message
        && !matches!(response.result, ServerResult::InitializeResult(_))
    {
        let mut whole: serde_json::Value = serde_json::from_str(&text).ok()?;
        response.result = ServerResult::CustomResult(CustomResult(whole["result"].take()));
    }
    Some(message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncWriteExt;
    use tokio::time::timeout;

    use super::*;
    use crate::Composition;

    /// Something hangs.
    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_client_that_does_not_read_is_heard_all_the_same_and_can_be_left() {
        let running = Composition::builder().build().start().unwrap();
        let (ours, mut theirs) = tokio::io::duplex(64);
        let connected = tokio::spawn({
            let running = running.clone();
            async move { connect(&running, ours).await }
        });
        let saying = async {
            for id in 0..100 {
                let ping = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n");
                theirs.write_all(ping.as_bytes()).await.unwrap();
            }
        };
        timeout(LONG, saying).await.expect("what it says is read");
        let stopped = timeout(LONG, running.stop()).await;
        stopped.expect("it can be stopped");
        let ended = timeout(LONG, connected).await;
        ended.expect("the connection ends").unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_client_that_leaves_no_room_for_answers_is_cut_off() {
        let running = Composition::builder().build().start().unwrap();
        let (ours, mut theirs) = tokio::io::duplex(64);
        let connected = tokio::spawn({
            let running = running.clone();
            async move { connect(&running, ours).await }
        });
        let saying = async {
            for id in 0.. {
                let ping = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n");
                if theirs.write_all(ping.as_bytes()).await.is_err() {
                    return;
                }
            }
        };
        timeout(LONG, saying).await.expect("it is cut off");
        let ended = timeout(LONG, connected).await.expect("an end").unwrap();
        let Err(ServeError::Io(error)) = ended else {
            panic!("{ended:?}")
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        running.stop().await;
    }
}
