//! Files on disk: replaced whole or not at all, with a copy of what was there.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::text_file;

/// So many copies are enough; a client that is set up anew each day must not fill the folder.
const MAX_BACKUPS: usize = 1000;

/// Why nothing was written.
pub(in crate::cli) const CHANGED: &str =
    "it was changed by another program meanwhile; nothing was written, try again";

/// What the file says; `None` when there is none.
pub(in crate::cli) fn read(file: &Path) -> io::Result<Option<String>> {
    match text_file::read(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces what the file says, if it still says `before`, and returns where a copy of that is. Links are followed,
/// permissions kept. `private`: a new file is for its owner only.
pub(in crate::cli) fn write(
    file: &Path,
    before: Option<&str>,
    after: &str,
    private: bool,
) -> io::Result<Option<PathBuf>> {
    exchange(file, before, after, private, back_up)
}

/// As [`write`], without a copy: of a file that is ours.
pub(in crate::cli) fn replace(file: &Path, before: Option<&str>, after: &str) -> io::Result<()> {
    let none = |_: &Path, _: &Path| Ok(PathBuf::new());
    exchange(file, before, after, false, none).map(drop)
}

fn exchange(
    file: &Path,
    before: Option<&str>,
    after: &str,
    private: bool,
    back_up: impl FnOnce(&Path, &Path) -> io::Result<PathBuf>,
) -> io::Result<Option<PathBuf>> {
    // The link itself stays a link.
    let real = match fs::canonicalize(file) {
        Ok(real) => real,
        Err(error) if error.kind() == ErrorKind::NotFound && before.is_none() => file.to_owned(),
        Err(error) => return Err(error),
    };
    let folder = real.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let permissions = match before {
        Some(_) => Some(fs::metadata(&real)?.permissions()),
        None => None,
    };
    let new = Temporary::create(folder, &real, private || permissions.is_some())?;
    new.fill(after)?;
    if let Some(permissions) = permissions {
        fs::set_permissions(&new.path, permissions)?;
    }
    if read(&real)?.as_deref() != before {
        return Err(io::Error::other(CHANGED));
    }
    let backup = match before {
        Some(_) => Some(back_up(file, &real)?),
        None => None,
    };
    new.replace(&real)?;
    Ok(backup)
}

/// The copies that [`write`] has left, newest first.
pub(in crate::cli) fn backups(file: &Path) -> Vec<PathBuf> {
    let names = (0..MAX_BACKUPS).map(|number| backup_name(file, number));
    let mut there: Vec<_> = names.take_while(|name| name.exists()).collect();
    there.reverse();
    there
}

fn backup_name(file: &Path, number: usize) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".bak");
    if number > 0 {
        name.push(format!(".{number}"));
    }
    PathBuf::from(name)
}

/// Copies `real` beside `file`, under a name that is free.
fn back_up(file: &Path, real: &Path) -> io::Result<PathBuf> {
    for number in 0..MAX_BACKUPS {
        let name = backup_name(file, number);
        match OpenOptions::new().write(true).create_new(true).open(&name) {
            Ok(_) => {
                // With its permissions: the copy holds the same secrets.
                fs::copy(real, &name)?;
                return Ok(name);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(
        "there are too many copies beside it; remove some that end in `.bak`",
    ))
}

/// A file that is gone again unless it has taken the place of another.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn create(folder: &Path, of: &Path, private: bool) -> io::Result<Self> {
        let name = of.file_name().unwrap_or_default();
        let mut temporary = OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}.tmp", std::process::id()));
        let path = folder.join(temporary);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        #[cfg(not(unix))]
        let _ = private;
        let file = options.open(&path)?;
        Ok(Temporary { path, file })
    }

    fn fill(&self, text: &str) -> io::Result<()> {
        let mut file = &self.file;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    fn replace(self, real: &Path) -> io::Result<()> {
        fs::rename(&self.path, real)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After it has taken its place there is nothing under this name.
        let _ = fs::remove_file(&self.path);
    }
}
