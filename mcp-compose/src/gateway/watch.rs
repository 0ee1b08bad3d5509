//! What children say of their own accord, and who hears it: list changes, resource updates, log
//! messages. Each goes to exactly those clients that it belongs to.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use super::Gateway;
use super::call::{Caller, log_message, required};
use super::client::Outlet;
use super::fault;
use crate::child::asks::Told;
use crate::child::handshake::stamp_modern;
use crate::child::instance::{Instance, LogWish};
use crate::child::listing::Kind;
use crate::child::pool::Holder;
use crate::child::supervisor::{ALL_KINDS, Audience, Child};
use crate::server::LogLevel;
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::{Event, Failure, Peer, RequestRoute, lock};
use crate::wire::version::{Era, META_SUBSCRIPTION};
use crate::wire::{Message, Notification, Object, Raw, Request, json};

/// Most resources that one client subscribes to.
const MAX_SUBSCRIPTIONS: usize = 10_000;
/// Pause before a child's change stream is opened again after it broke.
const RELISTEN: Duration = Duration::from_secs(1);

/// Who subscribes: a connection, or one `subscriptions/listen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Subscriber {
    Client(u64),
    Listen(u64),
}

/// A resource of a child.
type Resource = (u64, String);

/// What is watched, and for whom.
#[derive(Debug, Default)]
pub(super) struct Watches {
    /// Subscribers of each resource, and the URI that each of them used.
    resources: Mutex<HashMap<Resource, HashMap<Subscriber, String>>>,
    listens: Mutex<HashMap<u64, Listen>>,
    /// By child: the set of watched resources changed (modern children only).
    rewatch: Mutex<HashMap<u64, Arc<Notify>>>,
}

#[derive(Debug)]
struct Listen {
    outlet: Arc<dyn Outlet>,
    /// The id of the request, raw.
    id: String,
    kinds: [bool; 4],
}

impl Listen {
    fn send(&self, method: &'static str, mut params: Object<'_>) {
        let mut meta = Object::default();
        meta.set(META_SUBSCRIPTION, self.id.clone());
        params.set("_meta", meta.to_json());
        let _ = self.outlet.send(Message::Notification(Notification::new(
            method,
            Some(params.to_raw()),
        )));
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

    /// What is watched of a child, in a stable order.
    fn of_child(&self, child: u64) -> BTreeSet<String> {
        let resources = lock(&self.resources);
        resources
            .keys()
            .filter(|(owner, _)| *owner == child)
            .map(|(_, uri)| uri.clone())
            .collect()
    }

    /// Who watches a resource or what contains it, and under which URI.
    fn watchers(&self, child: u64, uri: &str) -> Vec<(Subscriber, String)> {
        let resources = lock(&self.resources);
        if let Some(subscribers) = resources.get(&(child, uri.to_owned())) {
            return subscribers
                .iter()
                .map(|(who, uri)| (*who, uri.clone()))
                .collect();
        }
        // An update may name a part of what was subscribed to.
        let mut found = Vec::new();
        for ((owner, watched), subscribers) in resources.iter() {
            if let (true, Some(part)) = (*owner == child, uri.strip_prefix(watched.as_str())) {
                found.extend(
                    subscribers
                        .iter()
                        .map(|(who, uri)| (*who, format!("{uri}{part}"))),
                );
            }
        }
        found
    }

    /// A child is gone, and nothing of it can be watched any more.
    pub(super) fn drop_child(&self, child: u64) {
        lock(&self.resources).retain(|(owner, _), _| *owner != child);
        lock(&self.rewatch).remove(&child);
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
        let route = self.resource_route(caller.era, &uri).await?;
        let subscriber = Subscriber::Client(caller.client.id);
        if self.watches.of(subscriber).len() >= MAX_SUBSCRIPTIONS {
            return Err(fault::invalid_params(&format!(
                "more than {MAX_SUBSCRIPTIONS} subscriptions"
            )));
        }
        self.watch(&route.child, &route.original, subscriber, &uri)
            .await?;
        Ok(Raw::from_static("{}"))
    }

    /// `resources/unsubscribe`.
    pub(crate) async fn unsubscribe(
        &self,
        caller: &Caller<'_>,
        params: &Object<'_>,
    ) -> Result<Raw, ErrorObject> {
        let uri = required(params, "uri")?;
        let route = self.resource_route(caller.era, &uri).await?;
        self.unwatch(
            &(route.child.id, route.original),
            Subscriber::Client(caller.client.id),
        );
        Ok(Raw::from_static("{}"))
    }

    /// The first subscriber of a resource subscribes at the child; the others join.
    async fn watch(
        &self,
        child: &Arc<Child>,
        original: &str,
        who: Subscriber,
        uri: &str,
    ) -> Result<(), ErrorObject> {
        let instance = child
            .instance()
            .await
            .map_err(|why| fault::unavailable(child, &why))?;
        if !instance.profile().offers.subscribe {
            return Err(fault::invalid_params(&format!(
                "child \"{}\" does not offer resource subscriptions",
                child.label
            )));
        }
        let resource = (child.id, original.to_owned());
        if !self.watches.add(&resource, who, uri) {
            return Ok(());
        }
        if instance.profile().era == Era::Modern {
            self.watches.rewatch(child.id).notify_one();
            return Ok(());
        }
        let told = tokio::time::timeout(
            child.spec.options.timeout,
            tell(&instance, "resources/subscribe", original),
        )
        .await;
        let failure = match told {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(failure)) => failure,
            Err(_) => {
                self.watches.remove(&resource, who);
                return Err(fault::timed_out(child, child.spec.options.timeout));
            }
        };
        self.watches.remove(&resource, who);
        Err(match failure {
            Failure::Error(error) => super::rewrite::expose_error(child, error, Era::Legacy),
            Failure::Lost { reason, delivered } => fault::lost(child, &reason, delivered),
            Failure::Overloaded => fault::overloaded(child),
        })
    }

