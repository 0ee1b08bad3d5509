//! What the HTTP front needs of the gateway.

use std::future::Future;
use std::sync::Arc;

use http::HeaderMap;
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::gateway::client::{Client, Outlet, Principal};
use crate::gateway::view::View;
use crate::serve::health::{Health, Probe};
use crate::wire::peer::Peer;
use crate::wire::{ErrorObject, Notification, Raw, Request};

/// The gateway, seen from a front: clients come and go, and their requests are served.
pub(crate) trait Backend: Send + Sync + 'static {
    /// Who is served.
    type Client: Send + Sync + 'static;
    /// What of the whole clients see.
    type View: Send + Sync + 'static;

    /// What is served under a name of its own, or to clients that name nothing.
    fn view(&self, name: Option<&str>) -> Option<Arc<Self::View>>;

    /// A client of a session: told of changes through `push` until [`Backend::disconnect`].
    fn connect(
        &self,
        view: &Arc<Self::View>,
        push: Arc<dyn Outlet>,
        principal: Principal,
    ) -> Arc<Self::Client>;

    /// The peer that questions to a client of a session are sent by.
    fn bind(client: &Self::Client, peer: &Arc<Peer>);

    /// The session has ended.
    fn disconnect(&self, client: &Arc<Self::Client>);

    /// The client of one stateless request (2026-07-28).
    fn stateless(&self, view: &Arc<Self::View>, principal: Principal) -> Arc<Self::Client>;

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
    fn verify_params(
        view: &Self::View,
        tool: &str,
        arguments: &str,
        headers: &HeaderMap,
    ) -> Result<(), String>;

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
    type View = View;

    fn view(&self, name: Option<&str>) -> Option<Arc<View>> {
        self.view(name)
    }

    fn connect(
        &self,
        view: &Arc<View>,
        push: Arc<dyn Outlet>,
        principal: Principal,
    ) -> Arc<Client> {
        self.connect_to(Arc::clone(view), push, principal)
    }

    fn bind(client: &Client, peer: &Arc<Peer>) {
        client.bind(peer);
    }

    fn disconnect(&self, client: &Arc<Client>) {
        self.disconnect(client);
    }

    fn stateless(&self, view: &Arc<View>, principal: Principal) -> Arc<Client> {
        self.stateless_to(Arc::clone(view), principal)
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
        view: &View,
        tool: &str,
        arguments: &str,
        headers: &HeaderMap,
    ) -> Result<(), String> {
        let catalog = view.catalog();
        match catalog.tool(tool).and_then(|tool| tool.headers.as_ref()) {
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
