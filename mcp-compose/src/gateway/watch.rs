//! What children say of their own accord, and who hears it: list changes, resource updates, log
//! messages. Each goes to exactly those clients that it belongs to.

mod missed;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use self::missed::Missed;
use super::Gateway;
use super::call::{Caller, log_message, required};
use super::catalog::Route;
use super::client::Outlet;
use super::elicitations::COMPLETE;
use super::view::View;
use super::{fault, task_feed};
use crate::child::handshake::{Introduced, stamp_modern};
use crate::child::instance::{Instance, LogWish};
use crate::child::listing::Kind;
use crate::child::pool::{Holder, Wanted};
use crate::child::supervisor::{ALL_KINDS, Audience, Child};
use crate::server::LogLevel;
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::{Event, Failure, LinkError, Oddity, Peer, RequestRoute, lock};
use crate::wire::version::{Era, META_SUBSCRIPTION};
use crate::wire::{Message, Notification, Object, Raw, Request, json};

/// Most resources that one client subscribes to.
const MAX_SUBSCRIPTIONS: usize = 10_000;
/// Pause before a child's change stream is opened again after it broke.
const RELISTEN: Duration = Duration::from_secs(1);

/// Most updates that are held back at once; more are told at once, some of them several times.
const MAX_GATHERING: usize = 10_000;
/// How long an update is held back that several sessions of a child may tell.
const GATHER: Duration = Duration::from_millis(50);
const UPDATED: &str = "notifications/resources/updated";

/// Who subscribes: a connection, or one `subscriptions/listen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Subscriber {
    Client(u64),
    Listen(u64),
}

/// A resource of a child, at the sessions of `owner` or at the one that all share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Resource {
    child: u64,
    owner: Option<Holder>,
    /// The original URI.
    uri: String,
}

/// What is watched, and for whom.
#[derive(Debug, Default)]
pub(super) struct Watches {
    /// Subscribers of each resource, and the URI that each of them used.
    resources: Mutex<HashMap<Resource, HashMap<Subscriber, String>>>,
    listens: Mutex<HashMap<u64, Listen>>,
    /// Updates that wait for others of the same, by `subscriptions/listen` and exposed URI.
    gathering: Mutex<HashSet<(u64, String)>>,
    /// What clients that lag are still to be told.
    missed: Missed,
    /// By child: the set of watched resources changed (modern children only).
    rewatch: Mutex<HashMap<u64, Arc<Notify>>>,
}

#[derive(Debug)]
struct Listen {
    outlet: Arc<dyn Outlet>,
    /// The id of the request, raw.
    id: String,
    /// What its client sees.
    view: Arc<View>,
    kinds: [bool; 4],
    /// Several sessions of a child may tell the same update.
    several: bool,
}

impl Listen {
    fn send(&self, method: &'static str, mut params: Object<'_>) -> Result<(), LinkError> {
        let mut meta = Object::default();
        meta.set(META_SUBSCRIPTION, self.id.clone());
        params.set("_meta", meta.to_json());
        self.outlet.send(Message::Notification(Notification::new(
            method,
            Some(params.to_raw()),
        )))
    }
}

impl Watches {
    /// Adds a subscriber; true if it is the first one.
    fn add(&self, resource: &Resource, subscriber: Subscriber, uri: &str) -> bool {
        let mut resources = lock(&self.resources);
        let subscribers = resources.entry(resource.clone()).or_default();
        let first = subscribers.is_empty();
        subscribers.insert(subscriber, uri.to_owned());
        first
    }

    /// Removes a subscriber; true if it was the last one.
    fn remove(&self, resource: &Resource, subscriber: Subscriber) -> bool {
        let mut resources = lock(&self.resources);
        let Some(subscribers) = resources.get_mut(resource) else {
            return false;
        };
        if subscribers.remove(&subscriber).is_none() || !subscribers.is_empty() {
            return false;
        }
        resources.remove(resource);
        true
    }

