//! The children that a composition is declared with, and their options.

mod http;
mod local;
mod session;
mod stdio;

pub(crate) use http::HttpSpec;
pub use http::{Http, http};
pub use local::{Local, local};
#[cfg(feature = "rmcp")]
pub(crate) use session::RmcpSession;
pub(crate) use session::SessionSpec;
pub use session::{IntoSession, Session, session};
pub(crate) use stdio::{DEFAULT_GRACE, Environment, StdioSpec};
pub use stdio::{Stderr, Stdio, stdio};

/// The options that every kind of child has, as methods of a builder with the field `options`.
macro_rules! common_options {
    ($builder:ident) => {
        impl $builder {
            /// How long a call may go without an answer or progress. Default: 60 s.
            ///
            /// ```
            /// # use std::time::Duration;
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.timeout(Duration::from_secs(10));
            /// ```
            pub fn timeout(mut self, limit: std::time::Duration) -> Self {
                self.options.timeout = limit;
                self
            }

            /// How long a call may take in all, whatever progress it reports. Default: 600 s.
            ///
            /// ```
            /// # use std::time::Duration;
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.max_timeout(Duration::from_secs(3600));
            /// ```
            pub fn max_timeout(mut self, limit: std::time::Duration) -> Self {
                self.options.max_timeout = limit;
                self
            }

            /// How long the child may take to start and introduce itself. Default: 30 s.
            ///
            /// ```
            /// # use std::time::Duration;
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.init_timeout(Duration::from_secs(90));
            /// ```
            pub fn init_timeout(mut self, limit: std::time::Duration) -> Self {
                self.options.init_timeout = limit;
                self
            }

            /// How long the child may take to list what it offers. Default: 15 s.
            ///
            /// ```
            /// # use std::time::Duration;
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.list_timeout(Duration::from_secs(5));
            /// ```
            pub fn list_timeout(mut self, limit: std::time::Duration) -> Self {
                self.options.list_timeout = limit;
                self
            }

            /// Which era of the protocol the child speaks. Default: find out.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.era(ChildEra::Legacy);
            /// ```
            pub fn era(mut self, era: $crate::child::ChildEra) -> Self {
                self.options.era = era;
                self
            }

            /// What is checked against the child's JSON Schemas. Default: arguments.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.validate(Validate::Off);
            /// ```
            pub fn validate(mut self, validate: $crate::child::Validate) -> Self {
                self.options.validate = validate;
                self
            }

            /// Whose session of the child a call is made on. Default: one of its own for each
            /// client that the child may ask something, and one for all the others.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.isolation(Isolation::PerClient);
            /// ```
            pub fn isolation(mut self, isolation: $crate::child::Isolation) -> Self {
                self.options.isolation = isolation;
                self
            }

            /// What becomes of the child's requests for a model's text. Default: they go to the
            /// client that caused them.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.sampling(Relay::Deny);
            /// ```
            pub fn sampling(mut self, relay: $crate::child::Relay) -> Self {
                self.options.sampling = relay;
                self
            }

            /// What becomes of the child's questions to a person. Default: they go to the client
            /// that caused them.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.elicitation(Relay::Deny);
            /// ```
            pub fn elicitation(mut self, relay: $crate::child::Relay) -> Self {
                self.options.elicitation = relay;
                self
            }

            /// What the child learns when it asks for roots. Default: those of the client that
            /// caused the question.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.roots([ListedRoot::new("/srv/data").named("Data")]);
            /// # let child = stdio("server");
            /// child.roots(["/srv/data", "file:///srv/models"]);
            /// # let child = stdio("server");
            /// child.roots(Roots::Deny);
            /// ```
            pub fn roots(mut self, roots: impl Into<$crate::child::Roots>) -> Self {
                self.options.roots = roots.into();
                self
            }

            /// How many sessions of single clients the child may have at once; the longest idle
            /// one makes room for the next, and without an idle one a call waits. Default: 32.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.max_instances(4);
            /// ```
            pub fn max_instances(mut self, instances: usize) -> Self {
                self.options.max_instances = instances;
                self
            }

            /// How long a session of a single client may be unused before it is stopped.
            /// Default: 600 s.
            ///
            /// ```
            /// # use std::time::Duration;
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.idle_after(Duration::from_secs(60));
            /// ```
            pub fn idle_after(mut self, unused: std::time::Duration) -> Self {
                self.options.idle_after = unused;
                self
            }

            /// How long the session that all clients share may be unused (no call, no resource that
            /// anybody subscribes to) before it is stopped; its lists stay, and the next call starts
            /// it again. Default: 30 minutes for a [`lazy`](Self::lazy) child, never for others.
            ///
            /// It does nothing where a session lives in this process, or was opened elsewhere.
            ///
            /// ```
            /// # use std::time::Duration;
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.idle_stop(Duration::from_secs(3600));
            /// ```
            pub fn idle_stop(mut self, unused: std::time::Duration) -> Self {
                self.options.idle_stop = Some(unused);
                self
            }

            /// How long an answer to a question of the child is waited for. Default: 300 s.
            ///
            /// ```
            /// # use std::time::Duration;
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.question_timeout(Duration::from_secs(3600));
            /// ```
            pub fn question_timeout(mut self, limit: std::time::Duration) -> Self {
                self.options.question_timeout = limit;
                self
            }

            /// How many calls to the child may wait at once for the answers of clients of
            /// 2026-07-28, which come with a request of their own. Default: 64.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.max_parked(8);
            /// ```
            pub fn max_parked(mut self, calls: usize) -> Self {
                self.options.max_parked = calls;
                self
            }

            /// Starts the child when it is first needed, and stops it when it was not needed for
            /// 30 minutes ([`idle_stop`](Self::idle_stop)). Default: it starts with the
            /// composition.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.lazy();
            /// ```
            pub fn lazy(mut self) -> Self {
                self.options.lazy = true;
                self
            }

            /// Says that the composition is complete without this child: when it cannot be
            /// started, that is noted rather than reported as an error. Default: it is needed.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.optional();
            /// ```
            pub fn optional(mut self) -> Self {
                self.options.optional = true;
                self
            }

            /// Whether a child that is down is started again. Default: always.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.restart(Restart::AtMost(3));
            /// ```
            pub fn restart(mut self, restart: $crate::child::Restart) -> Self {
                self.options.restart = restart;
                self
            }

            /// Whether the names of tools and prompts get the namespace before them. Default:
            /// always. Names, handles and URIs know the child by its namespace in any case.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.prefix(Prefix::OnConflict);
            /// ```
            pub fn prefix(mut self, prefix: $crate::child::Prefix) -> Self {
                self.options.prefix = prefix;
                self
            }

            /// Exposes only these tools, by the child's own names; `*` stands for any
            /// characters. Default: all.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.tools(["search_*", "order"]);
            /// ```
            pub fn tools<I>(mut self, names: I) -> Self
            where
                I: IntoIterator,
                I::Item: Into<String>,
            {
                let globs = names.into_iter().map($crate::compose::Glob::new);
                self.options
                    .tools
                    .only
                    .get_or_insert_default()
                    .extend(globs);
                self
            }

            /// Hides these tools, by the child's own names; `*` stands for any characters.
            /// A hidden tool cannot be called. Default: none.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.hide(["delete_*"]);
            /// ```
            pub fn hide<I>(mut self, names: I) -> Self
            where
                I: IntoIterator,
                I::Item: Into<String>,
            {
                let globs = names.into_iter().map($crate::compose::Glob::new);
                self.options.tools.hidden.extend(globs);
                self
            }

            /// Exposes the tool that the child calls `from` as `to`; the namespace still goes
            /// before it.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.rename("do_it", "restart");
            /// ```
            pub fn rename(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
                self.options.rename.push((from.into(), to.into()));
                self
            }

            /// Replaces the description of the tool that the child calls `tool`.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.describe("query", "Ask the database of orders, in SQL.");
            /// ```
            pub fn describe(mut self, tool: impl Into<String>, text: impl Into<String>) -> Self {
                self.options.describe.push((tool.into(), text.into()));
                self
            }

            /// Exposes only these prompts, by the child's own names; `*` stands for any
            /// characters. Default: all.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.prompts(["plan_*"]);
            /// # let child = stdio("server");
            /// child.prompts([""; 0]); // none
            /// ```
            pub fn prompts<I>(mut self, names: I) -> Self
            where
                I: IntoIterator,
                I::Item: Into<String>,
            {
                let globs = names.into_iter().map($crate::compose::Glob::new);
                self.options
                    .prompts
                    .only
                    .get_or_insert_default()
                    .extend(globs);
                self
            }

            /// Hides these prompts, by the child's own names; `*` stands for any characters. Default:
            /// none.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.hide_prompts(["draft_*"]);
            /// ```
            pub fn hide_prompts<I>(mut self, names: I) -> Self
            where
                I: IntoIterator,
                I::Item: Into<String>,
            {
                let globs = names.into_iter().map($crate::compose::Glob::new);
                self.options.prompts.hidden.extend(globs);
                self
            }

            /// Exposes the prompt that the child calls `from` as `to`; the namespace still goes
            /// before it.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.rename_prompt("p1", "plan");
            /// ```
            pub fn rename_prompt(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
                self.options.rename_prompts.push((from.into(), to.into()));
                self
            }

            /// Hides these resources, and resource templates, by the child's own URIs; `*` stands for
            /// any characters. What is hidden cannot be read either. Default: none.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.hide_resources(["secret://*"]);
            /// ```
            pub fn hide_resources<I>(mut self, uris: I) -> Self
            where
                I: IntoIterator,
                I::Item: Into<String>,
            {
                let globs = uris.into_iter().map($crate::compose::Glob::new);
                self.options.resources.hidden.extend(globs);
                self
            }

            /// Exposes only these resources, and resource templates, by the child's own URIs; `*`
            /// stands for any characters. What is not exposed cannot be read either. Default: all.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.resources(["notes://public/*"]);
            /// ```
            pub fn resources<I>(mut self, uris: I) -> Self
            where
                I: IntoIterator,
                I::Item: Into<String>,
            {
                let globs = uris.into_iter().map($crate::compose::Glob::new);
                self.options
                    .resources
                    .only
                    .get_or_insert_default()
                    .extend(globs);
                self
            }

            /// Edits each tool as the child lists it, or hides it with `None`: the way out where
            /// the other options do not do. Default: nothing is edited.
            ///
            /// A new `name` is one before the namespace; [`rename`](Self::rename) and
            /// [`describe`](Self::describe) come after it, and know the tool by the child's own
            /// name. Arguments are checked against the child's own schema, whatever is listed.
            ///
            /// It is called whenever lists are put together, and must always make the same of the
            /// same tool. Where it panics, the tool is left out.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.map_tool(|mut tool| {
            ///     if tool["annotations"]["destructiveHint"] == true {
            ///         return None;
            ///     }
            ///     tool["title"] = "From the old server".into();
            ///     Some(tool)
            /// });
            /// ```
            pub fn map_tool<F, R>(mut self, map: F) -> Self
            where
                F: Fn(serde_json::Value) -> R + Send + Sync + 'static,
                R: Into<Option<serde_json::Value>>,
            {
                let map = $crate::compose::MapTool::new(map);
                self.options.map_tool = Some(map.after(self.options.map_tool.take()));
                self
            }

            /// How many requests the child is given at once; more wait. Default: 64.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.max_in_flight(4);
            /// ```
            pub fn max_in_flight(mut self, calls: usize) -> Self {
                self.options.max_in_flight = calls;
                self
            }

            /// The largest message, in bytes, that is taken from the child. Default: 16 MiB.
            ///
            /// ```
            /// # use mcp_compose::child::*; let child = stdio("server");
            /// child.max_message(1 << 20);
            /// ```
            pub fn max_message(mut self, bytes: usize) -> Self {
                self.options.max_message = bytes;
                self
            }
        }
    };
}
pub(crate) use common_options;
