//! Figures in the text format of Prometheus (`text/plain; version=0.0.4`).
//!
//! The format is a few lines of text, written from counters that are there anyway; a library would
//! want to own the counters. No label has a value that clients choose: the number of series is that
//! of the children times a constant.

use std::fmt::{self, Display, Write as _};

use super::figures::{BOUNDS_MS, Operation};
use crate::child::listing::Kind;
use crate::child::supervisor::{Child, Phase};
use crate::gateway::Gateway;
use crate::serve::refusal;
use crate::wire::peer::Oddity;

/// What the text is, for `Content-Type`.
#[cfg(feature = "admin")]
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A metric: its name, its type, what it tells.
struct Metric(&'static str, &'static str, &'static str);

const BUILD: Metric = Metric(
    "mcp_compose_build_info",
    "gauge",
    "Always 1, with the version of the program.",
);
const UPTIME: Metric = Metric(
    "mcp_compose_uptime_seconds",
    "gauge",
    "Seconds since the composition started.",
);
const CLIENTS: Metric = Metric(
    "mcp_compose_sessions",
    "gauge",
    "Clients that are connected, or have a session.",
);
const REFUSED: Metric = Metric(
    "mcp_compose_requests_refused_total",
    "counter",
    "Requests of clients that were not taken, of all compositions in the process.",
);
const ENTRIES: Metric = Metric(
    "mcp_compose_catalog_entries",
    "gauge",
    "Tools, prompts, resources and templates that are exposed.",
);
const AGE: Metric = Metric(
    "mcp_compose_catalog_age_seconds",
    "gauge",
    "Seconds since the catalog was last put together.",
);
const STATE: Metric = Metric(
    "mcp_compose_child_state",
    "gauge",
    "1 for the state that the child is in, 0 for all others.",
);
const RESTARTS: Metric = Metric(
    "mcp_compose_child_restarts_total",
    "counter",
    "Sessions for all clients after the child's first one.",
);
const HIDDEN: Metric = Metric(
    "mcp_compose_child_hidden_entries",
    "gauge",
    "Entries of the child's lists that are malformed and not exposed.",
);
const IN_FLIGHT: Metric = Metric(
    "mcp_compose_child_calls_in_flight",
    "gauge",
    "Calls that the child is serving.",
);
const QUEUED: Metric = Metric(
    "mcp_compose_child_calls_queued",
    "gauge",
    "Calls that wait for a place among those in flight.",
);
const CALLS: Metric = Metric(
    "mcp_compose_child_calls_total",
    "counter",
    "Calls that have ended, by method and outcome.",
);
const DURATION: Metric = Metric(
    "mcp_compose_child_call_duration_seconds",
    "histogram",
    "How long the calls that were sent to the child took.",
);
const NOISE: Metric = Metric(
    "mcp_compose_child_oddities_total",
    "counter",
    "What the child sent that it should not, and what was left out.",
);

/// All of them, for the page that lists them.
#[cfg(test)]
const METRICS: [&Metric; 14] = [
    &BUILD, &UPTIME, &CLIENTS, &REFUSED, &ENTRIES, &AGE, &STATE, &RESTARTS, &HIDDEN, &IN_FLIGHT,
    &QUEUED, &CALLS, &DURATION, &NOISE,
];

/// States of children, by the names that labels have.
const STATES: [&str; 7] = [
    "idle", "starting", "ready", "asleep", "down", "parked", "stopped",
];

fn state(phase: &Phase) -> &'static str {
    match phase {
        Phase::Idle => "idle",
        Phase::Starting => "starting",
        Phase::Ready => "ready",
        Phase::Asleep => "asleep",
        Phase::Down { .. } => "down",
        Phase::Parked { .. } => "parked",
        Phase::Stopped { .. } => "stopped",
    }
}