    /// What a subscriber watches.
    fn of(&self, subscriber: Subscriber) -> Vec<Resource> {
        let resources = lock(&self.resources);
        let theirs = resources
            .iter()
            .filter(|(_, subscribers)| subscribers.contains_key(&subscriber));
        theirs.map(|(resource, _)| resource.clone()).collect()
    }

    /// What is watched of a child at the sessions of `owner`, in a stable order.
    fn of_child(&self, child: u64, owner: Option<&Holder>) -> BTreeSet<String> {
        let resources = lock(&self.resources);
        resources
            .keys()
            .filter(|one| one.child == child && one.owner.as_ref() == owner)
            .map(|one| one.uri.clone())
            .collect()
    }

    /// Who watches a resource or what contains it, and under which URI.
    fn watchers(&self, child: u64, owner: Option<&Holder>, uri: &str) -> Vec<(Subscriber, String)> {
        let resources = lock(&self.resources);
        let whole = Resource {
            child,
            owner: owner.cloned(),
            uri: uri.to_owned(),
        };
        if let Some(subscribers) = resources.get(&whole) {
            return subscribers
                .iter()
                .map(|(who, uri)| (*who, uri.clone()))
                .collect();
        }
        // An update may name a part of what was subscribed to.
        let mut found = Vec::new();
        for (watched, subscribers) in resources.iter() {
            let same = watched.child == child && watched.owner.as_ref() == owner;
            if let (true, Some(part)) = (same, uri.strip_prefix(watched.uri.as_str())) {
                found.extend(
                    subscribers
                        .iter()
                        .map(|(who, uri)| (*who, format!("{uri}{part}"))),
                );
            }
        }
        found
    }

    /// A child has taken another's place: what is watched there is watched here.
    pub(super) fn hand_over(&self, from: u64, to: u64) {
        let mut resources = lock(&self.resources);
        let theirs: Vec<_> = resources
            .keys()
            .filter(|one| one.child == from)
            .cloned()
            .collect();
        for resource in theirs {
            if let Some(subscribers) = resources.remove(&resource) {
                let there = Resource {
                    child: to,
                    ..resource
                };
                resources.entry(there).or_default().extend(subscribers);
            }
        }
    }

    /// A child is gone, and nothing of it can be watched any more.
    pub(super) fn drop_child(&self, child: u64) {
        lock(&self.resources).retain(|resource, _| resource.child != child);
        lock(&self.rewatch).remove(&child);
    }

    fn may_gather(&self) -> bool {
        lock(&self.gathering).len() < MAX_GATHERING
    }

    fn rewatch(&self, child: u64) -> Arc<Notify> {
        Arc::clone(lock(&self.rewatch).entry(child).or_default())
    }
}

impl Gateway {
    /// `resources/subscribe`.
    pub(crate) async fn subscribe(
        &self,
        caller: &Caller<'_>,
        params: &Object<'_>,
    ) -> Result<Raw, ErrorObject> {
        let uri = required(params, "uri")?;
        let route = self.resource_route(caller, &uri).await?;
        let subscriber = Subscriber::Client(caller.client.id);
        if self.watches.of(subscriber).len() >= MAX_SUBSCRIPTIONS {
            return Err(fault::invalid_params(&format!(
                "more than {MAX_SUBSCRIPTIONS} subscriptions"
            )));
        }
        let wanted = Wanted {
            alone: false,
            ..caller.wanted(&route.child)
        };
        let lease = route.child.lease(&wanted).await;
        let lease = lease.map_err(|why| fault::unavailable(&route.child, &why))?;
        self.watch(caller, &route, &lease, subscriber, &uri).await?;
        Ok(Raw::from_static("{}"))
    }

