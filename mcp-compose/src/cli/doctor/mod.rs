//! `doctor`: what is wrong with a composition and each of its children, and what to do about it.

mod advice;
mod child;
mod examine;
mod finding;
mod lint;
mod names;
mod program;
mod report;
mod whole;

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;

use self::finding::Health;
use super::children::all_known;
use super::terminal::has_colours;
use super::{Failure, shown};
use crate::compose::{Composition, Unread};

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Look at this child only; can be given several times.
    #[arg(long, value_name = "NAME")]
    child: Vec<String>,
    /// Seconds that all children together may take to start and to list [default: what their own bounds allow].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Starts every child once, looks at it, and stops it.
pub(super) async fn run(
    args: DoctorArgs,
    composition: Composition,
    unread: Vec<Unread>,
) -> Result<(), Failure> {
    let (composition, unread) = only(&args.child, composition, unread)?;
    let diagnosis = examine::examine(composition, unread, args.timeout).await;
    if args.json {
        let json = serde_json::to_string_pretty(&diagnosis);
        let json = json.map_err(|error| Failure::Failed(error.to_string()))?;
        shown::print_json(&json)?;
    } else {
        let mut out = io::stdout();
        let report = report::report(&diagnosis, has_colours(&out));
        out.write_all(report.as_bytes())?;
    }
    match diagnosis.health() {
        Health::Error => Err(Failure::Shown),
        Health::Ok | Health::Warning => Ok(()),
    }
}

/// Leaves the named children only, if any are named.
fn only(
    names: &[String],
    mut composition: Composition,
    mut unread: Vec<Unread>,
) -> Result<(Composition, Vec<Unread>), Failure> {
    if names.is_empty() {
        return Ok((composition, unread));
    }
    let labels = composition.children.iter().map(|child| child.label());
    let known: Vec<_> = labels
        .chain(unread.iter().map(|server| server.key.clone()))
        .collect();
    all_known(names, &known)?;
    composition.keep_children(|label| names.iter().any(|name| name == label));
    unread.retain(|server| names.contains(&server.key));
    Ok((composition, unread))
}

/// More is as good as for ever.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().map(Duration::try_from_secs_f64);
    match seconds {
        Some(Ok(duration)) if !duration.is_zero() => Ok(duration.min(LONGEST)),
        _ => Err("not a number of seconds".to_owned()),
    }
}
