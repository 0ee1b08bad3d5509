//! The command line: of a composition's own binary, and of `mcp-compose` with a file.

mod args;
mod ask;
mod call;
mod client;
mod field;
mod import;
mod inbox;
mod install;
mod list;
mod log;
mod secret;
mod settings;
mod shown;
mod terminal;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use self::args::{Action, ComposedArgs, FileArgs};
use self::client::{Client, InProcess, RequestError};
use self::install::{Subject, Talk};
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
    let subject = Subject {
        name: name.to_owned(),
        args: vec!["--stdio".to_owned()],
    };
    if let Some(result) = set_up(&subject, &action).await {
        return exit(result);
    }
    log::init();
    exit(act(composition, action).await)
}

/// Runs `mcp-compose`, which takes its composition from a file.
pub async fn main() -> ExitCode {
    let (config, action) = match FileArgs::try_parse() {
        Ok(args) => args.parts(),
        Err(error) => return refused(&error),
    };
    match subject_of(config.as_deref(), &action) {
        Ok(Some(subject)) => {
            if let Some(result) = set_up(&subject, &action).await {
                return exit(result);
            }
        }
        Ok(None) => {}
        Err(failure) => return exit(Err(failure)),
    }
    let Some(config) = config else {
        return exit(Err(Failure::Usage("`--config FILE` is missing".to_owned())));
    };
    log::init();
    let composition = match Composition::from_file(&config) {
        Ok(composition) => composition,
        Err(error) => return exit(Err(Failure::Usage(error.to_string()))),
    };
    exit(act(composition, action).await)
}

/// Does what concerns the settings of clients, for which no child is started; `None` for anything else.
async fn set_up(subject: &Subject, action: &Action) -> Option<Result<(), Failure>> {
    let (mut out, mut notes) = (io::stdout(), io::stderr());
    let talk = Talk {
        out: &mut out,
        notes: &mut notes,
        terminal: Console::of_process(),
    };
    match action {
        Action::Install(args) => Some(install::install(subject, args, talk).await),
        Action::Uninstall(args) => Some(install::uninstall(subject, args, talk).await),
        Action::Import(args) => Some(import::import(args, talk.out, talk.notes)),
        Action::Stdio | Action::Http(..) | Action::List { .. } | Action::Call { .. } => None,
    }
}

/// What a client is to start for a file. Its variables need not be set here, so it is not read as a composition.
fn subject_of(config: Option<&Path>, action: &Action) -> Result<Option<Subject>, Failure> {
    let wanted = matches!(
        action,
        Action::Install(_) | Action::Uninstall(_) | Action::Import(_)
    );
    let Some(file) = config.filter(|_| wanted) else {
        return Ok(wanted.then(|| Subject {
            name: String::new(),
            args: Vec::new(),
        }));
    };
    let broken = |why: String| Failure::Usage(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| broken(error.to_string()))?;
    let value = settings::Syntax::Json.value(&text);
    let value = value.map_err(|wrong| broken(wrong.to_string()))?;
    let name = value.get("name").and_then(serde_json::Value::as_str);
    let path = std::path::absolute(file)?.into_os_string().into_string();
    let path =
        path.map_err(|path| broken(format!("{} is not text", PathBuf::from(path).display())))?;
    let args = ["serve", "--config", &path, "--stdio"];
    Ok(Some(Subject {
        name: name.unwrap_or_default().to_owned(),
        args: args.map(str::to_owned).to_vec(),
    }))
}

async fn act(composition: Composition, action: Action) -> Result<(), Failure> {
    report_problems(&composition)?;
    match action {
        Action::Stdio => Ok(composition.serve_stdio().await?),
        Action::Http(address, front) => {
            let options = front.options()?;
            Ok(composition.serve_http_with(address, options).await?)
        }
        // Done before, without the composition.
        Action::Install(_) | Action::Uninstall(_) | Action::Import(_) => Ok(()),
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
