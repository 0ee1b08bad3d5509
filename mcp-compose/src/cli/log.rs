//! The log: to stderr, as stdout may be the protocol.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt, FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::progress::Stderr;
use super::terminal::has_colours;

/// The variable that says what is logged, such as `debug` or `mcp_compose::child=trace`.
const VARIABLE: &str = "MCP_COMPOSE_LOG";
const DEFAULT: &str = "warn,mcp_compose=info";
/// Below warnings these log whole payloads and headers, secrets and all: nothing of that, whatever the variable says.
const QUIET: [&str; 4] = ["rmcp", "hyper", "hyper_util", "h2"];

pub(super) fn init() {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let log = tracing_subscriber::fmt::layer()
        .with_writer(Stderr::default)
        .with_ansi(has_colours(&std::io::stderr()))
        .with_target(false)
        .with_filter(filter.and(discreet()));
    // A program that set up its own log keeps it.
    let _ = tracing_subscriber::registry().with(log).try_init();
}

/// As [`init`], where the variable is set: for commands that say themselves what the log would.
pub(super) fn init_if_asked() {
    if std::env::var_os(VARIABLE).is_some() {
        init();
    }
}

fn discreet() -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    filter_fn(|of| *of.level() <= Level::WARN || !is_quiet(of.target()))
        .with_max_level_hint(LevelFilter::TRACE)
}

fn is_quiet(target: &str) -> bool {
    let library = target.split("::").next().unwrap_or_default();
    QUIET.contains(&library)
}

#[cfg(test)]
mod tests {
    use super::is_quiet;

    #[test]
    fn libraries_that_log_payloads_are_quiet_in_all_of_their_modules() {
        assert!(
            is_quiet("rmcp") && is_quiet("rmcp::service") && is_quiet("hyper_util::client::legacy")
        );
        assert!(!is_quiet("mcp_compose::rmcp::front") && !is_quiet("rmcp_like"));
    }
}
