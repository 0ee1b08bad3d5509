//! Connectors of one's own: anything that carries JSON-RPC messages.

use std::future::Future;
use std::io;

use futures_util::future::{BoxFuture, FutureExt};

/// A connection to an MCP server that the user opened, one JSON-RPC message per string.
///
/// The composition sends and receives over it but never closes what lies behind it; dropping
/// the composition drops the value.
pub trait Transport: Send + 'static {
    /// Sends one message. Nothing is received until it is done; one that takes more than 30 seconds ends
    /// the session.
    fn send(&mut self, message: String) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits for the next message; `None` when the other side has closed.
    ///
    /// The future is dropped and asked for again whenever there is something to send, so that
    /// it must not lose a message when it is dropped.
    fn receive(&mut self) -> impl Future<Output = io::Result<Option<String>>> + Send;
}

/// A [`Transport`] of any type.
pub(crate) trait AnyTransport: Send {
    fn send(&mut self, message: String) -> BoxFuture<'_, io::Result<()>>;
    fn receive(&mut self) -> BoxFuture<'_, io::Result<Option<String>>>;
}

impl<T: Transport> AnyTransport for T {
    fn send(&mut self, message: String) -> BoxFuture<'_, io::Result<()>> {
        Transport::send(self, message).boxed()
    }

    fn receive(&mut self) -> BoxFuture<'_, io::Result<Option<String>>> {
        Transport::receive(self).boxed()
    }
}
