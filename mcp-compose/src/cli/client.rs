//! A client in this process, for the commands that look at a composition rather than serve it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::ask;
use super::inbox::{Inbox, Mailbox};
use super::terminal::Terminal;
use crate::gateway::Gateway;
use crate::gateway::client::{Client as Connection, Outlet, Principal};
use crate::wire::json::quote;
use crate::wire::message::{ErrorObject, Id, code};
use crate::wire::peer::{Handler, Peer};
use crate::wire::version::LATEST_LEGACY;
use crate::wire::{Notification, Raw, Request};

/// A client of a started composition.
pub(super) trait Client {
    /// Sends a request; parameters and result are raw JSON.
    fn request(
        &mut self,
        method: &'static str,
        params: String,
    ) -> impl Future<Output = Result<String, RequestError>>;
}

/// A JSON-RPC error.
#[derive(Debug, Clone)]
pub(super) struct RequestError {
    pub(super) code: i64,
    pub(super) message: String,
}

/// A client of a running composition, in its process.
pub(super) struct InProcess<T> {
    gateway: Arc<Gateway>,
    connection: Arc<Connection>,
    /// What the gateway asks us by.
    peer: Arc<Peer>,
    outlet: Arc<dyn Outlet>,
    /// `None`: nobody is there to be asked.
    inbox: Option<Inbox<T>>,
}

/// A person waits for a slow child rather than to be told that its tool is unknown.
const START_GRACE: Duration = Duration::from_secs(60);

impl<T: Terminal> InProcess<T> {
    /// Introduces itself, and waits until every child has started or failed. What children ask is
    /// asked at the terminal, if there is one.
    pub(super) async fn connect(
        gateway: Arc<Gateway>,
        terminal: Option<T>,
    ) -> Result<Self, RequestError> {
        let (mailbox, inbox) = match terminal.map(Mailbox::attended) {
            Some((mailbox, inbox)) => (mailbox, Some(inbox)),
            None => (Mailbox::unattended(), None),
        };
        let outlet: Arc<dyn Outlet> = Arc::new(mailbox.clone());
        let connection = gateway.connect(Arc::clone(&outlet), Principal::anonymous());
        let held = Held {
            gateway: Arc::clone(&gateway),
            connection: Arc::clone(&connection),
        };
        let peer = Peer::new(Box::new(mailbox), Arc::new(held));
        connection.bind(&peer);
        let mut client = InProcess {
            gateway,
            connection,
            peer,
            outlet,
            inbox,
        };
        client.introduce().await?;
        client.gateway.settled(START_GRACE).await;
        Ok(client)
    }

    async fn introduce(&mut self) -> Result<(), RequestError> {
        let capabilities = match self.inbox {
            Some(_) => ask::CAPABILITIES,
            None => "{}",
        };
        let params = format!(
            r#"{{"protocolVersion":{},"capabilities":{capabilities},"clientInfo":{{"name":"mcp-compose","version":{}}}}}"#,
            quote(LATEST_LEGACY),
            quote(env!("CARGO_PKG_VERSION")),
        );
        self.request("initialize", params).await?;
        let ready = Notification::new("notifications/initialized", None);
        self.gateway.notified(&self.connection, ready);
        Ok(())
    }
}

impl<T: Terminal> Client for InProcess<T> {
    async fn request(
        &mut self,
        method: &'static str,
        params: String,
    ) -> Result<String, RequestError> {
        let request = Request {
            id: Id::number(0),
            method: method.into(),
            params: Some(Raw::from_json(params)),
        };
        let never = CancellationToken::new();
        let served = self
            .gateway
            .serve(&self.connection, &request, &self.outlet, &never);
        let answer = match &mut self.inbox {
            None => served.await,
            Some(inbox) => {
                let answer = tokio::select! {
                    answer = served => answer,
                    never = inbox.attend(&self.peer) => match never {},
                };
                inbox.clear();
                answer
            }
        };
        match answer {
            Ok(result) => Ok(result.as_str().to_owned()),
            Err(error) => Err(RequestError {
                code: error.code(),
                message: error.message(),
            }),
        }
    }
}

impl<T> Drop for InProcess<T> {
    fn drop(&mut self) {
        self.peer.end("the command is done");
    }
}

/// What the gateway holds for this client.
struct Held {
    gateway: Arc<Gateway>,
    connection: Arc<Connection>,
}

/// Our requests take the short way, [`Gateway::serve`]; only answers come in by the peer.
impl Handler for Held {
    fn request(&self, peer: &Arc<Peer>, request: Request, _: Option<u64>) {
        let error = ErrorObject::new(code::INTERNAL, "requests are not taken here");
        peer.respond(request.id, Err(error));
    }

    fn notification(&self, _: &Arc<Peer>, notification: Notification) {
        self.gateway.notified(&self.connection, notification);
    }

    fn closed(&self, _: &str) {
        self.gateway.disconnect(&self.connection);
    }
}
