//! `list`: all that is offered, whose it is, and what it costs.

mod offer;
mod table;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use clap::Args;

use self::offer::Offer;
use super::children::all_known;
use super::client::START_GRACE;
use super::progress::while_starting;
use super::{Failure, shown};
use crate::compose::Composition;
use crate::gateway::Gateway;
use crate::serve::{Clients, in_process};

/// Arguments of `list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Show this child only; can be given several times.
    #[arg(long, value_name = "NAME")]
    child: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: ListArgs, composition: Composition) -> Result<(), Failure> {
    let known: Vec<_> = composition.children.iter().map(|it| it.label()).collect();
    all_known(&args.child, &known)?;
    let offer = in_process(composition, Clients::Many, move |gateway| async move {
        let mut offer = offered(&gateway).await;
        if !args.child.is_empty() {
            offer.retain(&args.child);
        }
        (offer, args.json)
    });
    let (offer, json) = offer.await?;
    let mut out = io::stdout();
    let plain = !out.is_terminal();
    print(&offer, json, plain, &mut out)
}

/// What is offered once every child has started or failed.
async fn offered(gateway: &Arc<Gateway>) -> Offer {
    let settled = gateway.settled(START_GRACE);
    while_starting(gateway.default_catalog().children(), settled).await;
    let catalog = gateway.default_catalog();
    Offer::of(gateway.server_name(), &catalog, catalog.children())
}

/// A list that lacks what a child would offer is a failure.
fn print(offer: &Offer, json: bool, plain: bool, out: &mut impl Write) -> Result<(), Failure> {
    if json {
        let json = serde_json::to_string_pretty(offer);
        let json = json.map_err(|error| Failure::Failed(error.to_string()))?;
        writeln!(out, "{}", shown::json(&json, plain))?;
    } else {
        out.write_all(table::table(offer).as_bytes())?;
    }
    out.flush()?;
    match offer.is_whole() {
        true => Ok(()),
        false => Err(Failure::Shown),
    }
}

#[cfg(test)]
mod tests;
