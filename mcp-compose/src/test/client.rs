//! The client of a test.

use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::desk::{Question, Reply};
use super::mailbox::{Hearing, Log, Mailbox, Notified, Progress};
use super::outcome::CallOutcome;
use super::request::Wanted;
use super::{IntoComposition, Protocol};
use crate::child::listing::Kind;
use crate::compose::ListedRoot;
use crate::gateway::Gateway;
use crate::gateway::client::Outlet;
use crate::serve::client::Connection;
use crate::wire::peer::lock;
use crate::wire::version::{Era, META_SERVER_INFO, MODERN};
use crate::{Composition, Problem, Running};

/// How long a request may take, unless the test says otherwise.
const LIMIT: Duration = Duration::from_secs(30);
/// How long children may take to start.
const START: Duration = Duration::from_secs(60);

/// Starts a server in this process and connects to it: await it for a [`Client`].
///
/// It takes a typed server, a [`Composition`] or any other child, and needs a tokio runtime (that of
/// `#[tokio::test]`). See [the module](crate::test) for an example.
pub fn client(server: impl IntoComposition) -> Connecting {
    connecting(Server::Declared(Box::new(server.into_composition())))
}

/// Connects one more client to a composition that runs already.
///
/// ```
/// # use mcp_compose::prelude::*;
/// use mcp_compose::{compose, test};
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// #[derive(Default)]
/// struct Counter(AtomicU32);
///
/// #[mcp_server]
/// impl Counter {
///     /// Counts up.
///     #[tool(destructive = false)]
///     fn count(&self) -> u32 {
///         self.0.fetch_add(1, Ordering::SeqCst)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_compose::ServeError> {
/// let running = compose! { _: Counter::default() }.start()?;
/// let (ann, bob) = (test::connect(&running).await, test::connect(&running).await);
/// assert_eq!(ann.call("count", ()).await.text(), "0");
/// assert_eq!(bob.call("count", ()).await.text(), "1");
/// # Ok(())
/// # }
/// ```
pub fn connect(running: &Running) -> Connecting {
    connecting(Server::Running(Arc::clone(running.gateway())))
}

fn connecting(server: Server) -> Connecting {
    Connecting {
        server,
        protocol: Protocol::default(),
        capabilities: json!({
            "elicitation": { "form": {}, "url": {} },
            "sampling": { "context": {}, "tools": {} },
            "roots": {},
        }),
        limit: LIMIT,
    }
}

/// A client that is not connected yet; await it.
///
/// ```
/// # use mcp_compose::prelude::*;
/// use mcp_compose::test::{self, Protocol, json};
///
/// struct Who;
///
/// #[mcp_server]
/// impl Who {
///     /// Can the client be asked for a form?
///     #[tool(read_only)]
///     fn has_forms(&self, ctx: &Ctx) -> bool {
///         ctx.offers("elicitation.form")
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let old = test::client(Who)
///     .protocol(Protocol::V2025_06_18)
///     .capabilities(json!({ "sampling": {} }))
///     .await;
/// assert_eq!(old.server()["protocolVersion"], "2025-06-18");
/// assert_eq!(old.call("has_forms", json!({})).await.text(), "false");
/// # }
/// ```
#[derive(Debug)]
#[must_use = "await it to connect"]
pub struct Connecting {
    server: Server,
    protocol: Protocol,
    capabilities: Value,
    limit: Duration,
}

#[derive(Debug)]
enum Server {
    Declared(Box<Composition>),
    Running(Arc<Gateway>),
}

impl Server {
    async fn start(self, place: &'static Location<'static>) -> Arc<Gateway> {
        let composition = match self {
            Self::Declared(composition) => *composition,
            Self::Running(gateway) => return gateway,
        };
        let problems = composition.check();
        cannot_start(place, problems.into_iter().filter(Problem::is_error));
        let gateway = Gateway::start_for_one(composition, Handle::current());
        cannot_start(place, gateway.refusals().await.into_iter());
        gateway
    }
}

/// Panics with the problems, unless there are none.
fn cannot_start(place: &Location<'_>, problems: impl Iterator<Item = Problem>) {
    let problems: String = problems.map(|problem| format!("\n  {problem}")).collect();
    assert!(
        problems.is_empty(),
        "{place}: the composition cannot start:{problems}"
    );
}

impl Connecting {
    /// Which version of the protocol the client speaks. Default: the newest.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// What the client says that it can be asked, as the protocol has it: `json!({})` for nothing.
    /// Default: forms, pages, sampling (with tools) and roots.
    pub fn capabilities(mut self, capabilities: impl Serialize) -> Self {
        self.capabilities = value(capabilities, "capabilities");
        self
    }

