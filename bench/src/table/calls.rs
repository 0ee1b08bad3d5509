//! Calls of `echo`: three payloads, one and sixteen in flight, through everything.

use anyhow::Result;

use super::goals::Goals;
use super::lineup::Lineup;
use super::report::Report;
use super::series::{self, Series};
use super::{Pace, find};
use crate::client::Era;
use crate::process::Process;
use crate::stage::{Behind, SMALL, Stage};
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
    let mut lineup = line_up(stage, &child, report).await?;
    for (bytes, size) in PAYLOADS
        .into_iter()
        .filter(|(bytes, _)| *bytes <= pace.largest)
    {
        for in_flight in IN_FLIGHT {
            report.section(&format!("Call, {size}, {in_flight} in flight"), "");
            let echo = |target: &Target| target.echo(bytes);
            let all = series::measure(&mut lineup.targets, echo, in_flight, pace).await;
            report.series("calls", &all, DIRECT);
            if bytes == 100 {
                judge(&all, in_flight, goals);
            }
        }
    }
    lineup.end().await
}

/// Everything that a call can go through.
async fn line_up(stage: &Stage, child: &Process, report: &mut Report) -> Result<Lineup> {
    let (stdio, http) = (Behind::Stdio(SMALL), Behind::Http(child));
    let (legacy, modern) = (Era::Legacy, Era::Modern);
    let mut lineup = Lineup::default();
    lineup.add(Target::pipes(PIPES, stage.pipes(SMALL).await?));
    lineup.add(Target::child(DIRECT, child).await?);
    let relay = stage.relay(child);
    lineup.add_front(report, &relay, &[(RELAY, legacy)]).await;
    if stage.has_aggregator() {
        let ours = |behind| stage.aggregator(&[("bench".to_owned(), behind)]);
        let eras = [(STDIO, legacy), (STDIO_MODERN, modern)];
        lineup.add_front(report, &ours(stdio)?, &eras).await;
        let eras = [(HTTP, legacy)];
        lineup.add_front(report, &ours(http)?, &eras).await;
    }
    for (label, behind, json) in [
        (NAIVE_STDIO, stdio, false),
        (NAIVE_HTTP, http, false),
        (NAIVE_JSON_STDIO, stdio, true),
        (NAIVE_JSON_HTTP, http, true),
    ] {
        let line = stage.rmcp_naive(behind, json);
        lineup.add_front(report, &line, &[(label, legacy)]).await;
    }
    Ok(lineup)
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
