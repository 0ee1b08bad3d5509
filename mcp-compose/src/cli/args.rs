//! The arguments of the two kinds of programs.

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

use super::command::Command;
use super::serve::ServeArgs;

/// Arguments of a binary that is a composition.
#[derive(Debug, Parser)]
#[command(
    about = "An MCP server composed of several",
    args_conflicts_with_subcommands = true
)]
pub(super) struct ComposedArgs {
    #[command(flatten)]
    pub(super) serve: ServeArgs,
    /// Only this profile of the composition, or one child under its own names.
    #[arg(long, value_name = "NAME", global = true)]
    pub(super) profile: Option<String>,
    /// Print the name and version of this server.
    #[arg(short = 'V', long)]
    pub(super) version: bool,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Arguments of `mcp-compose`.
#[derive(Debug, Parser)]
#[command(
    name = "mcp-compose",
    version,
    about = "One MCP server out of many, from an `mcpServers` file"
)]
pub(super) struct FileArgs {
    /// The composition: a JSON file with `mcpServers`.
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
    #[command(flatten)]
    Common(Command),
}

pub(super) fn composed_help() -> String {
    ComposedArgs::command().render_help().to_string()
}

/// What a person who gave no arguments may want.
pub(super) fn next_steps(name: &str) -> String {
    let program = std::env::args().next().unwrap_or_else(|| name.to_owned());
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

    #[test]
    fn a_composition_is_served_or_asked_for_something() {
        assert!(composed(&["--stdio"]).is_some_and(|args| args.command.is_none()));
        assert!(composed(&["list", "--json"]).is_some_and(|args| args.command.is_some()));
        for wrong in [
            &["--stdio", "list"][..],
            &["call"],
            &["serve"],
            &["nothing"],
        ] {
            assert!(composed(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn arguments_of_a_call_may_begin_with_a_dash() {
        let args = composed(&["call", "db_query", "-1", "--json"]);
        assert!(matches!(
            args.and_then(|args| args.command),
            Some(Command::Call(_))
        ));
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
    fn the_profile_may_stand_after_a_command() {
        for args in [
            &["--stdio", "--profile", "reading"][..],
            &["--profile", "reading", "--http", "0"],
            &["list", "--json", "--profile", "reading"],
            &["call", "--profile", "reading", "db_query"],
        ] {
            let profile = composed(args).and_then(|args| args.profile);
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
    }
}
