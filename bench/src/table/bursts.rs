//! Progress sent right before the result: whether it arrives whole, in order, and first.

use anyhow::Result;

use super::goals::Goals;
use super::report::Report;
use crate::client::Era;
use crate::process::Process;
use crate::stage::{Behind, SMALL, Stage, command};
use crate::target::Target;

const BURST: u32 = 20;
const BURSTS: u32 = 100;

pub(super) async fn measure(stage: &Stage, report: &mut Report, goals: &mut Goals) -> Result<()> {
    if !stage.has_aggregator() {
        return Ok(());
    }
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
