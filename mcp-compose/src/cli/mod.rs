//! The command line: of a composition's own binary, and of `mcp-compose` with a file.

mod args;
mod ask;
mod call;
mod client;
mod command;
mod field;
mod import;
mod inbox;
mod install;
mod list;
mod log;
mod program;
mod secret;
mod serve;
mod settings;
mod shown;
mod terminal;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use self::args::{ComposedArgs, FileArgs, FileCommand};
use self::client::RequestError;
use self::program::Program;
use self::serve::ServeArgs;
use crate::compose::Composition;
use crate::serve::ServeError;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
enum Failure {
    /// It was asked for the wrong thing.
    Usage(String),
    /// It could not be done.
    Failed(String),
    /// It was done, and what came out is itself a failure that was shown.
    Shown,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Failed(error.to_string())
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        let pages = ask::pages_first(&error);
        let RequestError { code, message, .. } = error;
        Failure::Failed(format!("{} ({code}){pages}", shown::block(&message)))
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let message = error.to_string();
        match error {
            ServeError::Io(_) => Failure::Failed(message),
            // It cannot be done as asked.
            _ => Failure::Usage(message),
        }
    }
}

impl Composition {
    /// Gives this program the command line of a composition: `--stdio`, `--http HOST:PORT`, `list`,
    /// `call NAME JSON`, and for the settings of MCP clients `install`, `uninstall` and `import`. Without arguments it serves over stdio the client that started it, or
    /// shows a person its help.
    ///
    /// What it returns is the exit code: 0, 1 for what failed, or 2 for what cannot be done as asked.
    /// The log goes to stderr, as `MCP_COMPOSE_LOG` says; a log that the program has set up stays.
    ///
    /// ```no_run
    /// use mcp_compose::compose;
    ///
    /// #[tokio::main]
    /// async fn main() -> std::process::ExitCode {
    ///     compose! { database: stdio("tsx", "db.ts") }.run().await
    /// }
    /// ```
    pub async fn run(self) -> ExitCode {
        run(self).await
    }
}

async fn run(composition: Composition) -> ExitCode {
    let args = match ComposedArgs::try_parse() {
        Ok(args) => args,
        Err(error) => return refused(&error),
    };
    let settings = &composition.settings;
    if args.version {
        let line = format!("{} {}\n", settings.name(), settings.version());
        let written = io::stdout().write_all(line.as_bytes());
        return exit(written.map_err(Failure::from));
    }
    let steps = args::next_steps(settings.name());
    let composition = match args.profile {
        Some(profile) => composition.only(profile),
        None => composition,
    };
    let program = Program::Composed(Box::new(composition));
    if let Some(command) = args.command {
        return exit(command.run(program).await);
    }
    if let Some(serve) = args.serve.or_stdio(io::stdin().is_terminal()) {
        return exit(served(serve, program).await);
    }
    // Nobody is left to tell when stderr is closed.
    let _ = write!(io::stderr(), "{}\n{steps}", args::composed_help());
    ExitCode::from(2)
}

/// Runs `mcp-compose`, which takes its composition from a file.
pub async fn main() -> ExitCode {
    let args = match FileArgs::try_parse() {
        Ok(args) => args,
        Err(error) => return refused(&error),
    };
    let program = Program::File(args.config, args.profile);
    exit(match args.command {
        FileCommand::Common(command) => command.run(program).await,
        FileCommand::Serve(serve) => match serve.or_stdio(io::stdin().is_terminal()) {
            Some(serve) => served(serve, program).await,
            None => Err(Failure::Usage(
                "say where clients connect: `--stdio`, or `--http 127.0.0.1:8808`".to_owned(),
            )),
        },
    })
}

async fn served(serve: ServeArgs, program: Program) -> Result<(), Failure> {
    serve.run(program.composition()?).await
}

/// Shows clap's answer: help goes to stdout and is no failure.
fn refused(error: &clap::Error) -> ExitCode {
    // Nobody is left to tell when the stream is closed.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    }
}

fn exit(result: Result<(), Failure>) -> ExitCode {
    let (code, message) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Shown) => return ExitCode::from(1),
        Err(Failure::Failed(message)) => (1, message),
        Err(Failure::Usage(message)) => (2, message),
    };
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(code)
}
