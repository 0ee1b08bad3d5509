//! `table`: everything side by side in one run, as markdown.

mod bursts;
mod calls;
mod goals;
mod lineup;
mod lists;
mod memory;
mod report;
mod series;
mod startup;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::aggregator;
use crate::stage::Stage;
use goals::Goals;
use report::Report;
use series::find;

/// How long and where to.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    aggregator: aggregator::Choice,
    /// Rounds of each measurement; targets take turns in each.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Length of a round.
    #[arg(long, default_value_t = 400, value_name = "MS")]
    round: u64,
    /// Leave out payloads of more bytes than this.
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true, value_name = "BYTES")]
    largest: usize,
    /// Where the table goes, beside standard output.
    #[arg(long, default_value = "bench/RESULTS.md", value_name = "FILE")]
    out: PathBuf,
}

/// How often, how long and with how much each target is measured.
#[derive(Clone, Copy, Debug)]
struct Pace {
    rounds: usize,
    length: Duration,
    largest: usize,
}

/// Measures, prints and writes.
pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let aggregator = options.aggregator.resolve();
    if let Err(error) = &aggregator {
        eprintln!("warning: measuring without mcp-compose: {error:#}");
    }
    let stage = Stage::new(aggregator.ok())?;
    let pace = Pace {
        rounds: options.rounds.max(1),
        length: Duration::from_millis(options.round),
        largest: options.largest,
    };
    let mut report = Report::new(pace);
    let mut goals = Goals::default();
    let mut failed = false;
    let mut note = |report: &mut Report, done: Result<()>| {
        if let Err(error) = done {
            report.failed(&error);
            failed = true;
        }
    };
    let done = calls::measure(&stage, pace, &mut report, &mut goals).await;
    note(&mut report, done);
    let done = lists::measure(&stage, pace, &mut report, &mut goals).await;
    note(&mut report, done);
    let done = startup::measure(&stage, &mut report, &mut goals).await;
    note(&mut report, done);
    let done = memory::measure(&stage, pace, &mut report, &mut goals).await;
    note(&mut report, done);
    let done = bursts::measure(&stage, &mut report, &mut goals).await;
    note(&mut report, done);
    let text = report.finish(&goals);
    println!("{text}");
    std::fs::write(&options.out, &text)
        .with_context(|| format!("cannot write {}", options.out.display()))?;
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
