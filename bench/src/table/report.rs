//! The markdown that a run ends in.

use std::fmt::Write;
use std::process::Command;

use super::Pace;
use super::goals::Goals;
use super::series::{self, Series};

/// Of the table of one measurement.
const COLUMNS: usize = 8;

/// Sections of markdown, and what the reader must know about the machine.
#[derive(Debug)]
pub(super) struct Report {
    text: String,
    load_before: String,
    pace: Pace,
}

impl Report {
    /// An empty report; notes how busy the machine is before the run.
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            text: String::new(),
            load_before: load_average(),
            pace,
        }
    }

    /// Starts a section.
    pub(super) fn section(&mut self, title: &str, note: &str) {
        eprintln!("measuring: {title}");
        self.text.push_str(&format!("\n## {title}\n\n"));
        if !note.is_empty() {
            self.text.push_str(&format!("{note}\n\n"));
        }
    }

    /// Adds a table.
    pub(super) fn table(&mut self, columns: &[&str], rows: &[Vec<String>]) {
        let mut line = |cells: &[String]| {
            self.text.push_str(&format!("| {} |\n", cells.join(" | ")));
        };
        line(&columns.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>());
        let rule = |index: usize| if index == 0 { "---" } else { "---:" };
        line(
            &(0..columns.len())
                .map(|i| rule(i).to_owned())
                .collect::<Vec<_>>(),
        );
        for row in rows {
            line(row);
        }
        self.text.push('\n');
    }

    /// Adds the table of one measurement, relative to the series labelled `reference`.
    pub(super) fn series(&mut self, unit: &str, all: &[Series], reference: &str) {
        let rate = format!("{unit}/s");
        let columns: [&str; COLUMNS] = [
            "",
            &rate,
            "slowest..fastest round",
            "share",
            "p50 us",
            "p99 us",
            "p50 added us",
            "CPU us each",
        ];
        let reference = series::find(all, reference);
        let rows: Vec<_> = all.iter().map(|series| row(series, reference)).collect();
        self.table(&columns, &rows);
    }

    /// Notes that a section could not be finished.
    pub(super) fn failed(&mut self, error: &anyhow::Error) {
        eprintln!("warning: {error:#}");
        let line = format!("{error:#}").replace('\n', " / ");
        self.text.push_str(&format!("**Failed:** {line}\n"));
    }

    /// The whole document.
    pub(super) fn finish(self, goals: &Goals) -> String {
        let mut head = String::from("# Benchmark results\n\n");
        let pace = self.pace;
        let facts = [
            ("Command", format!("`{}`", command_line())),
            ("Commit", commit()),
            ("Cores", cores()),
            (
                "Load average before and after",
                format!("{} and {}", self.load_before, load_average()),
            ),
            (
                "Rounds",
                format!(
                    "{} of {} ms, targets taking turns; numbers are medians of rounds, ratios and differences medians of those of the same turn",
                    pace.rounds,
                    pace.length.as_millis()
                ),
            ),
        ];
        for (name, value) in facts {
            let _ = writeln!(head, "- {name}: {value}");
        }
        head.push_str(
            "\nLook at ratios within one run; absolute numbers belong to the machine. Shares and added times are relative to \
             \"direct HTTP\", the same client at the HTTP child itself; CPU is that of the process in between, never of the child.\n\n## Goals\n\n",
        );
        head.push_str(&goals.markdown());
        head.push_str(&self.text);
        let mut document = head.trim_end().to_owned();
        document.push('\n');
        document
    }
}

fn row(series: &Series, reference: Option<&Series>) -> Vec<String> {
    if let Some(failure) = &series.failure {
        let mut row = vec![series.label.to_owned(), format!("failed: {failure}")];
        row.resize(COLUMNS, String::new());
        return row;
    }
    let typical = series.median();
    let (slowest, fastest) = series.range();
    vec![
        series.label.to_owned(),
        format!("{:.0}", typical.rate),
        format!("{slowest:.0}..{fastest:.0}"),
        shown(reference, |other| {
            format!("{:.0} %", 100.0 * series.rate_share(other))
        }),
        format!("{:.0}", typical.p50),
        format!("{:.0}", typical.p99),
        shown(reference, |other| {
            format!("{:+.0}", series.p50_added(other))
        }),
        typical
            .cpu
            .map_or_else(|| "-".to_owned(), |cpu| format!("{cpu:.1}")),
    ]
}

/// A number that may be missing.
fn shown<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), show)
}

/// The command without what belongs to one machine: paths of programs and files.
fn command_line() -> String {
    let mut line = pinned().map_or_else(String::new, |cores| format!("taskset -c {cores} "));
    line.push_str("cargo run --release -p mcp-compose-bench --");
    for argument in std::env::args().skip(1) {
        let shown = match argument.rsplit_once('/') {
            Some((_, file)) => file,
            None => &argument,
        };
        line.push(' ');
        line.push_str(shown);
    }
    line
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    };
    match (
        git(&["rev-parse", "--short", "HEAD"]),
        git(&["status", "--porcelain", "--untracked-files=no"]),
    ) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit} with changes"),
        (None, _) => "unknown".to_owned(),
    }
}

/// How many this program may use, and how many there are.
fn cores() -> String {
    let usable = std::thread::available_parallelism().map_or(0, usize::from);
    let all = all_cores();
    if all > usable {
        format!("{usable} of {all}")
    } else {
        usable.to_string()
    }
}

/// The cores that this program was confined to, as `taskset` takes them.
fn pinned() -> Option<String> {
    let usable = std::thread::available_parallelism().ok()?.get();
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    (usable < all_cores()).then(|| allowed.trim().to_owned())
}

fn all_cores() -> usize {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    info.matches("processor\t").count()
}

fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split(' ').next().map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned())
}
