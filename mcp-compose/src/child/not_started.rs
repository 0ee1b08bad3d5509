//! Why a session could not be started, or has ended.

use std::borrow::Cow;
use std::fmt;
use std::io::{Error, ErrorKind};
use std::path::Path;

use super::StdioSpec;
use super::binary::{self, Form};
use crate::wire::peer::{Cause, Lost};

/// Why a session could not be started, or has ended.
#[derive(Debug, Clone)]
pub(crate) struct NotStarted {
    /// What kind of failure it was.
    pub(crate) cause: Cause,
    /// What happened, for people.
    pub(crate) reason: String,
    /// What they can do about it, where that is known.
    pub(crate) advice: Option<Cow<'static, str>>,
    /// Another try meets the same until somebody has mended it: no such program, say.
    pub(crate) permanent: bool,
    /// What it wrote to stderr last: a few lines, fit to be shown.
    pub(crate) stderr: Vec<String>,
}

impl From<String> for NotStarted {
    fn from(reason: String) -> Self {
        Self::new(Cause::StartFailed, reason)
    }
}

impl From<&str> for NotStarted {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

impl From<Lost> for NotStarted {
    fn from(lost: Lost) -> Self {
        Self {
            advice: lost.advice,
            ..Self::new(lost.cause, &*lost.reason)
        }
    }
}

/// All of it in one line.
impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if !self.stderr.is_empty() {
            write!(f, "; it last wrote to stderr: {}", self.stderr.join(" | "))?;
        }
        match &self.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl NotStarted {
    pub(crate) fn new(cause: Cause, reason: impl Into<String>) -> Self {
        Self {
            cause,
            reason: reason.into(),
            advice: None,
            permanent: false,
            stderr: Vec::new(),
        }
    }

    /// As it is, with what to do about it.
    pub(crate) fn advise(self, advice: impl Into<Cow<'static, str>>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }

    /// What a call is told of it: `otherwise`, unless it is of a kind that calls know.
    pub(crate) fn cause_or(&self, otherwise: Cause) -> Cause {
        match self.cause {
            known @ (Cause::Auth | Cause::Cycle) => known,
            _ => otherwise,
        }
    }

    /// As it is, or what stands behind it where a program has ended at its start: the system hands what it cannot run
    /// to a shell, which says all sorts of things about it.
    pub(crate) async fn or_mismatch(self, spec: &StdioSpec) -> Self {
        if self.cause != Cause::Exited {
            return self;
        }
        let looked_for = spec.clone();
        let looking = move || binary::form(&binary::find(&looked_for)?).mismatch();
        // A folder that is far away may take its time.
        let looked = tokio::task::spawn_blocking(looking).await;
        let Ok(Some(what)) = looked else {
            return self;
        };
        let program = spec.program.to_string_lossy();
        Self {
            permanent: true,
            ..Self::from(format!("`{program}` is {what}"))
        }
        .advise("install the build for this machine")
    }

    /// What it means that a program could not be spawned.
    pub(crate) fn spawning(spec: &StdioSpec, error: &Error) -> Self {
        let program = spec.program.to_string_lossy();
        let folder = spec.cwd.as_deref().filter(|folder| !folder.is_dir());
        let is_there = Path::new(&spec.program).is_file();
        let (reason, advice) = match (error.kind(), folder) {
            (ErrorKind::NotFound, Some(folder)) => (
                format!(
                    "the folder `{}`, which it is to be started in, is not there: {error}",
                    folder.display()
                ),
                "make that folder, or set another `cwd`".into(),
            ),
            (ErrorKind::NotFound, None) if is_there => (
                format!("`{program}` is there, but what is to run it is not: {error}"),
                match binary::form(Path::new(&spec.program)) {
                    Form::Script(interpreter) => {
                        format!("install `{interpreter}`, which its first line names").into()
                    }
                    _ => "install the loader and the libraries that it was built for".into(),
                },
            ),
            (ErrorKind::NotFound, None) => (
                format!("`{program}` was not found: {error}"),
                "install it, or give its whole path: it is looked up in PATH".into(),
            ),
            (ErrorKind::PermissionDenied, _) => (
                format!("`{program}` may not be executed: {error}"),
                "mark it as a program (`chmod +x`), if it is one".into(),
            ),
            _ if is_no_program(error) => (
                format!("`{program}` is no program for this machine: {error}"),
                binary::form(Path::new(&spec.program)).advice(),
            ),
            (kind, _) => {
                let reason = format!("`{program}` cannot be started: {error}");
                return Self {
                    permanent: kind == ErrorKind::InvalidInput,
                    ..reason.into()
                };
            }
        };
        Self {
            permanent: true,
            ..Self::from(reason).advise(advice)
        }
    }
}

/// The system does not know how to run such a file (`ENOEXEC`, which has no kind of its own).
fn is_no_program(error: &Error) -> bool {
    cfg!(unix) && error.raw_os_error() == Some(8)
}