    /// `resources/unsubscribe`.
    pub(crate) async fn unsubscribe(
        &self,
        caller: &Caller<'_>,
        params: &Object<'_>,
    ) -> Result<Raw, ErrorObject> {
        let uri = required(params, "uri")?;
        let route = self.resource_route(caller, &uri).await?;
        let subscriber = Subscriber::Client(caller.client.id);
        // At whichever session it was: what the client can be asked has not changed, but the child
        // may speak another era by now.
        for resource in self.watches.of(subscriber) {
            if resource.child == route.child.id && resource.uri == route.original {
                self.unwatch(&resource, subscriber);
            }
        }
        Ok(Raw::from_static("{}"))
    }

    /// Subscribes at a session: the first subscriber of a resource there, the others join.
    async fn watch(
        &self,
        caller: &Caller<'_>,
        route: &Route,
        instance: &Arc<Instance>,
        who: Subscriber,
        uri: &str,
    ) -> Result<(), ErrorObject> {
        let (child, original) = (&route.child, &route.original);
        if !instance.profile().offers.subscribe {
            return Err(fault::invalid_params(&format!(
                "child \"{}\" does not offer resource subscriptions",
                child.label
            )));
        }
        let modern = instance.profile().era == Era::Modern;
        let resource = Resource {
            child: child.id,
            // One change stream serves all that is watched of a modern child.
            owner: instance.owner().cloned().filter(|_| !modern),
            uri: original.clone(),
        };
        if !self.watches.add(&resource, who, uri) {
            return Ok(());
        }
        if modern {
            self.watches.rewatch(child.id).notify_one();
            return Ok(());
        }
        instance.watch(original);
        let told = tokio::time::timeout(
            child.spec.options.timeout,
            tell(instance, "resources/subscribe", original),
        )
        .await;
        let failure = match told {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(failure)) => Some(failure),
            Err(_) => None,
        };
        self.watches.remove(&resource, who);
        instance.unwatch(original);
        Err(match failure {
            None => fault::timed_out(child, child.spec.options.timeout),
            Some(Failure::Error(error)) => {
                super::rewrite::expose_error(child, caller.namespace(child), error, Era::Legacy)
            }
            Some(Failure::Lost(lost)) => fault::lost(child, &lost),
            Some(Failure::Overloaded) => fault::overloaded(child),
        })
    }

    /// Subscribes at every session that a client has, and at those that it will have.
    fn watch_own(&self, route: &Route, holder: &Holder, who: Subscriber, uri: &str) {
        let resource = Resource {
            child: route.child.id,
            owner: Some(holder.clone()),
            uri: route.original.clone(),
        };
        // First: a session that starts now looks here as soon as it is one of the holder's.
        self.watches.add(&resource, who, uri);
        for instance in route.child.held_by(holder) {
            self.subscribe_at(&route.child, &instance, &route.original);
        }
    }

    /// Subscribes at a session without waiting for the answer, unless that was done before.
    fn subscribe_at(&self, child: &Child, instance: &Arc<Instance>, uri: &str) {
        if instance.watch(uri) {
            self.tell_soon(child, instance, "resources/subscribe", uri);
        }
    }

    fn unwatch(&self, resource: &Resource, who: Subscriber) {
        if !self.watches.remove(resource, who) {
            return;
        }
        let Some(child) = self.child(resource.child) else {
            return;
        };
        let instances = match &resource.owner {
            Some(owner) => child.held_by(owner),
            None => child.running().into_iter().collect(),
        };
        for instance in instances {
            if instance.profile().era == Era::Modern {
                self.watches.rewatch(child.id).notify_one();
            } else if instance.unwatch(&resource.uri) {
                self.tell_soon(&child, &instance, "resources/unsubscribe", &resource.uri);
            }
        }
    }

    /// Tells a session which resource is meant. Nobody waits for the answer, and an update that
    /// still comes finds no subscriber.
    fn tell_soon(&self, child: &Child, instance: &Arc<Instance>, method: &'static str, uri: &str) {
        let bound = child.spec.options.timeout;
        let (instance, uri) = (Arc::clone(instance), uri.to_owned());
        self.tasks.spawn(async move {
            let _ = tokio::time::timeout(bound, tell(&instance, method, &uri)).await;
        });
    }

    /// Everything that a client watches is released.
    pub(super) fn forget(&self, subscriber: Subscriber) {
        for resource in self.watches.of(subscriber) {
            self.unwatch(&resource, subscriber);
        }
    }

    /// `subscriptions/listen`: lasts until it is cancelled or this server stops.
    pub(crate) async fn listen(
        self: &Arc<Self>,
        caller: &Caller<'_>,
        request: &Request,
        params: &Object<'_>,
    ) -> Result<Raw, ErrorObject> {
        let filter = params.get("notifications").unwrap_or("{}");
        let filter = Object::parse(filter)
            .map_err(|error| fault::invalid_params(&format!("`notifications`: {error}")))?;
        let asked = |key: &str| filter.get(key) == Some("true");
        let resources = asked("resourcesListChanged");
        let kinds = [
            asked("toolsListChanged"),
            asked("promptsListChanged"),
            resources,
            resources,
        ];
        let wanted = match filter.get("resourceSubscriptions") {
            Some(uris) => serde_json::from_str::<Vec<String>>(uris).map_err(|error| {
                fault::invalid_params(&format!("`resourceSubscriptions`: {error}"))
            })?,
            None => Vec::new(),
        };
        if wanted.len() > MAX_SUBSCRIPTIONS {
            return Err(fault::invalid_params(&format!(
                "more than {MAX_SUBSCRIPTIONS} subscriptions"
            )));
        }
        let mut feed = self.follow_tasks(caller, &filter).await?;
        let listen = self.next_id();
        let mut guard = ListenGuard {
            gateway: Arc::clone(self),
            listen,
        };
        let who = Subscriber::Listen(listen);
        let mut several = false;
        let mut honoured = Vec::new();
        for uri in wanted {
            let Ok(route) = self.resource_route(caller, &uri).await else {
                continue;
            };
            let Ok(instance) = route.child.instance().await else {
                continue;
            };
            if self
                .watch(caller, &route, &instance, who, &uri)
                .await
                .is_ok()
            {
                // What the calls of this client do, they do at sessions of its own.
                let wanted = caller.wanted(&route.child);
                if route.child.separates(&wanted) {
                    several = true;
                    self.watch_own(&route, &wanted.holder, who, &uri);
                }
                honoured.push(uri);
            }
        }
        let entry = Listen {
            outlet: Arc::clone(caller.outlet),
            id: request.id.as_str().to_owned(),
            view: Arc::clone(caller.client.view()),
            kinds,
            several,
        };
        let mut granted = Object::default();
        for (key, kind) in [
            ("toolsListChanged", Kind::Tools),
            ("promptsListChanged", Kind::Prompts),
            ("resourcesListChanged", Kind::Resources),
        ] {
            if kinds[kind as usize] {
                granted.set(key, "true");
            }
        }
        if !honoured.is_empty() {
            granted.set(
                "resourceSubscriptions",
                Raw::of(&honoured).as_str().to_owned(),
            );
        }
        if !feed.tasks().is_empty() {
            granted.set("taskIds", Raw::of(&feed.tasks()).as_str().to_owned());
        }
        let mut params = Object::default();
        params.set("notifications", granted.to_json());
        {
            // Nothing may precede the acknowledgement.
            let mut listens = lock(&self.watches.listens);
            // A stream that does not take its first message has ended, and its request with it.
            let _ = entry.send("notifications/subscriptions/acknowledged", params);
            listens.insert(listen, entry);
        }
        tokio::select! {
            // A front may cancel its requests in the same moment; the orderly end wins.
            biased;
            () = self.draining.cancelled() => {}
            () = feed.relay(self, caller, &request.id) => {}
            () = caller.cancelled.cancelled() => return Err(fault::cancelled()),
        }
        guard.release();
        let id = request.id.as_str();
        Ok(Raw::from_json(format!(
            "{{\"resultType\":\"complete\",\"_meta\":{{\"{META_SUBSCRIPTION}\":{id}}}}}"
        )))
    }

    /// Tells every client of a view which lists differ from before, each list once.
    pub(super) fn announce(&self, view: &Arc<View>, kinds: &[Kind]) {
        let methods: Vec<&'static str> = {
            let mut seen = HashSet::new();
            kinds
                .iter()
                .map(|kind| kind.changed())
                .filter(|method| seen.insert(*method))
                .collect()
        };
        let clients = self.greeted_clients();
        for client in clients.iter().filter(|it| Arc::ptr_eq(it.view(), view)) {
            for method in &methods {
                client.push(Message::Notification(Notification::new(method, None)));
            }
        }
        let listens = lock(&self.watches.listens);
        let theirs = listens.iter();
        for (id, listen) in theirs.filter(|(_, listen)| Arc::ptr_eq(&listen.view, view)) {
            for method in &methods {
                if kinds
                    .iter()
                    .any(|kind| kind.changed() == *method && listen.kinds[*kind as usize])
                {
                    self.deliver(*id, listen, method, "", Object::default());
                }
            }
        }
    }

    fn updated(
        &self,
        child: &Child,
        instance: Option<&Arc<Instance>>,
        notification: &Notification,
    ) {
        let Ok(mut params) = Object::parse(notification.params()) else {
            return;
        };
        let Some(uri) = params.string("uri").map(std::borrow::Cow::into_owned) else {
            return;
        };
        params.remove("_meta");
        let owner = instance.and_then(|instance| instance.owner());
        for (who, exposed) in self.watches.watchers(child.id, owner, &uri) {
            let mut params = params.clone();
            params.set("uri", json::quote(&exposed));
            match who {
                Subscriber::Client(id) => {
                    if let Some(client) = self.client(id) {
                        let notification = Notification::new(UPDATED, Some(params.to_raw()));
                        client.push(Message::Notification(notification));
                    }
                }
                Subscriber::Listen(id) => {
                    let listens = lock(&self.watches.listens);
                    match listens.get(&id) {
                        Some(listen) if listen.several && self.watches.may_gather() => {
                            self.gather(id, exposed, params.to_raw());
                        }
                        Some(listen) => self.deliver(id, listen, UPDATED, &exposed, params),
                        None => {}
                    }
                }
            }
        }
    }

    /// Tells of an update once, whichever sessions tell of it within a moment.
    fn gather(&self, listen: u64, exposed: String, params: Raw) {
        let update = (listen, exposed);
        if !lock(&self.watches.gathering).insert(update.clone()) {
            return;
        }
        let gateway = self.own();
        self.tasks.spawn(async move {
            tokio::time::sleep(GATHER).await;
            let Some(gateway) = gateway.upgrade() else {
                return;
            };
            // First, so that an update that comes from now on is told as well.
            lock(&gateway.watches.gathering).remove(&update);
            let listens = lock(&gateway.watches.listens);
            if let (Some(listen), Ok(params)) =
                (listens.get(&update.0), Object::parse(params.as_str()))
            {
                gateway.deliver(update.0, listen, UPDATED, &update.1, params);
            }
        });
    }

    /// What a session says without a link to a call goes to a client only where it can belong to
    /// nobody else: to the one call in flight, or to the one client that it can be meant for.
    fn audience(
        &self,
        child: &Child,
        instance: Option<&Arc<Instance>>,
    ) -> Option<(Arc<dyn Outlet>, LogWish)> {
        let calls = instance
            .map(|instance| instance.in_flight())
            .unwrap_or_default();
        let client = match calls.as_slice() {
            [only] => return Some((Arc::clone(&only.outlet), only.wish)),
            [first, others @ ..] => {
                let shared = others.iter().any(|call| call.client != first.client);
                self.client(first.client).filter(|_| !shared)?
            }
            [] => match instance.and_then(|instance| instance.owner()) {
                Some(Holder::Client(owner)) => self.client(*owner)?,
                Some(Holder::Principal(_)) => return None,
                None => {
                    let mut clients = self.greeted_clients();
                    clients.retain(|client| client.view().shows(child));
                    let mut clients = clients.into_iter();
                    clients.next().filter(|_| clients.next().is_none())?
                }
            },
        };
        let wish = client.log_wish();
        Some((client.outlet()?, wish))
    }

    fn logged(&self, child: &Child, instance: Option<&Arc<Instance>>, notification: Notification) {
        let (notification, level) = log_message(child, notification);
        match self.audience(child, instance) {
            Some((outlet, wish)) if wish.takes(level) => {
                // An outlet that is gone has nobody who reads it.
                if outlet.send(Message::Notification(notification)) == Err(LinkError::Full) {
                    child.counters.note(&child.label, Oddity::Unread);
                }
            }
            Some(_) => {}
            None => {
                tracing::debug!(child = %child.label, "a log message that no single client caused: {}", notification.params());
            }
        }
    }

    /// Tells every legacy child which log messages are wanted of it.
    pub(super) fn spread_log_level(&self) {
        let clients = self.greeted_clients();
        for child in self.children().iter() {
            let mut instances: Vec<_> = child.running().into_iter().collect();
            // Where there is one client only, the one session is its own.
            instances.retain(|instance| instance.owner().is_none());
            instances.extend(clients.iter().flat_map(|client| child.held(client.id)));
            for instance in instances {
                self.tell_log_level(&instance);
            }
        }
    }

    /// The most verbose level that a client of the session asked for.
    fn log_level(&self, instance: &Instance) -> Option<LogLevel> {
        match instance.owner() {
            None => {
                let clients = self.greeted_clients();
                clients.iter().filter_map(|client| client.log_level()).min()
            }
            Some(Holder::Client(owner)) => self.client(*owner)?.log_level(),
            // Each of its requests says so for itself.
            Some(Holder::Principal(_)) => None,
        }
    }

    fn tell_log_level(&self, instance: &Arc<Instance>) {
        let Some(level) = self.log_level(instance) else {
            return;
        };
        let profile = instance.profile();
        if profile.era != Era::Legacy || !profile.offers.logging {
            return;
        }
        let mut params = Object::default();
        params.set("level", json::quote(level.as_str()));
        let params = params.to_raw();
        let call = instance.peer().request(
            "logging/setLevel",
            |_| Some(params),
            RequestRoute::default(),
        );
        self.tasks.spawn(async move {
            let _ = tokio::time::timeout(Duration::from_secs(10), call.outcome()).await;
        });
    }
}