    /// How long a request may take, questions included, before the test panics. Default: 30 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    async fn connect(self, place: &'static Location<'static>) -> Client {
        let gateway = self.server.start(place).await;
        let hearing = Arc::new(Hearing::default());
        let connection = Connection::open(gateway, Mailbox::new(&hearing, None));
        hearing.bind(connection.peer());
        let mut inner = Inner {
            connection: Arc::new(connection),
            hearing,
            protocol: self.protocol,
            capabilities: self.capabilities,
            limit: self.limit,
            ids: AtomicU64::new(1),
            listening: Mutex::default(),
            greeting: Value::Null,
        };
        if inner.protocol.era() == Era::Legacy {
            inner.greeting = inner.introduce(place).await;
        }
        let mut client = Client(Arc::new(inner));
        if client.0.protocol.era() == Era::Modern {
            let wanted = Wanted {
                method: "server/discover",
                params: json!({}),
                what: "`server/discover`".to_owned(),
                place,
            };
            let mut greeting = client.request(wanted).await.expect_ok().json();
            greeting["serverInfo"] = greeting["_meta"][META_SERVER_INFO].take();
            greeting["protocolVersion"] = MODERN.into();
            // Nobody else has it yet.
            if let Some(inner) = Arc::get_mut(&mut client.0) {
                inner.greeting = greeting;
            }
        }
        client.0.connection.gateway().settled(START).await;
        if client.0.protocol.era() == Era::Modern {
            // Clients of the other era hear of changed lists without asking.
            let lists = json!({
                "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
            });
            client.listen(lists, place).await;
        }
        client
    }
}

impl IntoFuture for Connecting {
    type Output = Client;
    type IntoFuture = BoxFuture<'static, Client>;

    #[track_caller]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.connect(Location::caller()))
    }
}

/// A client of a server in the same process. Clones are the same client.
#[derive(Debug, Clone)]
pub struct Client(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) connection: Arc<Connection>,
    pub(super) hearing: Arc<Hearing>,
    pub(super) protocol: Protocol,
    pub(super) capabilities: Value,
    pub(super) limit: Duration,
    pub(super) ids: AtomicU64,
    /// Streams of changes that are open; they end with the client.
    pub(super) listening: Mutex<JoinSet<()>>,
    greeting: Value,
}

impl Inner {
    async fn introduce(&self, place: &'static Location<'static>) -> Value {
        let outlet: Arc<dyn Outlet> = Arc::new(Mailbox::new(&self.hearing, None));
        let capabilities = self.capabilities.to_string();
        let version = self.protocol.as_str();
        let greeting = self.connection.introduce(version, &capabilities, &outlet);
        match tokio::time::timeout(self.limit, greeting).await {
            Ok(Ok(greeting)) => serde_json::from_str(&greeting).unwrap_or_default(),
            Ok(Err(error)) => panic!("{place}: `initialize` was refused: {}", error.message),
            Err(_) => panic!("{place}: `initialize` was not answered in time"),
        }
    }
}

/// # Calling
///
/// `arguments` is anything that serialises to a JSON object: `json!({..})`, a struct, or `()` for none.
/// Dropping a call before it is done cancels it, as a client does that gives up.
impl Client {
    /// Calls a tool.
    ///
    /// # Panics
    /// When it asks what the test has no answer for, or takes too long.
    #[track_caller]
    pub fn call(
        &self,
        tool: &str,
        arguments: impl Serialize,
    ) -> impl Future<Output = CallOutcome> + Send {
        let wanted = Wanted {
            method: "tools/call",
            params: json!({ "name": tool, "arguments": value(arguments, "arguments") }),
            what: format!("tool `{tool}`"),
            place: Location::caller(),
        };
        self.request(wanted)
    }

    /// Reads a resource; [`CallOutcome::text`] is what it says.
    ///
    /// # Panics
    /// As [`call`](Self::call).
    ///
    /// ```
    /// # use mcp_compose::prelude::*;
    /// use mcp_compose::test;
    ///
    /// struct Notes;
    ///
    /// #[mcp_server]
    /// impl Notes {
    ///     /// One note.
    ///     #[resource("note://{id}", mime = "text/plain")]
    ///     fn note(&self, id: u32) -> String {
    ///         format!("note {id}")
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let client = test::client(Notes).await;
    /// assert_eq!(client.read("note://7").await.text(), "note 7");
    /// assert!(client.read("other://7").await.is_error());
    /// # }
    /// ```
    #[track_caller]
    pub fn read(&self, uri: &str) -> impl Future<Output = CallOutcome> + Send {
        let wanted = Wanted {
            method: "resources/read",
            params: json!({ "uri": uri }),
            what: format!("resource `{uri}`"),
            place: Location::caller(),
        };
        self.request(wanted)
    }

