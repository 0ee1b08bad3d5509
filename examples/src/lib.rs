//! What the examples share: finding the programs that run their children.

pub mod manufact;

use std::path::{Path, PathBuf};

/// The folder into which `cargo xtask peers` installs Python packages.
const VENV: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/peers/.venv");

/// Where `program` lies in `PATH`, if anywhere.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A Python: the one that has the tests' packages, or else the system's.
pub fn python() -> PathBuf {
    let installed = Path::new(VENV).join("bin/python");
    if installed.is_file() {
        installed
    } else {
        PathBuf::from("python3")
    }
}

/// A program of the Node packages that are installed in `folder`, or else in `PATH`.
pub fn node_tool(folder: &Path, program: &str) -> PathBuf {
    let installed = folder.join("node_modules/.bin").join(program);
    if installed.is_file() {
        installed
    } else {
        PathBuf::from(program)
    }
}

/// The composition in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// So does what the documents show.
#[cfg(doctest)]
#[doc = include_str!("../../docs/secure.md")]
struct Secure;
