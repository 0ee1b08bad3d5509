//! The long runs of the fuzzers: libFuzzer on a nightly toolchain where there is one, else what the tests run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::steps::run;

/// Minutes for each target, unless told otherwise.
const MINUTES: u64 = 5;
/// What an instrumented build passes to the compiler, as cargo-fuzz does. No sanitizer: there is no unsafe code in
/// what is fuzzed.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";
/// Of one input: it hangs after so many seconds, and is too large with so many MiB.
const BOUNDS: [&str; 3] = ["-timeout=5", "-rss_limit_mb=2048", "-max_len=4096"];

/// What the command line says.
pub(crate) struct Options {
    targets: Vec<String>,
    minutes: u64,
    stable: bool,
}

impl Options {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            targets: Vec::new(),
            minutes: MINUTES,
            stable: false,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--minutes" => {
                    let number = words.next().and_then(|number| number.parse().ok());
                    options.minutes = number.ok_or("`--minutes` needs a number")?;
                }
                "--stable" => options.stable = true,
                other if other.starts_with('-') => return Err(format!("unknown option `{other}`")),
                _ => options.targets.push(word),
            }
        }
        Ok(options)
    }

    pub(crate) fn run(&self, root: &Path) -> Result<(), String> {
        let known = targets(root)?;
        if let Some(unknown) = self.targets.iter().find(|name| !known.contains(name)) {
            return Err(format!(
                "no target `{unknown}`; there are: {}",
                known.join(", ")
            ));
        }
        let targets = if self.targets.is_empty() {
            &known
        } else {
            &self.targets
        };
        match nightly(root).filter(|_| !self.stable) {
            Some(host) => self.instrumented(root, &host, targets),
            None => self.plain(root, targets),
        }
    }

    /// With libFuzzer, which looks for inputs that reach new code. What it finds is kept in `target/fuzz/found`.
    fn instrumented(&self, root: &Path, host: &str, targets: &[String]) -> Result<(), String> {
        let folder = root.join("target/fuzz");
        let mut build = cargo("+nightly", root);
        build.args(["build", "--release", "--quiet", "--target", host]);
        build.args(["--manifest-path", "fuzz/Cargo.toml", "--target-dir"]);
        run(build.arg(&folder).env("RUSTFLAGS", INSTRUMENTED))?;
        let program = folder.join(host).join("release/mcp-compose-fuzz");
        let mut failed = Vec::new();
        for target in targets {
            let found = folder.join("found").join(target);
            let broken = folder.join("broken").join(target);
            for folder in [&found, &broken] {
                fs::create_dir_all(folder).map_err(|error| error.to_string())?;
            }
            let mut fuzzer = Command::new(&program);
            fuzzer
                .args(BOUNDS)
                .arg(format!("-max_total_time={}", self.minutes * 60))
                .arg(format!("-artifact_prefix={}/", broken.display()))
                .args(["-print_final_stats=1", "-verbosity=0"])
                .args([&found, &root.join("fuzz/corpus").join(target)])
                .env("FUZZ_TARGET", target)
                .current_dir(root);
            if let Err(problem) = run(&mut fuzzer) {
                failed.push(format!("{problem}; the input is in {}", broken.display()));
            }
        }
        if failed.is_empty() {
            Ok(())
        } else {
            Err(failed.join("\n"))
        }
    }

    /// With the mutations that the tests make.
    fn plain(&self, root: &Path, targets: &[String]) -> Result<(), String> {
        eprintln!("without libFuzzer: there is no nightly toolchain, or `--stable` was given");
        for target in targets {
            let (package, test) = match target.as_str() {
                "compose" | "mcp_server" => {
                    ("mcp-compose-macros", format!("tests::fuzz::{target}"))
                }
                _ => ("mcp-compose", format!("fuzzing::tests::{target}")),
            };
            let mut tests = Command::new("cargo");
            tests
                .args(["test", "--quiet", "--package", package, "--lib", "--"])
                .args(["--exact", "--nocapture", &test])
                .env("FUZZ_SECONDS", (self.minutes * 60).to_string())
                .current_dir(root);
            run(&mut tests)?;
        }
        Ok(())
    }
}

/// A target has a folder.
fn targets(root: &Path) -> Result<Vec<String>, String> {
    let folder: PathBuf = root.join("fuzz/corpus");
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// The nightly toolchain's host, if there is one.
fn nightly(root: &Path) -> Option<String> {
    let told = Command::new("rustc")
        .args(["+nightly", "-vV"])
        .env_remove("RUSTUP_TOOLCHAIN")
        .stderr(Stdio::null())
        .current_dir(root)
        .output()
        .ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "))?;
    Some(host.to_owned())
}

/// A cargo of another toolchain than the one that runs this.
fn cargo(toolchain: &str, root: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.arg(toolchain).current_dir(root);
    for variable in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC"] {
        cargo.env_remove(variable);
    }
    cargo
}