    /// Gets a prompt; [`CallOutcome::text`] is the text of its messages. Arguments of prompts are texts
    /// on the wire: others are written as JSON.
    ///
    /// # Panics
    /// As [`call`](Self::call).
    ///
    /// ```
    /// # use mcp_compose::prelude::*;
    /// use mcp_compose::test::{self, json};
    ///
    /// struct Plans;
    ///
    /// #[mcp_server]
    /// impl Plans {
    ///     /// Plan the work on a topic.
    ///     #[prompt]
    ///     fn plan(&self, topic: String) -> String {
    ///         format!("Plan the work on {topic}.")
    ///     }
    ///
    ///     #[complete(plan.topic)]
    ///     fn topics(&self, partial: &str) -> Vec<String> {
    ///         vec![format!("{partial}den"), format!("{partial}age")]
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let client = test::client(Plans).await;
    /// let plan = client.prompt("plan", json!({ "topic": "the garden" })).await;
    /// assert_eq!(plan.text(), "Plan the work on the garden.");
    /// assert_eq!(client.complete("plan", "topic", "gar").await, ["garden", "garage"]);
    /// # }
    /// ```
    #[track_caller]
    pub fn prompt(
        &self,
        name: &str,
        arguments: impl Serialize,
    ) -> impl Future<Output = CallOutcome> + Send {
        let mut arguments = value(arguments, "arguments");
        for argument in arguments
            .as_object_mut()
            .into_iter()
            .flat_map(|all| all.values_mut())
        {
            if !argument.is_string() {
                *argument = argument.to_string().into();
            }
        }
        let wanted = Wanted {
            method: "prompts/get",
            params: json!({ "name": name, "arguments": arguments }),
            what: format!("prompt `{name}`"),
            place: Location::caller(),
        };
        self.request(wanted)
    }

    /// Completes an argument: `of` is the name of a prompt, or the URI template of a resource.
    ///
    /// # Panics
    /// When the server refuses.
    #[track_caller]
    pub fn complete(
        &self,
        of: &str,
        argument: &str,
        partial: &str,
    ) -> impl Future<Output = Vec<String>> + Send {
        let reference = if of.contains(':') {
            json!({ "type": "ref/resource", "uri": of })
        } else {
            json!({ "type": "ref/prompt", "name": of })
        };
        let wanted = Wanted {
            method: "completion/complete",
            params: json!({
                "ref": reference,
                "argument": { "name": argument, "value": partial },
            }),
            what: format!("the completion of `{of}.{argument}`"),
            place: Location::caller(),
        };
        async move {
            let completed = self.request(wanted).await.expect_ok().json();
            serde_json::from_value(completed["completion"]["values"].clone()).unwrap_or_default()
        }
    }
}

