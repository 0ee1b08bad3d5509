//! Calls of `echo`: three payloads, one and sixteen in flight, through everything.

use anyhow::Result;

use super::goals::Goals;
use super::report::Report;
use super::series::{self, Series};
use super::{Pace, find};
use crate::client::Era;
use crate::process::Process;
use crate::stage::{Behind, SMALL, Stage, command};
use crate::target::Target;

pub(super) const PIPES: &str = "direct pipes, stdio child";
pub(super) const DIRECT: &str = "direct HTTP, HTTP child";
pub(super) const RELAY: &str = "TCP relay, HTTP child";
pub(super) const STDIO: &str = "mcp-compose, stdio child";
pub(super) const STDIO_MODERN: &str = "mcp-compose, stdio child, 2026-07-28";
pub(super) const HTTP: &str = "mcp-compose, HTTP child";
pub(super) const NAIVE_STDIO: &str = "rmcp-naive, stdio child";
pub(super) const NAIVE_HTTP: &str = "rmcp-naive, HTTP child";
pub(super) const NAIVE_JSON_STDIO: &str = "rmcp-naive JSON, stdio child";
pub(super) const NAIVE_JSON_HTTP: &str = "rmcp-naive JSON, HTTP child";

const PAYLOADS: [(usize, &str); 3] = [(100, "100 B"), (10_000, "10 KB"), (1_000_000, "1 MB")];
const IN_FLIGHT: [usize; 2] = [1, 16];

pub(super) async fn measure(
    stage: &Stage,
    pace: Pace,
    report: &mut Report,
    goals: &mut Goals,
) -> Result<()> {
    let child = stage.http_child(SMALL).await?;
    let (mut targets, fronts) = line_up(stage, &child).await?;
    for (bytes, size) in PAYLOADS {
        for in_flight in IN_FLIGHT {
            report.section(&format!("Call, {size}, {in_flight} in flight"), "");
            let all = series::measure(&mut targets, |t| t.echo(bytes), in_flight, pace).await?;
            if let Some(direct) = find(&all, DIRECT) {
                report.series("calls", &all, direct);
            }
            if bytes == 100 {
                judge(&all, in_flight, goals);
            }
        }
    }
    drop(targets);
    for front in fronts {
        front.end().await?;
    }
    Ok(())
}

/// Everything that a call can go through, and the processes that this takes.
async fn line_up(stage: &Stage, child: &Process) -> Result<(Vec<Target>, Vec<Process>)> {
    let (stdio, http) = (Behind::Stdio(SMALL), Behind::Http(child));
    let mut lines = vec![(RELAY, None, stage.relay(child))];
    if stage.has_aggregator() {
        let behind = |behind| stage.aggregator(&[("bench".to_owned(), behind)]);
        lines.push((STDIO, Some(STDIO_MODERN), behind(stdio)?));
        lines.push((HTTP, None, behind(http)?));
    }
    lines.push((NAIVE_STDIO, None, stage.rmcp_naive(stdio, false)));
    lines.push((NAIVE_HTTP, None, stage.rmcp_naive(http, false)));
    lines.push((NAIVE_JSON_STDIO, None, stage.rmcp_naive(stdio, true)));
    lines.push((NAIVE_JSON_HTTP, None, stage.rmcp_naive(http, true)));

    let mut targets = vec![
        Target::pipes(PIPES, stage.pipes(SMALL).await?),
        Target::child(DIRECT, child).await?,
    ];
    let mut fronts = Vec::new();
    for (label, modern, line) in lines {
        let front = Process::start(command(&line)).await?;
        targets.push(Target::front(label, &front, Era::Legacy).await?);
        if let Some(label) = modern {
            targets.push(Target::front(label, &front, Era::Modern).await?);
        }
        fronts.push(front);
    }
    Ok((targets, fronts))
}

fn judge(all: &[Series], in_flight: usize, goals: &mut Goals) {
    let (Some(ours), Some(naive), Some(direct), Some(relay)) = (
        find(all, STDIO),
        find(all, NAIVE_STDIO),
        find(all, DIRECT),
        find(all, RELAY),
    ) else {
        return;
    };
    if in_flight == 1 {
        let limit = relay.p50_added(direct) + 10.0;
        goals.at_most(
            "p50 added over direct, 100 B, 1 in flight, stdio child: what the TCP relay adds plus 10 us",
            " us",
            ours.p50_added(direct),
            limit,
        );
        return;
    }
    goals.at_least(
        "throughput over rmcp-naive, 100 B, 16 in flight, stdio child",
        "x",
        ours.rate_share(naive),
        3.0,
    );
    if let (Some(ours), Some(naive)) = (ours.median().cpu, naive.median().cpu) {
        goals.at_most(
            "CPU a call over rmcp-naive, 100 B, 16 in flight, stdio child",
            "x",
            ours / naive,
            1.0 / 3.0,
        );
    }
}
