//! What the HTTP front needs of the gateway.

use std::future::Future;
use std::sync::Arc;

use http::HeaderMap;
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::gateway::client::{Client, Outlet, Principal};
use crate::serve::health::{Health, Probe};
use crate::wire::peer::Peer;
use crate::wire::{ErrorObject, Notification, Raw, Request};

/// The gateway, seen from a front: clients come and go, and their requests are served.
pub(crate) trait Backend: Send + Sync + 'static {
    /// Who is served.
    type Client: Send + Sync + 'static;

    /// A client of a session: told of changes through `push` until [`Backend::disconnect`].
    fn connect(&self, push: Arc<dyn Outlet>, principal: Principal) -> Arc<Self::Client>;

    /// The peer that questions to a client of a session are sent by.
    fn bind(client: &Self::Client, peer: &Arc<Peer>);

    /// The session has ended.
    fn disconnect(&self, client: &Arc<Self::Client>);

    /// The client of one stateless request (2026-07-28).
    fn stateless(&self, principal: Principal) -> Arc<Self::Client>;

    /// Serves one request. What precedes the result goes to `outlet`. Dropping the future cancels.
    fn serve(
        self: &Arc<Self>,
        client: &Arc<Self::Client>,
        request: Request,
        outlet: Arc<dyn Outlet>,
        cancelled: CancellationToken,
    ) -> impl Future<Output = Result<Raw, ErrorObject>> + Send;

    /// Takes a notification.
    fn notified(&self, client: &Arc<Self::Client>, notification: Notification);

    /// Checks the `Mcp-Param-*` headers of a call of `tool`.
    fn verify_params(&self, tool: &str, arguments: &str, headers: &HeaderMap)
    -> Result<(), String>;

    /// The version that `client` agreed on in `initialize`.
    fn legacy_version(client: &Self::Client) -> Option<&'static str>;

    /// Answers whoever watches the process.
    fn health(&self, probe: Probe) -> impl Future<Output = Health> + Send;

    /// Fires when no new work is to be taken.
    fn draining(&self) -> &CancellationToken;

    /// Fires when the gateway ends under a front that goes on.
    fn stopping(&self) -> &CancellationToken;
}

impl Backend for Gateway {
    type Client = Client;

    fn connect(&self, push: Arc<dyn Outlet>, principal: Principal) -> Arc<Client> {
        self.connect(push, principal)
    }

    fn bind(client: &Client, peer: &Arc<Peer>) {
        client.bind(peer);
    }

    fn disconnect(&self, client: &Arc<Client>) {
        self.disconnect(client);
    }

    fn stateless(&self, principal: Principal) -> Arc<Client> {
        self.stateless(principal)
    }

    async fn serve(
        self: &Arc<Self>,
        client: &Arc<Client>,
        request: Request,
        outlet: Arc<dyn Outlet>,
        cancelled: CancellationToken,
    ) -> Result<Raw, ErrorObject> {
        self.serve(client, &request, &outlet, &cancelled).await
    }

    fn notified(&self, client: &Arc<Client>, notification: Notification) {
        self.notified(client, notification);
    }

    fn verify_params(
        &self,
        tool: &str,
        arguments: &str,
        headers: &HeaderMap,
    ) -> Result<(), String> {
        match self.param_headers(tool) {
            Some(rules) => rules.verify(arguments, headers),
            None => Ok(()),
        }
    }

    fn legacy_version(client: &Client) -> Option<&'static str> {
        client.legacy_version()
    }

    async fn health(&self, probe: Probe) -> Health {
        self.health(probe).await
    }

    fn draining(&self) -> &CancellationToken {
        self.draining()
    }

    fn stopping(&self) -> &CancellationToken {
        self.stopping()
    }
}
