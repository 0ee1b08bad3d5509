//! A handler whose panics cost only the request: rmcp itself would leave it without an answer.

use std::borrow::Cow;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use rmcp::model::{ClientNotification, ClientRequest, ErrorData, ProtocolVersion};
use rmcp::model::{ServerConfig, ServerResult};
use rmcp::service::{NotificationContext, RequestContext, RoleServer};
use rmcp::{ServerHandler, Service};

use crate::server::panic_text;

pub(super) struct Guarded<H>(pub(super) H);

impl<H: ServerHandler> Service<RoleServer> for Guarded<H> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        guard(async { self.0.handle_request(request, context).await }).await
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        guard(async { self.0.handle_notification(notification, context).await }).await
    }

    fn get_info(&self) -> ServerConfig {
        ServerHandler::get_info(&self.0)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Service::supported_protocol_versions(&self.0)
    }
}

async fn guard<T>(work: impl Future<Output = Result<T, ErrorData>>) -> Result<T, ErrorData> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.unwrap_or_else(|panic| {
        let why = format!("the handler panicked: {}", panic_text(panic.as_ref()));
        tracing::error!("{why}");
        Err(ErrorData::internal_error(why, None))
    })
}
