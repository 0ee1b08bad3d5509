//! What a process is given of ours, and where it writes.

use std::ffi::OsString;
use std::process::Stdio;

use tokio::process::Command;

use crate::child::{Environment, Stderr, StdioSpec};

/// Variables of ours that every child gets: what programs need to find their way, and no more.
const INHERITED: [&str; 20] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TERM",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "TZ",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "APPDATA",
    "LOCALAPPDATA",
    "USERPROFILE",
    "TEMP",
];

/// The command that starts it.
pub(super) fn command(spec: &StdioSpec) -> Result<Command, String> {
    let mut command = Command::new(&spec.program);
    command.args(&spec.args);
    match spec.environment {
        Environment::Whole => {}
        Environment::Nothing => {
            command.env_clear();
        }
        Environment::Minimal => {
            command.env_clear();
            let kept = INHERITED
                .iter()
                .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
            command.envs(kept);
        }
    }
    command.envs(spec.env.iter().map(|(name, value)| (name, value.expose())));
    if let Some(cwd) = &spec.cwd {
        command.current_dir(cwd);
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr(&spec.stderr)?);
    Ok(command)
}

/// Where the process is to write its stderr.
fn stderr(to: &Stderr) -> Result<Stdio, String> {
    Ok(match to {
        Stderr::Log => Stdio::piped(),
        Stderr::Inherit => Stdio::inherit(),
        Stderr::Null => Stdio::null(),
        Stderr::File(path) => {
            let mut options = std::fs::OpenOptions::new();
            let file = options.create(true).append(true).open(path);
            file.map_err(|error| format!("its stderr cannot go to `{}`: {error}", path.display()))?
                .into()
        }
    })
}
