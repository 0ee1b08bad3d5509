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
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::gateway::Gateway;

pub use builder::CompositionBuilder;
pub use child::{DeclaredChild, IntoChild};
pub use config::ConfigError;
pub use into::IntoComposition;
pub use options::{ChildEra, Isolation, Prefix, Relay, Restart, Validate};
pub use problem::{Problem, Severity};
pub use profile::Profile;
pub use roots::{ListedRoot, Roots};

pub(crate) use check::unknown_profile;
pub(crate) use child::{ChildSource, ChildSpec};
pub(crate) use config::Unread;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use config::parse_text as parse_config;
pub(crate) use config::{ConfigFile, Format, look_over, read as read_file};
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
/// [`from_file`] reads one from a file.
#[derive(Debug)]
#[must_use = "a composition does nothing until it is served"]
pub struct Composition {
    pub(crate) settings: Settings,
    pub(crate) children: Vec<ChildSpec>,
    /// What was found wrong while it was declared.
    pub(crate) problems: Vec<Problem>,
    /// The file that it was read from, and that is watched while it is served.
    pub(crate) file: Option<ConfigFile>,
    /// Shows how children are getting on while it is served, to its end or until all have started.
    pub(crate) showing: Option<fn(Arc<Gateway>) -> BoxFuture<'static, ()>>,
}

/// Reads a composition from a file: TOML where its name ends in `.toml`, else JSON in the
/// `mcpServers` form that MCP clients use. In `compose!` it is in scope, for `..from_file(path)?`.
///
/// In TOML each child is a table, with the keys of this crate's builders:
///
/// ```toml
/// name = "factory"
///
/// [children.database]
/// command = "npx"
/// args = ["tsx", "db.ts"]
/// env = { TOKEN = "${DB_TOKEN}" }
///
/// [children.manufact]
/// url = "https://mcp.example.com/mcp"
/// tools = ["search_*"]
/// ```
///
/// `${VAR}`, `${env:VAR}` and `${VAR:-default}` stand for environment variables. A relative `cwd`
/// or `command` path is taken from the file's folder, and a relative `path` from the folder that
/// this program runs in. The name and the other settings of a file that is spread into a
/// composition are not taken over.
///
/// # Errors
/// When the file cannot be read or is wrong; all that is wrong is told at once, each with its
/// place.
///
/// ```
/// use mcp_compose::{Composition, ConfigError, compose};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("compose.toml");
/// # std::fs::write(&path, "[children.notes]\ncommand = \"notes-server\"\n").unwrap();
/// fn composition(path: &std::path::Path) -> Result<Composition, ConfigError> {
///     Ok(compose! {
///         name = "factory",
///         ..from_file(path)?,
///         database: stdio("tsx", "db.ts"),
///     })
/// }
/// # assert!(composition(&path).unwrap().check().is_empty());
/// ```
pub fn from_file(path: impl AsRef<Path>) -> Result<Composition, ConfigError> {
    Composition::from_file(path)
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

    /// As [`from_file`].
    ///
    /// # Errors
    /// When the file cannot be read or is wrong; all that is wrong is told at once, each with
    /// its place.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Composition, ConfigError> {
        let mut composition = config::read(path.as_ref())?;
        composition.file = None;
        Ok(composition)
    }

    /// No file is watched while it is served.
    pub(crate) fn watch_nothing(&mut self) {
        self.file = None;
        for child in &mut self.children {
            if let ChildSource::Stdio(process) = &mut child.source {
                process.watch.clear();
            }
        }
    }

    /// As [`from_file`](Self::from_file), where what is wrong with a server costs that one only.
    ///
    /// # Errors
    /// When nothing can be made of the file at all.
    pub(crate) fn from_what_can_be_read(
        path: &Path,
    ) -> Result<(Composition, Vec<Unread>), ConfigError> {
        config::read_what_can_be(path)
    }

    /// Leaves out the children of other labels, and what profiles say of them.
    pub(crate) fn keep_children(&mut self, is_kept: impl Fn(&str) -> bool) {
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.children)
            .into_iter()
            .partition(|child| is_kept(&child.label()));
        self.children = kept;
        let gone: Vec<_> = gone
            .iter()
            .filter_map(|child| child.namespace.as_ref())
            .collect();
        for (_, profile) in &mut self.settings.profiles {
            Arc::make_mut(profile)
                .children
                .retain(|child| !gone.iter().any(|gone| gone.as_str() == child));
        }
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
