//! The program that was started, and the composition that it stands for.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::install::Subject;
use super::{Failure, log, settings};
use crate::compose::Composition;

/// Where the composition comes from.
pub(super) enum Program {
    /// The program is one.
    Composed(Box<Composition>),
    /// `mcp-compose` reads it from a file, if it was given one, and takes this profile of it.
    File(Option<PathBuf>, Option<String>),
}

impl Program {
    /// The composition, found to be sound. From here on the log is written.
    pub(super) fn composition(self) -> Result<Composition, Failure> {
        let composition = match self {
            Self::Composed(composition) => *composition,
            Self::File(file, profile) => {
                let file = file.ok_or_else(no_file)?;
                log::init();
                let composition = Composition::from_file(&file)
                    .map_err(|error| Failure::Usage(error.to_string()))?;
                match profile {
                    Some(profile) => composition.only(profile),
                    None => composition,
                }
            }
        };
        log::init();
        report_problems(&composition)?;
        Ok(composition)
    }

    /// What a client is to start.
    pub(super) fn subject(&self) -> Result<Subject, Failure> {
        let (mut subject, profile) = match self {
            Self::Composed(composition) => {
                let subject = Subject {
                    name: composition.settings.name().to_owned(),
                    args: vec!["--stdio".to_owned()],
                };
                (subject, &composition.settings.only)
            }
            Self::File(file, profile) => {
                (subject_of(file.as_deref().ok_or_else(no_file)?)?, profile)
            }
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
            Self::File(None, _) => Ok(Subject {
                name: String::new(),
                args: Vec::new(),
            }),
            _ => self.subject(),
        }
    }
}

fn no_file() -> Failure {
    Failure::Usage("`--config FILE` is missing".to_owned())
}

/// What a client is to start for a file. Its variables need not be set here, so it is not read as a composition.
fn subject_of(file: &Path) -> Result<Subject, Failure> {
    let broken = |why: String| Failure::Usage(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| broken(error.to_string()))?;
    let value = settings::Syntax::Json.value(&text);
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
