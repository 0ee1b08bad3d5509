//! `completions` and `man`: what is made of the help texts.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;

use super::Failure;

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write a page for each command into this folder, instead of the first one to stdout.
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Prints a script that has the shell complete the program's arguments.
pub(super) fn completions(args: &CompletionsArgs, program: Command) -> Result<(), Failure> {
    Ok(io::stdout().write_all(&script(args.shell, program))?)
}

fn script(shell: Shell, mut program: Command) -> Vec<u8> {
    let name = program
        .get_bin_name()
        .unwrap_or(program.get_name())
        .to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, name, &mut script);
    script
}

/// Prints the manual page, or writes all of them.
pub(super) fn man(args: &ManArgs, program: Command) -> Result<(), Failure> {
    match &args.folder {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(program).render(&mut page)?;
            Ok(io::stdout().write_all(&page)?)
        }
        Some(folder) => write(folder, program)
            .map_err(|error| Failure::Failed(format!("{}: {error}", folder.display()))),
    }
}

fn write(folder: &Path, program: Command) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(program, folder)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::cli::args;

    #[test]
    fn every_shell_completes_every_command() {
        for shell in Shell::value_variants() {
            let script = script(*shell, args::composed_command("factory"));
            let script = String::from_utf8(script).expect("text");
            for word in ["factory", "complete", "uninstall"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }

    #[test]
    fn each_command_has_a_page() {
        let folder = tempfile::tempdir().expect("a folder");
        let there = folder.path().join("man1");
        write(&there, args::composed_command("factory")).expect("pages");
        for page in ["factory.1", "factory-list.1", "factory-complete-prompt.1"] {
            assert!(there.join(page).is_file(), "{page}");
        }
    }
}
