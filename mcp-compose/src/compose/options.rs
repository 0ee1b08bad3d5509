//! What can be set for a child of any kind.

use std::borrow::Cow;
use std::time::Duration;

use super::glob::Glob;
use super::map_tool::MapTool;
use super::roots::Roots;

/// How long a lazy child may be unused, unless that is set.
const LAZY_IDLE: Duration = Duration::from_secs(30 * 60);

/// Which era of the protocol a child speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChildEra {
    /// Find out: ask for the modern era with a short bound, then fall back to the legacy one.
    #[default]
    Auto,
    /// 2024-11-05 to 2025-11-25, with `initialize`.
    Legacy,
    /// 2026-07-28, with `server/discover`.
    Modern,
}

/// What is checked against the child's own JSON Schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validate {
    /// Arguments, before the child is bothered with them.
    #[default]
    Arguments,
    /// Nothing.
    Off,
    /// Arguments, and structured results against the output schema.
    ArgumentsAndOutput,
}

/// Whose session of a child a call is made on.
///
/// It matters for children up to 2025-11-25: what such a child asks in the middle of a call (for
/// sampling, elicitation, roots) can only reach the client that caused it when the child has a
/// session that no other client uses. A child of 2026-07-28 asks in its results, so that one session
/// serves all; a typed server of this process and a [`session`](crate::child::session()) are one
/// session in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// Clients that can be asked nothing share one session. Each of the others is given a session
    /// of its own (a process of its own for a stdio child) with its first call, which is told what
    /// that client can be asked.
    #[default]
    Auto,
    /// One session serves all clients, and is told that none of them can be asked.
    Shared,
    /// Each client has a session of its own, from its first call until it leaves, for the sake of
    /// what the child keeps between calls.
    PerClient,
}

/// What becomes of a child's questions of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Relay {
    /// They go to the client that caused them, if it has declared that it can be asked.
    #[default]
    Relay,
    /// The child is told that nobody can be asked; what it asks all the same is refused.
    Deny,
}

/// Whether the names of a child's tools and prompts get its namespace before them. The URIs of its resources have it in
/// any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prefix {
    /// All do: what a child's names are does not depend on other children.
    #[default]
    Always,
    /// Those do that an earlier child, or this server's own tools, have taken. A name can then change when another child
    /// changes.
    OnConflict,
    /// None does. Where two are the same, the first one stays and the other gets a hash.
    Never,
}

/// Whether a child that is down is started again. It is about the session that all clients share; those of single
/// clients are started with the next call that needs one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restart {
    /// As often as it takes: after pauses that grow from 200 ms on, and once a minute after five
    /// failures in a row (starts that fail, sessions that end within a minute). Calls to such a
    /// child fail at once; one that comes half a minute after the last try has it tried again.
    #[default]
    Always,
    /// Never: calls fail from then on.
    Never,
    /// So many times in a row. A session of a minute begins a new row.
    AtMost(u32),
}

impl Restart {
    /// Whether there may be another start after so many.
    pub(crate) fn allows(self, restarts: u32) -> bool {
        match self {
            Restart::Always => true,
            Restart::Never => false,
            Restart::AtMost(most) => restarts < most,
        }
    }
}

/// The options that every kind of child has.
#[derive(Debug, Clone)]
pub(crate) struct ChildOptions {
    /// How long a call may be silent.
    pub(crate) timeout: Duration,
    /// How long a call may take, whatever progress it reports.
    pub(crate) max_timeout: Duration,
    pub(crate) init_timeout: Duration,
    pub(crate) list_timeout: Duration,
    pub(crate) era: ChildEra,
    pub(crate) validate: Validate,
    pub(crate) isolation: Isolation,
    pub(crate) sampling: Relay,
    pub(crate) elicitation: Relay,
    pub(crate) roots: Roots,
    /// Sessions of single clients that may run at once.
    pub(crate) max_instances: usize,
    /// How long such a session may be unused.
    pub(crate) idle_after: Duration,
    /// How long the session that all share may be unused. `None`: as long as it takes, unless the
    /// child is lazy.
    pub(crate) idle_stop: Option<Duration>,
    /// How long an answer of a client is waited for.
    pub(crate) question_timeout: Duration,
    /// Calls that may wait for a client's retry at once.
    pub(crate) max_parked: usize,
    /// Start on the first call that needs it.
    pub(crate) lazy: bool,
    /// Its failure to start is no reason to complain loudly.
    pub(crate) optional: bool,
    pub(crate) prefix: Prefix,
    pub(crate) restart: Restart,
    pub(crate) tools: Filter,
    pub(crate) prompts: Filter,
    /// Of resources, by URI, and of templates.
    pub(crate) resources: Filter,
    pub(crate) map_tool: Option<MapTool>,
    /// Original tool name to the name that replaces it.
    pub(crate) rename: Vec<(String, String)>,
    /// The same of prompts.
    pub(crate) rename_prompts: Vec<(String, String)>,
    /// Original tool name to the description that replaces the child's.
    pub(crate) describe: Vec<(String, String)>,
    pub(crate) max_in_flight: usize,
    /// In bytes.
    pub(crate) max_message: usize,
}

