//! The macros, with their documentation: here, so that its examples are tested.

/// Makes an impl block a typed MCP server.
///
/// ```
/// use std::sync::Mutex;
///
/// use mcp_compose::{Ctx, Result, mcp_server};
///
/// #[derive(Default)]
/// struct Todos {
///     items: Mutex<Vec<String>>,
/// }
///
/// /// Keeps a list of things to do.
/// #[mcp_server]
/// impl Todos {
///     /// Add a todo; returns how many there are.
///     #[tool(idempotent)]
///     fn add(
///         &self,
///         /// What to do.
///         title: String,
///         /// 0 is lowest.
///         #[default] priority: u8,
///     ) -> usize {
///         let mut items = self.items.lock().unwrap();
///         items.push(format!("{priority} {title}"));
///         items.len()
///     }
///
///     /// Count down.
///     #[tool(read_only)]
///     async fn count(&self, ctx: &Ctx, from: u32) -> Result<String> {
///         for n in 0..from {
///             ctx.progress(n, from).await;
///         }
///         Ok("done".into())
///     }
///
///     #[resource("todo://items/{index}", mime = "text/plain")]
///     fn item(&self, index: usize) -> Result<String> {
///         let items = self.items.lock().unwrap();
///         items.get(index).cloned().ok_or_else(|| mcp_compose::ToolError::new("no such todo"))
///     }
///
///     /// Plan the work on a topic.
///     #[prompt]
///     fn plan(&self, topic: String) -> String {
///         format!("Plan the work on {topic}.")
///     }
///
///     #[complete(plan.topic)]
///     fn topics(&self, partial: &str) -> Vec<String> {
///         ["garden", "garage"].into_iter().filter(|topic| topic.starts_with(partial)).map(Into::into).collect()
///     }
/// }
/// ```
///
/// # Keys
/// Each is `key = value`; those of the second row are flags and may stand alone. All at most once, in any order.
///
/// | attribute | keys |
/// |---|---|
/// | `#[mcp_server(..)]` | `name`, `version` (by default those of your package), `title`, `instructions` (by default the block's doc comment), `website`, `icons`, `names = spec`, `parts(a, b)` or `part = a`, `crate = ::path` |
/// | `#[tool(..)]` | `read_only`, `destructive`, `idempotent`, `open_world`, `hidden` (callable, not listed), `blocking` |
/// | `#[tool(..)]` | `name`, `title`, `description` (by default the doc comment), `meta`, `icons`, `timeout`, `input_schema` (listed as it is, and not checked) |
/// | `#[resource("uri", ..)]` | `name`, `title`, `description`, `mime`, `size`, `audience`, `priority`, `meta`, `icons` |
/// | `#[prompt(..)]` | `name`, `title`, `description`, `meta`, `icons` |
/// | `#[complete(method.argument, ..)]` | none |
///
/// `icons` takes an [`Icon`](crate::Icon), the URI of one, or an array of them. Names of tools and prompts are those that
/// every client takes, up to 64 letters, digits, `_` and `-`; with `names = spec` all that the specification allows, up
/// to 128 and also `.`.
///
/// # Methods
/// They take `&self` (or `self: Arc<Self>`), are `async` or not, and stay callable as they are. Calls run
/// concurrently. A panic costs the call, not the server.
///
/// A tool that is not `async` and takes its time is `blocking`: it gets a thread of its own. With `timeout = duration` a
/// call of a tool ends after that [`Duration`](std::time::Duration), not counting the time in which its caller is asked
/// something: the method is dropped, and the model reads that it took too long. Nothing can stop a thread; a `blocking`
/// method that takes a [`Ctx`](crate::Ctx) sees that nobody waits for it any longer.
///
/// Clients ask a person before they call a tool that may destroy something, which is any tool that does not say
/// otherwise. So rustc warns about a tool that neither is `read_only` nor says what it changes, by `destructive`,
/// `idempotent` or `destructive = false`. It calls it deprecated, and `#[allow(deprecated)]` on the method or on the
/// block keeps it quiet.
///
/// # Parameters
/// A parameter is an argument: any owned type with `serde::Deserialize` and `schemars::JsonSchema`. Its doc comment is
/// its description. `Option<T>` and `#[default]`, `#[default = value]` make it optional, `#[name = "wireName"]` renames
/// it, and `#[args]` takes the object of all arguments. `#[header = "Region"]` has clients repeat text, an integer or a
/// boolean in the HTTP header `Mcp-Param-Region`, for proxies on the way. `&Ctx`, and types that implement
/// [`FromCall`](crate::FromCall), are taken from the call instead: its [list](crate::FromCall) has those that are there.
/// Prompt arguments and the variables of a URI are
/// strings on the wire: they are read as a string first, then as JSON, so that `42` fits a `u32`.
///
/// # Parts
/// The methods of one server may stand in several `impl` blocks. One of them is the server and lists the others, by names
/// of your choice; that a name is used in two of them is found when the server is built.
///
/// ```
/// use mcp_compose::mcp_server;
///
/// struct Shop;
///
/// /// Sells lamps.
/// #[mcp_server(title = "Lamps", parts(admin))]
/// impl Shop {
///     /// Sell a lamp.
///     #[tool(destructive)]
///     fn sell(&self) {}
/// }
///
/// #[mcp_server(part = admin)]
/// impl Shop {
///     /// Close the shop.
///     #[tool(destructive)]
///     fn close(&self) {}
/// }
/// ```
///
/// A `#[complete(..)]` names methods of its own block.
///
/// # Asking
/// Through `&Ctx` a tool, a resource or a prompt asks whoever called it: [`elicit`](crate::Ctx::elicit) for a form,
/// [`elicit_url`](crate::Ctx::elicit_url) for a page, [`sample`](crate::Ctx::sample) for the client's model,
/// [`roots`](crate::Ctx::roots) for its folders. For clients of 2026-07-28 the method runs again with each answer: keep
/// the keys of questions stable, and what has effects after the last one.
///
/// # Results
/// | of a tool | becomes |
/// |---|---|
/// | `()`, text, numbers, `bool` | text |
/// | [`Content`](crate::Content), [`Image`](crate::Image), ..., `Vec<Content>` | content blocks |
/// | `serde::Serialize` + `schemars::JsonSchema`, [`Json`](crate::Json) | structured content with an output schema, and its text |
/// | `(T, U)` | the content of `T`, and `U` as structured content |
/// | [`CallResult`](crate::CallResult) of a child | that result, as it is |
/// | `Result<T, E>` | `T`, or an error that the model reads: any `E: Display`, best [`ToolError`](crate::ToolError) |
///
/// What is not a JSON object is wrapped as `{"result": ..}`. A resource returns `String`, `Vec<u8>` or anything
/// `Serialize`; a prompt `String`, [`Message`](crate::Message) or `Vec<Message>`; a completion `Vec<String>`.
pub use mcp_compose_macros::mcp_server;

