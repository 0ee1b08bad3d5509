//! The command line: of a composition's own binary, and of `mcp-compose` with a file.

mod args;
mod ask;
mod call;
mod client;
mod field;
mod inbox;
mod list;
mod log;
mod shown;
mod terminal;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use self::args::{Action, ComposedArgs, FileArgs};
use self::client::{Client, InProcess, RequestError};
use self::terminal::Console;
use crate::compose::Composition;
use crate::serve::{Clients, ServeError, in_process};

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
    /// Gives this program the command line of a composition: `--stdio`, `--http HOST:PORT`, `list`
    /// and `call NAME JSON`. Without arguments it serves over stdio the client that started it, or
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
    let name = composition.settings.name();
    let args = match ComposedArgs::try_parse() {
        Ok(args) => args,
        Err(error) => return refused(&error),
    };
    if args.version {
        let line = format!("{name} {}\n", composition.settings.version());
        return exit(
            io::stdout()
                .write_all(line.as_bytes())
                .map_err(Failure::from),
        );
    }
    let Some(action) = args.action(io::stdin().is_terminal()) else {
        let mut stderr = io::stderr();
        // Nobody is left to tell when stderr is closed.
        let _ = write!(
            stderr,
            "{}\n{}",
            args::composed_help(),
            args::next_steps(name)
        );
        return ExitCode::from(2);
    };
    log::init();
    exit(act(composition, action).await)
}

/// Runs `mcp-compose`, which takes its composition from a file.
pub async fn main() -> ExitCode {
    let (config, action) = match FileArgs::try_parse() {
        Ok(args) => args.parts(),
        Err(error) => return refused(&error),
    };
    log::init();
    let composition = match Composition::from_file(&config) {
        Ok(composition) => composition,
        Err(error) => return exit(Err(Failure::Usage(error.to_string()))),
    };
    exit(act(composition, action).await)
}

async fn act(composition: Composition, action: Action) -> Result<(), Failure> {
    report_problems(&composition)?;
    match action {
        Action::Stdio => Ok(composition.serve_stdio().await?),
        Action::Http(address, front) => {
            let options = front.options()?;
            Ok(composition.serve_http_with(address, options).await?)
        }
        Action::List { json } => {
            in_process(composition, Clients::One, move |gateway| async move {
                let mut client = InProcess::connect(gateway, None::<Console>).await?;
                list::list(&mut client, json, &mut io::stdout()).await
            })
            .await?
        }
        Action::Call {
            name,
            arguments,
            json,
        } => {
            let arguments = call::checked_arguments(&arguments)?.to_owned();
            in_process(composition, Clients::One, move |gateway| async move {
                let mut client = InProcess::connect(gateway, Console::of_process()).await?;
                let mut out = io::stdout();
                let plain = !out.is_terminal();
                call::call(&mut client, &name, &arguments, json, plain, &mut out).await
            })
            .await?
        }
    }
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
