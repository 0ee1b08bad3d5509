//! The log: to stderr, as stdout may be the protocol.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt, FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The variable that says what is logged, such as `debug` or `mcp_compose::child=trace`.
const VARIABLE: &str = "MCP_COMPOSE_LOG";
const DEFAULT: &str = "warn,mcp_compose=info";
/// The variable that says how it is written: `human`, which is the default, or `json`.
const FORMAT: &str = "MCP_COMPOSE_LOG_FORMAT";
/// Below warnings these log whole payloads and headers, secrets and all: nothing of that, whatever the variable says.
const QUIET: [&str; 4] = ["rmcp", "hyper", "hyper_util", "h2"];

pub(super) fn init() {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let filter = filter.and(discreet());
    let said = std::env::var(FORMAT).unwrap_or_default();
    let format = Format::of(&said);
    // A program that set up its own log keeps it.
    let done = match format.unwrap_or_default() {
        Format::Human => {
            let log = tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(is_coloured())
                .with_target(false);
            let log = log.with_filter(filter);
            tracing_subscriber::registry().with(log).try_init()
        }
        Format::Json => {
            let log = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false)
                .with_writer(std::io::stderr);
            let log = log.with_filter(filter);
            tracing_subscriber::registry().with(log).try_init()
        }
    };
    if done.is_ok() && format.is_none() {
        tracing::warn!("{FORMAT} is `{said}`; it can be `human` or `json`");
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Format {
    /// Lines for people.
    #[default]
    Human,
    /// An object a line: `timestamp`, `level`, `target`, `message`, and the fields of the event.
    Json,
}

impl Format {
    fn of(said: &str) -> Option<Self> {
        match said {
            "" | "human" => Some(Self::Human),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Whether the log has colours: a person reads it, who has not asked for none (<https://no-color.org>).
fn is_coloured() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr())
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
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
    use super::*;

    #[test]
    fn libraries_that_log_payloads_are_quiet_in_all_of_their_modules() {
        assert!(
            is_quiet("rmcp") && is_quiet("rmcp::service") && is_quiet("hyper_util::client::legacy")
        );
        assert!(!is_quiet("mcp_compose::rmcp::front") && !is_quiet("rmcp_like"));
    }

    #[test]
    fn a_format_that_is_not_known_is_not_taken_for_another() {
        assert_eq!(Format::of(""), Some(Format::Human));
        assert_eq!(Format::of("json"), Some(Format::Json));
        assert_eq!(Format::of("JSON"), None);
    }
}
