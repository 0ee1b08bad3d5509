//! A fast MCP child, written plainly on raw JSON, so that what the benchmark sees is what stands in front of it.
//!
//! It speaks 2025-11-25 (`initialize`) and refuses `server/discover`, as today's children do.

mod answer;
mod catalog;
mod http;
mod stdio;

use std::thread;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use answer::Answerer;

/// How the child listens and what it offers.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Serve streamable HTTP on this address (port 0: any; the bound one is printed on stderr) instead of stdio.
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// List this many generated tools beside `echo` and `burst`.
    #[arg(long, default_value_t = 4)]
    tools: usize,
    /// Do nothing for this long at the start, like a child that loads slowly.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    start_delay: u64,
}

/// Runs the child until its input ends (stdio) or it is killed (HTTP).
pub(crate) fn run(options: &Options) -> Result<()> {
    thread::sleep(Duration::from_millis(options.start_delay));
    let answerer = Answerer::new(options.tools);
    match &options.http {
        None => stdio::serve(&answerer),
        Some(address) => http::serve(answerer, address),
    }
}
