//! `build`: what `cargo check` of a typed server takes, with one tool and with a hundred.

use std::fmt::Write as _;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::stats::median;

/// The large server may take this many times as long as the small one ...
const MAX_RATIO: f64 = 1.5;
/// ... and these seconds more: a hundred methods with three parameters each are code, whoever writes it.
const ALLOWANCE: f64 = 1.0;

/// What is checked.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often each server is checked, taking turns.
    #[arg(long, default_value_t = 7, value_name = "N")]
    rounds: usize,
    /// Tools of the large server, each with three parameters.
    #[arg(long, default_value_t = 100, value_name = "N")]
    tools: usize,
    /// Fail when the large server takes too long.
    #[arg(long)]
    gate: bool,
}

/// How much of the server is new to the compiler.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// All of it.
    Whole,
    /// The body of one tool.
    Edit,
}

/// A crate with a typed server in it.
struct Server {
    name: String,
    folder: PathBuf,
    tools: usize,
}

/// Seconds by the clock, and of all cores together.
#[derive(Clone, Copy)]
struct Time {
    elapsed: f64,
    cpu: f64,
}

/// Checks both servers in turns, prints a table, and fails with `--gate` when the large one takes too long.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let target = target_folder()?;
    let server = |tools| Server::write(folder.path(), tools);
    let servers = [server(1)?, server(options.tools)?];
    eprintln!("checking the dependencies first");
    for server in &servers {
        server.check(Kind::Edit, 0, &target)?;
    }
    println!(
        "| `cargo check`, CPU time | one tool | {} tools | ratio | allowed | within the gate | by the clock |",
        options.tools
    );
    println!("| --- | ---: | ---: | ---: | ---: | --- | ---: |");
    let mut all_within = true;
    for (kind, edits) in edits(options.rounds) {
        let mut times = [Vec::new(), Vec::new()];
        for edit in edits {
            for (server, times) in servers.iter().zip(&mut times) {
                times.push(server.check(kind, edit, &target)?);
            }
        }
        let [one, many] = times.map(|times| Time::of(&times));
        let allowed = one.cpu * MAX_RATIO + ALLOWANCE;
        let within = many.cpu <= allowed;
        all_within &= within;
        println!(
            "| {} | {:.2} s | {:.2} s | {:.2}x | {allowed:.2} s | {} | {:.2} s and {:.2} s |",
            kind.label(),
            one.cpu,
            many.cpu,
            many.cpu / one.cpu,
            if within { "yes" } else { "**no**" },
            one.elapsed,
            many.elapsed,
        );
    }
    println!(
        "\nThe least CPU time and the median time of {}. Allowed is {MAX_RATIO} times that of one tool, and {ALLOWANCE} s.",
        options.rounds
    );
    Ok(match all_within || !options.gate {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What is checked, and the edits that it is checked with: each differs from the one before it.
fn edits(rounds: usize) -> [(Kind, RangeInclusive<usize>); 2] {
    [
        (Kind::Whole, 1..=rounds),
        (Kind::Edit, rounds + 1..=2 * rounds),
    ]
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Self::Whole => "all of the server",
            Self::Edit => "after an edit in a tool",
        }
    }
}

impl Time {
    /// What others do on the machine only adds to CPU time, so the least is nearest to the truth.
    fn of(times: &[Self]) -> Self {
        let cpu = times.iter().map(|time| time.cpu);
        Self {
            elapsed: median(times.iter().map(|time| time.elapsed).collect()),
            cpu: cpu.fold(f64::INFINITY, f64::min),
        }
    }
}

