//! What holds for the composition as a whole.

use std::sync::Arc;

use super::{Namespace, Profile};
#[cfg(feature = "admin")]
use crate::serve::Admin;
use crate::serve::ReadyWhen;

/// The settings of a composition: who it says it is, and how it makes names.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The name and version that were set.
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    /// The name and version of the program that declares the composition.
    pub(crate) package: (String, String),
    pub(crate) title: Option<String>,
    pub(crate) instructions: Option<String>,
    /// Stands between a namespace and a name.
    pub(crate) separator: String,
    /// The longest exposed name; longer ones are shortened with a hash.
    pub(crate) max_name: usize,
    /// Refuse to start on a collision or an over-long name, rather than resolve it.
    pub(crate) strict: bool,
    /// When `/readyz` says so.
    pub(crate) ready: ReadyWhen,
    /// Where the status page is, if anywhere.
    #[cfg(feature = "admin")]
    pub(crate) admin: Option<Admin>,
    /// Parts that are served under names of their own.
    pub(crate) profiles: Vec<(Namespace, Arc<Profile>)>,
    /// Whether each child is served by itself, under its own names, as well.
    pub(crate) child_endpoints: bool,
    /// The one profile, or child, that is served.
    pub(crate) only: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            name: None,
            version: None,
            package: (
                "mcp-compose".to_owned(),
                env!("CARGO_PKG_VERSION").to_owned(),
            ),
            title: None,
            instructions: None,
            separator: "_".to_owned(),
            max_name: 64,
            strict: false,
            ready: ReadyWhen::default(),
            #[cfg(feature = "admin")]
            admin: None,
            profiles: Vec::new(),
            child_endpoints: false,
            only: None,
        }
    }
}

impl Settings {
    /// The server's name: the one that was set, else that of the program.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.package.0)
    }

    /// The server's version: the one that was set, else that of the program.
    pub(crate) fn version(&self) -> &str {
        self.version.as_deref().unwrap_or(&self.package.1)
    }
}
