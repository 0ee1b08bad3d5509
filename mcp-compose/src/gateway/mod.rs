//! The relay: what is exposed, and the road between clients and children.
//!
//! A front hands a client's request to [`Gateway::serve`]; it is routed through the catalog to a
//! child's session, and its answer walks back the same way.

mod call;
pub(crate) mod catalog;
pub(crate) mod client;
mod elicitations;
mod fault;
mod hello;
mod input;
#[cfg(feature = "admin")]
pub(crate) mod live;
mod names;
pub(crate) mod nested;
mod park;
mod principal;
mod question;
mod reload;
pub(crate) mod rewrite;
mod rounds;
pub(crate) mod seal;
mod sole;
mod task_feed;
mod tasks;
mod underway;
pub(crate) mod uris;
pub(crate) mod validate;
pub(crate) mod view;
mod watch;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::call::Caller;
use self::catalog::Catalog;
use self::client::{Client, Outlet, Principal};
use self::elicitations::Elicitations;
use self::park::Parks;
use self::reload::Changes;
use self::seal::Seals;
use self::sole::Sole;
use self::tasks::TaskIds;
use self::view::{View, Views};
use self::watch::{Subscriber, Watches};
use crate::child::circle::Identity;
use crate::child::listing::Kind;
use crate::child::supervisor::{Child, Common, Phase};
use crate::child::turns::Turns;
use crate::compose::{ChildSource, ChildSpec, Composition, ConfigFile, Problem, Settings};
use crate::observe::trace::Served;
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::lock;
use crate::wire::version::{
    ALL, Era, META_CLIENT_CAPABILITIES, META_THROUGH, META_VERSION, MODERN,
};
use crate::wire::{FastMap, Notification, Object, Raw, Request, json, scan};

/// How long lists are held back, from the start on, for children that are still starting. What
/// comes later is announced.
const LIST_GRACE: Duration = Duration::from_secs(10);
/// How long the first answer to a client is held back for the same reason: hosts give a server
/// little time to say hello.
const HELLO_GRACE: Duration = Duration::from_secs(3);
/// How long children get to end when the gateway stops.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// A running composition.
#[derive(Debug)]
pub(crate) struct Gateway {
    own: Weak<Self>,
    settings: Settings,
    children: ArcSwap<Vec<Arc<Child>>>,
    /// What is exposed, to whom.
    views: Views,
    /// Held while new catalogs are put together.
    publishing: Mutex<()>,
    clients: Mutex<FastMap<u64, Arc<Client>>>,
    watches: Watches,
    elicitations: Arc<Elicitations>,
    parks: Arc<Parks>,
    seals: Seals,
    /// Where there is one client only: who it is.
    sole: Option<Sole>,
    task_ids: TaskIds,
    /// Set where somebody looks at calls.
    #[cfg(feature = "admin")]
    live: OnceLock<Arc<live::LiveCalls>>,
    began: Instant,
    /// Where typed servers run.
    runtime: Handle,
    /// Where the relay runs.
    relay: Handle,
    tasks: TaskTracker,
    /// Children that may be starting at once.
    turns: Turns,
    identity: Identity,
    /// No new work: long requests (change streams) come to their end.
    draining: CancellationToken,
    /// Children end.
    stopping: CancellationToken,
    /// Held while children are added or removed at run time: what is there is looked at first.
    pub(crate) changing: Mutex<()>,
    /// Changes of files, once some are watched.
    files: OnceLock<Arc<Changes>>,
    /// The file that declares the children, until it is watched.
    file: Mutex<Option<ConfigFile>>,
}

/// A child that is to be there.
pub(crate) enum Next {
    /// The one with this id, which runs already.
    Kept(u64),
    New(Box<ChildSpec>),
}

impl Gateway {
    /// Starts every child that is not lazy, and returns at once. Typed servers run on `runtime`.
    pub(crate) fn start(composition: Composition, runtime: Handle) -> Arc<Self> {
        Self::begin(composition, runtime, None)
    }

    /// As [`Gateway::start`], for one client only: children wait for it to introduce itself, so that
    /// their one session can be told what it can be asked.
    pub(crate) fn start_for_one(composition: Composition, runtime: Handle) -> Arc<Self> {
        // A strict composition is looked at before any client is there.
        let sole = (!composition.settings.strict).then(Sole::default);
        Self::begin(composition, runtime, sole)
    }

