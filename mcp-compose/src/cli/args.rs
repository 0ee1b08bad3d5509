//! The arguments.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::serve::{HttpOptions, ServeError};

/// What is to be done with a composition.
#[derive(Debug, PartialEq)]
pub(super) enum Action {
    Stdio,
    Http(SocketAddr, HttpArgs),
    List {
        json: bool,
    },
    Call {
        name: String,
        arguments: String,
        json: bool,
    },
}

/// Arguments of a binary that is a composition.
#[derive(Debug, Parser)]
#[command(
    about = "An MCP server composed of several",
    args_conflicts_with_subcommands = true
)]
pub(super) struct ComposedArgs {
    #[command(flatten)]
    front: Front,
    #[command(flatten)]
    http: HttpArgs,
    /// Print the name and version of this server.
    #[arg(short = 'V', long)]
    pub(super) version: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Arguments of `mcp-compose`.
#[derive(Debug, Parser)]
#[command(
    name = "mcp-compose",
    version,
    about = "One MCP server out of many, from an `mcpServers` file"
)]
pub(super) struct FileArgs {
    #[command(subcommand)]
    command: FileCommand,
}

/// Where clients come in.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Front {
    /// Serve one client over stdin and stdout.
    #[arg(long)]
    stdio: bool,
    /// Serve over HTTP at this address; port 0 picks a free one.
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    http: Option<SocketAddr>,
}

/// Whom to serve over HTTP.
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct HttpArgs {
    /// Serve only clients that show the token in this environment variable (`Authorization: Bearer TOKEN`).
    #[arg(long, value_name = "NAME", requires = "http", conflicts_with = "stdio")]
    auth_token_env: Vec<String>,
    /// Serve only clients that show a token of this file: on each line `TOKEN` or `NAME:TOKEN`.
    #[arg(long, value_name = "FILE", requires = "http", conflicts_with = "stdio")]
    auth_token_file: Vec<PathBuf>,
    /// Serve this host name or address too, beside those of this machine's loopback interface.
    #[arg(
        long,
        value_name = "HOST[:PORT]",
        requires = "http",
        conflicts_with = "stdio"
    )]
    allow_host: Vec<String>,
    /// Serve web pages of this origin too, beside those of this machine.
    #[arg(
        long,
        value_name = "ORIGIN",
        requires = "http",
        conflicts_with = "stdio"
    )]
    allow_origin: Vec<String>,
}

