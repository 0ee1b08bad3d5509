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
}

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

    /// Who it is.
    pub fn info(&self) -> &ServerInfo {
        &self.info
    }

    /// What it offers.
    pub fn lists(&self) -> &Lists {
        &self.lists
    }
}