impl Default for ChildOptions {
    fn default() -> Self {
        ChildOptions {
            timeout: Duration::from_secs(60),
            max_timeout: Duration::from_secs(600),
            init_timeout: Duration::from_secs(30),
            list_timeout: Duration::from_secs(15),
            era: ChildEra::Auto,
            validate: Validate::Arguments,
            isolation: Isolation::Auto,
            sampling: Relay::Relay,
            elicitation: Relay::Relay,
            roots: Roots::Relay,
            max_instances: 32,
            idle_after: Duration::from_secs(600),
            idle_stop: None,
            question_timeout: Duration::from_secs(300),
            max_parked: 64,
            lazy: false,
            optional: false,
            prefix: Prefix::Always,
            restart: Restart::Always,
            tools: Filter::default(),
            prompts: Filter::default(),
            resources: Filter::default(),
            map_tool: None,
            rename: Vec::new(),
            rename_prompts: Vec::new(),
            describe: Vec::new(),
            max_in_flight: 64,
            max_message: 16 << 20,
        }
    }
}

impl ChildOptions {
    /// How long a start may take in all.
    pub(crate) fn start_bound(&self) -> Duration {
        self.init_timeout.saturating_add(self.list_timeout)
    }

    /// How long the session that all share may be unused before it is stopped.
    pub(crate) fn idle_stop(&self) -> Option<Duration> {
        self.idle_stop.or(self.lazy.then_some(LAZY_IDLE))
    }

    /// The name, before the namespace, under which tool `original` is exposed; `None` when it is not.
    pub(crate) fn tool_name<'a>(&'a self, original: &'a str) -> Option<&'a str> {
        self.tools
            .allows(original)
            .then(|| renamed(&self.rename, original))
    }

    /// The name, before the namespace, under which prompt `original` is exposed; `None` when it is not.
    pub(crate) fn prompt_name<'a>(&'a self, original: &'a str) -> Option<&'a str> {
        self.prompts
            .allows(original)
            .then(|| renamed(&self.rename_prompts, original))
    }

    /// Tool `original`, which the child lists as `raw`: the name that it has before the namespace, and how it is listed,
    /// but for that name and a description of ours. `Ok(None)`: it is not exposed.
    ///
    /// # Errors
    /// Why it cannot be.
    pub(crate) fn listed<'a>(
        &self,
        original: &str,
        raw: &'a str,
    ) -> Result<Option<(String, Cow<'a, str>)>, String> {
        let Some(name) = self.tool_name(original) else {
            return Ok(None);
        };
        let Some(map) = &self.map_tool else {
            return Ok(Some((name.to_owned(), Cow::Borrowed(raw))));
        };
        let Some((mapped, tool)) = map.apply(original, raw)? else {
            return Ok(None);
        };
        let name = if name == original {
            mapped
        } else {
            name.to_owned()
        };
        Ok(Some((name, Cow::Owned(tool))))
    }

    /// Whether a resource, or a template, is exposed.
    pub(crate) fn offers_resource(&self, original: &str) -> bool {
        self.resources.allows(original)
    }

    /// The description that replaces the child's own for tool `original`.
    pub(crate) fn description(&self, original: &str) -> Option<&str> {
        let described = self
            .describe
            .iter()
            .rev()
            .find(|(name, _)| name == original);
        described.map(|(_, text)| text.as_str())
    }
}

/// The name that replaces `original`, or itself.
fn renamed<'a>(renames: &'a [(String, String)], original: &'a str) -> &'a str {
    let found = renames.iter().rev().find(|(from, _)| from == original);
    found.map_or(original, |(_, to)| to)
}

/// Which of the things of one kind that a child has are exposed, by original name or URI.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// `None`: all of them.
    pub(crate) only: Option<Vec<Glob>>,
    pub(crate) hidden: Vec<Glob>,
}

impl Filter {
    /// Whether it is exposed; what is hidden never is.
    pub(crate) fn allows(&self, original: &str) -> bool {
        is_among(self.only.as_deref(), original)
            && !self.hidden.iter().any(|glob| glob.matches(original))
    }
}

fn is_among(listed: Option<&[Glob]>, name: &str) -> bool {
    listed.is_none_or(|globs| globs.iter().any(|glob| glob.matches(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hiding_wins_over_listing() {
        let options = ChildOptions {
            tools: Filter {
                only: Some(vec![Glob::new("search_*"), Glob::new("order")]),
                hidden: vec![Glob::new("search_secret")],
            },
            rename: vec![("order".into(), "buy".into())],
            ..ChildOptions::default()
        };
        assert_eq!(options.tool_name("search_parts"), Some("search_parts"));
        assert_eq!(options.tool_name("order"), Some("buy"));
        assert_eq!(options.tool_name("search_secret"), None);
        assert_eq!(options.tool_name("delete"), None);
    }

    #[test]
    fn an_empty_list_exposes_nothing() {
        let filter = Filter {
            only: Some(Vec::new()),
            hidden: Vec::new(),
        };
        assert!(!filter.allows("anything"));
    }
}
