//! Compositions: what is declared, before anything runs.

mod builder;
mod check;
mod child;
mod config;
mod glob;
mod into;
mod map_tool;
mod namespace;
mod options;
mod preflight;
mod problem;
mod profile;
mod roots;
mod secret;
mod settings;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use builder::CompositionBuilder;
pub use child::{DeclaredChild, IntoChild};
pub use config::ConfigError;
pub use into::IntoComposition;
pub use options::{ChildEra, Isolation, Prefix, Relay, Restart, Validate};
pub use problem::{Problem, Severity};
pub use profile::Profile;
pub use roots::{ListedRoot, Roots};

pub(crate) use child::{ChildSource, ChildSpec};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use config::parse_text as parse_config;
pub(crate) use glob::Glob;
pub(crate) use map_tool::MapTool;
pub(crate) use namespace::Namespace;
pub(crate) use options::ChildOptions;
pub(crate) use profile::Reach;
pub(crate) use secret::Secret;
pub(crate) use settings::Settings;

/// A declared whole: settings and children, in order. Nothing has been started yet.
///
/// `compose!` makes one; [`Composition::builder`] is the long form, and
/// [`Composition::from_file`] reads a standard `mcpServers` file.
#[derive(Debug)]
#[must_use = "a composition does nothing until it is served"]
pub struct Composition {
    pub(crate) settings: Settings,
    pub(crate) children: Vec<ChildSpec>,
    /// What was found wrong while it was declared.
    pub(crate) problems: Vec<Problem>,
}

impl Composition {
    /// Starts an empty composition.
    ///
    /// ```
    /// use mcp_compose::Composition;
    /// use mcp_compose::child::{http, stdio};
    ///
    /// let composition = Composition::builder()
    ///     .name("factory")
    ///     .child("database", stdio("tsx").arg("db.ts"))
    ///     .child("orders", http("https://orders.example.com/mcp"))
    ///     .build();
    /// assert!(composition.check().is_empty());
    /// ```
    pub fn builder() -> CompositionBuilder {
        CompositionBuilder::default()
    }

    /// Reads a composition from a JSON file in the `mcpServers` form that MCP clients use.
    ///
    /// Besides `command`, `args`, `env`, `cwd`, `url` and `headers` a server takes the options
    /// of this crate: `namespace` (`""` for no prefix), `timeout` (seconds), `era`, `validate`,
    /// `lazy`, `optional`, `tools`, `hide`, `rename`, `describe` and `disabled`. `${VAR}`,
    /// `${env:VAR}` and `${VAR:-default}` stand for environment variables. A relative `cwd` or
    /// `command` path is taken from the file's folder.
    ///
    /// # Errors
    /// When the file cannot be read or is wrong; all that is wrong is told at once, each with
    /// its place.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Composition, ConfigError> {
        config::read(path.as_ref())
    }

    /// Serves nothing but a [profile](CompositionBuilder::profile), or one child by itself under its
    /// own names, whatever the clients connect by. Children that are not in it start only if the
    /// program itself calls them.
    ///
    /// ```
    /// use mcp_compose::{Composition, child::stdio};
    ///
    /// let composition = Composition::builder()
    ///     .child("docs", stdio("docs-server"))
    ///     .profile("reading", ["docs_search"])
    ///     .build();
    /// let reading = composition.only("reading");
    /// assert!(reading.check().is_empty());
    /// ```
    pub fn only(mut self, name: impl Into<String>) -> Self {
        self.settings.only = Some(name.into());
        self
    }

    /// All that is wrong and can be seen without starting a child.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = check::declarations(self);
        problems.extend(check::local_names(self));
        problems
    }
}
