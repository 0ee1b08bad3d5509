//! What can be asked of a composition besides serving it.

use clap::Subcommand;

use super::Failure;
use super::call::{self, CallArgs};
use super::doctor::{self, DoctorArgs};
use super::health::{self, HealthArgs};
use super::import::{self, ImportArgs};
use super::install::{self, InstallArgs, UninstallArgs};
use super::list::{self, ListArgs};
use super::program::Program;

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
    /// Enter the composition in the settings of MCP clients.
    Install(InstallArgs),
    /// Take the composition out of the settings of MCP clients.
    Uninstall(UninstallArgs),
    /// Make a composition of the servers in a client's settings.
    Import(ImportArgs),
}

impl Command {
    /// Only what needs them starts children.
    pub(super) async fn run(self, program: Program) -> Result<(), Failure> {
        match self {
            Self::List(args) => list::run(args, program.composition()?).await,
            Self::Call(args) => call::run(args, program.composition()?).await,
            Self::Doctor(args) => {
                let (composition, unread) = program.specimen()?;
                doctor::run(args, composition, unread).await
            }
            Self::Health(args) => health::run(args).await,
            Self::Install(args) => install::run(&args, &program.subject()?).await,
            Self::Uninstall(args) => install::undo(&args, &program.former_subject()?).await,
            Self::Import(args) => import::run(&args),
        }
    }
}