    fn begin(composition: Composition, runtime: Handle, sole: Option<Sole>) -> Arc<Self> {
        let Composition {
            settings,
            children,
            file,
            ..
        } = composition;
        let views = Views::new(&settings);
        let gateway = Arc::new_cyclic(|own| Self {
            own: Weak::clone(own),
            views,
            settings,
            children: ArcSwap::default(),
            publishing: Mutex::default(),
            clients: Mutex::default(),
            watches: Watches::default(),
            elicitations: Arc::default(),
            parks: Arc::default(),
            seals: Seals::new(),
            sole,
            task_ids: TaskIds::default(),
            #[cfg(feature = "admin")]
            live: OnceLock::new(),
            began: Instant::now(),
            runtime,
            relay: Handle::current(),
            tasks: TaskTracker::new(),
            turns: Turns::default(),
            identity: Identity::new(),
            draining: CancellationToken::new(),
            stopping: CancellationToken::new(),
            changing: Mutex::default(),
            files: OnceLock::new(),
            file: Mutex::new(file),
        });
        gateway.add_children(children);
        gateway
    }

    /// Adds children at run time; open connections see what they offer.
    pub(crate) fn add_children(&self, specs: Vec<ChildSpec>) {
        let mut next = self.kept_but(None);
        next.extend(specs.into_iter().map(|spec| Next::New(Box::new(spec))));
        self.set_children(next);
    }

    /// Ends a child and takes back what it offered; open connections see that.
    pub(crate) fn remove_child(&self, id: u64) {
        self.set_children(self.kept_but(Some(id)));
    }

    fn kept_but(&self, gone: Option<u64>) -> Vec<Next> {
        let children = self.children.load();
        let kept = children.iter().filter(|child| Some(child.id) != gone);
        kept.map(|child| Next::Kept(child.id)).collect()
    }

    /// Makes these the children, in this order: new ones start, others end. One that takes the place of another of its
    /// namespace starts once that has ended; until it has lists of its own, those of the other stand.
    pub(crate) fn set_children(&self, next: Vec<Next>) {
        let common = Common {
            runtime: self.runtime.clone(),
            audience: self.own.clone(),
            tasks: self.tasks.clone(),
            turns: self.turns.clone(),
            identity: self.identity.clone(),
        };
        let former = self.children.load_full();
        let mut added = Vec::new();
        let mut labels = HashSet::new();
        for next in &next {
            if let Next::Kept(id) = next {
                let kept = former.iter().find(|child| child.id == *id);
                labels.extend(kept.map(|child| child.label.clone()));
            }
        }
        let children: Vec<_> = next
            .into_iter()
            .filter_map(|next| match next {
                Next::Kept(id) => former.iter().find(|child| child.id == id).cloned(),
                Next::New(mut spec) => {
                    // Where nothing of it can be seen, it is started if the program itself calls it.
                    spec.options.lazy |= !self.views.default().may_show(&spec, &self.settings);
                    let label = label_beside(&mut labels, &spec.label());
                    let child = Child::new(self.next_id(), label, *spec, common.clone());
                    added.push(Arc::clone(&child));
                    Some(child)
                }
            })
            .collect();
        let is_gone = |child: &&Arc<Child>| !children.iter().any(|there| there.id == child.id);
        let gone: Vec<_> = former.iter().filter(is_gone).cloned().collect();
        self.children.store(Arc::new(children));
        for child in &gone {
            child.end();
        }
        for child in added {
            child.spec.mount.set(self.own.clone(), child.id);
            let namespace = child.spec.namespace.as_ref();
            let before = gone
                .iter()
                .find(|gone| namespace.is_some() && gone.spec.namespace.as_ref() == namespace);
            match before.cloned() {
                None => self.tasks.spawn(child.supervise()),
                Some(before) => {
                    child.begin_as(&before);
                    // Its sessions are asked for the same when they begin.
                    self.watches.hand_over(before.id, child.id);
                    self.tasks.spawn(async move {
                        before.stopped().await;
                        child.supervise().await;
                    })
                }
            };
        }
        for child in &gone {
            self.watches.drop_child(child.id);
        }
        self.watch_files();
        self.publish();
    }