async fn tell(instance: &Arc<Instance>, method: &'static str, uri: &str) -> Result<Raw, Failure> {
    let mut params = Object::default();
    params.set("uri", json::quote(uri));
    let params = params.to_raw();
    instance
        .peer()
        .request(method, |_| Some(params), RequestRoute::default())
        .outcome()
        .await
}

impl Audience for Gateway {
    fn changed(&self, _child: &Arc<Child>) {
        self.publish();
    }

    fn started(&self, child: &Arc<Child>, instance: &Arc<Instance>) {
        if instance.profile().era == Era::Modern {
            // One stream for the child: what it tells is no single client's.
            if instance.owner().is_none() {
                let (child, instance) = (Arc::clone(child), Arc::clone(instance));
                self.tasks.spawn(listen_to(self.own(), child, instance));
            }
            return;
        }
        self.tell_log_level(instance);
        for uri in self.watches.of_child(child.id, instance.owner()) {
            self.subscribe_at(child, instance, &uri);
        }
    }

    fn asked(
        &self,
        child: &Arc<Child>,
        instance: Option<&Arc<Instance>>,
        peer: &Arc<Peer>,
        question: Request,
    ) {
        self.take_question(child, instance, peer, question);
    }

    fn sole(&self, child: &Child) -> Option<tokio::sync::watch::Receiver<Option<Introduced>>> {
        self.sole_client(child)
    }

