//! Time to the full list, of one slow child and of twenty.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::goals::Goals;
use super::report::Report;
use crate::client::{Era, HttpClient};
use crate::process::Process;
use crate::stage::{Behind, ChildShape, Stage, command};
use crate::stats::median;

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

pub(super) async fn measure(stage: &Stage, report: &mut Report, goals: &mut Goals) -> Result<()> {
    if !stage.has_aggregator() {
        return Ok(());
    }
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
