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
/// | `#[mcp_server(..)]` | `name`, `version` (by default those of your package), `title`, `instructions` (by default the block's doc comment), `website`, `icons`, `names = spec`, `crate = ::path` |
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
/// [`FromCall`](crate::FromCall), are taken from the call instead. Prompt arguments and the variables of a URI are
/// strings on the wire: they are read as a string first, then as JSON, so that `42` fits a `u32`.
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
/// | `setting = value` | `name`, `version`, `title`, `instructions`, `separator`, `max_name`, `strict`, `crate` |
/// | `namespace: child` | a child whose names get the namespace as a prefix; `"my-ns": child` for names that are no identifiers |
/// | `_: child` | a child without a prefix |
/// | `..composition` | all children of another composition |
///
/// A namespace is a lowercase letter, then lowercase letters, digits, `_` or `-`, at most 32 in all. What a child is, and what
/// can be set for it, is in [`child`](crate::child): `stdio`, `http`, `session` and `local` are in scope inside, and
/// `stdio("a", "b")` is `stdio("a").arg("b")`.
///
/// # Settings
/// | setting | | default |
/// |---|---|---|
/// | `name`, `version` | what clients are told | those of your package |
/// | `title` | the name for people | none |
/// | `instructions` | what a model is told about the whole | none |
/// | `separator` | stands between namespace and name | `"_"` |
/// | `max_name` | the longest name, in characters, that is exposed; longer ones are shortened with a hash; 24 to 128 | 64 |
/// | `strict` | `true` refuses to start when a name collides or is too long, rather than to change it | `false` |
/// | `crate` | the path of this crate, where it goes by another name: `crate = ::renamed` | `::mcp_compose` |
///
/// # A struct of handles
/// To call children from your own tools, or to name them in signatures, declare a struct. Each namespace is a field, a
/// [`Child`](crate::Child) (`-` becomes `_`), documented by the doc comment of its entry. In parentheses stand the
/// parameters of `new`; `-> Result<Self, Error>` after them lets `?` work in the entries.
///
/// ```
/// use mcp_compose::{Result, args, compose, mcp_server, serve};
///
/// struct Config {
///     database_url: String,
/// }
///
/// compose! {
///     /// What the reports are made from.
///     pub struct Backend(config: &Config) {
///         /// Holds the orders.
///         database: stdio("tsx", "db.ts").env("DATABASE_URL", &config.database_url),
///         manufact: http("https://mcp.example.com/mcp"),
///     }
/// }
///
/// struct Reports {
///     backend: Backend,
/// }
///
/// #[mcp_server]
/// impl Reports {
///     /// How many orders does a month have?
///     #[tool(read_only)]
///     async fn orders(&self, month: String) -> Result<u32> {
///         let count = self.backend.database.call("count", args! { month }).await?;
///         Ok(count.structured()?)
///     }
/// }
///
/// let backend = Backend::new(&Config { database_url: "postgres://localhost".into() });
/// let server = serve(compose! { _: Reports { backend: backend.clone() }, ..backend });
/// # drop(server);
/// ```
///
/// Clones are cheap, and all reach the same children. `new` starts none: they start with the composition that takes them
/// over with `..backend`, or on first use, or with `backend.connect().await`. `backend.children()` has them all, by name. The
/// struct can also be served as it is.
///
/// # As an expression that rustfmt formats
/// rustfmt leaves braces alone, but knows the literal of a struct. Its value is a struct of handles as above, made here and now,
/// so that entries can use what is in scope; the name is known to nobody else.
///
/// ```
/// use mcp_compose::compose;
///
/// let program = "db.ts";
/// let backend = compose!(Backend { database: stdio("tsx", program) });
/// assert_eq!(backend.database.name(), "database");
/// let all = compose! { ..backend };
/// # drop(all);
/// ```
pub use mcp_compose_macros::compose;
