//! What the command line needs of the rest: somebody who serves, and a client in process.

use std::future::Future;
use std::net::SocketAddr;

use crate::compose::Composition;

/// Serves compositions; errors are sentences for people.
pub(crate) trait Backend {
    type Client: Client;

    /// Serves over stdin and stdout until the client leaves.
    fn serve_stdio(&self, composition: Composition) -> impl Future<Output = Result<(), String>>;

    /// Serves over HTTP until the process is told to stop.
    fn serve_http(
        &self,
        composition: Composition,
        address: SocketAddr,
    ) -> impl Future<Output = Result<(), String>>;

    /// Starts the composition for a client in this process.
    fn client(
        &self,
        composition: Composition,
    ) -> impl Future<Output = Result<Self::Client, String>>;
}

/// A client of a started composition.
pub(crate) trait Client {
    /// Sends a request; parameters and result are raw JSON.
    fn request(
        &self,
        method: &str,
        params: String,
    ) -> impl Future<Output = Result<String, RequestError>>;

    /// Stops the composition with all its children.
    fn close(self) -> impl Future<Output = ()>;
}

/// A JSON-RPC error.
#[derive(Debug, Clone)]
pub(crate) struct RequestError {
    pub(crate) code: i64,
    pub(crate) message: String,
}
