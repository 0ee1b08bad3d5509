//! A thousand tools: how fast they are listed, and that a call does not notice them.

use anyhow::Result;

use super::calls::{DIRECT, NAIVE_JSON_STDIO, NAIVE_STDIO, PIPES, STDIO, STDIO_MODERN};
use super::goals::Goals;
use super::report::Report;
use super::series::{self, Series};
use super::{Pace, find};
use crate::client::Era;
use crate::process::Process;
use crate::stage::{Behind, ChildShape, SMALL, Stage, command};
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
    let mut targets = vec![
        Target::pipes(PIPES, stage.pipes(LARGE).await?),
        Target::child(DIRECT, &child).await?,
    ];
    let mut lines = Vec::new();
    if stage.has_aggregator() {
        let line = stage.aggregator(&[("bench".to_owned(), behind)])?;
        lines.push((STDIO, Some(STDIO_MODERN), line));
    }
    lines.push((NAIVE_STDIO, None, stage.rmcp_naive(behind, false)));
    lines.push((NAIVE_JSON_STDIO, None, stage.rmcp_naive(behind, true)));
    let mut fronts = Vec::new();
    for (label, modern, line) in lines {
        let front = Process::start(command(&line)).await?;
        targets.push(Target::front(label, &front, Era::Legacy).await?);
        if let Some(label) = modern {
            targets.push(Target::front(label, &front, Era::Modern).await?);
        }
        fronts.push(front);
    }
    let all = series::measure(&mut targets, Target::list, 1, pace).await?;
    if let Some(direct) = find(&all, DIRECT) {
        report.series("lists", &all, direct);
        if let Some(ours) = find(&all, STDIO) {
            goals.at_least(
                "lists of 1,000 tools a second, of the child's own rate",
                " %",
                100.0 * ours.rate_share(direct),
                90.0,
            );
        }
    }
    end(targets, fronts).await
}

async fn call_beside_a_thousand(
    stage: &Stage,
    pace: Pace,
    report: &mut Report,
    goals: &mut Goals,
) -> Result<()> {
    let mut targets = Vec::new();
    let mut fronts = Vec::new();
    for (label, shape) in [(SIX, SMALL), (THOUSAND, LARGE)] {
        let line = stage.aggregator(&[("bench".to_owned(), Behind::Stdio(shape))])?;
        let front = Process::start(command(&line)).await?;
        targets.push(Target::front(label, &front, Era::Legacy).await?);
        fronts.push(front);
    }
    for in_flight in [1, 16] {
        report.section(
            &format!("Call, 100 B, {in_flight} in flight, beside 6 and beside 1,000 tools"),
            "Relative to the first row.",
        );
        let all = series::measure(&mut targets, |t| t.echo(100), in_flight, pace).await?;
        if let [six, thousand] = all.as_slice() {
            report.series("calls", &all, six);
            judge(six, thousand, in_flight, goals);
        }
    }
    end(targets, fronts).await
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

async fn end(targets: Vec<Target>, fronts: Vec<Process>) -> Result<()> {
    drop(targets);
    for front in fronts {
        front.end().await?;
    }
    Ok(())
}
