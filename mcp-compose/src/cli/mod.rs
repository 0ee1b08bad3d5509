//! The command line: of a composition's own binary, of `mcp-compose` with a file, and as a part of yours.
//!
//! [`Composition::run`] is all that a program needs that is nothing but a composition. One that has arguments of its own
//! takes [`Args`] into them, either beside its own options or as a subcommand:
//!
//! ```
//! use mcp_compose::cli::{self, clap::{self, CommandFactory, Parser}};
//!
//! #[derive(Parser)]
//! #[command(name = "factory")]
//! struct Factory {
//!     /// Which plant.
//!     #[arg(long, default_value = "basel")]
//!     plant: String,
//!     #[command(flatten)]
//!     mcp: cli::Args,
//! }
//!
//! #[derive(Parser)]
//! #[command(name = "plant")]
//! enum Plant {
//!     /// Empty the tanks.
//!     Drain,
//!     /// Be an MCP server, or look at it.
//!     Mcp(cli::Args),
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let factory = Factory::parse_from(["factory", "--plant", "bern", "version"]);
//! let composition = mcp_compose::Composition::builder().name(factory.plant).build();
//! let code = factory.mcp.run(composition).await;
//! # assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
//!
//! let Plant::Mcp(mcp) = Plant::parse_from(["plant", "mcp", "list"]) else { return };
//! let composition = mcp_compose::Composition::builder().name("plant").build();
//! let code = mcp.run_in(composition, Plant::command(), &["mcp"]).await;
//! # assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
//! # }
//! ```
//!
//! # Exit codes
//!
//! 0: done. 1: it could not be done, or what came out is a failure: a tool's error, a list without a child that is down.
//! 2: it was asked for the wrong thing, or a server answered with a protocol error. Results go to stdout, everything else
//! to stderr.

mod add;
mod args;
mod ask;
mod call;
mod children;
mod client;
mod command;
mod complete;
mod content;
mod doctor;
mod field;
mod health;
mod import;
mod inbox;
mod install;
mod keywords;
mod limits;
mod list;
mod log;
mod new;
mod pages;
mod program;
mod progress;
mod prompt;
mod read;
mod serve;
mod settings;
mod shown;
mod terminal;
mod values;
mod version;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

pub use clap;
use clap::Parser;
use clap::error::ErrorKind;

pub use self::args::Args;
use self::args::{ComposedArgs, FileArgs, FileCommand};
use self::client::RequestError;
use self::command::Whole;
use self::program::Program;
use self::serve::ServeArgs;
use crate::compose::Composition;
use crate::observe;
use crate::serve::ServeError;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
enum Failure {
    /// It was asked for the wrong thing.
    Usage(String),
    /// It could not be done.
    Failed(String),
    /// A server answered with a protocol error.
    Protocol(String),
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
        Failure::Protocol(format!("{} ({code}){pages}", shown::block(&message)))
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
    /// Gives this program the command line of a composition: `--stdio`, `--http HOST:PORT`, `list`, `call`, `read`,
    /// `prompt`, `complete`, and for the settings of MCP clients `install`, `uninstall` and `import`. Without arguments it
    /// serves over stdio the client that started it, or shows a person its help.
    ///
    /// What it returns is the exit code: 0, 1 for what failed, or 2 for what cannot be done as asked; see [`cli`](crate::cli).
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
        observed(run(self)).await
    }
}

/// The whole command line of a program that is nothing but a composition: as [`Composition::run`].
pub async fn run(composition: Composition) -> ExitCode {
    let args = match ComposedArgs::try_parse() {
        Ok(args) => args,
        Err(error) => return refused(&error),
    };
    if args.version {
        let settings = &composition.settings;
        let line = format!("{} {}\n", settings.name(), settings.version());
        let written = io::stdout().write_all(line.as_bytes());
        return exit(written.map_err(Failure::from));
    }
    args.common.run(composition).await
}

impl Args {
    /// Does what was asked for, and gives the exit code. The log goes to stderr, as `MCP_COMPOSE_LOG` says; a log that
    /// the program has set up stays.
    ///
    /// Without arguments it serves over stdio the client that started the program, or shows a person what there is and
    /// ends with 2.
    ///
    /// As if these arguments were all that there are: see [`run_in`](Self::run_in) for programs with more.
    pub async fn run(self, composition: Composition) -> ExitCode {
        let name = args::program_name(composition.settings.name());
        let command = args::composed_command(&name);
        self.run_in(composition, command, &[]).await
    }

    /// As [`run`](Self::run), within a larger program. `program` is its whole command, of which `completions` and `man`
    /// tell, and `words` are those that lead to these arguments (`["mcp"]` for `plant mcp --stdio`), with which `install`
    /// has clients start the program.
    pub async fn run_in(
        self,
        composition: Composition,
        program: clap::Command,
        words: &[&str],
    ) -> ExitCode {
        let whole = Whole {
            command: program,
            words: words.iter().map(|&word| word.to_owned()).collect(),
        };
        let name = composition.settings.name().to_owned();
        let program = Program::Composed(Box::new(composition.of(self.profile)));
        if let Some(command) = self.command {
            if *self.serve != ServeArgs::default() {
                return exit(Err(Failure::Usage(
                    "what is served cannot be looked at by the same command: leave out `--stdio` or `--http`, or the command"
                        .to_owned(),
                )));
            }
            return exit(command.run(program, whole).await);
        }
        if let Some(serve) = self.serve.or_stdio(io::stdin().is_terminal()) {
            return exit(served(serve, program).await);
        }
        let (help, steps) = (
            args::help_of(whole.command, words),
            args::next_steps(&name, words),
        );
        // Nobody is left to tell when stderr is closed.
        let _ = write!(io::stderr(), "{help}\n{steps}");
        ExitCode::from(2)
    }
}

/// Runs `mcp-compose`, which takes its composition from a file.
#[doc(hidden)]
pub async fn main() -> ExitCode {
    observed(run_file()).await
}

/// Hands over what was recorded of it, whatever the program did.
async fn observed(program: impl Future<Output = ExitCode>) -> ExitCode {
    let code = program.await;
    observe::end().await;
    code
}

async fn run_file() -> ExitCode {
    let args = match FileArgs::try_parse() {
        Ok(args) => args,
        Err(error) => return refused(&error),
    };
    let config = args.config;
    let program = Program::File(config.clone(), args.profile);
    exit(match args.command {
        FileCommand::New(args) => new::run(&args),
        FileCommand::Add(args) => add::run(&args, config),
        FileCommand::Common(command) => {
            let whole = Whole {
                command: args::file_command(),
                words: Vec::new(),
            };
            command.run(program, whole).await
        }
        FileCommand::Serve(serve) => match serve.or_stdio(io::stdin().is_terminal()) {
            Some(serve) => served(serve, program).await,
            None => Err(Failure::Usage(
                "say where clients connect: `--stdio`, or `--http 127.0.0.1:8808`".to_owned(),
            )),
        },
    })
}

async fn served(serve: ServeArgs, program: Program) -> Result<(), Failure> {
    let composition = program.served(serve.watches())?;
    serve.run(composition).await
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
        Err(Failure::Usage(message) | Failure::Protocol(message)) => (2, message),
    };
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(code)
}