    /// Watches the files of the children that are there now, and the one that declares them.
    fn watch_files(&self) {
        let has_files = self.children.load().iter().any(has_files);
        if !has_files && self.files.get().is_none() && lock(&self.file).is_none() {
            return;
        }
        let changes = self.files.get_or_init(|| {
            let changes = Arc::<Changes>::default();
            let (own, stopping) = (self.own.clone(), self.stopping.clone());
            let file = lock(&self.file).take();
            let run = reload::run(own, Arc::clone(&changes), file, stopping);
            self.tasks.spawn(run);
            changes
        });
        changes.tell();
    }

    /// Brings requests that would last for ever (change streams) to their end.
    pub(crate) fn drain(&self) {
        self.draining.cancel();
    }

    /// Ends every child and waits for them, within a bound.
    pub(crate) async fn stop(&self) {
        self.drain();
        self.end_children();
        self.tasks.close();
        let children = self.children.load();
        let longest = children.iter().map(|child| child.spec.extra_grace()).max();
        let bound = STOP_GRACE.saturating_add(longest.unwrap_or_default());
        if tokio::time::timeout(bound, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("some children did not end within {} s", bound.as_secs());
        }
    }

    /// A connection that lives: it hears list changes and the like until [`Gateway::disconnect`].
    pub(crate) fn connect(&self, push: Arc<dyn Outlet>, principal: Principal) -> Arc<Client> {
        self.connect_to(Arc::clone(self.views.default()), push, principal)
    }

    /// As [`Gateway::connect`], of a client that sees this of the composition.
    pub(crate) fn connect_to(
        &self,
        view: Arc<View>,
        push: Arc<dyn Outlet>,
        principal: Principal,
    ) -> Arc<Client> {
        let client = Client::new(self.next_id(), Some(push), principal, view);
        lock(&self.clients).insert(client.id, Arc::clone(&client));
        client
    }

    /// The connection is gone; all that it held is released.
    pub(crate) fn disconnect(&self, client: &Client) {
        lock(&self.clients).remove(&client.id);
        for child in self.children.load().iter() {
            child.release(client.id);
        }
        self.forget(Subscriber::Client(client.id));
    }

    /// The sender of one stateless request, who names no profile.
    #[cfg(any(test, feature = "admin"))]
    pub(crate) fn stateless(&self, principal: Principal) -> Arc<Client> {
        self.stateless_to(Arc::clone(self.views.default()), principal)
    }

    /// The sender of one stateless request that sees this of the composition.
    pub(crate) fn stateless_to(&self, view: Arc<View>, principal: Principal) -> Arc<Client> {
        Client::new(self.next_id(), None, principal, view)
    }

    /// What clients see that ask for a profile, or for a child by itself, by this name, or for
    /// nothing in particular.
    pub(crate) fn view(&self, name: Option<&str>) -> Option<Arc<View>> {
        match name {
            None => Some(Arc::clone(self.views.default())),
            Some(name) => self.views.named(name, &self.settings, &self.children),
        }
    }

    /// Serves one request. What precedes the result goes to `outlet`, in order. Dropping the future
    /// cancels the request at the child.
    pub(crate) async fn serve(
        self: &Arc<Self>,
        client: &Arc<Client>,
        request: &Request,
        outlet: &Arc<dyn Outlet>,
        cancelled: &CancellationToken,
    ) -> Result<Raw, ErrorObject> {
        let served = Served::begin(client, request, outlet);
        let outcome = self
            .respond(client, request, outlet, cancelled, served.as_ref())
            .await;
        if let Some(served) = served {
            served.end(&outcome);
        }
        outcome
    }

