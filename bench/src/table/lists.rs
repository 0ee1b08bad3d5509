//! A thousand tools: how fast they are listed, and that a call does not notice them.

use anyhow::Result;

use super::calls::{DIRECT, NAIVE_JSON_STDIO, NAIVE_STDIO, PIPES, STDIO, STDIO_MODERN};
use super::goals::Goals;
use super::lineup::Lineup;
use super::report::Report;
use super::series::{self, Series};
use super::{Pace, find};
use crate::client::Era;
use crate::stage::{Behind, ChildShape, SMALL, Stage};
use crate::target::Target;

/// 998 generated tools, `echo` and `burst`.
const LARGE: ChildShape = ChildShape {
    tools: 998,
    start_delay: 0,
};
const SIX: &str = "mcp-compose, 6 tools";
const THOUSAND: &str = "mcp-compose, 1,000 tools";

pub(super) async fn measure(
    stage: &Stage,
    pace: Pace,
    report: &mut Report,
    goals: &mut Goals,
) -> Result<()> {
    list_a_thousand(stage, pace, report, goals).await?;
    if stage.has_aggregator() {
        call_beside_a_thousand(stage, pace, report, goals).await?;
    }
    Ok(())
}

async fn list_a_thousand(
    stage: &Stage,
    pace: Pace,
    report: &mut Report,
    goals: &mut Goals,
) -> Result<()> {
    report.section(
        "`tools/list` of 1,000 tools, 1 in flight",
        "All pages, where there are several.",
    );
    let child = stage.http_child(LARGE).await?;
    let behind = Behind::Stdio(LARGE);
    let mut lineup = Lineup::default();
    lineup.add(Target::pipes(PIPES, stage.pipes(LARGE).await?));
    lineup.add(Target::child(DIRECT, &child).await?);
    if stage.has_aggregator() {
        let line = stage.aggregator(&[("bench".to_owned(), behind)])?;
        let eras = [(STDIO, Era::Legacy), (STDIO_MODERN, Era::Modern)];
        lineup.add_front(report, &line, &eras).await;
    }
    for (label, json) in [(NAIVE_STDIO, false), (NAIVE_JSON_STDIO, true)] {
        let line = stage.rmcp_naive(behind, json);
        let eras = [(label, Era::Legacy)];
        lineup.add_front(report, &line, &eras).await;
    }
    let all = series::measure(&mut lineup.targets, Target::list, 1, pace).await;
    report.series("lists", &all, DIRECT);
    if let (Some(ours), Some(direct)) = (find(&all, STDIO), find(&all, DIRECT)) {
        goals.at_least(
            "lists of 1,000 tools a second, of the child's own rate",
            " %",
            100.0 * ours.rate_share(direct),
            90.0,
        );
    }
    lineup.end().await
}

async fn call_beside_a_thousand(
    stage: &Stage,
    pace: Pace,
    report: &mut Report,
    goals: &mut Goals,
) -> Result<()> {
    let mut lineup = Lineup::default();
    for (label, shape) in [(SIX, SMALL), (THOUSAND, LARGE)] {
        let line = stage.aggregator(&[("bench".to_owned(), Behind::Stdio(shape))])?;
        let eras = [(label, Era::Legacy)];
        lineup.add_front(report, &line, &eras).await;
    }
    for in_flight in [1, 16] {
        report.section(
            &format!("Call, 100 B, {in_flight} in flight, beside 6 and beside 1,000 tools"),
            "Relative to the first row.",
        );
        let echo = |target: &Target| target.echo(100);
        let all = series::measure(&mut lineup.targets, echo, in_flight, pace).await;
        report.series("calls", &all, SIX);
        if let (Some(six), Some(thousand)) = (find(&all, SIX), find(&all, THOUSAND)) {
            judge(six, thousand, in_flight, goals);
        }
    }
    lineup.end().await
}

/// Costs the same: within the noise of two equal targets in one run.
fn judge(six: &Series, thousand: &Series, in_flight: usize, goals: &mut Goals) {
    if in_flight == 1 {
        return;
    }
    if let (Some(few), Some(many)) = (six.median().cpu, thousand.median().cpu) {
        goals.at_most(
            "CPU a call beside 1,000 tools over that beside 6, 16 in flight",
            "x",
            many / few,
            1.1,
        );
    }
}
