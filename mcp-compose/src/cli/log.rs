//! The log: to stderr, as stdout may be the protocol.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{
    EnvFilter, FilterExt, FilterFn, LevelFilter, ParseError, filter_fn,
};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::progress::Stderr;
use super::terminal::has_colours;

/// The variable that says what is logged, such as `debug` or `mcp_compose::child=trace`.
const VARIABLE: &str = "MCP_COMPOSE_LOG";
const DEFAULT: &str = "warn,mcp_compose=info";
/// The variable that says how it is written: `human`, which is the default, or `json`.
const FORMAT: &str = "MCP_COMPOSE_LOG_FORMAT";
/// Below warnings these log whole payloads and headers, secrets and all: nothing of that, whatever the variable says.
const QUIET: [&str; 4] = ["rmcp", "hyper", "hyper_util", "h2"];

pub(super) fn init() {
    let (filter, wrong) = filter(std::env::var(VARIABLE).ok());
    let filter = filter.and(discreet());
    let said = std::env::var(FORMAT).unwrap_or_default();
    let format = Format::of(&said);
    // A program that set up its own log keeps it.
    let done = match format.unwrap_or_default() {
        Format::Human => {
            let log = tracing_subscriber::fmt::layer()
                .with_writer(Stderr::default)
                .with_ansi(has_colours(&std::io::stderr()))
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
                .with_writer(Stderr::default);
            let log = log.with_filter(filter);
            tracing_subscriber::registry().with(log).try_init()
        }
    };
    if done.is_err() {
        return;
    }
    if format.is_none() {
        tracing::warn!("{FORMAT} is `{said}`; it can be `human` or `json`");
    }
    if let Some(wrong) = wrong {
        tracing::warn!(
            "{VARIABLE} is not taken: {wrong}; write it as `debug`, or `warn,mcp_compose::child=trace`"
        );
    }
}

/// What is logged, and why that is not what was said.
fn filter(said: Option<String>) -> (EnvFilter, Option<ParseError>) {
    let said = said.filter(|said| !said.trim().is_empty());
    match EnvFilter::builder().parse(said.as_deref().unwrap_or(DEFAULT)) {
        Ok(filter) => (filter, None),
        Err(wrong) => (EnvFilter::new(DEFAULT), Some(wrong)),
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
    use super::*;

    #[test]
    fn libraries_that_log_payloads_are_quiet_in_all_of_their_modules() {
        assert!(
            is_quiet("rmcp") && is_quiet("rmcp::service") && is_quiet("hyper_util::client::legacy")
        );
        assert!(!is_quiet("mcp_compose::rmcp::front") && !is_quiet("rmcp_like"));
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_told() {
        for (said, taken, right) in [
            (None, DEFAULT, true),
            (Some(""), DEFAULT, true),
            (Some("debug"), "debug", true),
            (Some("mcp_compose=loud"), DEFAULT, false),
            (Some("a=b=c"), DEFAULT, false),
        ] {
            let (filter, wrong) = filter(said.map(str::to_owned));
            assert_eq!(filter.to_string(), EnvFilter::new(taken).to_string());
            assert_eq!(wrong.is_none(), right, "{said:?}: {wrong:?}");
        }
    }

    #[test]
    fn a_format_that_is_not_known_is_not_taken_for_another() {
        assert_eq!(Format::of(""), Some(Format::Human));
        assert_eq!(Format::of("json"), Some(Format::Json));
        assert_eq!(Format::of("JSON"), None);
    }
}
