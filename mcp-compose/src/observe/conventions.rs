//! Names of the semantic conventions of OpenTelemetry for MCP, as of August 2026 (GenAI semantic
//! conventions, status Development). They may change: here alone.

/// The method of a request.
pub(crate) const METHOD: &str = "mcp.method.name";
/// The version of the protocol that was agreed.
pub(crate) const VERSION: &str = "mcp.protocol.version";
/// The session. Ours tells the number of the client: a session's id is a secret that opens it.
pub(crate) const SESSION: &str = "mcp.session.id";
/// The resource that is read.
pub(crate) const RESOURCE: &str = "mcp.resource.uri";
/// The tool that is called.
pub(crate) const TOOL: &str = "gen_ai.tool.name";
/// The prompt that is got.
pub(crate) const PROMPT: &str = "gen_ai.prompt.name";
/// Always [`EXECUTE_TOOL`], on calls of tools.
pub(crate) const OPERATION: &str = "gen_ai.operation.name";
/// The value of [`OPERATION`].
pub(crate) const EXECUTE_TOOL: &str = "execute_tool";
/// The id of the request.
pub(crate) const REQUEST_ID: &str = "jsonrpc.request.id";
/// The code of the error that answered it.
pub(crate) const STATUS: &str = "rpc.response.status_code";
/// Why it failed.
pub(crate) const ERROR: &str = "error.type";
/// `pipe` or `tcp`.
pub(crate) const TRANSPORT: &str = "network.transport";
/// The host of a child that is reached over HTTP.
pub(crate) const ADDRESS: &str = "server.address";
/// Its port.
pub(crate) const PORT: &str = "server.port";
/// The child, by its namespace: ours, not of the conventions.
pub(crate) const CHILD: &str = "mcp_compose.child";

/// How long requests of clients took.
pub(crate) const SERVER_DURATION: &str = "mcp.server.operation.duration";
/// How long calls of children took.
pub(crate) const CLIENT_DURATION: &str = "mcp.client.operation.duration";

/// The value of [`METHOD`] for what no specification has: clients choose such names.
pub(crate) const OTHER: &str = "_OTHER";

/// The methods that have a name of their own.
const METHODS: [&str; 18] = [
    "completion/complete",
    "initialize",
    "logging/setLevel",
    "ping",
    "prompts/get",
    "prompts/list",
    "resources/list",
    "resources/read",
    "resources/subscribe",
    "resources/templates/list",
    "resources/unsubscribe",
    "server/discover",
    "subscriptions/listen",
    "tasks/cancel",
    "tasks/get",
    "tasks/update",
    "tools/call",
    "tools/list",
];

/// The method as traces and metrics tell it.
pub(crate) fn method(method: &str) -> &'static str {
    let known = METHODS.into_iter().find(|known| *known == method);
    known.unwrap_or(OTHER)
}

/// Every attribute, for the page that lists them.
#[cfg(test)]
pub(crate) const ATTRIBUTES: [&str; 14] = [
    METHOD, VERSION, SESSION, RESOURCE, TOOL, PROMPT, OPERATION, REQUEST_ID, STATUS, ERROR,
    TRANSPORT, ADDRESS, PORT, CHILD,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_every_attribute_and_metric() {
        let page = include_str!("../../../docs/observe.md");
        let (_, table) = page.split_once("| attribute |").expect("the table");
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
        let listed: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
        assert_eq!(listed, ATTRIBUTES);
        for metric in [SERVER_DURATION, CLIENT_DURATION] {
            assert!(page.contains(&format!("`{metric}`")), "{metric}");
        }
    }

    #[test]
    fn a_method_that_a_client_made_up_has_no_name() {
        assert_eq!(method("tools/call"), "tools/call");
        assert_eq!(method("vendor/anything"), OTHER);
    }
}
