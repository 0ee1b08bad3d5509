//! The command line: of a composition's own binary, and of `mcp-compose` with a file.

mod args;
mod backend;
mod call;
mod list;
mod log;
mod relay;
mod shown;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use self::args::{Action, ComposedArgs, FileArgs};
use self::backend::{Backend, Client};
#[cfg(test)]
use self::backend::RequestError;
use self::relay::Relay;
use crate::compose::Composition;

impl Composition {
    /// Gives this process the composition's command line: `--stdio`, `--http ADDRESS`, `list` and
    /// `call NAME JSON`. A program that is nothing but a composition ends with it:
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
        run(self, &Relay).await
    }
}

/// What the binary `mcp-compose` does: as [`Composition::run`], for a composition that a file
/// declares.
#[doc(hidden)]
pub async fn main() -> ExitCode {
    run_file(&Relay).await
}

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
        Failure::Failed(format!("cannot write to stdout: {error}"))
    }
}

/// Runs `composition` as the arguments of this process say.
pub(crate) async fn run<B: Backend>(composition: Composition, backend: &B) -> ExitCode {
    let name = &composition.settings.name;
    let args = match ComposedArgs::try_parse() {
        Ok(args) => args,
        Err(error) => return refused(&error),
    };
    if args.version {
        let line = format!("{name} {}\n", composition.settings.version);
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
    exit(act(composition, action, backend).await)
}

/// Runs `mcp-compose`, which takes its composition from a file.
pub(crate) async fn run_file<B: Backend>(backend: &B) -> ExitCode {
    let (config, action) = match FileArgs::try_parse() {
        Ok(args) => args.parts(),
        Err(error) => return refused(&error),
    };
    log::init();
    let composition = match Composition::from_file(&config) {
        Ok(composition) => composition,
        Err(error) => return exit(Err(Failure::Usage(error.to_string()))),
    };
    exit(act(composition, action, backend).await)
}

async fn act<B: Backend>(
    composition: Composition,
    action: Action,
    backend: &B,
) -> Result<(), Failure> {
    report_problems(&composition)?;
    let mut out = io::stdout();
    match action {
        Action::Stdio => backend
            .serve_stdio(composition)
            .await
            .map_err(Failure::Failed),
        Action::Http(address) => backend
            .serve_http(composition, address)
            .await
            .map_err(Failure::Failed),
        Action::List { json } => {
            let client = backend.client(composition).await.map_err(Failure::Failed)?;
            let result = list::list(&client, json, &mut out).await;
            client.close().await;
            result
        }
        Action::Call {
            name,
            arguments,
            json,
        } => {
            let arguments = call::checked_arguments(&arguments)?;
            let plain = json || !out.is_terminal();
            let client = backend.client(composition).await.map_err(Failure::Failed)?;
            let result = call::call(&client, &name, arguments, json, plain, &mut out).await;
            client.close().await;
            result
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
