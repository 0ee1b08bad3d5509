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
use crate::wire::{Notification, Object, Raw, Request};

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
    /// What comes with it: JSON.
    pub(super) data: Option<String>,
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
                data: Object::parse(error.raw().as_str())
                    .ok()
                    .and_then(|error| error.get("data").map(str::to_owned)),
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::cli::call::{call, checked_arguments};
    use crate::cli::terminal::Script;
    use crate::compose::Composition;
    use crate::{Answer, Ctx, Result, mcp_server};

    use super::*;

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Confirm {
        /// Think twice.
        sure: bool,
    }

    struct Careful;

    #[mcp_server]
    impl Careful {
        /// Asks before it deletes.
        #[tool(destructive)]
        async fn delete(&self, ctx: &Ctx) -> Result<String> {
            let answer = ctx.elicit::<Confirm>("sure", "Delete it?").await?;
            Ok(match answer {
                Answer::Accepted(Confirm { sure }) => format!("sure: {sure}"),
                Answer::Declined => "declined".to_owned(),
                Answer::Cancelled => "cancelled".to_owned(),
            })
        }
    }

    /// The result of `db_delete` as it is printed, or the error, and what the person saw.
    async fn deleted(terminal: Option<Script>) -> (String, String) {
        let composition = Composition::builder().child("db", Careful).build();
        let gateway = Gateway::start_for_one(composition, tokio::runtime::Handle::current());
        let mut client = InProcess::connect(Arc::clone(&gateway), terminal)
            .await
            .expect("a client");
        let arguments = checked_arguments("{}").expect("arguments");
        let mut out = Vec::new();
        let called = call(&mut client, "db_delete", arguments, false, true, &mut out);
        let ended = tokio::time::timeout(Duration::from_secs(30), called).await;
        let out = match ended.expect("an end") {
            Ok(()) => String::from_utf8(out).expect("text"),
            Err(failure) => format!("{failure:?}"),
        };
        let inbox = client.inbox.take();
        drop(client);
        gateway.stop().await;
        let shown = inbox.map(Inbox::into_terminal).unwrap_or_default().shown;
        (out, shown)
    }

    #[tokio::test]
    async fn a_person_at_the_terminal_answers_a_child() {
        let (result, shown) = deleted(Some(Script::of(&["a", "perhaps", "yes", "a"]))).await;
        assert_eq!(result, "sure: true\n");
        assert_eq!(
            shown,
            "\ndb asks:\n  | Delete it?\n\
             Accept, decline or cancel? [a/d/c] a\n\
             sure (yes or no; required)\n  | Think twice.\n\
             > perhaps\n  answer yes or no\n> yes\n\
             \n  sure: yes\n\
             Accept and send this, enter it again, decline or cancel? [a/e/d/c] a\n"
        );
        assert_eq!(deleted(Some(Script::of(&["d"]))).await.0, "declined\n");
        assert_eq!(deleted(Some(Script::of(&[]))).await.0, "cancelled\n");
    }

    #[tokio::test]
    async fn without_a_terminal_a_child_is_refused_at_once() {
        let (result, shown) = deleted(None).await;
        assert!(
            result.starts_with("Failed(") && result.contains("elicitation"),
            "{result}"
        );
        assert_eq!(shown, "");
    }
}