/// # Answering
///
/// A question is known by its key: the first argument of [`Ctx::elicit`](crate::Ctx::elicit) and the
/// like. One of a server that is not written with this crate has no key for clients up to 2025-11-25;
/// there, and wherever that is easier, its message does as well.
///
/// An answer holds for every question of its key from then on, until there is another.
impl Client {
    /// Fills in a form: accepts the question with this content. For a question that asks to open a page
    /// any content will do; for one that asks for a model's text it is the whole result.
    ///
    /// ```
    /// # use mcp_compose::prelude::*;
    /// use mcp_compose::test::{self, json};
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Size {
    ///     width: u32,
    /// }
    ///
    /// struct Shop;
    ///
    /// #[mcp_server]
    /// impl Shop {
    ///     /// Order a table.
    ///     #[tool(read_only)]
    ///     async fn order(&self, ctx: &Ctx) -> Result<String> {
    ///         Ok(match ctx.elicit::<Size>("size", "How wide?").await? {
    ///             Answer::Accepted(size) => format!("{} cm", size.width),
    ///             Answer::Declined => "none".into(),
    ///             Answer::Cancelled => "later".into(),
    ///         })
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// test::both(|| Shop, async |client| {
    ///     client.answer("size", json!({ "width": 90 }));
    ///     assert_eq!(client.call("order", ()).await.text(), "90 cm");
    ///     client.decline("size");
    ///     assert_eq!(client.call("order", ()).await.text(), "none");
    ///     client.cancel("size");
    ///     assert_eq!(client.call("order", ()).await.text(), "later");
    ///     assert_eq!(client.questions()[0].message.as_deref(), Some("How wide?"));
    /// })
    /// .await;
    /// # }
    /// ```
    pub fn answer(&self, key: &str, content: impl Serialize) {
        let content = value(content, "content");
        self.0
            .hearing
            .desk
            .reply(key.to_owned(), Reply::Content(content));
    }

    /// Says no to a question.
    pub fn decline(&self, key: &str) {
        self.0.hearing.desk.reply(key.to_owned(), Reply::Decline);
    }

    /// Puts a question away without an answer.
    pub fn cancel(&self, key: &str) {
        self.0.hearing.desk.reply(key.to_owned(), Reply::Cancel);
    }

    /// Is the model that a server [samples](crate::Ctx::sample): answers with this text.
    ///
    /// ```
    /// # use mcp_compose::prelude::*;
    /// use mcp_compose::test;
    ///
    /// struct Poet;
    ///
    /// #[mcp_server]
    /// impl Poet {
    ///     /// Write a haiku.
    ///     #[tool(read_only)]
    ///     async fn haiku(&self, ctx: &Ctx) -> Result<String> {
    ///         Ok(ctx.sample("haiku", "Write a haiku about rust.").await?.text())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let client = test::client(Poet).await;
    /// client.answer_sampling("haiku", "Old iron, slow fire.");
    /// assert_eq!(client.call("haiku", ()).await.text(), "Old iron, slow fire.");
    /// # }
    /// ```
    pub fn answer_sampling(&self, key: &str, text: impl Into<String>) {
        self.0
            .hearing
            .desk
            .reply(key.to_owned(), Reply::Text(text.into()));
    }

    /// The folders that the client works on, as paths or `file://` URIs.
    ///
    /// ```
    /// # use mcp_compose::prelude::*;
    /// use mcp_compose::test;
    ///
    /// struct Folders;
    ///
    /// #[mcp_server]
    /// impl Folders {
    ///     /// Where does the client work?
    ///     #[tool(read_only)]
    ///     async fn place(&self, ctx: &Ctx) -> Result<String> {
    ///         Ok(ctx.roots().await?.iter().map(|root| root.uri.clone()).collect())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let client = test::client(Folders).await;
    /// client.roots(["file:///srv/data"]);
    /// assert_eq!(client.call("place", ()).await.text(), "file:///srv/data");
    /// # }
    /// ```
    pub fn roots(&self, roots: impl IntoIterator<Item = impl Into<ListedRoot>>) {
        self.0
            .hearing
            .desk
            .set_roots(roots.into_iter().map(Into::into));
    }

    /// The questions so far, oldest first.
    pub fn questions(&self) -> Vec<Question> {
        self.0.hearing.desk.asked()
    }
}

/// # Listening
///
/// What a server tells is kept in the order in which it came. A method that runs again with an answer
/// (2026-07-28) tells again what it told before its question.
impl Client {
    /// The progress of all calls so far, oldest first; that of one call is
    /// [with its outcome](CallOutcome::progress).
    pub fn progress(&self) -> Vec<Progress> {
        let all = self.0.hearing.all();
        all.iter().filter_map(Notified::progress).collect()
    }

    /// The log messages so far, oldest first.
    pub fn logs(&self) -> Vec<Log> {
        let all = self.0.hearing.all();
        all.iter().filter_map(Notified::log).collect()
    }

    /// All notifications so far, oldest first, progress and log messages among them.
    pub fn notifications(&self) -> Vec<Notified> {
        self.0.hearing.all()
    }

    /// Waits for the next notification of a method, and gives its params: the oldest one that was not
    /// given before. Those of changed lists come unasked; those of a resource are
    /// [subscribed](Self::subscribe) to.
    ///
    /// # Panics
    /// When none comes in time.
    #[track_caller]
    pub fn notification(&self, method: &str) -> impl Future<Output = Value> + Send {
        let (place, limit) = (Location::caller(), self.0.limit);
        let method = method.to_owned();
        async move {
            let taken = tokio::time::timeout(limit, self.0.hearing.take(&method)).await;
            taken.unwrap_or_else(|_| {
                let limit = limit.as_secs_f32();
                panic!("{place}: no `{method}` came within {limit} s")
            })
        }
    }

