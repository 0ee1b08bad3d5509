//! The log: to stderr, as stdout may be the protocol.

use tracing_subscriber::EnvFilter;

/// The variable that says what is logged, such as `debug` or `mcp_compose::child=trace`.
const VARIABLE: &str = "MCP_COMPOSE_LOG";
const DEFAULT: &str = "warn,mcp_compose=info";
/// Below this rmcp logs whole payloads, secrets and all, whatever the variable says.
const QUIET: [&str; 1] = ["rmcp=warn"];

pub(super) fn init() {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let filter = QUIET
        .iter()
        .fold(filter, |filter, quiet| match quiet.parse() {
            Ok(directive) => filter.add_directive(directive),
            Err(_) => filter,
        });
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false);
    // A program that set up its own log keeps it.
    let _ = log.try_init();
}
