//! The program that was started, and the composition that it stands for.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::install::Subject;
use super::{Failure, log, settings};
use crate::compose::{Composition, Unread, read_file, unknown_profile};
use crate::observe;

/// Where the composition comes from.
pub(super) enum Program {
    /// The program is one.
    Composed(Box<Composition>),
    /// `mcp-compose` reads it from a file, if it was given one, and takes this profile of it.
    File(Option<PathBuf>, Option<String>),
}

/// The files of a working folder that are taken where none is named, the first that is there.
pub(super) const FILES: [&str; 3] = ["compose.toml", "mcp.json", ".mcp.json"];

impl Program {
    /// The composition, found to be sound. From here on the log is written.
    pub(super) fn composition(self) -> Result<Composition, Failure> {
        self.served(false)
    }

    /// As [`composition`](Self::composition); `watch`: files are watched while it is served, that of the
    /// composition and those of children.
    pub(super) fn served(self, watch: bool) -> Result<Composition, Failure> {
        let mut composition = match self {
            Self::Composed(composition) => *composition,
            Self::File(file, profile) => {
                let file = file_of(file)?;
                log::init();
                let read = read_file(&file).map_err(|error| Failure::Usage(error.to_string()))?;
                read.of(profile)
            }
        };
        log::init();
        observe::start(composition.settings.name());
        if !watch {
            composition.watch_nothing();
        }
        report_problems(&composition)?;
        Ok(composition)
    }

    /// The composition as far as it can be read, to be looked at, with what of its file could not be. The log is written
    /// only where somebody has asked for it.
    pub(super) fn specimen(self) -> Result<(Composition, Vec<Unread>), Failure> {
        log::init_if_asked();
        match self {
            Self::Composed(composition) => Ok((*composition, Vec::new())),
            Self::File(file, profile) => {
                let file = file_of(file)?;
                let read = Composition::from_what_can_be_read(&file);
                let (read, unread) = read.map_err(|error| Failure::Usage(error.to_string()))?;
                Ok((read.of(profile), unread))
            }
        }
    }

    /// Its name and its version.
    pub(super) fn identity(&self) -> (String, String) {
        match self {
            Self::Composed(composition) => {
                let settings = &composition.settings;
                (settings.name().to_owned(), settings.version().to_owned())
            }
            Self::File(..) => (
                "mcp-compose".to_owned(),
                env!("CARGO_PKG_VERSION").to_owned(),
            ),
        }
    }

    /// What a client is to start, if that can be.
    pub(super) fn startable_subject(self) -> Result<Subject, Failure> {
        let this = match self {
            Self::File(file, profile) => Self::File(Some(file_of(file)?), profile),
            composed => composed,
        };
        let unknown = match &this {
            Self::Composed(composition) => unknown_profile(composition),
            Self::File(Some(file), Some(profile)) => {
                match Composition::from_what_can_be_read(file) {
                    Ok((read, unread)) if unread.is_empty() => unknown_profile(&read.only(profile)),
                    // Variables need not be set here, and what needs them may have that name.
                    _ => None,
                }
            }
            Self::File(..) => None,
        };
        match unknown {
            Some(problem) => Err(Failure::Usage(problem.to_string())),
            None => this.subject(),
        }
    }

    /// What clients start.
    pub(super) fn subject(&self) -> Result<Subject, Failure> {
        let (mut subject, profile) = match self {
            Self::Composed(composition) => {
                let subject = Subject {
                    name: composition.settings.name().to_owned(),
                    args: vec!["--stdio".to_owned()],
                };
                (subject, &composition.settings.only)
            }
            Self::File(file, profile) => (subject_of(&file_of(file.clone())?)?, profile),
        };
        if let Some(profile) = profile {
            subject
                .args
                .extend(["--profile".to_owned(), profile.clone()]);
        }
        Ok(subject)
    }

    /// What clients may have been told to start: by its name alone where there is no file.
    pub(super) fn former_subject(&self) -> Result<Subject, Failure> {
        match self {
            Self::File(None, _) if file_here().is_none() => Ok(Subject {
                name: String::new(),
                args: Vec::new(),
            }),
            _ => self.subject(),
        }
    }
}

impl Composition {
    /// Of it what `--profile` names, if anything.
    pub(super) fn of(self, profile: Option<String>) -> Self {
        match profile {
            Some(profile) => self.only(profile),
            None => self,
        }
    }
}

/// The file that was named, or the one that is here; that one is said.
fn file_of(named: Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(file) = named {
        return Ok(file);
    }
    let Some(file) = file_here() else {
        let [first, second, third] = FILES;
        return Err(Failure::Usage(format!(
            "there is no {first}, {second} or {third} here: name another file with `--config FILE`, or start one with `mcp-compose add NAME -- COMMAND`"
        )));
    };
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(io::stderr(), "mcp-compose: taking {}", file.display());
    Ok(file)
}

/// The file of this folder that is taken where none is named.
pub(super) fn file_here() -> Option<PathBuf> {
    let mut files = FILES.iter().map(PathBuf::from);
    files.find(|file| file.is_file())
}

/// What a client is to start for a file. Its variables need not be set here, so it is not read as a composition.
fn subject_of(file: &Path) -> Result<Subject, Failure> {
    let broken = |why: String| Failure::Usage(format!("{}: {why}", file.display()));
    let text = crate::text_file::read(file).map_err(|error| broken(error.to_string()))?;
    let value = settings::Syntax::of(file).value(&text);
    let value = value.map_err(|wrong| broken(wrong.to_string()))?;
    let name = value.get("name").and_then(Value::as_str);
    let path = std::path::absolute(file)?.into_os_string().into_string();
    let path =
        path.map_err(|path| broken(format!("{} is not text", PathBuf::from(path).display())))?;
    let args = ["serve", "--config", &path, "--stdio"];
    Ok(Subject {
        name: name.unwrap_or_default().to_owned(),
        args: args.map(str::to_owned).to_vec(),
    })
}

/// Logs what may be wrong, and fails with all that certainly is.
fn report_problems(composition: &Composition) -> Result<(), Failure> {
    let (errors, warnings): (Vec<_>, Vec<_>) = composition
        .check()
        .into_iter()
        .partition(|problem| problem.is_error());
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    if errors.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    Err(Failure::Usage(format!(
        "the composition cannot start:\n  {}",
        lines.join("\n  ")
    )))
}
