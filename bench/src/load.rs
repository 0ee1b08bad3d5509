//! Load on a server that runs already.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::client::Era;
use crate::stats::Round;
use crate::target::Target;

/// What to send where.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The MCP endpoint, as `http://127.0.0.1:PORT/mcp`; a tool whose name ends in `echo` must be there.
    url: String,
    /// Also report the CPU time of this process.
    #[arg(long)]
    pid: Option<u32>,
    /// Calls in flight, each on a connection of its own.
    #[arg(long, default_value_t = 16)]
    in_flight: usize,
    /// Bytes of text to echo.
    #[arg(long, default_value_t = 100, conflicts_with = "list")]
    payload: usize,
    /// List tools instead of calling one.
    #[arg(long)]
    list: bool,
    /// How long.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Protocol era of the client.
    #[arg(long, value_enum, default_value = "legacy")]
    era: Era,
}

/// Prints what came of it.
pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let mut target = Target::http("server", &options.url, options.pid, options.era).await?;
    let work = if options.list {
        target.list()
    } else {
        target.echo(options.payload)
    };
    let length = Duration::from_secs_f64(options.seconds);
    let Round {
        rate,
        p50,
        p99,
        cpu,
    } = target.round(&work, options.in_flight, length).await?;
    let cpu = cpu.map_or_else(String::new, |cpu| format!(", {cpu:.1} us CPU a call"));
    println!("{rate:.0} calls/s, p50 {p50:.0} us, p99 {p99:.0} us{cpu}");
    Ok(ExitCode::SUCCESS)
}