impl Gateway {
    /// All metrics, in the text format of Prometheus.
    pub(crate) fn metrics(&self) -> String {
        let mut text = Text::default();
        text.head(&BUILD);
        text.sample(&BUILD, &[("version", env!("CARGO_PKG_VERSION"))], 1);
        text.head(&UPTIME);
        text.sample(&UPTIME, &[], Seconds(self.age()));
        text.head(&CLIENTS);
        text.sample(&CLIENTS, &[], self.connected());
        text.head(&REFUSED);
        for (reason, count) in refusal::counts() {
            text.sample(&REFUSED, &[("reason", reason)], count);
        }
        let catalog = self.default_catalog();
        text.head(&ENTRIES);
        for kind in Kind::ALL {
            text.sample(&ENTRIES, &[("kind", kind.noun())], catalog.len(kind));
        }
        text.head(&AGE);
        text.sample(&AGE, &[], Seconds(catalog.built.elapsed()));
        let children = self.children();
        let mut each = |metric: &Metric, of: &dyn Fn(&mut Text, &Child)| {
            if !children.is_empty() {
                text.head(metric);
            }
            for child in children.iter() {
                of(&mut text, child);
            }
        };
        each(&STATE, &|text, child| {
            let now = state(&child.phase());
            for state in STATES {
                let labels = [("child", &*child.label), ("state", state)];
                text.sample(&STATE, &labels, u8::from(state == now));
            }
        });
        each(&RESTARTS, &|text, child| {
            let restarts = child.record().sessions.saturating_sub(1);
            text.sample(&RESTARTS, &[("child", &child.label)], restarts);
        });
        each(&HIDDEN, &|text, child| {
            let hidden: usize = child.listing().problems.iter().map(Vec::len).sum();
            text.sample(&HIDDEN, &[("child", &child.label)], hidden);
        });
        each(&IN_FLIGHT, &|text, child| {
            text.sample(&IN_FLIGHT, &[("child", &child.label)], child.calls().len());
        });
        each(&QUEUED, &|text, child| {
            text.sample(&QUEUED, &[("child", &child.label)], child.figures.queued());
        });
        each(&CALLS, &|text, child| {
            for (operation, outcome, count) in child.figures.counts() {
                let labels = [
                    ("child", &*child.label),
                    ("method", operation.method()),
                    ("outcome", outcome.as_str()),
                ];
                text.sample(&CALLS, &labels, count);
            }
        });
        each(&DURATION, &|text, child| {
            for operation in Operation::ALL {
                text.durations(child, operation);
            }
        });
        each(&NOISE, &|text, child| {
            for what in Oddity::ALL {
                let labels = [("child", &*child.label), ("kind", kind(what))];
                text.sample(&NOISE, &labels, child.counters.total(what));
            }
        });
        text.0
    }
}

/// What an oddity is called in a label.
fn kind(what: Oddity) -> &'static str {
    match what {
        Oddity::Junk => "no_message",
        Oddity::Unasked => "unasked_answer",
        Oddity::Repeated => "repeated_answer",
        Oddity::Late => "late_answer",
        Oddity::Progress => "progress_left_out",
        Oddity::Unread => "notification_left_out",
        Oddity::Refused => "request_refused",
    }
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn head(&mut self, Metric(name, kind, help): &Metric) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, metric: &Metric, labels: &[(&str, &str)], value: impl Display) {
        self.line(metric, "", labels, value);
    }

    fn line(
        &mut self,
        metric: &Metric,
        suffix: &str,
        labels: &[(&str, &str)],
        value: impl Display,
    ) {
        let _ = write!(self.0, "{}{suffix}", metric.0);
        for (at, (name, value)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{name}=\"{}\"", Escaped(value));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    /// One histogram; nothing for what was never called.
    fn durations(&mut self, child: &Child, operation: Operation) {
        let durations = child.figures.durations(operation);
        // Read once: the count must be that of the last bucket, whatever is counted meanwhile.
        let total = durations.total();
        if total == 0 {
            return;
        }
        let labels = [("child", &*child.label), ("method", operation.method())];
        let mut so_far = 0;
        for (count, bound) in durations.counts.iter().zip(BOUNDS_MS) {
            so_far += count;
            let bound = (bound as f64 / 1_000.0).to_string();
            let labels = [labels[0], labels[1], ("le", &*bound)];
            self.line(&DURATION, "_bucket", &labels, so_far);
        }
        let all = [labels[0], labels[1], ("le", "+Inf")];
        self.line(&DURATION, "_bucket", &all, total);
        self.line(&DURATION, "_sum", &labels, Seconds(durations.sum));
        self.line(&DURATION, "_count", &labels, total);
    }
}

struct Seconds(std::time::Duration);

impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_secs_f64().fmt(f)
    }
}

/// A value as it stands between the quotes of a label.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '\\' => f.write_str(r"\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str(r"\n")?,
                char => f.write_char(char)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
