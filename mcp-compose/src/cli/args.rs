//! The arguments of the two kinds of programs.

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

use super::add::AddArgs;
use super::command::Command;
use super::new::NewArgs;
use super::serve::ServeArgs;

/// The arguments of a composition, for a program's own command: flattened, or as a subcommand. See [`cli`](crate::cli).
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(super) serve: Box<ServeArgs>,
    /// Only this profile of the composition, or one child under its own names.
    #[arg(long, value_name = "NAME", global = true)]
    pub(super) profile: Option<String>,
    #[command(subcommand)]
    pub(super) command: Option<Box<Command>>,
}

/// Arguments of a binary that is a composition.
#[derive(Debug, Parser)]
#[command(about = "An MCP server composed of several")]
pub(super) struct ComposedArgs {
    #[command(flatten)]
    pub(super) common: Args,
    /// Print the name and version of this server.
    #[arg(short = 'V', long)]
    pub(super) version: bool,
}

/// Arguments of `mcp-compose`.
#[derive(Debug, Parser)]
#[command(
    name = "mcp-compose",
    version,
    about = "One MCP server out of many, from a `compose.toml` or an `mcpServers` file"
)]
pub(super) struct FileArgs {
    /// The composition: `compose.toml`, or a JSON file with `mcpServers` [default: the first of compose.toml, mcp.json
    /// and .mcp.json that is here].
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
    /// Only this profile of the composition, or one child under its own names.
    #[arg(long, value_name = "NAME", global = true)]
    pub(super) profile: Option<String>,
    #[command(subcommand)]
    pub(super) command: FileCommand,
}

/// What `mcp-compose` does with a file.
#[derive(Debug, Subcommand)]
pub(super) enum FileCommand {
    /// Serve the composition.
    Serve(ServeArgs),
    /// Start a project: one in Rust, or a `compose.toml`.
    New(NewArgs),
    /// Add a child to the composition's file, which is made where it is missing.
    Add(AddArgs),
    #[command(flatten)]
    Common(Command),
}

/// The command of a binary that is a composition.
pub(super) fn composed_command(name: &str) -> clap::Command {
    let name = name.to_owned();
    ComposedArgs::command()
        .bin_name(name.clone())
        .display_name(name)
}

/// The command of `mcp-compose`.
pub(super) fn file_command() -> clap::Command {
    FileArgs::command()
}

/// What the program is called by whoever started it, or else `name`.
pub(super) fn program_name(name: &str) -> String {
    let program = std::env::args_os().next().map(PathBuf::from);
    let program = program
        .as_deref()
        .and_then(|path| path.file_stem()?.to_str());
    program.unwrap_or(name).to_owned()
}

/// The help of the subcommand that the words lead to.
pub(super) fn help_of(mut program: clap::Command, words: &[&str]) -> String {
    program.build();
    let found = words.iter().try_fold(&mut program, |command, word| {
        command.find_subcommand_mut(word)
    });
    found
        .map(|command| command.render_help().to_string())
        .unwrap_or_default()
}

