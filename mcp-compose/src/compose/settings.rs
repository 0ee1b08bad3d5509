//! What holds for the composition as a whole.

/// The settings of a composition: who it says it is, and how it makes names.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) title: Option<String>,
    pub(crate) instructions: Option<String>,
    /// Stands between a namespace and a name.
    pub(crate) separator: String,
    /// The longest exposed name; longer ones are shortened with a hash.
    pub(crate) max_name: usize,
    /// Refuse to start on a collision or an over-long name, rather than resolve it.
    pub(crate) strict: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            name: "mcp-compose".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            title: None,
            instructions: None,
            separator: "_".to_owned(),
            max_name: 64,
            strict: false,
        }
    }
}
