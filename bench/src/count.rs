//! `count`: instructions and system calls of one call, numbers that a busy machine does not move.
//!
//! Each is the difference between a long and a short run of the same thing, so that start and end cancel out.

use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::aggregator;
use crate::client::Era;
use crate::process::{Process, signal};
use crate::stage::{Behind, SMALL, Stage, command};
use crate::target::Target;

const MAX_INSTRUCTIONS: f64 = 60_000.0;
const MAX_SYSTEM_CALLS: f64 = 10.0;

const PAYLOAD: usize = 100;
const WARM_UP: usize = 100;
const SHORT: usize = 200;
const LONG: usize = 1_200;
const ATTACH_DEADLINE: Duration = Duration::from_secs(10);

/// What is counted.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    aggregator: aggregator::Choice,
    /// Only the aggregator: what a CI gate needs.
    #[arg(long)]
    gate: bool,
    /// Keep callgrind's files of the aggregator's long runs in this directory, for `callgrind_annotate`.
    #[arg(long, value_name = "DIR")]
    keep: Option<std::path::PathBuf>,
}

/// One line of the result.
struct Subject {
    label: &'static str,
    file: &'static str,
    line: Vec<String>,
    era: Era,
    gated: bool,
}

/// Counts, prints a table, and fails when the aggregator takes too many.
pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let tools = [("valgrind", "valgrind"), ("strace", "strace")];
    let missing: Vec<_> = tools.iter().filter(|(program, _)| !runs(program)).collect();
    if let [(program, package), ..] = missing.as_slice() {
        bail!(
            "`{program}` is not installed (on Debian: apt-get update && apt-get install -y {package})"
        );
    }
    let aggregator = options.aggregator.resolve();
    if let Err(error) = &aggregator {
        eprintln!("error: counting without mcp-compose, the gate is missed: {error:#}");
    }
    let mut all_within = aggregator.is_ok();
    let stage = Stage::new(aggregator.ok())?;
    let child = stage.http_child(SMALL).await?;
    println!(
        "| a 100-byte call, 1 in flight | instructions (user space) | system calls | within the gate |"
    );
    println!("| --- | ---: | ---: | --- |");
    for subject in subjects(&stage, &child, options.gate)? {
        let keep = options
            .keep
            .as_deref()
            .filter(|_| subject.file.starts_with("mcp"));
        let instructions = instructions(&stage, &subject, keep).await?;
        let system_calls = system_calls(&stage, &subject).await?;
        let within = instructions <= MAX_INSTRUCTIONS && system_calls <= MAX_SYSTEM_CALLS;
        let verdict = match (subject.gated, within) {
            (false, _) => "-",
            (true, true) => "yes",
            (true, false) => "**no**",
        };
        all_within &= within || !subject.gated;
        println!(
            "| {} | {instructions:.0} | {system_calls:.1} | {verdict} |",
            subject.label
        );
    }
    println!(
        "\nGate: at most {MAX_INSTRUCTIONS} instructions and {MAX_SYSTEM_CALLS} system calls."
    );
    Ok(if all_within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn subjects(stage: &Stage, child: &Process, gate_only: bool) -> Result<Vec<Subject>> {
    let (stdio, http) = (Behind::Stdio(SMALL), Behind::Http(child));
    let subject = |label, file, line| Subject {
        label,
        file,
        line,
        era: Era::Legacy,
        gated: false,
    };
    let mut subjects = Vec::new();
    if stage.has_aggregator() {
        let ours = |behind| stage.aggregator(&[("bench".to_owned(), behind)]);
        let legacy = subject("mcp-compose, stdio child", "mcp-stdio", ours(stdio)?);
        let modern = subject(
            "mcp-compose, stdio child, 2026-07-28",
            "mcp-stdio-modern",
            ours(stdio)?,
        );
        subjects.push(Subject {
            gated: true,
            ..legacy
        });
        subjects.push(Subject {
            gated: true,
            era: Era::Modern,
            ..modern
        });
        if !gate_only {
            subjects.push(subject("mcp-compose, HTTP child", "mcp-http", ours(http)?));
        }
    }
    if !gate_only {
        let naive = |behind, json| stage.rmcp_naive(behind, json);
        subjects.extend([
            subject("TCP relay, HTTP child", "relay", stage.relay(child)),
            subject("rmcp-naive, stdio child", "naive", naive(stdio, false)),
            subject(
                "rmcp-naive JSON, stdio child",
                "naive-json",
                naive(stdio, true),
            ),
            subject("rmcp-naive, HTTP child", "naive-http", naive(http, false)),
        ]);
    }
    Ok(subjects)
}

async fn instructions(stage: &Stage, subject: &Subject, keep: Option<&Path>) -> Result<f64> {
    let mut totals = [0.0; 2];
    for (total, calls) in totals.iter_mut().zip([SHORT, LONG]) {
        let directory = keep.unwrap_or(stage.directory());
        std::fs::create_dir_all(directory)?;
        let out = directory.join(format!("callgrind.{}.{calls}", subject.file));
        let mut line = vec![
            "valgrind".to_owned(),
            // Its banner repeats the command line, addresses included.
            "--quiet".to_owned(),
            "--tool=callgrind".to_owned(),
            format!("--callgrind-out-file={}", out.display()),
        ];
        line.extend(subject.line.iter().cloned());
        let front = Process::start(command(&line)).await?;
        let mut target = Target::front(subject.label, &front, subject.era).await?;
        target
            .repeat(&target.echo(PAYLOAD), WARM_UP + calls)
            .await?;
        drop(target);
        front.end().await?;
        *total = callgrind_total(&std::fs::read_to_string(&out)?)
            .with_context(|| format!("no total in {}", out.display()))?;
    }
    Ok((totals[1] - totals[0]) / (LONG - SHORT) as f64)
}

/// The number of instructions in a callgrind file.
fn callgrind_total(file: &str) -> Option<f64> {
    let total = file.lines().rev().find_map(|line| {
        line.strip_prefix("totals: ")
            .or_else(|| line.strip_prefix("summary: "))
    });
    total?.split_ascii_whitespace().next()?.parse().ok()
}

async fn system_calls(stage: &Stage, subject: &Subject) -> Result<f64> {
    let front = Process::start(command(&subject.line)).await?;
    let mut target = Target::front(subject.label, &front, subject.era).await?;
    target.repeat(&target.echo(PAYLOAD), WARM_UP).await?;
    let mut totals = [0.0; 2];
    for (total, calls) in totals.iter_mut().zip([SHORT, LONG]) {
        let out = stage
            .directory()
            .join(format!("strace.{}.{calls}", subject.file));
        // Attached after the start, so that the front's threads are counted and its children are not.
        let tracer = attach(front.pid(), &out).await?;
        target.repeat(&target.echo(PAYLOAD), calls).await?;
        detach(tracer).await?;
        *total = strace_total(&std::fs::read_to_string(&out)?)
            .with_context(|| format!("no total in {}", out.display()))?;
    }
    drop(target);
    front.end().await?;
    Ok((totals[1] - totals[0]) / (LONG - SHORT) as f64)
}

async fn attach(pid: u32, out: &Path) -> Result<Child> {
    let mut tracer = Command::new("strace")
        .args(["-f", "-c", "-p", &pid.to_string(), "-o"])
        .arg(out)
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stderr = tracer.stderr.take().context("strace has no stderr")?;
    let mut lines = BufReader::new(stderr).lines();
    let first = timeout(ATTACH_DEADLINE, lines.next_line())
        .await
        .context("strace did not attach in time")??
        .unwrap_or_default();
    if !first.contains("attached") {
        bail!("strace cannot attach (it needs root, or kernel.yama.ptrace_scope = 0): {first}");
    }
    // The rest is drained: a full pipe would stop strace.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(tracer)
}

/// Interrupts strace, on which it writes its table.
async fn detach(mut tracer: Child) -> Result<()> {
    let pid = tracer.id().context("strace ended by itself")?;
    signal(pid, "INT").await?;
    tracer.wait().await?;
    Ok(())
}

/// The number of calls in the last line of strace's table: `100.00 0.01 5 1234 56 total`, errors only where there are some.
fn strace_total(table: &str) -> Option<f64> {
    let line = table
        .lines()
        .rev()
        .find(|line| line.trim_end().ends_with(" total"))?;
    line.split_ascii_whitespace().nth(3)?.parse().ok()
}

fn runs(program: &str) -> bool {
    std::process::Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_totals_of_both_tools_are_found() {
        assert_eq!(
            callgrind_total("events: Ir\nfn=a\n1 2\ntotals: 123456\n"),
            Some(123_456.0)
        );
        let table = "% time     seconds  usecs/call     calls    errors syscall\n\
                     ------ ----------- ----------- --------- --------- ----------------\n \
                     60.00    0.000006           0        10         2 read\n\
                     ------ ----------- ----------- --------- --------- ----------------\n\
                     100.00    0.000010           0        15         2 total\n";
        assert_eq!(strace_total(table), Some(15.0));
        assert_eq!(strace_total("nothing"), None);
    }
}
