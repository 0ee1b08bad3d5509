//! What can be asked of a composition besides serving it.

use clap::Subcommand;

use super::Failure;
use super::call::{self, CallArgs};
use super::complete::{self, CompleteArgs};
use super::doctor::{self, DoctorArgs};
use super::health::{self, HealthArgs};
use super::import::{self, ImportArgs};
use super::install::{self, InstallArgs, UninstallArgs};
use super::list::{self, ListArgs};
use super::pages::{self, CompletionsArgs, ManArgs};
use super::program::Program;
use super::prompt::{self, PromptArgs};
use super::read::{self, ReadArgs};
use super::version::{self, VersionArgs};

/// The command line that these commands are a part of.
pub(super) struct Whole {
    pub(super) command: clap::Command,
    /// Those that lead to these commands.
    pub(super) words: Vec<String>,
}

/// The commands of every composition: of a binary that is one, and of `mcp-compose` with a file.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show all that is offered.
    List(ListArgs),
    /// Call a tool.
    Call(CallArgs),
    /// Find out what is wrong, and what to do about it.
    Doctor(DoctorArgs),
    /// Ask a running server whether it is ready.
    Health(HealthArgs),
    /// Read a resource.
    Read(ReadArgs),
    /// Fill a prompt in.
    Prompt(PromptArgs),
    /// Show what an argument may be.
    Complete(CompleteArgs),
    /// Enter the composition in the settings of MCP clients.
    Install(InstallArgs),
    /// Take the composition out of the settings of MCP clients.
    Uninstall(UninstallArgs),
    /// Make a composition of the servers in a client's settings.
    Import(ImportArgs),
    /// Print a script with which a shell completes the arguments.
    Completions(CompletionsArgs),
    /// Print the manual page.
    Man(ManArgs),
    /// Show what this is, and what it speaks.
    Version(VersionArgs),
}

impl Command {
    /// Only what needs them starts children.
    pub(super) async fn run(self, program: Program, whole: Whole) -> Result<(), Failure> {
        match self {
            Self::List(args) => list::run(args, program.composition()?).await,
            Self::Call(args) => call::run(args, program.composition()?).await,
            Self::Doctor(args) => {
                let (composition, unread) = program.specimen()?;
                doctor::run(args, composition, unread).await
            }
            Self::Health(args) => health::run(args).await,
            Self::Read(args) => read::run(args, program.composition()?).await,
            Self::Prompt(args) => prompt::run(args, program.composition()?).await,
            Self::Complete(args) => complete::run(args, program.composition()?).await,
            Self::Install(args) => {
                let mut subject = program.startable_subject()?;
                subject.args.splice(0..0, whole.words);
                install::run(&args, &subject).await
            }
            Self::Uninstall(args) => install::undo(&args, &program.former_subject()?).await,
            Self::Import(args) => import::run(&args),
            Self::Completions(args) => pages::completions(&args, whole.command),
            Self::Man(args) => pages::man(&args, whole.command),
            Self::Version(args) => {
                let (name, version) = program.identity();
                version::run(&args, &name, &version)
            }
        }
    }
}
