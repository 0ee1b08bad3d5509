//! A client in this process, for the commands that look at a composition rather than serve it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::compose::Composition;
use crate::gateway::Gateway;
use crate::gateway::client::{Client as Connection, Outlet};
use crate::wire::message::Id;
use crate::wire::peer::LinkError;
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

/// A composition that was started for one client.
pub(super) struct Started {
    gateway: Arc<Gateway>,
    connection: Arc<Connection>,
    outlet: Arc<dyn Outlet>,
}

/// A person waits for a slow child rather than to be told that its tool is unknown.
const START_GRACE: Duration = Duration::from_secs(60);

impl Started {
    /// Starts every child, and waits until each has started or failed.
    pub(super) async fn new(composition: Composition) -> Self {
        let gateway = Gateway::start(composition, Handle::current());
        gateway.settled(START_GRACE).await;
        let connection = gateway.stateless();
        Started {
            gateway,
            connection,
            outlet: Arc::new(Unheard),
        }
    }

    /// Stops the composition with all its children.
    pub(super) async fn stop(self) {
        self.gateway.stop().await;
    }
}

impl Client for Started {
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