/// What a person who gave no arguments may want.
pub(super) fn next_steps(name: &str, words: &[&str]) -> String {
    let program = std::env::args().next().unwrap_or_else(|| name.to_owned());
    let program = [&[program.as_str()], words].concat().join(" ");
    format!(
        "Next:\n  \
         {program} list                    show all that is offered\n  \
         {program} --http 127.0.0.1:8808   serve at http://127.0.0.1:8808/mcp\n  \
         {program} install                 enter it in your MCP clients\n\
         or give your MCP client the command\n  \
         {program} --stdio\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(args: &[&str]) -> Option<ComposedArgs> {
        let args = ["factory"].iter().chain(args);
        ComposedArgs::try_parse_from(args).ok()
    }

    fn of_file(args: &[&str]) -> Option<(Option<PathBuf>, FileCommand)> {
        let args = ["mcp-compose"].iter().chain(args);
        let args = FileArgs::try_parse_from(args).ok()?;
        Some((args.config, args.command))
    }

    #[test]
    fn the_definitions_are_sound() {
        ComposedArgs::command().debug_assert();
        FileArgs::command().debug_assert();
    }

    /// `help.txt` is there to be read by eye; `HELP=overwrite` writes it.
    #[cfg(feature = "admin")]
    #[test]
    fn every_help_text_is_the_one_that_was_read() {
        fn collect(command: &mut clap::Command, path: &str, text: &mut String) {
            let path = format!("{path} {}", command.get_name());
            text.push_str(&format!("\n$ {} --help\n", path.trim()));
            text.push_str(&command.render_long_help().to_string());
            for command in command.get_subcommands_mut() {
                if command.get_name() != "help" {
                    collect(command, &path, text);
                }
            }
        }
        let mut text = "$ factory --help\n".to_owned();
        // Of its commands those of `mcp-compose` tell.
        text.push_str(&composed_command("factory").render_long_help().to_string());
        let mut program = file_command();
        program.build();
        collect(&mut program, "", &mut text);
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/help.txt");
        if std::env::var_os("HELP").is_some_and(|how| how == "overwrite") {
            std::fs::write(file, &text).expect("the file can be written");
        }
        let expected = std::fs::read_to_string(file).unwrap_or_default();
        assert_eq!(text, expected, "{file}");
    }

    #[test]
    fn a_composition_is_served_or_asked_for_something() {
        assert!(composed(&["--stdio"]).is_some_and(|args| args.common.command.is_none()));
        assert!(composed(&["list", "--json"]).is_some_and(|args| args.common.command.is_some()));
        for wrong in [&["call"][..], &["serve"], &["nothing"]] {
            assert!(composed(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn options_may_stand_behind_the_arguments_of_a_call() {
        for right in [
            &["call", "db_query", "limit=-1", "a:={}", "--json"][..],
            &["call", "db_query", "-"],
            &["prompt", "review", "a=b", "--json"],
            &["read", "a://b", "-o", "file"],
            &["complete", "prompt", "review", "language", "--with", "a=b"],
            &["complete", "resource", "a://{b}", "b", "x", "--json"],
            &["completions", "zsh"],
            &["man"],
            &["version", "--json"],
        ] {
            assert!(composed(right).is_some(), "{right:?}");
            assert!(of_file(right).is_some(), "{right:?}");
        }
    }

    #[test]
    fn clients_are_set_up_with_and_without_a_file() {
        let install = ["install", "cursor", "vscode", "--env", "A", "--env", "B"];
        for right in [&install[..], &["uninstall"], &["import", "a.json"]] {
            assert!(composed(right).is_some(), "{right:?}");
            assert!(of_file(right).is_some(), "{right:?}");
        }
        for wrong in [
            &["install", "notepad"][..],
            &["install", "--name", "a b"],
            &["install", "--env", "A=b"],
            &["install", "--env-values"],
            &["install", "--http", "ftp://x"],
            &["install", "--http", "http://x", "--env", "A"],
            &["install", "--print", "--yes"],
            &["import"],
        ] {
            assert!(composed(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn the_profile_may_stand_anywhere() {
        for args in [
            &["--stdio", "--profile", "reading"][..],
            &["--profile", "reading", "--http", "0"],
            &["list", "--json", "--profile", "reading"],
            &["--profile", "reading", "list", "--json"],
            &["call", "--profile", "reading", "db_query"],
        ] {
            let profile = composed(args).and_then(|args| args.common.profile);
            assert_eq!(profile.as_deref(), Some("reading"), "{args:?}");
        }
    }

    #[test]
    fn the_file_may_stand_anywhere() {
        let file = Some(PathBuf::from("mcp.json"));
        for args in [
            &["serve", "--config", "mcp.json", "--stdio"][..],
            &["--config", "mcp.json", "serve"],
            &["list", "--json", "--config", "mcp.json"],
        ] {
            assert_eq!(of_file(args).map(|(config, _)| config), Some(file.clone()));
        }
        assert!(of_file(&[]).is_none());
        for right in [
            &["new", "tools", "--file"][..],
            &["add", "a", "--config", "mcp.json", "--", "x", "--stdio"],
        ] {
            assert!(of_file(right).is_some(), "{right:?}");
            assert!(composed(right).is_none(), "{right:?}");
        }
    }
}