    fn unwatch(&self, resource: &Resource, who: Subscriber) {
        if !self.watches.remove(resource, who) {
            return;
        }
        let Some(child) = self.child(resource.0) else {
            return;
        };
        let Some(instance) = child.running() else {
            return;
        };
        if instance.profile().era == Era::Modern {
            self.watches.rewatch(child.id).notify_one();
        } else {
            let uri = resource.1.clone();
            self.tasks.spawn(async move {
                // Nobody waits for the answer, and an update that still comes finds no subscriber.
                let _ = tell(&instance, "resources/unsubscribe", &uri).await;
            });
        }
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
        let listen = self.next_id();
        let mut guard = ListenGuard {
            gateway: Arc::clone(self),
            listen,
        };
        let mut honoured = Vec::new();
        for uri in wanted {
            let Ok(route) = self.resource_route(Era::Modern, &uri).await else {
                continue;
            };
            if self
                .watch(
                    &route.child,
                    &route.original,
                    Subscriber::Listen(listen),
                    &uri,
                )
                .await
                .is_ok()
            {
                honoured.push(uri);
            }
        }
        let entry = Listen {
            outlet: Arc::clone(caller.outlet),
            id: request.id.as_str().to_owned(),
            kinds,
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
        let mut params = Object::default();
        params.set("notifications", granted.to_json());
        {
            // Nothing may precede the acknowledgement.
            let mut listens = lock(&self.watches.listens);
            entry.send("notifications/subscriptions/acknowledged", params);
            listens.insert(listen, entry);
        }
        tokio::select! {
            // A front may cancel its requests in the same moment; the orderly end wins.
            biased;
            () = self.draining.cancelled() => {
                guard.release();
                let id = request.id.as_str();
                Ok(Raw::from_json(format!("{{\"resultType\":\"complete\",\"_meta\":{{\"{META_SUBSCRIPTION}\":{id}}}}}")))
            }
            () = caller.cancelled.cancelled() => Err(fault::cancelled()),
        }
    }

    /// Tells every client which lists differ from before, each list once.
    pub(super) fn announce(&self, kinds: &[Kind]) {
        let methods: Vec<&'static str> = {
            let mut seen = HashSet::new();
            kinds
                .iter()
                .map(|kind| kind.changed())
                .filter(|method| seen.insert(*method))
                .collect()
        };
        for client in self.greeted_clients() {
            for method in &methods {
                client.push(Message::Notification(Notification::new(method, None)));
            }
        }
        for listen in lock(&self.watches.listens).values() {
            for method in &methods {
                if kinds
                    .iter()
                    .any(|kind| kind.changed() == *method && listen.kinds[*kind as usize])
                {
                    listen.send(method, Object::default());
                }
            }
        }
    }

