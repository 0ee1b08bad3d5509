//! Which aggregator is measured: the one given, else a fresh release build of this workspace.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;

/// The program under test.
#[derive(Clone, Debug, Args)]
pub(crate) struct Choice {
    /// The `mcp-compose` program; without this, the release build of this workspace is brought up to date and used.
    #[arg(long, value_name = "PATH")]
    aggregator: Option<PathBuf>,
}

impl Choice {
    /// The program's path.
    pub(crate) fn resolve(&self) -> Result<PathBuf> {
        if let Some(path) = &self.aggregator {
            return path
                .canonicalize()
                .with_context(|| format!("there is no aggregator at {}", path.display()));
        }
        build()
    }
}

/// A stale program would be measured without anybody noticing, so it is always built.
fn build() -> Result<PathBuf> {
    const ADVICE: &str = "give one with `--aggregator PATH`";
    let this = std::env::current_exe()?;
    let target = this
        .ancestors()
        .nth(2)
        .with_context(|| format!("this program is not in a target directory; {ADVICE}"))?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--package", "mcp-compose"])
        // As `cargo xtask static` has it.
        .args(["--features", "mimalloc"])
        .args(["--bin", "mcp-compose", "--target-dir"])
        .arg(target)
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot run cargo to build the aggregator; {ADVICE}"))?;
    if !status.success() {
        bail!("the aggregator does not build; {ADVICE}");
    }
    Ok(target.join("release").join("mcp-compose"))
}