    async fn respond(
        self: &Arc<Self>,
        client: &Arc<Client>,
        request: &Request,
        outlet: &Arc<dyn Outlet>,
        cancelled: &CancellationToken,
        served: Option<&Served>,
    ) -> Result<Raw, ErrorObject> {
        scan::check(request.params(), scan::MAX_NODES).map_err(|error| {
            ErrorObject::new(code::INVALID_REQUEST, &format!("invalid request: {error}"))
        })?;
        let params = Object::parse(request.params()).unwrap_or_default();
        let meta_text = params.get_borrowed("_meta");
        let meta = match meta_text {
            Some(text) => {
                Object::parse(text).map_err(|_| fault::invalid_params("`_meta` is an object"))?
            }
            None => Object::default(),
        };
        if &*request.method == "initialize" {
            // The one request of which the era is not in question, whatever its `_meta` repeats.
            return self.initialize(client, &params).await;
        }
        let era = era_of(client, &meta)?;
        if era == Era::Legacy && client.legacy_version().is_none() && &*request.method != "ping" {
            return Err(fault::invalid_params(&format!(
                "no `initialize` came before, and `_meta` has no `{META_VERSION}`"
            )));
        }
        if era == Era::Modern {
            self.introduce(client, era, meta.get(META_CLIENT_CAPABILITIES));
        }
        let caller = Caller {
            client,
            era,
            meta,
            outlet,
            cancelled,
            served,
            nested: None,
        };
        match (&*request.method, era) {
            ("tools/call", _) => self.call_tool(&caller, params).await,
            ("resources/read", _) => self.read_resource(&caller, params).await,
            ("prompts/get", _) => self.get_prompt(&caller, params).await,
            ("completion/complete", _) => self.complete(&caller, params).await,
            ("server/discover", Era::Modern) => Ok(self.discover(client).await),
            ("subscriptions/listen", Era::Modern) => self.listen(&caller, request, &params).await,
            (method @ ("tasks/get" | "tasks/update" | "tasks/cancel"), Era::Modern) => {
                self.task(&caller, method, params).await
            }
            ("ping", Era::Legacy) => Ok(Raw::from_static("{}")),
            ("logging/setLevel", Era::Legacy) => self.set_log_level(client, &params),
            ("resources/subscribe", Era::Legacy) => self.subscribe(&caller, &params).await,
            ("resources/unsubscribe", Era::Legacy) => self.unsubscribe(&caller, &params).await,
            (method, _) => match Kind::ALL.into_iter().find(|kind| kind.method() == method) {
                Some(kind) => self.list(&caller, kind, &params).await,
                None if belongs_to_one_era(method) => Err(ErrorObject::new(
                    code::METHOD_NOT_FOUND,
                    &format!("method `{method}` not found in this protocol version"),
                )),
                None => self.pass_on(&caller, method, params).await,
            },
        }
    }

    /// Takes a notification of a client. (Cancellation is the transport's; it fires the token.)
    pub(crate) fn notified(&self, client: &Arc<Client>, notification: Notification) {
        match &*notification.method {
            "notifications/initialized" => client.set_initialized(),
            "notifications/cancelled" | "notifications/progress" => {}
            "notifications/roots/list_changed" => {
                for child in self.children.load().iter() {
                    for instance in child.held(client.id) {
                        if instance.told().has_feature("roots", "listChanged") {
                            instance.peer().notify(notification.clone());
                        }
                    }
                }
            }
            method => {
                if let Some(instance) = client
                    .view()
                    .catalog()
                    .only_bare_child(|_| true)
                    .and_then(|child| child.running())
                {
                    instance.peer().notify(notification);
                } else {
                    tracing::debug!(
                        client = client.id,
                        method,
                        "a notification that concerns no child"
                    );
                }
            }
        }
    }

    /// Fires when no new work is to be taken.
    pub(crate) fn draining(&self) -> &CancellationToken {
        &self.draining
    }

    /// Fires when the gateway stops.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// The children, in the order of their declaration.
    pub(crate) fn children(&self) -> Arc<Vec<Arc<Child>>> {
        self.children.load_full()
    }

    /// Those of which clients that name no part can come to see anything.
    pub(crate) fn served_children(&self) -> Vec<Arc<Child>> {
        let view = self.views.default();
        let served = |child: &&Arc<Child>| view.may_show(&child.spec, &self.settings);
        self.children
            .load()
            .iter()
            .filter(served)
            .cloned()
            .collect()
    }

    /// When it is ready.
    pub(crate) fn ready_when(&self) -> crate::serve::ReadyWhen {
        self.settings.ready
    }

