//! The HTTP child of the reference example: the server at `MANUFACT_URL`, or a stand-in.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::python;

/// The HTTP child, and the process behind it if that is ours.
#[derive(Debug)]
pub struct Manufact {
    /// Where it is.
    pub url: String,
    _process: Option<Child>,
}

impl Manufact {
    /// Finds it, or starts the stand-in in `folder`.
    ///
    /// # Errors
    /// When the stand-in does not start.
    pub async fn find(folder: &Path) -> std::io::Result<Self> {
        if let Ok(url) = std::env::var("MANUFACT_URL") {
            return Ok(Manufact {
                url,
                _process: None,
            });
        }
        let mut process = Command::new(python())
            .arg(folder.join("manufact.py"))
            // It ends with its stdin: also when this process is killed and cannot end it.
            .arg("--until-eof")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process
            .stdout
            .take()
            .ok_or(std::io::ErrorKind::BrokenPipe)?;
        // Its first line is its URL.
        let line = BufReader::new(stdout).lines().next_line().await?;
        let url = line.ok_or_else(|| {
            std::io::Error::other(
                "manufact.py did not start; `cargo xtask peers` installs what it needs",
            )
        })?;
        Ok(Manufact {
            url,
            _process: Some(process),
        })
    }
}