    fn is_watched(&self, child: &Child, instance: &Instance) -> bool {
        let modern = instance.profile().era == Era::Modern;
        let owner = instance.owner().filter(|_| !modern);
        !self.watches.of_child(child.id, owner).is_empty()
    }

    fn told(
        &self,
        child: &Arc<Child>,
        instance: Option<&Arc<Instance>>,
        notification: Notification,
    ) {
        match &*notification.method {
            UPDATED => self.updated(child, instance, &notification),
            "notifications/message" => self.logged(child, instance, notification),
            COMPLETE => {
                let peer = instance.map(|instance| instance.peer());
                self.elicitations.completed(child, peer, &notification);
            }
            // Of the hop, or about a call that has ended.
            "notifications/cancelled" | "notifications/progress" | "notifications/initialized" => {}
            // What belongs to no `subscriptions/listen` of a client is nobody's.
            "notifications/subscriptions/acknowledged" | task_feed::TOLD => {}
            _ => {
                if let Some((outlet, _)) = self.audience(child, instance) {
                    let _ = outlet.send(Message::Notification(notification));
                }
            }
        }
    }
}

/// Keeps one change stream open at a modern child, for its lists and for what is watched of it.
async fn listen_to(gateway: Weak<Gateway>, child: Arc<Child>, instance: Arc<Instance>) {
    let Some((rewatch, stopping)) = gateway
        .upgrade()
        .map(|gateway| (gateway.watches.rewatch(child.id), gateway.stopping.clone()))
    else {
        return;
    };
    let watched = || {
        gateway
            .upgrade()
            .map(|gateway| gateway.watches.of_child(child.id, None))
    };
    loop {
        let Some(uris) = watched() else { return };
        let mut call = open_listen(&instance, &uris);
        loop {
            tokio::select! {
                event = call.next() => match event {
                    Event::Done(Err(Failure::Error(error))) if error.code() == code::METHOD_NOT_FOUND => return,
                    Event::Done(_) => break,
                    Event::Notification(notification) => {
                        let Some(gateway) = gateway.upgrade() else { return };
                        gateway.told(&child, Some(&instance), notification);
                    }
                    Event::Question(question) => call.refuse(question),
                    Event::Progress(_) => {}
                },
                () = rewatch.notified() => {
                    let Some(uris) = watched() else { return };
                    // The former stream is dropped only when the new one is asked for: nothing
                    // falls between.
                    call = open_listen(&instance, &uris);
                }
                () = instance.peer().closed() => return,
                () = stopping.cancelled() => return,
            }
        }
        tokio::select! {
            () = tokio::time::sleep(RELISTEN) => {}
            () = instance.peer().closed() => return,
            () = stopping.cancelled() => return,
        }
        // Changes may have been missed while no stream was open.
        child.lists_changed(ALL_KINDS);
    }
}

fn open_listen(instance: &Arc<Instance>, watched: &BTreeSet<String>) -> crate::wire::peer::Call {
    let mut filter = Object::default();
    for key in [
        "toolsListChanged",
        "promptsListChanged",
        "resourcesListChanged",
    ] {
        filter.set(key, "true");
    }
    if !watched.is_empty() {
        filter.set(
            "resourceSubscriptions",
            Raw::of(watched).as_str().to_owned(),
        );
    }
    let mut meta = Object::default();
    stamp_modern(&mut meta, "{}");
    let mut params = Object::default();
    params.set("notifications", filter.to_json());
    params.set("_meta", meta.to_json());
    let params = params.to_raw();
    instance.peer().request(
        "subscriptions/listen",
        |_| Some(params),
        RequestRoute::default(),
    )
}

/// Releases what a `subscriptions/listen` holds, however it ends.
struct ListenGuard {
    gateway: Arc<Gateway>,
    listen: u64,
}

impl ListenGuard {
    fn release(&mut self) {
        lock(&self.gateway.watches.listens).remove(&self.listen);
        self.gateway.watches.missed.forget(self.listen);
        self.gateway.forget(Subscriber::Listen(self.listen));
    }
}

impl Drop for ListenGuard {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests;
