//! Which files are meant by a path with `*` and `**`.

use std::io;
use std::path::{Path, PathBuf};

use crate::compose::Glob;

/// Files below a folder.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    /// Of the pattern, all before the first `*`; resolved, as the system tells of changes there.
    pub(super) folder: PathBuf,
    rest: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// One name.
    Name(Glob),
    /// `**`: any number of folders.
    Any,
}

impl Pattern {
    /// What `text` means in `base`; a folder stands for all that is in it.
    ///
    /// # Errors
    /// When the folder that all of it lies in is not there.
    pub(super) fn new(base: &Path, text: &str) -> io::Result<Self> {
        let whole = base.join(text);
        if !text.contains('*') && whole.is_dir() {
            return Ok(Self {
                folder: whole.canonicalize()?,
                rest: vec![Part::Any],
            });
        }
        let names: Vec<_> = text.split(['/', std::path::MAIN_SEPARATOR]).collect();
        let plain = names.iter().take_while(|name| !name.contains('*')).count();
        let plain = plain.min(names.len().saturating_sub(1));
        let mut folder = base.to_owned();
        if text.starts_with('/') {
            folder.push("/");
        }
        folder.extend(&names[..plain]);
        let rest = names[plain..].iter().map(|name| match *name {
            "**" => Part::Any,
            name => Part::Name(Glob::new(name)),
        });
        Ok(Self {
            folder: folder.canonicalize()?,
            rest: rest.collect(),
        })
    }

    /// All files of a folder, but not those of folders in it.
    pub(super) fn all_in(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            folder: folder.canonicalize()?,
            rest: vec![Part::Name(Glob::new("*"))],
        })
    }

    /// Whether folders in the folder matter.
    pub(super) fn is_deep(&self) -> bool {
        self.rest.len() > 1 || self.rest.contains(&Part::Any)
    }

    pub(super) fn matches(&self, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(&self.folder) else {
            return false;
        };
        let names: Vec<_> = below
            .components()
            .map(|name| name.as_os_str().to_string_lossy())
            .collect();
        matches(&self.rest, &names)
    }
}

fn matches(parts: &[Part], names: &[impl AsRef<str>]) -> bool {
    match (parts.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((Part::Any, rest)), None) => matches(rest, names),
        (Some((Part::Any, rest)), Some((_, others))) => {
            matches(rest, names) || matches(parts, others)
        }
        (Some((Part::Name(glob), rest)), Some((name, others))) => {
            glob.matches(name.as_ref()) && matches(rest, others)
        }
        (None, Some(_)) | (Some((Part::Name(_), _)), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stay_within_a_name_and_two_do_not() {
        let base = tempfile::tempdir().expect("a folder");
        let base = base.path().canonicalize().expect("it is there");
        std::fs::create_dir_all(base.join("src/deep")).expect("folders");
        for (text, path, expected) in [
            ("db.ts", "db.ts", true),
            ("db.ts", "src/db.ts", false),
            ("./db.ts", "db.ts", true),
            ("*.ts", "db.ts", true),
            ("*.ts", "src/db.ts", false),
            ("src/*.ts", "src/db.ts", true),
            ("src/*.ts", "src/deep/db.ts", false),
            ("src/**/*.ts", "src/db.ts", true),
            ("src/**/*.ts", "src/deep/er/db.ts", true),
            ("src/**/*.ts", "src/deep/db.js", false),
            ("**/db.ts", "db.ts", true),
            ("src/**", "src/deep/x", true),
            ("src", "src/deep/x", true),
            ("src", "other/x", false),
            ("src/deep/../db.ts", "src/db.ts", true),
        ] {
            let pattern = Pattern::new(&base, text).expect(text);
            assert_eq!(
                pattern.matches(&base.join(path)),
                expected,
                "{text} on {path}"
            );
        }
        assert!(Pattern::new(&base, "missing/*.ts").is_err());
        let absolute = base.join("src/*.ts");
        let absolute = Pattern::new(Path::new("/"), &absolute.to_string_lossy());
        assert!(absolute.is_ok_and(|pattern| pattern.matches(&base.join("src/a.ts"))));
    }

    #[test]
    fn folders_are_watched_as_deep_as_need_be() {
        let base = tempfile::tempdir().expect("a folder");
        for (text, deep) in [
            ("*.ts", false),
            ("db.ts", false),
            ("**", true),
            ("*/a", true),
        ] {
            let pattern = Pattern::new(base.path(), text).expect(text);
            assert_eq!(pattern.is_deep(), deep, "{text}");
        }
    }
}
