//! One binary that needs nothing of the system that it runs on.

use std::path::Path;
use std::process::Command;

use crate::steps::{cargo, run};

/// The C library linked in; and random numbers asked of the kernel: what `getrandom` looks up while it runs is not found in
/// a static binary, and the file that it opens instead need not be there.
const FLAGS: &str = r#"-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom""#;

const USAGE: &str = "cargo xtask static [--package NAME] [--bin NAME] [--no-check]";

/// What is built: the ready-made binary, unless told otherwise.
pub(crate) struct Options {
    package: String,
    bin: String,
    check: bool,
}

impl Options {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut package, mut bin, mut check) = (None, None, true);
        while let Some(word) = words.next() {
            let place = match word.as_str() {
                "--package" => &mut package,
                "--bin" => &mut bin,
                "--no-check" => {
                    check = false;
                    continue;
                }
                other => return Err(format!("unknown option `{other}`; {USAGE}")),
            };
            *place = Some(
                words
                    .next()
                    .ok_or_else(|| format!("`{word}` needs a name"))?,
            );
        }
        let package = package.unwrap_or_else(|| "mcp-compose".to_owned());
        let bin = bin.unwrap_or_else(|| package.clone());
        // What is checked is what `mcp-compose` does with a configuration file; other programs have none.
        let check = check && bin == "mcp-compose";
        Ok(Self {
            package,
            bin,
            check,
        })
    }

    /// Builds with optimizations, looks at what came out, and runs it.
    pub(crate) fn run(&self, root: &Path) -> Result<(), String> {
        let target = target()?;
        let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
        // A folder of its own: other flags make other artifacts, which would replace those of the ordinary build.
        let folder = root.join("target").join("static");
        // Other programs name their allocator themselves.
        let features: &[&str] = match self.package.as_str() {
            "mcp-compose" => &["--features", "mimalloc"],
            _ => &[],
        };
        run(Command::new("cargo")
            .args(["rustc", "--release", "--target", &target])
            .args(["--package", &self.package, "--bin", &self.bin])
            .args(features)
            .env("RUSTFLAGS", format!("{flags} {FLAGS}"))
            .env("CARGO_TARGET_DIR", &folder)
            // Of this program alone: a profile that strips would have all of its dependencies built anew.
            .args(["--", "-C", "strip=symbols"])
            .current_dir(root))?;
        let built = folder.join(&target).join("release").join(&self.bin);
        // Where recipes find it, whatever the target is called.
        let file = folder.join(&self.bin);
        let failed = |error| format!("{}: {error}", file.display());
        std::fs::copy(built, &file).map_err(failed)?;
        let bytes = std::fs::read(&file).map_err(failed)?;
        match interpreter(&bytes) {
            Ok(None) => {}
            Ok(Some(loader)) => return Err(format!("it is not static: it wants {loader}")),
            Err(why) => return Err(format!("{}: {why}", file.display())),
        }
        let size = bytes.len() as f64 / f64::from(1 << 20);
        eprintln!("{}: static, {size:.1} MiB", shown(root, &file).display());
        // For people who trust nobody else; it fails for a static binary on some systems.
        let _ = Command::new("ldd").arg(&file).status();
        if self.check {
            check(root, &file)?;
        }
        Ok(())
    }
}

/// Children over HTTPS and stdio, first as in the tests, then in an empty root.
fn check(root: &Path, file: &Path) -> Result<(), String> {
    cargo(root, &["build", "--package", "mcp-compose-tests", "--bins"])?;
    run(Command::new("cargo")
        .args(["test", "--package", "mcp-compose-tests", "--test", "tls"])
        .env("MCP_COMPOSE_BIN", file)
        .current_dir(root))?;
    run(Command::new("cargo")
        .args([
            "run",
            "--package",
            "mcp-compose-tests",
            "--bin",
            "alone",
            "--",
        ])
        .arg(file)
        .current_dir(root))
}

/// musl where the toolchain has it, else the system's own C library, linked in.
fn target() -> Result<String, String> {
    let host = printed(&["-vV"])?;
    let host = host
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or("rustc does not name its host")?;
    if !host.contains("-linux-") {
        return Err(format!(
            "static binaries are made on Linux, and this is {host}"
        ));
    }
    let musl = host.replace("-gnu", "-musl");
    let sysroot = printed(&["--print", "sysroot"])?;
    let has_musl = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(&musl)
        .is_dir();
    Ok(if has_musl { musl } else { host.to_owned() })
}

fn printed(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("rustc")
        .args(arguments)
        .output()
        .map_err(|error| format!("rustc did not start: {error}"))?;
    String::from_utf8(output.stdout).map_err(|_| "rustc prints no text".to_owned())
}

fn shown<'a>(root: &Path, file: &'a Path) -> &'a Path {
    file.strip_prefix(root).unwrap_or(file)
}

/// The dynamic loader that an ELF binary of 64 bits asks for; a static one asks for none.
fn interpreter(elf: &[u8]) -> Result<Option<String>, &'static str> {
    const HEADER: usize = 64;
    const INTERPRETER: u32 = 3;
    if elf.len() < HEADER || !elf.starts_with(b"\x7fELF\x02\x01") {
        return Err("this is no ELF binary of 64 bits, least byte first");
    }
    let number = |at: usize, bytes: usize| {
        let field = elf.get(at..at.checked_add(bytes)?)?;
        let value = field
            .iter()
            .rev()
            .fold(0, |value, byte| value << 8 | u64::from(*byte));
        usize::try_from(value).ok()
    };
    let find = || {
        let (start, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        for index in 0..count {
            let at = start.checked_add(index * size)?;
            if number(at, 4)? == INTERPRETER as usize {
                let (from, long) = (number(at + 8, 8)?, number(at + 32, 8)?);
                let path = elf.get(from..from.checked_add(long)?)?;
                let path = String::from_utf8_lossy(path);
                return Some(Some(path.trim_end_matches('\0').to_owned()));
            }
        }
        Some(None)
    };
    find().ok_or("its program headers are cut off")
}

#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_binary_names_its_loader() {
        let this = std::env::current_exe().expect("tests have a path");
        let bytes = std::fs::read(this).expect("it can be read");
        let loader = interpreter(&bytes).expect("it is ELF");
        assert!(loader.is_some_and(|loader| loader.contains("ld-")));
        assert!(interpreter(&bytes[..100]).is_err());
        assert!(interpreter(b"#!/bin/sh").is_err());
    }
}
