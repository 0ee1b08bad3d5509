//! `new`: the files that a project starts with.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use super::keywords::is_keyword;

/// Arguments of `new`.
#[derive(Debug, Clone, PartialEq, Args)]
pub(super) struct NewArgs {
    /// The folder to make; one that is there must be empty.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// A Cargo project with a typed tool and `compose!`; the default.
    #[arg(long)]
    rust: bool,
    /// A `compose.toml` alone, without Rust.
    #[arg(long, conflicts_with = "rust")]
    file: bool,
    /// What it is called [default: the folder's name].
    #[arg(long)]
    name: Option<String>,
}

/// A file's path in the project, and what it says.
type Template = (&'static str, &'static str);

const RUST: [Template; 4] = [
    ("Cargo.toml", include_str!("new/rust/Cargo.toml.txt")),
    ("src/main.rs", include_str!("new/rust/main.rs")),
    ("README.md", include_str!("new/rust/README.md")),
    (".gitignore", "/target\n"),
];

const FILE: [Template; 3] = [
    ("compose.toml", include_str!("new/file/compose.toml")),
    ("README.md", include_str!("new/file/README.md")),
    (".gitignore", ".env\n*.log\n"),
];

/// What cargo takes for no package of ours: names that have a meaning of their own.
const TAKEN: [&str; 8] = [
    "alloc",
    "build",
    "core",
    "deps",
    "mcp-compose",
    "proc_macro",
    "std",
    "test",
];

pub(super) fn run(args: &NewArgs) -> Result<(), Failure> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None => name_of(&args.folder),
    };
    if !is_package(&name) {
        return Err(Failure::Usage(format!(
            "`{}` cannot be the name of a package; give one with `--name`: lower-case letters, digits, `-` and `_`",
            name.escape_debug()
        )));
    }
    let templates: &[Template] = if args.file { &FILE } else { &RUST };
    make(&args.folder, &name, templates)
        .map_err(|error| Failure::Failed(format!("{}: {error}", args.folder.display())))?;
    let mut out = io::stdout();
    let files: Vec<_> = templates.iter().map(|(path, _)| *path).collect();
    let folder = args.folder.display();
    writeln!(out, "made {folder}: {}", files.join(", "))?;
    let next = if args.file {
        "mcp-compose add files -- npx -y @modelcontextprotocol/server-filesystem ."
    } else {
        "cargo run -- list"
    };
    let quoted = if is_word(&args.folder) {
        folder.to_string()
    } else {
        format!("{:?}", args.folder)
    };
    writeln!(out, "next:\n  cd {quoted}\n  {next}")?;
    Ok(())
}

/// Whether a shell takes the path as it is.
fn is_word(path: &Path) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    path.to_str().is_some_and(|path| path.chars().all(plain))
}

/// The folder's name, made one of a package as far as that goes.
fn name_of(folder: &Path) -> String {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let name = absolute.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_lowercase();
    name.replace(|c: char| !is_legal(c), "-")
        .trim_matches('-')
        .to_owned()
}

fn is_package(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(is_legal)
        && !TAKEN.contains(&name)
        && !is_keyword(name)
}

fn is_legal(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_')
}

/// Writes the files into a folder that has none yet.
fn make(folder: &Path, name: &str, templates: &[Template]) -> io::Result<()> {
    match fs::read_dir(folder) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(io::Error::new(ErrorKind::AlreadyExists, "it is not empty"));
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    for (path, text) in templates {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        let text = text
            .replace("@NAME@", name)
            .replace("@VERSION@", env!("CARGO_PKG_VERSION"));
        // Nothing that came in between is written over.
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_s_name_becomes_that_of_a_package() {
        for (folder, name) in [
            ("tools", "tools"),
            ("a/My Tools", "my-tools"),
            ("tools/", "tools"),
            ("größe", "gr--e"),
        ] {
            assert_eq!(name_of(Path::new(folder)), name);
            assert!(is_package(name));
        }
        for wrong in ["", "1st", "fn", "test", "mcp-compose", "-a", "Tools", "a.b"] {
            assert!(!is_package(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_is_there_is_not_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        make(folder.path(), "tools", &FILE).expect("it is empty");
        let told = make(folder.path(), "other", &FILE).expect_err("it is not empty");
        assert_eq!(told.to_string(), "it is not empty");
        let text = fs::read_to_string(folder.path().join("compose.toml")).expect("the file");
        assert!(text.starts_with("name = \"tools\"\n"));
    }

    #[test]
    fn the_file_that_is_made_is_right_also_where_its_examples_are_taken() {
        let (path, text) = FILE[0];
        let (head, examples) = text.split_once("# [children.files]").expect("examples");
        let examples = examples.replace("\n#", "\n");
        for text in [text, &format!("{head}[children.files]{examples}")] {
            let composition = crate::compose::look_over(text, Path::new(path));
            let problems = composition.expect("a composition").check();
            assert!(
                !problems.iter().any(crate::Problem::is_error),
                "{problems:?}"
            );
        }
    }
}
