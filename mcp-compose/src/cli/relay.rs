//! What the command line does with a composition: serve it, or be its one client.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::backend::{Backend, Client, RequestError};
use crate::Composition;
use crate::gateway::Gateway;
use crate::gateway::client::{self, Outlet};
use crate::wire::message::{Id, Request};
use crate::wire::peer::LinkError;
use crate::wire::{Message, Raw};

/// The real thing.
pub(crate) struct Relay;

impl Backend for Relay {
    type Client = InProcess;

    async fn serve_stdio(&self, composition: Composition) -> Result<(), String> {
        composition.serve_stdio().await.map_err(|error| error.to_string())
    }

    async fn serve_http(&self, composition: Composition, address: SocketAddr) -> Result<(), String> {
        composition.serve_http(address).await.map_err(|error| error.to_string())
    }

    async fn client(&self, composition: Composition) -> Result<InProcess, String> {
        let gateway = Gateway::start(composition, tokio::runtime::Handle::current());
        let client = gateway.connect(Arc::new(Silent));
        let client = InProcess { gateway, client };
        let hello = r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mcp-compose","version":"0"}}"#;
        client.request("initialize", hello.to_owned()).await.map_err(|error| error.message)?;
        Ok(client)
    }
}

/// A client in the process of the gateway itself.
pub(crate) struct InProcess {
    gateway: Arc<Gateway>,
    client: Arc<client::Client>,
}

impl Client for InProcess {
    async fn request(&self, method: &str, params: String) -> Result<String, RequestError> {
        let params = Raw::parse(params.into())
            .map_err(|error| RequestError { code: -32700, message: format!("not JSON: {error}") })?;
        let request = Request { id: Id::number(0), method: method.into(), params: Some(params) };
        let outlet: Arc<dyn Outlet> = Arc::new(Silent);
        let result = self.gateway.serve(&self.client, &request, &outlet, &CancellationToken::new()).await;
        match result {
            Ok(result) => Ok(result.as_str().to_owned()),
            Err(error) => Err(RequestError { code: error.code(), message: error.message() }),
        }
    }

    async fn close(self) {
        self.gateway.disconnect(&self.client);
        self.gateway.stop().await;
    }
}

/// Nobody listens to what precedes a result.
#[derive(Debug)]
struct Silent;

impl Outlet for Silent {
    fn send(&self, _message: Message) -> Result<(), LinkError> {
        Ok(())
    }
}
