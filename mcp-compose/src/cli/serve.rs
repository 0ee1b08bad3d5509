//! Serving a composition: over which front, and whom.

use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

use super::{Failure, progress};
use crate::compose::Composition;
#[cfg(feature = "admin")]
use crate::serve::Admin;
use crate::serve::{HttpOptions, ReadyWhen, ServeError};

/// What a person is told who serves a client over a terminal: else it looks as if nothing happened.
const WAITING: &str = "waiting for an MCP client on stdin (Ctrl-D ends it); `list` shows what is offered, `--http 127.0.0.1:8808` serves clients over HTTP";

/// How a composition is served.
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    front: Front,
    #[command(flatten)]
    http: HttpArgs,
    /// Watch no files: neither the configuration, of which children that change are replaced, nor those that children
    /// are restarted for.
    #[arg(long)]
    no_watch: bool,
    #[cfg(feature = "admin")]
    #[command(flatten)]
    admin: AdminArgs,
    /// When `/readyz` says that the server is ready.
    #[arg(long, value_name = "WHEN")]
    ready: Option<Ready>,
}

/// When enough children can be called.
#[derive(Debug, Clone, Copy, PartialEq, clap::ValueEnum)]
enum Ready {
    /// One child can be called.
    Any,
    /// Every child can be called that is not optional.
    Required,
    /// Every child can be called.
    All,
}

/// The status page.
#[cfg(feature = "admin")]
#[derive(Debug, Default, PartialEq, Args)]
struct AdminArgs {
    /// Serve a status page at this address as well, with /livez, /readyz and /startupz.
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    admin: Option<SocketAddr>,
    /// Show the status page only to those who know the token in this environment variable.
    #[arg(long, value_name = "NAME", requires = "admin")]
    admin_token_env: Vec<String>,
    /// Show the status page only to those who know a token of this file: on each line `TOKEN` or `NAME:TOKEN`.
    #[arg(long, value_name = "FILE", requires = "admin")]
    admin_token_file: Vec<PathBuf>,
    /// Serve the status page under this host name or address too.
    #[arg(long, value_name = "HOST[:PORT]", requires = "admin")]
    admin_allow_host: Vec<String>,
}

#[cfg(feature = "admin")]
impl AdminArgs {
    /// `composition`, with the page that was asked for.
    fn add_to(self, composition: Composition) -> Result<Composition, ServeError> {
        let Some(address) = self.admin else {
            return Ok(composition);
        };
        let who = HttpArgs {
            auth_token_env: self.admin_token_env,
            auth_token_file: self.admin_token_file,
            allow_host: self.admin_allow_host,
            allow_origin: Vec::new(),
        };
        Ok(composition.admin(Admin::at(address).options(who.options()?)))
    }
}

/// Where clients come in.
#[derive(Debug, Default, PartialEq, Args)]
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
struct HttpArgs {
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
    fn options(self) -> Result<HttpOptions, ServeError> {
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

impl ServeArgs {
    /// Takes one front where none was named: stdio, since a program that starts us without
    /// arguments is an MCP client. A person gets none.
    pub(super) fn or_stdio(mut self, terminal: bool) -> Option<Self> {
        if self.front.http.is_none() && !self.front.stdio {
            self.front.stdio = !terminal;
        }
        (self.front.stdio || self.front.http.is_some()).then_some(self)
    }

    /// Whether files are watched meanwhile.
    pub(super) fn watches(&self) -> bool {
        !self.no_watch
    }

    pub(super) async fn run(self, mut composition: Composition) -> Result<(), Failure> {
        if let Some(ready) = self.ready {
            composition = composition.ready_when(match ready {
                Ready::Any => ReadyWhen::Any,
                Ready::Required => ReadyWhen::Required,
                Ready::All => ReadyWhen::All,
            });
        }
        #[cfg(feature = "admin")]
        let mut composition = self.admin.add_to(composition)?;
        match self.front.http {
            Some(address) => {
                let options = self.http.options()?;
                composition.showing = Some(progress::of_served);
                Ok(composition.serve_http_with(address, options).await?)
            }
            None => {
                if io::stdin().is_terminal() {
                    // Nobody is left to tell when stderr is closed.
                    let _ = writeln!(io::stderr(), "{WAITING}");
                }
                Ok(composition.serve_stdio().await?)
            }
        }
    }
}

/// `HOST:PORT`; a port alone, and `localhost`, stand for the loopback address.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
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
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn parse(args: &[&str]) -> Option<ServeArgs> {
        let args = ["factory"].iter().chain(args);
        Program::try_parse_from(args).ok().map(|it| it.serve)
    }

    #[test]
    fn a_client_that_starts_us_gets_stdio_and_a_person_gets_help() {
        let front = |args: &[&str], terminal| parse(args).expect("arguments").or_stdio(terminal);
        assert!(front(&[], false).is_some_and(|serve| serve.front.stdio));
        assert_eq!(front(&[], true), None);
        assert!(front(&["--stdio"], true).is_some_and(|serve| serve.front.stdio));
        assert!(front(&["--http", "0"], true).is_some_and(|serve| !serve.front.stdio));
        assert!(front(&["--http", "0"], false).is_some_and(|serve| !serve.front.stdio));
    }

    #[test]
    fn an_address_may_be_short() {
        let http = |text: &str| parse(&["--http", text]).and_then(|serve| serve.front.http);
        let here = |port| Some(SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!(http("127.0.0.1:8808"), here(8808));
        assert_eq!(http("localhost:1"), here(1));
        assert_eq!(http(":2"), here(2));
        assert_eq!(http("0"), here(0));
        assert_eq!(http("example"), None);
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
        let expected = ServeArgs {
            front: Front {
                stdio: false,
                http: Some(SocketAddr::from(([0, 0, 0, 0], 1))),
            },
            http: HttpArgs {
                auth_token_env: vec!["ONE".into(), "TWO".into()],
                auth_token_file: vec!["tokens".into()],
                allow_host: vec!["mcp.example.com".into()],
                allow_origin: vec!["https://app.example.com".into()],
            },
            ..ServeArgs::default()
        };
        assert_eq!(parse(&args), Some(expected));
        for wrong in [
            &["--stdio", "--http", "0"][..],
            &["--auth-token-env", "TOKEN"],
            &["--stdio", "--allow-host", "example.com"],
        ] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
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
}
