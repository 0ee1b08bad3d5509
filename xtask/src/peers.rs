//! Installs the pinned third-party peers of the tests, once per change of their lock files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::steps::run;

/// The release of the official Python SDK whose source distribution brings a conformance server.
const PYTHON_SDK: &str = "mcp==2.3.0";
/// The folder of that server inside the source distribution.
const EVERYTHING_SERVER: &str = "examples/servers/everything-server";

/// Installs what is missing or out of date.
pub(crate) fn install(root: &Path) -> Result<(), String> {
    let peers = root.join("tests/peers");
    node_packages(&peers)?;
    node_packages(&root.join("examples/reference"))?;
    python_packages(&peers)?;
    everything_server(&peers)?;
    browser()
}

/// The browser that the status page is tested in: Debian's, where none is named by `CHROMIUM`.
fn browser() -> Result<(), String> {
    const PACKAGES: [&str; 2] = ["chromium", "fonts-dejavu-core"];
    if std::env::var_os("CHROMIUM").is_some() || Path::new("/usr/bin/chromium").is_file() {
        return Ok(());
    }
    let apt = |arguments: &[&str]| {
        run(Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let mut install = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    install.extend(PACKAGES);
    // The lists of packages may be missing, or too old.
    apt(&install)
        .or_else(|_| apt(&["update", "--quiet"]).and_then(|()| apt(&install)))
        .map_err(|problem| {
            format!(
                "the status page is tested in Chromium, which could not be installed ({problem}): install it \
                 (on Debian, as root: `apt-get install {}`), or set CHROMIUM to the path of one",
                PACKAGES.join(" ")
            )
        })
}

/// `npm ci` where the lock file differs from the one that was installed last.
fn node_packages(folder: &Path) -> Result<(), String> {
    let stamp = Stamp::of(
        &[&folder.join("package-lock.json")],
        &folder.join("node_modules/.stamp"),
    )?;
    stamp.unless_current(|| {
        run(Command::new("npm")
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .current_dir(folder))
    })
}

/// A virtual environment with exactly the packages of `requirements.txt`.
fn python_packages(peers: &Path) -> Result<(), String> {
    let requirements = peers.join("requirements.txt");
    let venv = peers.join(".venv");
    let stamp = Stamp::of(&[&requirements], &venv.join(".stamp"))?;
    stamp.unless_current(|| {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&venv))?;
        // The file lists every package, so nothing has to be resolved: what is tested is what is written there.
        run(pip(peers)
            .args([
                "install",
                "--quiet",
                "--no-deps",
                "--disable-pip-version-check",
                "--requirement",
            ])
            .arg(&requirements))
    })
}

/// The conformance server of the official Python SDK, unpacked from its source distribution.
fn everything_server(peers: &Path) -> Result<(), String> {
    let target = peers.join(".venv/everything-server");
    if target.join("mcp_everything_server/server.py").is_file() {
        return Ok(());
    }
    let download = peers.join(".venv/sdist");
    run(pip(peers)
        .args([
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ":all:",
            "--disable-pip-version-check",
        ])
        .arg("--dest")
        .arg(&download)
        .arg(PYTHON_SDK))?;
    let archive = fs::read_dir(&download)
        .map_err(|problem| format!("{}: {problem}", download.display()))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "gz"))
        .ok_or("the source distribution of the Python SDK was not downloaded")?;
    let name = PYTHON_SDK.replace("==", "-");
    fs::create_dir_all(&target).map_err(|problem| format!("{}: {problem}", target.display()))?;
    run(Command::new("tar")
        .args(["--extract", "--gzip", "--strip-components=4", "--file"])
        .arg(&archive)
        .arg("--directory")
        .arg(&target)
        .arg(format!("{name}/{EVERYTHING_SERVER}")))
}

fn pip(peers: &Path) -> Command {
    let mut command = Command::new(peers.join(".venv/bin/python"));
    command.args(["-m", "pip"]);
    command
}

/// Tells whether an installation was made from the present lock files.
struct Stamp {
    wanted: String,
    path: PathBuf,
}

impl Stamp {
    fn of(locks: &[&Path], path: &Path) -> Result<Self, String> {
        let mut wanted = String::new();
        for lock in locks {
            let text = fs::read_to_string(lock)
                .map_err(|problem| format!("{}: {problem}", lock.display()))?;
            wanted.push_str(&text);
        }
        Ok(Self {
            wanted,
            path: path.to_path_buf(),
        })
    }

    fn unless_current(&self, install: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        if fs::read_to_string(&self.path).is_ok_and(|found| found == self.wanted) {
            return Ok(());
        }
        install()?;
        fs::write(&self.path, &self.wanted)
            .map_err(|problem| format!("{}: {problem}", self.path.display()))
    }
}
