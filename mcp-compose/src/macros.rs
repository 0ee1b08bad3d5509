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
/// Each is `key = value`, at most once, in any order; a flag may stand alone. Values are expressions, except where the
/// table says literal: that is checked at compile time.
///
/// ## `#[mcp_server(..)]`
/// | key | value | default | what it does |
/// |---|---|---|---|
/// | `name` | text | the name of your package | what the server is called |
/// | `title` | text | none | what people see |
/// | `version` | text | the version of your package | which version clients see |
/// | `instructions` | text | the block's doc comment | tells the model how to use the server |
/// | `website` | text | none | where to read more |
/// | `icons` | an [`Icon`](crate::Icon), the URI of one, or an array of them | none | what clients show |
/// | `names` | `spec` | the names that every client takes | allows all names of the specification: up to 128 characters, also `.` |
/// | `parts` | names in parentheses | none | makes other blocks, each with `part`, part of this server: see [Parts](#parts) |
/// | `part` | a name | not set | makes the block part of the server that lists it |
/// | `crate` | an absolute path | `::mcp_compose` | where this crate is, if it was renamed |
///
/// ```
/// # use mcp_compose::mcp_server;
/// # struct Clock;
/// #[mcp_server(name = "clock", title = "The clock", website = "https://example.com", icons = "https://example.com/clock.png", names = spec)]
/// impl Clock {
///     /// What time it is.
///     #[tool(name = "time.now", read_only)]
///     fn now(&self) -> String {
///         "noon".into()
///     }
/// }
/// ```
///
/// ## `#[tool(..)]`
/// | key | value | default | what it does |
/// |---|---|---|---|
/// | `name` | a literal: up to 64 letters, digits, `_` and `-` | the method's name | what clients call |
/// | `title` | text | none | what people see |
/// | `description` | text | the doc comment | what the model reads; a tool has to have one |
/// | `read_only` | flag | `false` | says that it changes nothing |
/// | `destructive` | flag | `true`, says the specification | says that it may destroy something |
/// | `idempotent` | flag | `false` | says that a second call with the same arguments changes nothing more |
/// | `open_world` | flag | `true`, says the specification | says that it reaches what is outside of the server |
/// | `meta` | anything `Serialize` that is an object | none | what stands in `_meta` |
/// | `icons` | as above | none | what clients show |
/// | `input_schema` | anything `Serialize` that is a JSON schema | made from the parameters | is listed as it is, and not checked |
/// | `timeout` | a [`Duration`](std::time::Duration) | none | ends a call that takes longer |
/// | `blocking` | flag, alone | not set | gives a method that is not `async` a thread to block |
/// | `hidden` | flag | `false` | leaves it out of the list; it can still be called |
///
/// ```
/// # use std::time::Duration;
/// # use mcp_compose::mcp_server;
/// # struct Files;
/// # #[mcp_server]
/// # impl Files {
/// /// Delete a file.
/// #[tool(title = "Delete", destructive, idempotent, open_world = false, meta = serde_json::json!({ "audited": true }), timeout = Duration::from_secs(5))]
/// async fn delete(&self, path: String) -> String {
///     format!("{path} is gone")
/// }
/// # }
/// ```
///
/// ## `#[resource("uri", ..)]`
/// The URI comes first: a literal, fixed or a template. `{name}` is a variable that stops at `/`, `{+name}` one that does
/// not; each is an argument of that name.
///
/// | key | value | default | what it does |
/// |---|---|---|---|
/// | `name` | a literal | the method's name | what clients call it |
/// | `title` | text | none | what people see |
/// | `description` | text | the doc comment | what people and models read |
/// | `mime` | text | `application/json` for what is `Serialize` | the type of what is read |
/// | `size` | a `u64` | none | how many bytes it has |
/// | `audience` | `"user"`, `"assistant"`, or an array of both; literals | none | for whom it is |
/// | `priority` | a number from 0 to 1 | none | how important it is, 1 most |
/// | `meta` | anything `Serialize` that is an object | none | what stands in `_meta` |
/// | `icons` | as above | none | what clients show |
///
/// ```
/// # use mcp_compose::mcp_server;
/// # struct Files;
/// # #[mcp_server]
/// # impl Files {
/// /// A file of the project.
/// #[resource("project://{+path}", mime = "text/plain", audience = ["user", "assistant"], priority = 0.5)]
/// async fn file(&self, path: String) -> mcp_compose::Result<String> {
///     Ok(std::fs::read_to_string(path)?)
/// }
/// # }
/// ```
///
/// ## `#[prompt(..)]`
/// | key | value | default | what it does |
/// |---|---|---|---|
/// | `name` | as that of a tool | the method's name | what clients ask for |
/// | `title` | text | none | what people see |
/// | `description` | text | the doc comment | what people read |
/// | `meta` | anything `Serialize` that is an object | none | what stands in `_meta` |
/// | `icons` | as above | none | what clients show |
///
/// ```
/// # use mcp_compose::{Message, mcp_server};
/// # struct Files;
/// # #[mcp_server]
/// # impl Files {
/// /// Review a change.
/// #[prompt(title = "Review")]
/// fn review(&self, diff: String) -> Vec<Message> {
///     vec![Message::user(format!("Review this change:\n{diff}")), Message::assistant("I read each line.")]
/// }
/// # }
/// ```
///
/// ## `#[complete(method.argument, ..)]`
/// No keys: it names arguments of prompts, and variables of resources, as clients do. The method takes what was typed so
/// far, as `partial: &str`, and returns `Vec<String>`.
///
/// ```
/// # use mcp_compose::mcp_server;
/// # struct Files;
/// # #[mcp_server]
/// # impl Files {
/// # #[prompt] fn explain(&self, language: String) -> String { language }
/// # #[resource("manual://{language}")] fn manual(&self, language: String) -> String { language }
/// #[complete(explain.language, manual.language)]
/// async fn languages(&self, partial: &str) -> Vec<String> {
///     ["rust", "ruby"].iter().filter(|name| name.starts_with(partial)).map(ToString::to_string).collect()
/// }
/// # }
/// ```
///
/// ## On parameters
/// | attribute | value | default | what it does |
/// |---|---|---|---|
/// | a doc comment | text | none | describes the argument |
/// | `default` | none, or a value of the parameter's type | the argument is required | makes it optional; the schema shows the value |
/// | `name` | a literal | the parameter's name | what clients call it |
/// | `args` | none | each parameter is an argument | takes the object of all arguments |
/// | `header` | a literal | none | has clients repeat text, an integer or a boolean in the HTTP header `Mcp-Param-` and that name |
///
/// ```
/// # use mcp_compose::mcp_server;
/// # struct Shop;
/// # #[mcp_server]
/// # impl Shop {
/// /// Order something.
/// #[tool(destructive)]
/// fn order(
///     &self,
///     /// What to order.
///     #[name = "articleNumber"] article: u32,
///     #[default] gift: bool,
///     #[default = 1] count: u8,
///     #[default = "standard"] shipping: String,
///     #[header = "Region"] region: Option<String>,
/// ) -> String {
///     format!("{count} x {article} by {shipping} to {region:?}, gift: {gift}")
/// }
/// # }
/// ```
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
/// A parameter is an argument: any owned type with `serde::Deserialize` and, of a tool, `schemars::JsonSchema`. An
/// `Option<T>` is optional. `&Ctx`, and types that implement [`FromCall`](crate::FromCall), are taken from the call
/// instead: its [list](crate::FromCall) has those that are there. Prompt arguments and the variables of a URI are strings
/// on the wire: they are read as a string first, then as JSON, so that `42` fits a `u32`.
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
/// | `setting = value` | a setting, see below |
/// | `namespace: child` | a child whose names get the namespace as a prefix; `"my-ns": child` for names that are no identifiers |
/// | `_: child` | a child without a prefix |
/// | `..composition` | all children of another composition, such as `..from_file("compose.toml")?` |
///
/// A namespace is a lowercase letter, then lowercase letters, digits, `_` or `-`, at most 32 in all. `stdio`, `http`,
/// `session`, `local` and [`from_file`](crate::from_file) are in scope inside; `stdio("a", "b")` is `stdio("a").arg("b")`.
///
/// # Settings
/// Each at most once. Values are expressions; literals are checked at compile time.
///
/// | setting | value | default | what it does |
/// |---|---|---|---|
/// | `name` | text | the name of your package | what the server is called |
/// | `version` | text | the version of your package | which version clients see |
/// | `title` | text | none | what people see |
/// | `instructions` | text | none | tells the model how to use the server, before what the children say |
/// | `separator` | letters, digits, `_`, `-` | `"_"` | stands between a namespace and a name |
/// | `max_name` | 24 to 128 | 64 | the longest name that clients see; longer ones are shortened |
/// | `strict` | a `bool` | `false` | refuses to start where two names collide or one is too long |
/// | `profiles` | names, each with patterns or a [`Profile`](crate::Profile), in braces | none | parts that are served under names of their own: see [`CompositionBuilder::profile`](crate::CompositionBuilder::profile) |
/// | `child_endpoints` | a `bool` | `false` | serves each child by itself as well, under its own names |
/// | `crate` | an absolute path | `::mcp_compose` | where this crate is, if it was renamed |
///
/// ```
/// # use mcp_compose::compose;
/// let composition = compose! {
///     docs: stdio("docs-server"),
///     db: stdio("db-server"),
///     profiles = {
///         reading: ["docs_*", "docs://*", "db_query"],
///         admin: { children: ["db"], exclude: ["*_drop"] },
///     },
/// };
/// assert!(composition.check().is_empty());
/// ```
pub use mcp_compose_macros::compose;
