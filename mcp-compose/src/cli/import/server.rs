//! Servers as they are found in the files of clients.

use super::text::Text;

/// What a file comes to.
#[derive(Debug, Default)]
pub(super) struct Imported {
    pub(super) servers: Vec<Server>,
    /// Another separator, if the namespaces are ambiguous with `_`.
    pub(super) separator: Option<&'static str>,
    pub(super) variables: super::variables::Variables,
    /// What people should know, each with its place.
    pub(super) notes: Vec<String>,
}

/// One server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) namespace: String,
    pub(super) kind: Kind,
    pub(super) limits: Limits,
    pub(super) tools: Vec<String>,
    pub(super) hide: Vec<String>,
    /// Why it takes no part.
    pub(super) off: Option<String>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Stdio {
        program: Text,
        args: Vec<Text>,
        env: Vec<(String, Text)>,
        cwd: Option<Text>,
    },
    Http {
        url: Text,
        headers: Vec<(String, Text)>,
    },
}

/// In seconds.
#[derive(Debug, Default)]
pub(super) struct Limits {
    pub(super) call: Option<f64>,
    pub(super) start: Option<f64>,
}
