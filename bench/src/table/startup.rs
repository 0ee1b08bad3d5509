//! What is not a rate: time to the full list, memory, and whether a burst of progress arrives whole.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::Pace;
use super::goals::Goals;
use super::report::Report;
use crate::client::{Era, HttpClient};
use crate::process::{self, Process};
use crate::stage::{Behind, ChildShape, SMALL, Stage, command};
use crate::stats::median;
use crate::target::Target;

const SLOW: ChildShape = ChildShape {
    tools: 4,
    start_delay: 200,
};
/// Tools of a [`SLOW`] child: the generated ones, `echo` and `burst`.
const TOOLS_EACH: usize = 6;
const MANY: usize = 20;
const STARTS: usize = 5;
const LIST_DEADLINE: Duration = Duration::from_secs(60);
const LIST_PAUSE: Duration = Duration::from_millis(2);
const BURST: u32 = 20;
const BURSTS: u32 = 100;

pub(super) async fn measure(
    stage: &Stage,
    pace: Pace,
    report: &mut Report,
    goals: &mut Goals,
) -> Result<()> {
    if stage.has_aggregator() {
        starts(stage, report, goals).await?;
    }
    memory(stage, pace, report, goals).await?;
    if stage.has_aggregator() {
        bursts(stage, report, goals).await?;
    }
    Ok(())
}

async fn starts(stage: &Stage, report: &mut Report, goals: &mut Goals) -> Result<()> {
    report.section(
        "From the start to the full list",
        &format!(
            "Stdio children that need {} ms each; median of {STARTS} starts.",
            SLOW.start_delay
        ),
    );
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        one.push(start(stage, 1).await?);
        many.push(start(stage, MANY).await?);
    }
    let (one, many) = (median(one), median(many));
    let rows = [(1, one), (MANY, many)]
        .map(|(children, ms)| vec![children.to_string(), format!("{ms:.0}")]);
    report.table(&["children", "ms"], &rows);
    goals.at_most(
        "start of 20 children of 200 ms each over that of one",
        "x",
        many / one,
        1.5,
    );
    Ok(())
}

/// Milliseconds until all tools of that many slow children are listed.
async fn start(stage: &Stage, children: usize) -> Result<f64> {
    let servers: Vec<_> = (0..children)
        .map(|number| (format!("child{number}"), Behind::Stdio(SLOW)))
        .collect();
    let line = stage.aggregator(&servers)?;
    let begin = Instant::now();
    let front = Process::start(command(&line)).await?;
    let mut client = HttpClient::connect(&front.url, Era::Legacy).await?;
    loop {
        let listed = client.tool_names().await?.len();
        let elapsed = begin.elapsed();
        if listed >= children * TOOLS_EACH {
            front.end().await?;
            return Ok(elapsed.as_secs_f64() * 1e3);
        }
        if elapsed > LIST_DEADLINE {
            bail!("only {listed} tools of {children} children were ever listed");
        }
        tokio::time::sleep(LIST_PAUSE).await;
    }
}

async fn memory(stage: &Stage, pace: Pace, report: &mut Report, goals: &mut Goals) -> Result<()> {
    report.section(
        "Resident memory with one stdio child, MiB",
        "After the first call, and after rounds of 100 B and of 1 MB calls with 16 in flight.",
    );
    let mut lines = Vec::new();
    let behind = Behind::Stdio(SMALL);
    if stage.has_aggregator() {
        let line = stage.aggregator(&[("bench".to_owned(), behind)])?;
        lines.push(("mcp-compose", line));
    }
    lines.push(("rmcp-naive", stage.rmcp_naive(behind, false)));
    let mut rows = Vec::new();
    for (label, line) in lines {
        let front = Process::start(command(&line)).await?;
        let mut target = Target::front(label, &front, Era::Legacy).await?;
        let mut row = vec![label.to_owned()];
        target.repeat(&target.echo(100), 1).await?;
        let first = resident_mib(&front);
        row.push(shown(first));
        for bytes in [100, 1_000_000] {
            target.round(&target.echo(bytes), 16, pace.length).await?;
            row.push(shown(resident_mib(&front)));
        }
        if let (Some(first), "mcp-compose") = (first, label) {
            goals.at_most("resident memory with one child", " MiB", first, 12.0);
        }
        rows.push(row);
        drop(target);
        front.end().await?;
    }
    report.table(&["", "first call", "100 B", "1 MB"], &rows);
    Ok(())
}

fn resident_mib(front: &Process) -> Option<f64> {
    process::resident_kib(front.pid()).map(|kib| kib as f64 / 1024.0)
}

fn shown(mib: Option<f64>) -> String {
    mib.map_or_else(|| "-".to_owned(), |mib| format!("{mib:.1}"))
}

async fn bursts(stage: &Stage, report: &mut Report, goals: &mut Goals) -> Result<()> {
    report.section(
        "A burst of 20 progress notifications right before the result",
        &format!("How many of {BURSTS} arrive whole, in order and before the result."),
    );
    let child = stage.http_child(SMALL).await?;
    let mut rows = Vec::new();
    let (mut whole, mut sent) = (0, 0);
    for (name, behind) in [
        ("stdio child", Behind::Stdio(SMALL)),
        ("HTTP child", Behind::Http(&child)),
    ] {
        let line = stage.aggregator(&[("bench".to_owned(), behind)])?;
        let front = Process::start(command(&line)).await?;
        for era in [Era::Legacy, Era::Modern] {
            let mut target = Target::front("mcp-compose", &front, era).await?;
            let mut arrived = 0;
            let mut trouble = String::new();
            for _ in 0..BURSTS {
                match target.burst(BURST).await {
                    Ok(()) => arrived += 1,
                    Err(error) => trouble = format!(" ({error:#})"),
                }
            }
            rows.push(vec![
                format!("{name}, client {}", era.version()),
                format!("{arrived} of {BURSTS}{trouble}"),
            ]);
            whole += arrived;
            sent += BURSTS;
        }
        front.end().await?;
    }
    report.table(&["", "whole"], &rows);
    goals.at_least(
        "bursts of 20 that arrive whole",
        " %",
        100.0 * f64::from(whole) / f64::from(sent),
        100.0,
    );
    Ok(())
}