/// Composes children, and your own typed servers, into one MCP server.
///
/// ```
/// use mcp_compose::{compose, mcp_server};
///
/// struct Status;
///
/// #[mcp_server]
/// impl Status {
///     /// Is everything well?
///     #[tool(read_only)]
///     fn status(&self) -> &'static str {
///         "ok"
///     }
/// }
///
/// let database_url = "postgres://localhost";
/// let composition = compose! {
///     name = "factory",
///     _: Status,
///     database: stdio("tsx", "db.ts").env("DATABASE_URL", database_url),
///     manufact: http("https://mcp.example.com/mcp"),
///     #[cfg(feature = "admin")]
///     admin: stdio("./admin"),
/// };
/// ```
///
/// Entries are expressions: they run once, in order, where they stand, so `?`, `.await` and `if` work.
///
/// | entry | is |
/// |---|---|
/// | `setting = value` | `name`, `version`, `title`, `instructions`, `separator`, `max_name`, `crate` |
/// | `namespace: child` | a child whose names get the namespace as a prefix; `"my-ns": child` for names that are no identifiers |
/// | `_: child` | a child without a prefix |
/// | `..composition` | all children of another composition |
///
/// A namespace is a lowercase letter, then lowercase letters, digits, `_` or `-`, at most 32 in all. `stdio`, `http` and
/// `session` are in scope inside; `stdio("a", "b")` is `stdio("a").arg("b")`.
pub use mcp_compose_macros::compose;