    #[cfg(feature = "admin")]
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How long it has been running.
    pub(crate) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// The connections that there are, the oldest first.
    #[cfg(feature = "admin")]
    pub(crate) fn clients(&self) -> Vec<Arc<Client>> {
        let mut clients: Vec<_> = lock(&self.clients).values().cloned().collect();
        clients.sort_by_key(|client| client.id);
        clients
    }

    /// The name that this server goes by.
    pub(crate) fn server_name(&self) -> &str {
        self.settings.name()
    }

    /// All that is exposed now, under the names of the whole.
    pub(crate) fn catalog(&self) -> arc_swap::Guard<Arc<Catalog>> {
        self.views.whole().catalog()
    }

    /// What clients see that name no profile: all of it, or the one part that is served.
    pub(crate) fn default_catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.views.default().catalog())
    }

    /// How many clients are connected, or have a session.
    pub(crate) fn connected(&self) -> usize {
        lock(&self.clients).len()
    }

    /// Whether it is served only if no names collide or are too long.
    pub(crate) fn is_strict(&self) -> bool {
        self.settings.strict
    }

    /// In strict mode: waits for the children and gives the names that collide or are too long.
    pub(crate) async fn refusals(&self) -> Vec<Problem> {
        if !self.is_strict() {
            return Vec::new();
        }
        self.settled(LIST_GRACE).await;
        self.catalog().collisions.clone()
    }

    /// Waits until every child has started or failed, at most `grace` from the start on.
    pub(crate) async fn settled(&self, grace: Duration) {
        self.settled_in(self.views.default(), grace).await;
    }

    /// As [`Gateway::settled`], of the children that have a part in a view.
    pub(crate) async fn settled_in(&self, view: &View, grace: Duration) {
        let catalog = Arc::clone(&view.catalog());
        let children = catalog.children();
        let all = async {
            for child in children.iter() {
                // A lazy child is started by whoever wants to see what it offers.
                if matches!(child.phase(), Phase::Idle) {
                    child.want();
                }
            }
            for child in children.iter() {
                child.settled().await;
            }
        };
        let _ = tokio::time::timeout(grace.saturating_sub(self.began.elapsed()), all).await;
    }

    async fn list(
        &self,
        caller: &Caller<'_>,
        kind: Kind,
        params: &Object<'_>,
    ) -> Result<Raw, ErrorObject> {
        self.settled_in(caller.client.view(), LIST_GRACE).await;
        let cursor = match params.get("cursor") {
            None | Some("null") => None,
            Some(_) => Some(call::required(params, "cursor")?),
        };
        let catalog = caller.catalog();
        let page = catalog.page(kind, cursor.as_deref(), caller.era == Era::Modern);
        let page = page.cloned().ok_or_else(|| {
            fault::invalid_params(
                "the cursor is not one of this server's; list again from the start",
            )
        })?;
        if caller.meta.get(META_THROUGH).is_none() {
            return Ok(page);
        }
        let listings: Vec<_> = self
            .children()
            .iter()
            .map(|child| child.listing())
            .collect();
        let through = listings
            .iter()
            .flat_map(|listing| listing.through.iter().flatten());
        Ok(self.identity.told_in(page, through))
    }

    fn set_log_level(&self, client: &Client, params: &Object<'_>) -> Result<Raw, ErrorObject> {
        let level = call::required(params, "level")?;
        let level = crate::server::LogLevel::from_wire(&level)
            .ok_or_else(|| fault::invalid_params(&format!("unknown log level `{level}`")))?;
        client.set_log_level(level);
        self.spread_log_level();
        Ok(Raw::from_static("{}"))
    }

    /// Puts new catalogs together and tells the clients what differs for them.
    fn publish(&self) {
        let changes = {
            let _publishing = lock(&self.publishing);
            self.views.rebuild(&self.settings, &self.children())
        };
        for problem in changes.problems {
            tracing::warn!("{problem}");
        }
        for (view, kinds) in changes.views {
            self.announce(&view, &kinds);
        }
    }

    /// Makes a result one of the client's era.
    fn finish(&self, caller: &Caller<'_>, result: Raw, child: Era, cacheable: bool) -> Raw {
        if child == Era::Legacy && caller.era == Era::Legacy {
            return result;
        }
        rewrite::to_era(
            result,
            child,
            caller.era,
            &caller.catalog().server_info,
            cacheable,
        )
    }

    pub(crate) fn child(&self, id: u64) -> Option<Arc<Child>> {
        self.children
            .load()
            .iter()
            .find(|child| child.id == id)
            .cloned()
    }

    fn client(&self, id: u64) -> Option<Arc<Client>> {
        lock(&self.clients).get(&id).cloned()
    }

    /// The connections whose handshake is done.
    fn greeted_clients(&self) -> Vec<Arc<Client>> {
        lock(&self.clients)
            .values()
            .filter(|client| client.legacy_version().is_some())
            .cloned()
            .collect()
    }

    fn own(&self) -> Weak<Self> {
        Weak::clone(&self.own)
    }

    fn end_children(&self) {
        self.stopping.cancel();
        for child in self.children.load().iter() {
            child.end();
        }
    }

    /// Unique within the process: a client of one composition may use the children of another.
    fn next_id(&self) -> u64 {
        static IDS: AtomicU64 = AtomicU64::new(1);
        IDS.fetch_add(1, Ordering::Relaxed)
    }
}