    /// Subscribes to a resource: when it changes, `notifications/resources/updated` comes.
    ///
    /// # Panics
    /// When the server refuses, or takes too long.
    ///
    /// ```
    /// # use mcp_compose::prelude::*;
    /// use mcp_compose::test;
    ///
    /// struct Clock;
    ///
    /// #[mcp_server]
    /// impl Clock {
    ///     /// The time.
    ///     #[resource("clock://now", mime = "text/plain")]
    ///     fn now(&self) -> String {
    ///         "noon".into()
    ///     }
    ///
    ///     /// Winds the clock.
    ///     #[tool(read_only)]
    ///     async fn wind(&self, ctx: &Ctx) {
    ///         ctx.resource_changed("clock://now").await;
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// test::both(|| Clock, async |client| {
    ///     client.subscribe("clock://now").await;
    ///     client.call("wind", ()).await.expect_ok();
    ///     let updated = client.notification("notifications/resources/updated").await;
    ///     assert_eq!(updated["uri"], "clock://now");
    /// })
    /// .await;
    /// # }
    /// ```
    #[track_caller]
    pub fn subscribe(&self, uri: &str) -> impl Future<Output = ()> + Send {
        let place = Location::caller();
        let uri = uri.to_owned();
        async move {
            if self.0.protocol.era() == Era::Modern {
                let wanted = json!({ "resourceSubscriptions": [uri] });
                let granted = self.listen(wanted, place).await;
                let honoured = granted["resourceSubscriptions"].as_array();
                let is_one = honoured.is_some_and(|all| all.iter().any(|one| *one == uri));
                assert!(is_one, "{place}: `{uri}` cannot be subscribed to");
                return;
            }
            let wanted = Wanted {
                method: "resources/subscribe",
                params: json!({ "uri": uri }),
                what: format!("the subscription to `{uri}`"),
                place,
            };
            let _ = self.request(wanted).await.expect_ok();
        }
    }
}

/// # What there is
impl Client {
    /// The tools, as they are listed: all pages.
    ///
    /// # Panics
    /// When the server refuses; so do the other lists.
    #[track_caller]
    pub fn list_tools(&self) -> impl Future<Output = Vec<Value>> + Send {
        self.list(Kind::Tools, Location::caller())
    }

    /// The prompts, as they are listed.
    #[track_caller]
    pub fn list_prompts(&self) -> impl Future<Output = Vec<Value>> + Send {
        self.list(Kind::Prompts, Location::caller())
    }

    /// The resources, as they are listed; those of [templates](Self::list_resource_templates) are not
    /// among them.
    #[track_caller]
    pub fn list_resources(&self) -> impl Future<Output = Vec<Value>> + Send {
        self.list(Kind::Resources, Location::caller())
    }

    /// The resource templates, as they are listed.
    #[track_caller]
    pub fn list_resource_templates(&self) -> impl Future<Output = Vec<Value>> + Send {
        self.list(Kind::Templates, Location::caller())
    }

    /// All four lists as one text, made for a snapshot: indented, and the members of each object in the
    /// order of their names, so that the same server gives the same text.
    ///
    /// ```
    /// # use mcp_compose::prelude::*;
    /// use mcp_compose::test;
    /// # struct Echo;
    /// # #[mcp_server]
    /// # impl Echo {
    /// #     /// Says it again.
    /// #     #[tool(read_only)]
    /// #     fn echo(&self, text: String) -> String { text }
    /// # }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let catalog = test::client(Echo).await.catalog().await;
    /// assert!(catalog.contains("\"description\": \"Says it again.\""), "{catalog}");
    /// # }
    /// ```
    #[track_caller]
    pub fn catalog(&self) -> impl Future<Output = String> + Send {
        self.snapshot(Location::caller())
    }

    /// What the server says of itself, as its answer to `initialize` has it: `serverInfo`,
    /// `capabilities`, `instructions`, `protocolVersion`. That to `server/discover` is brought into the
    /// same form.
    pub fn server(&self) -> &Value {
        &self.0.greeting
    }

    /// The version that the client speaks.
    pub fn protocol(&self) -> Protocol {
        self.0.protocol
    }

    /// Ends every child and waits for that, within a bound of seconds; those of a composition that was
    /// [running](connect) already as well. Without it children end when the last clone of the client,
    /// and the last handle of what was running, is dropped; nobody waits then.
    pub async fn stop(self) {
        lock(&self.0.listening).abort_all();
        self.0.connection.gateway().stop().await;
    }

    pub(super) fn next_id(&self) -> u64 {
        self.0.ids.fetch_add(1, Ordering::Relaxed)
    }
}

/// A JSON object; nothing is an empty one.
#[track_caller]
fn value(of: impl Serialize, what: &str) -> Value {
    match serde_json::to_value(of) {
        Ok(Value::Null) => json!({}),
        Ok(value @ Value::Object(_)) => value,
        Ok(other) => panic!("{what}: an object is expected, such as `json!({{..}})`, not {other}"),
        Err(error) => panic!("{what}: cannot be written as JSON: {error}"),
    }
}
