//! Measures what `mcp-compose` costs, beside a direct child, a TCP byte relay and a typed `rmcp` proxy.
//!
//! See `bench/README.md`.
#![allow(
    clippy::print_stdout,
    reason = "a command line program whose result is its output"
)]

mod aggregator;
mod build;
mod child;
mod client;
mod count;
mod load;
mod process;
mod relay;
mod rmcp_naive;
mod stage;
mod startup;
mod stats;
mod table;
mod target;

use std::future::Future;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "mcp-compose-bench", about, version)]
struct Cli {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Measure everything side by side and write a markdown table.
    Table(table::Options),
    /// Count instructions and system calls of one call; fail when the aggregator takes too many.
    Count(count::Options),
    /// Time `cargo check` of a typed server with one tool and with a hundred.
    Build(build::Options),
    /// Start a composition of slow children, beside the slowest child alone.
    Start(startup::Options),
    /// Put load on a running server, for instance while profiling it.
    Load(load::Options),
    /// Be the fast MCP child.
    Child(child::Options),
    /// Be the TCP byte relay.
    Relay(relay::Options),
    /// Be the typed rmcp proxy.
    RmcpNaive(rmcp_naive::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().mode {
        Mode::Table(options) => on_one_thread(table::run(&options)),
        Mode::Count(options) => on_one_thread(count::run(&options)),
        Mode::Build(options) => build::run(&options),
        Mode::Start(options) => on_one_thread(startup::run(&options)),
        Mode::Load(options) => on_one_thread(load::run(&options)),
        Mode::Child(options) => child::run(&options).map(|()| ExitCode::SUCCESS),
        Mode::Relay(options) => relay::run(&options).map(|()| ExitCode::SUCCESS),
        Mode::RmcpNaive(options) => rmcp_naive::run(&options).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// The load side takes as little of the machine as it can: one thread.
fn on_one_thread(work: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
