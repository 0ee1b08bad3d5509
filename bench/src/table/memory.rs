//! Resident memory, idle and after work.

use anyhow::Result;

use super::Pace;
use super::goals::Goals;
use super::report::Report;
use crate::client::Era;
use crate::process::{self, Process};
use crate::stage::{Behind, SMALL, Stage, command};
use crate::target::Target;

const OURS: &str = "mcp-compose";
const SESSIONS: usize = 200;

pub(super) async fn measure(
    stage: &Stage,
    pace: Pace,
    report: &mut Report,
    goals: &mut Goals,
) -> Result<()> {
    report.section(
        "Resident memory with one stdio child",
        &format!(
            "MiB after the first call, KiB for each of {SESSIONS} idle sessions (legacy, each on a connection of its own), \
             and MiB after a round of calls with 16 in flight."
        ),
    );
    let mut lines = Vec::new();
    let behind = Behind::Stdio(SMALL);
    if stage.has_aggregator() {
        let line = stage.aggregator(&[("bench".to_owned(), behind)])?;
        lines.push((OURS, line));
    }
    lines.push(("rmcp-naive", stage.rmcp_naive(behind, false)));
    let mut rows = Vec::new();
    for (label, line) in lines {
        let front = Process::start(command(&line)).await?;
        let mut target = Target::front(label, &front, Era::Legacy).await?;
        target.repeat(&target.echo(100), 1).await?;
        let first = resident_mib(&front);
        if let (Some(first), OURS) = (first, label) {
            goals.at_most("resident memory with one child", " MiB", first, 12.0);
        }
        target.connect(1 + SESSIONS).await?;
        let with_sessions = resident_mib(&front);
        let session = with_sessions
            .zip(first)
            .map(|(with, without)| with - without);
        let mut row = vec![label.to_owned(), shown(first)];
        row.push(shown(session.map(|mib| mib * 1024.0 / SESSIONS as f64)));
        for bytes in [100, 1_000_000_usize.min(pace.largest)] {
            target.round(&target.echo(bytes), 16, pace.length).await?;
            row.push(shown(resident_mib(&front)));
        }
        rows.push(row);
        drop(target);
        front.end().await?;
    }
    let columns = [
        "",
        "first call",
        "a session",
        "calls of 100 B",
        "calls of 1 MB",
    ];
    report.table(&columns, &rows);
    Ok(())
}

fn resident_mib(front: &Process) -> Option<f64> {
    process::resident_kib(front.pid()).map(|kib| kib as f64 / 1024.0)
}

fn shown(mib: Option<f64>) -> String {
    mib.map_or_else(|| "-".to_owned(), |mib| format!("{mib:.1}"))
}