/// What a child is called beside others: two without a namespace may be the same program.
fn label_beside(labels: &mut HashSet<String>, own: &str) -> String {
    let mut label = own.to_owned();
    for number in 2.. {
        if labels.insert(label.clone()) {
            break;
        }
        label = format!("{own}-{number}");
    }
    label
}

/// Whether changes of files restart the child.
fn has_files(child: &Arc<Child>) -> bool {
    matches!(&child.spec.source, ChildSource::Stdio(process) if !process.watch.is_empty())
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Nobody can reach the children any more.
        self.end_children();
    }
}

/// The era of a request: modern ones say so themselves.
fn era_of(client: &Client, meta: &Object<'_>) -> Result<Era, ErrorObject> {
    let Some(version) = meta.get(META_VERSION) else {
        return Ok(Era::Legacy);
    };
    let version = json::decode_string(version).ok_or_else(|| {
        fault::invalid_params(&format!("`_meta[\"{META_VERSION}\"]` is a string"))
    })?;
    if version != MODERN {
        // A client of a session may repeat what was agreed.
        if client.legacy_version() == Some(&version) {
            return Ok(Era::Legacy);
        }
        let data = format!(
            "{{\"supported\":{},\"requested\":{}}}",
            Raw::of(&ALL).as_str(),
            json::quote(&version)
        );
        let error = ErrorObject::with_data(
            code::UNSUPPORTED_VERSION,
            "unsupported protocol version",
            Some(&data),
        );
        return Err(error);
    }
    if !meta
        .get(META_CLIENT_CAPABILITIES)
        .is_some_and(|capabilities| capabilities.starts_with('{'))
    {
        return Err(fault::invalid_params(&format!(
            "`_meta[\"{META_CLIENT_CAPABILITIES}\"]` is missing or not an object"
        )));
    }
    Ok(Era::Modern)
}

/// Methods of the specification that the other era does not have.
fn belongs_to_one_era(method: &str) -> bool {
    matches!(
        method,
        "ping"
            | "logging/setLevel"
            | "resources/subscribe"
            | "resources/unsubscribe"
            | "server/discover"
            | "subscriptions/listen"
    ) || method.starts_with("tasks/")
}
#[cfg(test)]
impl Gateway {
    /// One whose only child is made up, and has started.
    async fn of_fake(fake: &crate::child::fake::Fake) -> Arc<Self> {
        let mut composition = Composition::builder().build();
        composition.children.push(Self::fake_child(fake, None));
        let gateway = Self::start(composition, Handle::current());
        gateway.children()[0].settled().await;
        gateway
    }

    fn fake_child(fake: &crate::child::fake::Fake, namespace: Option<&str>) -> ChildSpec {
        use crate::compose::{ChildOptions, ChildSource, Namespace};
        ChildSpec {
            namespace: namespace.map(|name| Namespace::parse(name).expect("a namespace")),
            source: ChildSource::Fake(fake.clone()),
            options: ChildOptions::default(),
            mount: Arc::default(),
        }
    }
}
