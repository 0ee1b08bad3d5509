//! Replaced at merge.
use std::{net::SocketAddr, sync::Arc};
use crate::gateway::Gateway;
#[derive(Default)]
pub(crate) struct HttpOptions {}
pub(crate) fn check_bind(_: SocketAddr, _: bool) -> Result<(), String> { Ok(()) }
pub(crate) async fn serve(_: Arc<Gateway>, _: SocketAddr) -> Result<(), super::ServeError> { Ok(()) }
pub(crate) fn router(_: Arc<Gateway>, _: HttpOptions) -> axum::Router { axum::Router::new() }
