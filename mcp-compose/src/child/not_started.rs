//! Why a session could not be started.

use std::io::{Error, ErrorKind};
use std::path::Path;

use super::StdioSpec;

/// Why a session could not be started.
#[derive(Debug)]
pub(crate) struct NotStarted {
    /// For people.
    pub(crate) reason: String,
    /// Another try meets the same until somebody has mended it: no such program, say.
    pub(crate) permanent: bool,
}

impl From<String> for NotStarted {
    fn from(reason: String) -> Self {
        Self {
            reason,
            permanent: false,
        }
    }
}

impl From<&str> for NotStarted {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

impl NotStarted {
    /// What it means that a program could not be spawned.
    pub(crate) fn spawning(spec: &StdioSpec, error: &Error) -> Self {
        let program = spec.program.to_string_lossy();
        let folder = spec.cwd.as_deref().filter(|folder| !folder.is_dir());
        let (permanent, reason) = match (error.kind(), folder) {
            (ErrorKind::NotFound, Some(folder)) => (
                true,
                format!(
                    "the folder `{}`, which it is to be started in, is not there: {error}",
                    folder.display()
                ),
            ),
            (ErrorKind::NotFound, None) if Path::new(&spec.program).is_file() => (
                true,
                format!(
                    "`{program}` is there, but what its first line says is to run it is not: {error}"
                ),
            ),
            (ErrorKind::NotFound, None) => (
                true,
                format!("`{program}` was not found: {error}; is it installed and on PATH?"),
            ),
            (ErrorKind::PermissionDenied, _) => (
                true,
                format!(
                    "`{program}` may not be executed: {error}; is it a program, and marked as one?"
                ),
            ),
            _ if is_no_program(error) => (
                true,
                format!(
                    "`{program}` is no program for this machine: {error}; was it built for another, or does a script lack its first line?"
                ),
            ),
            (kind, _) => (
                kind == ErrorKind::InvalidInput,
                format!("`{program}` cannot be started: {error}"),
            ),
        };
        Self { reason, permanent }
    }
}

/// The system does not know how to run such a file (`ENOEXEC`, which has no kind of its own).
fn is_no_program(error: &Error) -> bool {
    cfg!(unix) && error.raw_os_error() == Some(8)
}