impl HttpArgs {
    /// What was asked for.
    pub(super) fn options(self) -> Result<HttpOptions, ServeError> {
        let mut options = HttpOptions::default();
        for variable in &self.auth_token_env {
            options = options.bearer_env(variable)?;
        }
        for file in &self.auth_token_file {
            options = options.bearer_file(file)?;
        }
        for host in self.allow_host {
            options = options.allow_host(host);
        }
        for origin in self.allow_origin {
            options = options.allow_origin(origin);
        }
        Ok(options)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show all that is offered.
    List(ListArgs),
    /// Call a tool.
    Call(CallArgs),
}

#[derive(Debug, Subcommand)]
enum FileCommand {
    /// Serve the composition.
    Serve {
        #[command(flatten)]
        config: Config,
        #[command(flatten)]
        front: RequiredFront,
        #[command(flatten)]
        http: HttpArgs,
    },
    /// Show all that is offered.
    List {
        #[command(flatten)]
        config: Config,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Call a tool.
    Call {
        #[command(flatten)]
        config: Config,
        #[command(flatten)]
        call: CallArgs,
    },
}

#[derive(Debug, Args)]
struct Config {
    /// A JSON file with `mcpServers`.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct RequiredFront {
    /// Serve one client over stdin and stdout.
    #[arg(long)]
    stdio: bool,
    /// Serve over HTTP at this address; port 0 picks a free one.
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    http: Option<SocketAddr>,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Print JSON, as clients get it.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct CallArgs {
    /// The tool's exposed name.
    name: String,
    /// The arguments, a JSON object.
    #[arg(default_value = "{}", value_name = "JSON", allow_hyphen_values = true)]
    arguments: String,
    /// Print the result as JSON, as clients get it.
    #[arg(long)]
    json: bool,
}

impl ComposedArgs {
    /// What to do; `None` when a person gave nothing to do. A program that starts us without
    /// arguments is an MCP client.
    pub(super) fn action(self, terminal: bool) -> Option<Action> {
        match (self.command, self.front) {
            (Some(Command::List(list)), _) => Some(list.into()),
            (Some(Command::Call(call)), _) => Some(call.into()),
            (
                None,
                Front {
                    http: Some(address),
                    ..
                },
            ) => Some(Action::Http(address, self.http)),
            (None, Front { stdio, .. }) => (stdio || !terminal).then_some(Action::Stdio),
        }
    }
}

impl FileArgs {
    /// The file, and what to do with it.
    pub(super) fn parts(self) -> (PathBuf, Action) {
        match self.command {
            FileCommand::Serve {
                config,
                front,
                http,
            } => {
                let serve = match front.http {
                    Some(address) => Action::Http(address, http),
                    None => Action::Stdio,
                };
                (config.config, serve)
            }
            FileCommand::List { config, list } => (config.config, list.into()),
            FileCommand::Call { config, call } => (config.config, call.into()),
        }
    }
}

impl From<ListArgs> for Action {
    fn from(list: ListArgs) -> Self {
        Action::List { json: list.json }
    }
}

impl From<CallArgs> for Action {
    fn from(call: CallArgs) -> Self {
        Action::Call {
            name: call.name,
            arguments: call.arguments,
            json: call.json,
        }
    }
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
         {program} --http 127.0.0.1:8808   serve at http://127.0.0.1:8808/mcp\n\
         or give your MCP client the command\n  \
         {program} --stdio\n"
    )
}

/// `HOST:PORT`; a port alone, and `localhost`, stand for the loopback address.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text
        .strip_prefix("localhost:")
        .or_else(|| text.strip_prefix(':'))
        .unwrap_or(text);
    if let Ok(port) = port.parse::<u16>() {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    text.parse()
        .map_err(|_| "expected HOST:PORT, such as 127.0.0.1:8808".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(args: &[&str], terminal: bool) -> Option<Action> {
        let args = ["factory"].iter().chain(args);
        ComposedArgs::try_parse_from(args)
            .expect("arguments")
            .action(terminal)
    }

    #[test]
    fn the_definitions_are_sound() {
        ComposedArgs::command().debug_assert();
        FileArgs::command().debug_assert();
    }

    #[test]
    fn a_client_that_starts_us_gets_stdio_and_a_person_gets_help() {
        assert_eq!(composed(&[], false), Some(Action::Stdio));
        assert_eq!(composed(&[], true), None);
        assert_eq!(composed(&["--stdio"], true), Some(Action::Stdio));
    }

    #[test]
    fn commands_of_a_composition() {
        let http = |port| {
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            Some(Action::Http(address, HttpArgs::default()))
        };
        assert_eq!(composed(&["--http", "127.0.0.1:8808"], false), http(8808));
        assert_eq!(composed(&["--http", "localhost:1"], false), http(1));
        assert_eq!(composed(&["--http", "0"], false), http(0));
        assert_eq!(
            composed(&["list", "--json"], true),
            Some(Action::List { json: true })
        );
        let call = |arguments: &str, json| {
            Some(Action::Call {
                name: "db_query".into(),
                arguments: arguments.into(),
                json,
            })
        };
        assert_eq!(composed(&["call", "db_query"], true), call("{}", false));
        assert_eq!(
            composed(&["call", "db_query", "{\"a\":1}", "--json"], true),
            call("{\"a\":1}", true)
        );
        for wrong in [
            &["--stdio", "--http", "0"][..],
            &["--http", "example"],
            &["--stdio", "list"],
            &["--auth-token-env", "TOKEN"],
            &["--stdio", "--allow-host", "example.com"],
            &["call"],
        ] {
            let args = ["factory"].iter().chain(wrong);
            assert!(ComposedArgs::try_parse_from(args).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn whom_to_serve_is_said_beside_the_address() {
        let args = [
            "--http",
            "0.0.0.0:1",
            "--auth-token-env",
            "ONE",
            "--auth-token-env",
            "TWO",
            "--auth-token-file",
            "tokens",
            "--allow-host",
            "mcp.example.com",
            "--allow-origin",
            "https://app.example.com",
        ];
        let expected = HttpArgs {
            auth_token_env: vec!["ONE".into(), "TWO".into()],
            auth_token_file: vec!["tokens".into()],
            allow_host: vec!["mcp.example.com".into()],
            allow_origin: vec!["https://app.example.com".into()],
        };
        let address = SocketAddr::from(([0, 0, 0, 0], 1));
        assert_eq!(composed(&args, true), Some(Action::Http(address, expected)));
    }

    #[test]
    fn tokens_that_are_not_there_are_a_mistake() {
        for args in [
            HttpArgs {
                auth_token_env: vec!["MCP_COMPOSE_NO_SUCH_VARIABLE".into()],
                ..HttpArgs::default()
            },
            HttpArgs {
                auth_token_file: vec!["no/such/file".into()],
                ..HttpArgs::default()
            },
        ] {
            assert!(matches!(args.options(), Err(ServeError::Auth(_))));
        }
    }

    #[test]
    fn commands_with_a_file() {
        let parse = |args: &[&str]| {
            let args = ["mcp-compose"].iter().chain(args);
            FileArgs::try_parse_from(args).map(FileArgs::parts).ok()
        };
        let file = PathBuf::from("mcp.json");
        assert_eq!(
            parse(&["serve", "--config", "mcp.json", "--stdio"]),
            Some((file.clone(), Action::Stdio))
        );
        assert_eq!(
            parse(&["list", "--config", "mcp.json"]),
            Some((file, Action::List { json: false }))
        );
        for wrong in [
            &["serve", "--config", "mcp.json"][..],
            &["serve", "--stdio"],
            &["list"],
            &[],
        ] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
