//! Where the third-party peers are that `cargo xtask peers` installs.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is in the workspace")
}

/// A file of `tests/peers`, which must exist.
///
/// # Panics
/// When the peers are not installed: tests do not skip silently.
pub fn peer(path: &str) -> PathBuf {
    installed(&workspace().join("tests/peers").join(path))
}

/// A file of the reference composition's children.
pub fn reference(path: &str) -> PathBuf {
    installed(&workspace().join("examples/reference").join(path))
}

fn installed(path: &Path) -> PathBuf {
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask peers` first",
        path.display()
    );
    path.to_path_buf()
}

/// The Python interpreter that has the official SDK and FastMCP.
pub fn python() -> PathBuf {
    peer(".venv/bin/python")
}

/// Node in the version that the peers need; the one on the path where the registry has no build for this machine.
pub fn node() -> PathBuf {
    ["x64", "arm64"]
        .into_iter()
        .map(|machine| {
            workspace().join(format!(
                "tests/peers/node_modules/node-linux-{machine}/bin/node"
            ))
        })
        .find(|path| path.exists())
        .unwrap_or_else(|| PathBuf::from("node"))
}

/// The folder of `node`, to be put in front of a child's `PATH`.
pub fn path_with_node() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    match node().parent() {
        Some(folder) if folder.is_absolute() => format!("{}:{path}", folder.display()),
        _ => path,
    }
}

/// A binary of this workspace that was built beside the running test.
///
/// # Panics
/// When there is none of this name.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("a test is in target/PROFILE/deps");
    let path = folder.join(name);
    assert!(path.exists(), "{} is not built", path.display());
    path
}
