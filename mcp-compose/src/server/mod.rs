//! Typed servers.

use std::sync::Arc;

/// A typed server.
pub trait Server: Send + Sync + 'static {}

/// The lists of a typed server, as raw JSON objects.
#[derive(Debug, Default)]
pub struct Lists {
    /// Raw tools.
    pub tools: Vec<String>,
    /// Raw resources.
    pub resources: Vec<String>,
    /// Raw templates.
    pub templates: Vec<String>,
    /// Raw prompts.
    pub prompts: Vec<String>,
    /// Whether arguments can be completed.
    pub completes: bool,
}

/// What a typed server says of itself.
#[derive(Debug, Default)]
pub struct ServerInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its title.
    pub title: Option<String>,
    /// Its website.
    pub website: Option<String>,
    /// Its icons, raw.
    pub icons: Option<String>,
    /// Its instructions.
    pub instructions: Option<String>,
}
pub struct RpcError { pub code: i64, pub message: String, pub data: Option<String> }
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel { Debug, Info, Notice, Warning, Error, Critical, Alert, Emergency }
impl LogLevel { pub const ALL: [Self; 8] = [Self::Debug, Self::Info, Self::Notice, Self::Warning, Self::Error, Self::Critical, Self::Alert, Self::Emergency];
 pub fn as_str(self) -> &'static str { "" } pub fn from_wire(name: &str) -> Option<Self> { let _ = name; None } }
pub struct Ctx(());
pub(crate) struct CtxParts {
    pub(crate) progress_token: Option<String>,
    pub(crate) log_level: Option<LogLevel>,
    pub(crate) notify: Arc<dyn Fn(&'static str, String) + Send + Sync>,
    pub(crate) cancel: tokio_util::sync::CancellationToken,
    pub(crate) meta: Option<String>,
}
impl Ctx { pub(crate) fn new(_: CtxParts) -> Self { Self(()) } }


/// A typed server, erased.
#[derive(Debug, Clone)]
pub struct LocalServer {
    info: Arc<ServerInfo>,
    lists: Arc<Lists>,
}

impl LocalServer {
    /// Erases a typed server.
    pub fn new<S: Server>(_server: S) -> Self {
        LocalServer {
            info: Arc::default(),
            lists: Arc::default(),
        }
    }

    pub fn handle(&self, _: &str, _: &str, _: Ctx) -> futures_util::future::BoxFuture<'static, Result<String, RpcError>> { Box::pin(async { Ok("{}".into()) }) }
    /// Who it is.
    pub fn info(&self) -> &ServerInfo {
        &self.info
    }

    /// What it offers.
    pub fn lists(&self) -> &Lists {
        &self.lists
    }
}