impl Server {
    /// Writes the crate, with the versions of this workspace's dependencies.
    fn write(parent: &Path, tools: usize) -> Result<Self> {
        let name = format!("tools-{tools}");
        let folder = parent.join(&name);
        fs::create_dir_all(folder.join("src"))?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let library = root.join("mcp-compose").canonicalize()?;
        let manifest = format!(
            "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nmcp-compose = {{ path = {library:?} }}\n\n[workspace]\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Self {
            name,
            folder,
            tools,
        })
    }

    fn check(&self, kind: Kind, edit: usize, target: &Path) -> Result<Time> {
        fs::write(self.folder.join("src/lib.rs"), source(self.tools, edit))?;
        if let Kind::Whole = kind {
            self.forget(target)?;
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut cargo = Command::new(cargo);
        // What cargo tells about this package has `ring`, and all that depends on it, checked anew.
        for (name, _) in std::env::vars_os() {
            let told = name.to_string_lossy();
            if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&name);
            }
        }
        let before = (Instant::now(), cpu_of_children()?);
        let status = cargo
            .args(["check", "--quiet", "--offline", "--target-dir"])
            .arg(target)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .status()
            .context("cannot run cargo")?;
        let time = Time {
            elapsed: before.0.elapsed().as_secs_f64(),
            cpu: cpu_of_children()? - before.1,
        };
        if !status.success() {
            bail!("`cargo check` of {} fails", self.name);
        }
        Ok(time)
    }

    /// Takes away what the compiler remembers of the crate.
    fn forget(&self, target: &Path) -> Result<()> {
        let mark = format!("{}-", self.name.replace('-', "_"));
        for entry in fs::read_dir(target.join("debug/incremental"))? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&mark) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

/// A server of so many tools; `edit` is in the body of the first.
fn source(tools: usize, edit: usize) -> String {
    let mut source = String::from(
        "//! A typed server.\n\nuse mcp_compose::prelude::*;\n\n/// Has tools.\n#[derive(Debug)]\npub struct Tools;\n\n\
         /// Finds things.\n#[mcp_server]\nimpl Tools {\n",
    );
    for tool in 0..tools {
        let edit = if tool == 0 { edit } else { 0 };
        let _ = write!(
            source,
            "    /// Find things of kind {tool}.\n    #[tool(read_only)]\n    pub async fn find_{tool}(\n        &self,\n        \
             /// What they are called.\n        name: String,\n        /// Where they are.\n        place: Option<String>,\n        \
             /// How many.\n        #[default = 10]\n        limit: u32,\n    ) -> Result<String> {{\n        \
             Ok(format!(\"{edit} {{name}} {{place:?}} {{limit}}\"))\n    }}\n\n"
        );
    }
    source.push_str("}\n");
    source
}

/// Beside the other results of cargo, so that the dependencies are checked once.
fn target_folder() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let target = this.ancestors().nth(2);
    Ok(target
        .context("this program is not in a target directory")?
        .join("build-cost"))
}

/// Seconds that all ended children of this process have used, and theirs.
fn cpu_of_children() -> Result<f64> {
    /// `USER_HZ`, which Linux promises to programs.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").context("this is not Linux")?;
    // After the command's name, which can contain anything: the state is field 3.
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .context("no statistics")?
        .1
        .split_whitespace()
        .collect();
    let ticks = |field: usize| -> Result<f64> {
        let field = fields.get(field - 3).context("too few statistics")?;
        Ok(field.parse::<f64>()?)
    };
    Ok((ticks(16)? + ticks(17)?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::{edits, source};

    #[test]
    fn no_check_finds_the_source_as_it_was_before() {
        for rounds in [1, 2, 7] {
            let all = edits(rounds).into_iter().flat_map(|(_, edits)| edits);
            let sources: Vec<_> = std::iter::once(0)
                .chain(all)
                .map(|edit| source(1, edit))
                .collect();
            assert!(
                sources.windows(2).all(|pair| pair[0] != pair[1]),
                "{rounds}"
            );
        }
    }

    #[test]
    fn only_the_first_tool_is_edited() {
        let (before, after) = (source(3, 1), source(3, 2));
        let changed = before.lines().zip(after.lines()).filter(|(a, b)| a != b);
        assert_eq!(changed.count(), 1);
        assert_eq!(before.matches("#[tool(read_only)]").count(), 3);
    }
}
