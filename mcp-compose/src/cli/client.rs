//! A client in this process, for the commands that look at a composition rather than serve it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::gateway::client::{Client as Connection, Handshake, Outlet, Principal};
use crate::wire::message::Id;
use crate::wire::peer::LinkError;
use crate::wire::version::LATEST_LEGACY;
use crate::wire::{Message, Raw, Request};

/// A client of a started composition.
pub(super) trait Client {
    /// Sends a request; parameters and result are raw JSON.
    fn request(
        &self,
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
pub(super) struct InProcess {
    gateway: Arc<Gateway>,
    connection: Arc<Connection>,
    outlet: Arc<dyn Outlet>,
}

/// A person waits for a slow child rather than to be told that its tool is unknown.
const START_GRACE: Duration = Duration::from_secs(60);

impl InProcess {
    /// Waits until every child has started or failed.
    pub(super) async fn connect(gateway: Arc<Gateway>) -> Self {
        gateway.settled(START_GRACE).await;
        let connection = gateway.stateless(Principal::anonymous());
        connection.greet(Handshake {
            version: LATEST_LEGACY,
            info: None,
            capabilities: None,
        });
        InProcess {
            gateway,
            connection,
            outlet: Arc::new(Unheard),
        }
    }
}

impl Client for InProcess {
    async fn request(&self, method: &'static str, params: String) -> Result<String, RequestError> {
        let request = Request {
            id: Id::number(0),
            method: method.into(),
            params: Some(Raw::from_json(params)),
        };
        let never = CancellationToken::new();
        let answer = self
            .gateway
            .serve(&self.connection, &request, &self.outlet, &never)
            .await;
        match answer {
            Ok(result) => Ok(result.as_str().to_owned()),
            Err(error) => Err(RequestError {
                code: error.code(),
                message: error.message(),
            }),
        }
    }
}

/// Progress and log messages are not shown.
#[derive(Debug)]
struct Unheard;

impl Outlet for Unheard {
    fn send(&self, _: Message) -> Result<(), LinkError> {
        Ok(())
    }
}
