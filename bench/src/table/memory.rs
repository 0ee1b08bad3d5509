//! Resident memory, idle and after work.

use anyhow::Result;

use super::Pace;
use super::goals::Goals;
use super::report::Report;
use crate::client::Era;
use crate::process::{self, Process};
use crate::stage::{Behind, SMALL, Stage, command};
use crate::target::Target;

pub(super) async fn measure(
    stage: &Stage,
    pace: Pace,
    report: &mut Report,
    goals: &mut Goals,
) -> Result<()> {
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
