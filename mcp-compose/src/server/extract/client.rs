//! The client that made a call.

use std::fmt;

use serde::Deserialize;

use super::FromCall;
use crate::server::{Call, Ctx, ToolError};

/// The client that made a call, as it describes itself: good for logs, not for decisions about access.
///
/// ```
/// use mcp_compose::{ClientInfo, mcp_server};
///
/// struct Reports;
///
/// #[mcp_server]
/// impl Reports {
///     /// How will questions reach the user?
///     #[tool(read_only)]
///     fn questions(&self, client: ClientInfo) -> String {
///         let how = if client.offers("elicitation.form") { "by a form" } else { "not at all" };
///         format!("{how}, in {} with {}", client.name(), client.protocol_version())
///     }
/// }
/// ```
#[derive(Clone)]
pub struct ClientInfo {
    said: Said,
    ctx: Ctx,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Said {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    title: Option<String>,
}

impl ClientInfo {
    /// The name of the program; empty if it did not say.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.said.name
    }

    /// The version of the program; empty if it did not say.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.said.version
    }

    /// What people call the program, if it said so.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.said.title.as_deref()
    }

    /// The version of the protocol that the client speaks, for example `2025-11-25`; empty if it is not known.
    #[must_use]
    pub fn protocol_version(&self) -> &str {
        self.ctx.origin().version.as_deref().unwrap_or_default()
    }

    /// Whether the client declared a capability; see [`Ctx::offers`].
    #[must_use]
    pub fn offers(&self, capability: &str) -> bool {
        self.ctx.offers(capability)
    }
}

impl fmt::Debug for ClientInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientInfo")
            .field("name", &self.name())
            .field("version", &self.version())
            .field("title", &self.title())
            .field("protocol_version", &self.protocol_version())
            .finish()
    }
}

impl FromCall for ClientInfo {
    fn from_call(call: &Call) -> Result<Self, ToolError> {
        let said = call.ctx().origin().client_info.as_ref();
        let said = said.and_then(|said| serde_json::from_str(said.as_str()).ok());
        Ok(Self {
            said: said.unwrap_or_default(),
            ctx: call.ctx().clone(),
        })
    }
}