    fn updated(&self, child: &Child, notification: &Notification) {
        let Ok(mut params) = Object::parse(notification.params()) else {
            return;
        };
        let Some(uri) = params.string("uri").map(std::borrow::Cow::into_owned) else {
            return;
        };
        params.remove("_meta");
        for (who, exposed) in self.watches.watchers(child.id, &uri) {
            let mut params = params.clone();
            params.set("uri", json::quote(&exposed));
            match who {
                Subscriber::Client(id) => {
                    if let Some(client) = self.client(id) {
                        let notification = Notification::new(
                            "notifications/resources/updated",
                            Some(params.to_raw()),
                        );
                        client.push(Message::Notification(notification));
                    }
                }
                Subscriber::Listen(id) => {
                    if let Some(listen) = lock(&self.watches.listens).get(&id) {
                        listen.send("notifications/resources/updated", params);
                    }
                }
            }
        }
    }

    /// What a session says without a link to a call goes to a client only where it can belong to
    /// nobody else: to the one call in flight, or to the one client that it can be meant for.
    fn audience(&self, instance: Option<&Arc<Instance>>) -> Option<(Arc<dyn Outlet>, LogWish)> {
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
                    let mut clients = self.greeted_clients().into_iter();
                    clients.next().filter(|_| clients.next().is_none())?
                }
            },
        };
        let wish = client.log_wish();
        Some((client.outlet()?, wish))
    }

    fn logged(&self, child: &Child, instance: Option<&Arc<Instance>>, notification: Notification) {
        let (notification, level) = log_message(child, notification);
        match self.audience(instance) {
            Some((outlet, wish)) if wish.takes(level) => {
                // An outlet that is gone has nobody who reads it.
                let _ = outlet.send(Message::Notification(notification));
            }
            Some(_) => {}
            None => {
                tracing::debug!(child = %child.label, "a log message that no single client caused: {}", notification.params());
            }
        }
    }

    /// Tells every legacy child the most verbose level that a client asked for.
    pub(super) fn spread_log_level(&self) {
        let level = self
            .greeted_clients()
            .iter()
            .filter_map(|client| client.log_level())
            .min();
        let Some(level) = level else { return };
        for child in self.children().iter() {
            if let Some(instance) = child.running() {
                self.tell_log_level(&instance, level);
            }
        }
    }

    fn tell_log_level(&self, instance: &Arc<Instance>, level: LogLevel) {
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
        let watched = self.watches.of_child(child.id);
        if instance.profile().era == Era::Modern {
            self.tasks.spawn(listen_to(
                self.own(),
                Arc::clone(child),
                Arc::clone(instance),
            ));
            return;
        }
        let level = self
            .greeted_clients()
            .iter()
            .filter_map(|client| client.log_level())
            .min();
        if let Some(level) = level {
            self.tell_log_level(instance, level);
        }
        for uri in watched {
            let instance = Arc::clone(instance);
            self.tasks.spawn(async move {
                let _ = tell(&instance, "resources/subscribe", &uri).await;
            });
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

    fn sole(&self, child: &Child) -> Option<tokio::sync::watch::Receiver<Option<(Holder, Told)>>> {
        self.sole_client(child)
    }

    fn told(
        &self,
        child: &Arc<Child>,
        instance: Option<&Arc<Instance>>,
        notification: Notification,
    ) {
        match &*notification.method {
            "notifications/resources/updated" => self.updated(child, &notification),
            "notifications/message" => self.logged(child, instance, notification),
            "notifications/elicitation/complete" => {
                let peer = instance.map(|instance| instance.peer());
                self.elicitations.completed(child, peer, &notification);
            }
            // Of the hop, or about a call that has ended.
            "notifications/cancelled" | "notifications/progress" | "notifications/initialized" => {}
            "notifications/subscriptions/acknowledged" => {}
            _ => {
                if let Some((outlet, _)) = self.audience(instance) {
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
            .map(|gateway| gateway.watches.of_child(child.id))
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
                    Event::Progress(_) | Event::Question(_) => {}
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
        self.gateway.forget(Subscriber::Listen(self.listen));
    }
}

impl Drop for ListenGuard {
    fn drop(&mut self) {
        self.release();
    }
}
