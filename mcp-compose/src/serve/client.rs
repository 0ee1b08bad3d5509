//! A client in this process: what the command line and the test kit talk to a gateway by.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::gateway::client::{Client, Outlet, Principal};
use crate::wire::json::quote;
use crate::wire::message::{ErrorObject, Id, code};
use crate::wire::peer::{Handler, Link, Peer};
use crate::wire::{Notification, Object, Raw, Request};

/// The connection of one client. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Connection {
    gateway: Arc<Gateway>,
    client: Arc<Client>,
    peer: Arc<Peer>,
}

/// A JSON-RPC error.
#[derive(Debug, Clone)]
pub(crate) struct RequestError {
    pub(crate) code: i64,
    pub(crate) message: String,
    /// What comes with it: JSON.
    pub(crate) data: Option<String>,
}

impl Connection {
    /// Connects. What the gateway sends unasked goes to `mailbox`; answers to its questions are given
    /// to the [`peer`](Self::peer).
    pub(crate) fn open<M: Link + Outlet + Clone>(gateway: Arc<Gateway>, mailbox: M) -> Self {
        let push: Arc<dyn Outlet> = Arc::new(mailbox.clone());
        let client = gateway.connect(push, Principal::anonymous());
        let held = Held {
            gateway: Arc::clone(&gateway),
            client: Arc::clone(&client),
        };
        let peer = Peer::new(Box::new(mailbox), Arc::new(held));
        client.bind(&peer);
        Self {
            gateway,
            client,
            peer,
        }
    }

    /// The handshake of the legacy era; gives the server's answer. `capabilities` is raw JSON.
    pub(crate) async fn introduce(
        &self,
        version: &str,
        capabilities: &str,
        outlet: &Arc<dyn Outlet>,
    ) -> Result<String, RequestError> {
        let params = format!(
            r#"{{"protocolVersion":{},"capabilities":{capabilities},"clientInfo":{{"name":"mcp-compose","version":{}}}}}"#,
            quote(version),
            quote(env!("CARGO_PKG_VERSION")),
        );
        let greeting = self.request(0, "initialize", params, outlet).await?;
        let ready = Notification::new("notifications/initialized", None);
        self.gateway.notified(&self.client, ready);
        Ok(greeting)
    }

    /// Sends a request; parameters and result are raw JSON. What precedes the result goes to `outlet`.
    /// Dropping the future cancels the request.
    pub(crate) async fn request(
        &self,
        id: u64,
        method: &'static str,
        params: String,
        outlet: &Arc<dyn Outlet>,
    ) -> Result<String, RequestError> {
        let request = Request {
            id: Id::number(id),
            method: method.into(),
            params: Some(Raw::from_json(params)),
        };
        let never = CancellationToken::new();
        let served = self.gateway.serve(&self.client, &request, outlet, &never);
        match served.await {
            Ok(result) => Ok(result.as_str().to_owned()),
            Err(error) => Err(RequestError {
                code: error.code(),
                message: error.message(),
                data: Object::parse(error.raw().as_str())
                    .ok()
                    .and_then(|error| error.get("data").map(str::to_owned)),
            }),
        }
    }

    /// What the gateway asks this client by.
    pub(crate) fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.peer.end("the client is done");
    }
}

/// What the gateway holds for this client.
struct Held {
    gateway: Arc<Gateway>,
    client: Arc<Client>,
}

/// Our requests take the short way, [`Gateway::serve`]; only answers come in by the peer.
impl Handler for Held {
    fn request(&self, peer: &Arc<Peer>, request: Request, _: Option<u64>) {
        let error = ErrorObject::new(code::INTERNAL, "requests are not taken here");
        peer.respond(request.id, Err(error));
    }

    fn notification(&self, _: &Arc<Peer>, notification: Notification) {
        self.gateway.notified(&self.client, notification);
    }

    fn closed(&self, _: &str) {
        self.gateway.disconnect(&self.client);
    }
}
