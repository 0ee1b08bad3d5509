//! Which session is subscribed at, and who hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::Next;
use super::super::client::{Client, Principal};
use super::*;
use crate::child::asks;
use crate::child::fake::{Fake, FakeSession, notification};
use crate::child::pool::Lease;
use crate::compose::ChildOptions;
use crate::wire::Id;
use crate::wire::peer::LinkError;

const ASKABLE: &str = r#"{"sampling":{}}"#;
const A: &str = r#"{"uri":"fake://a"}"#;

/// Takes what it is told, unless it is full.
#[derive(Debug)]
struct Stream(mpsc::UnboundedSender<String>, Arc<AtomicBool>);

impl Outlet for Stream {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        if self.1.load(Ordering::SeqCst) {
            return Err(LinkError::Full);
        }
        let Message::Notification(said) = message else {
            return Err(LinkError::Closed);
        };
        let text = format!("{} {}", said.method, said.params());
        self.0.send(text).map_err(|_| LinkError::Closed)
    }
}

/// A client, and what it hears in the order in which it does.
struct Guest {
    gateway: Arc<Gateway>,
    client: Arc<Client>,
    outlet: Arc<dyn Outlet>,
    hears: mpsc::UnboundedReceiver<String>,
}

struct House {
    gateway: Arc<Gateway>,
    fake: Fake,
}

impl House {
    async fn new() -> Self {
        let fake = Fake::default();
        let gateway = Gateway::of_fake(&fake).await;
        Self { gateway, fake }
    }

    fn child(&self) -> Arc<Child> {
        Arc::clone(&self.gateway.children()[0])
    }

    async fn legacy(&self, capabilities: &str) -> Guest {
        let (sender, hears) = mpsc::unbounded_channel();
        let outlet: Arc<dyn Outlet> = Arc::new(Stream(sender, Arc::default()));
        let client = self
            .gateway
            .connect(Arc::clone(&outlet), Principal::anonymous());
        let guest = Guest {
            gateway: Arc::clone(&self.gateway),
            client,
            outlet,
            hears,
        };
        let hello = format!(
            r#"{{"protocolVersion":"2025-11-25","capabilities":{capabilities},"clientInfo":{{"name":"x","version":"1"}}}}"#
        );
        guest.ask("initialize", &hello).await;
        guest
    }

    /// The sessions that have this owner, as the child sees them.
    fn sessions(&self, owner: Option<Holder>) -> Vec<FakeSession> {
        let instances = match owner {
            None => self.child().running().into_iter().collect(),
            Some(owner) => self.child().held_by(&owner),
        };
        let all = self.fake.sessions();
        let of = |instance: Arc<Instance>| {
            let found = all.iter().find(|one| one.is_of(instance.peer()));
            found.unwrap().clone()
        };
        instances.into_iter().map(of).collect()
    }

    async fn lease(&self, holder: Holder, alone: bool) -> Lease {
        let options = ChildOptions::default();
        let wanted = Wanted {
            holder,
            told: asks::told(Some(ASKABLE), Era::Legacy, Era::Legacy, &options),
            alone,
            era: if alone { Era::Modern } else { Era::Legacy },
        };
        self.child().lease(&wanted).await.unwrap()
    }

    /// Waits until a session has heard so many requests of a method.
    async fn heard(&self, session: &FakeSession, method: &str, times: usize) {
        self.fake
            .until(|_| session.requests(method).len() == times)
            .await;
    }
}

impl Guest {
    async fn ask(&self, method: &str, params: &str) {
        let request = Request {
            id: Id::number(1),
            method: method.into(),
            params: Some(Raw::from_json(params.to_owned())),
        };
        let never = CancellationToken::new();
        self.gateway
            .serve(&self.client, &request, &self.outlet, &never)
            .await
            .unwrap();
    }

    fn holder(&self) -> Option<Holder> {
        Some(Holder::Client(self.client.id))
    }

    /// The first update that it hears.
    async fn update(&mut self) -> String {
        loop {
            let said = self.hears.recv().await.unwrap();
            if said.contains("updated") {
                return said;
            }
        }
    }
}

fn updated(n: u32) -> Message {
    notification(UPDATED, &format!(r#"{{"uri":"fake://a","n":{n}}}"#))
}

#[tokio::test]
async fn a_client_hears_what_its_own_session_tells_and_nobody_else_does() {
    let house = House::new().await;
    let mut one = house.legacy(ASKABLE).await;
    let mut two = house.legacy(ASKABLE).await;
    let mut three = house.legacy("{}").await;
    for guest in [&one, &two, &three] {
        guest.ask("resources/subscribe", A).await;
    }
    let own = &house.sessions(one.holder())[0];
    let other = &house.sessions(two.holder())[0];
    let shared = &house.sessions(None)[0];
    for session in [own, other, shared] {
        assert_eq!(session.requests("resources/subscribe"), [A]);
    }
    // Each hears its own first: had it heard another's, that would have come before.
    shared.say(updated(3));
    other.say(updated(2));
    own.say(updated(1));
    assert!(one.update().await.contains(r#""n":1"#));
    assert!(two.update().await.contains(r#""n":2"#));
    assert!(three.update().await.contains(r#""n":3"#));
    for guest in [&mut one, &mut two, &mut three] {
        assert!(guest.hears.try_recv().is_err());
    }
    one.ask("resources/unsubscribe", A).await;
    house.heard(own, "resources/unsubscribe", 1).await;
    assert!(other.requests("resources/unsubscribe").is_empty());
    assert!(shared.requests("resources/unsubscribe").is_empty());
}

#[tokio::test]
async fn what_is_watched_of_a_child_is_watched_of_the_one_that_takes_its_place() {
    let mut house = House::new().await;
    let (first, second) = (Fake::default(), Fake::default());
    let next = |fake: &Fake| {
        let child = Gateway::fake_child(fake, Some("shop"));
        vec![Next::New(Box::new(child))]
    };
    house.gateway.set_children(next(&first));
    house.child().settled().await;
    let mut guest = house.legacy("{}").await;
    guest
        .ask("resources/subscribe", r#"{"uri":"shop://fake://a"}"#)
        .await;
    house.gateway.set_children(next(&second));
    house.child().settled().await;
    house.fake = second;
    let again = house.sessions(None).remove(0);
    house.heard(&again, "resources/subscribe", 1).await;
    assert_eq!(again.requests("resources/subscribe"), [A]);
    again.say(updated(7));
    let update = guest.update().await;
    assert!(
        update.contains(r#""n":7"#) && update.contains("shop://fake://a"),
        "{update}"
    );
    // Nothing of one that is gone for good is kept.
    house.gateway.set_children(Vec::new());
    assert!(lock(&house.gateway.watches.resources).is_empty());
}

#[tokio::test]
async fn a_session_that_is_started_again_is_told_what_its_client_wants() {
    let house = House::new().await;
    let mut guest = house.legacy(ASKABLE).await;
    let bystander = house.legacy(ASKABLE).await;
    guest.ask("resources/subscribe", A).await;
    guest.ask("logging/setLevel", r#"{"level":"error"}"#).await;
    bystander
        .ask("logging/setLevel", r#"{"level":"debug"}"#)
        .await;
    let own = house.sessions(guest.holder()).remove(0);
    own.die();
    let _lease = house.lease(guest.holder().unwrap(), false).await;
    let again = house.sessions(guest.holder()).remove(0);
    house.heard(&again, "resources/subscribe", 1).await;
    house.heard(&again, "logging/setLevel", 1).await;
    assert_eq!(again.requests("logging/setLevel"), [r#"{"level":"error"}"#]);
    again.say(updated(1));
    assert!(guest.update().await.contains(r#""n":1"#));
    // What all share is told what anybody wants.
    let shared = house.sessions(None).remove(0);
    house
        .fake
        .until(|_| {
            let told = shared.requests("logging/setLevel");
            told.last().is_some_and(|last| last.contains("debug"))
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_tells_its_client_something_is_started_again_without_a_call() {
    let house = House::new().await;
    let mut guest = house.legacy(ASKABLE).await;
    guest.ask("resources/subscribe", A).await;
    let own = house.sessions(guest.holder()).remove(0);
    tokio::time::sleep(Duration::from_secs(6)).await;
    own.die();
    house
        .fake
        .until(|_| house.sessions(guest.holder()).len() == 1)
        .await;
    let again = house.sessions(guest.holder()).remove(0);
    house.heard(&again, "resources/subscribe", 1).await;
    again.say(updated(1));
    assert!(guest.update().await.contains(r#""n":1"#));
    // One that ends at once is left to the next call.
    again.die();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(house.sessions(guest.holder()).is_empty());
}

#[tokio::test]
async fn a_stateless_client_hears_once_what_several_sessions_of_it_tell() {
    let house = House::new().await;
    let principal = Principal::anonymous();
    let holder = Holder::Principal(principal.shared());
    let first = house.lease(holder.clone(), true).await;
    let (sender, mut hears) = mpsc::unbounded_channel();
    let outlet: Arc<dyn Outlet> = Arc::new(Stream(sender, Arc::default()));
    let client = house.gateway.stateless(principal);
    let params = format!(
        r#"{{"notifications":{{"resourceSubscriptions":["fake://a"]}},"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{ASKABLE}}}}}"#
    );
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let gateway = Arc::clone(&house.gateway);
    let listening = tokio::spawn(async move {
        let request = Request {
            id: Id::number(1),
            method: "subscriptions/listen".into(),
            params: Some(Raw::from_json(params)),
        };
        gateway.serve(&client, &request, &outlet, &stopped).await
    });
    let acknowledged = hears.recv().await.unwrap();
    assert!(acknowledged.contains("fake://a"), "{acknowledged}");
    // At the session that all share, at the one that there was, and at one that comes.
    let second = house.lease(holder.clone(), true).await;
    let mut sessions = house.sessions(Some(holder));
    sessions.extend(house.sessions(None));
    assert_eq!(sessions.len(), 3);
    for session in &sessions {
        house.heard(session, "resources/subscribe", 1).await;
    }
    for round in ["first", "second"] {
        for session in &sessions {
            let params = format!(r#"{{"uri":"fake://a","round":"{round}"}}"#);
            session.say(notification(UPDATED, &params));
        }
        let update = hears.recv().await.unwrap();
        assert!(update.contains(round), "{update}");
    }
    stop.cancel();
    let _ = listening.await;
    for session in &sessions {
        house.heard(session, "resources/unsubscribe", 1).await;
    }
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn c12_a_client_that_lags_is_told_of_every_change_once_it_reads() {
    let house = House::new().await;
    let (sender, mut hears) = mpsc::unbounded_channel();
    let full = Arc::new(AtomicBool::new(false));
    let outlet: Arc<dyn Outlet> = Arc::new(Stream(sender, Arc::clone(&full)));
    let client = house.gateway.stateless(Principal::anonymous());
    let request = Request {
        id: Id::number(1),
        method: "subscriptions/listen".into(),
        params: Some(Raw::from_static(
            r#"{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["fake://a"]},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}"#,
        )),
    };
    let stop = CancellationToken::new();
    let (gateway, stopped) = (Arc::clone(&house.gateway), stop.clone());
    let listening =
        tokio::spawn(async move { gateway.serve(&client, &request, &outlet, &stopped).await });
    hears.recv().await.expect("the acknowledgement");
    let shared = house.sessions(None).remove(0);
    full.store(true, Ordering::SeqCst);
    for n in 1..=1000 {
        shared.say(updated(n));
        house
            .gateway
            .announce(house.gateway.views.whole(), &[Kind::Tools]);
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(hears.try_recv().is_err(), "there was no room");
    full.store(false, Ordering::SeqCst);
    let told = [hears.recv().await.unwrap(), hears.recv().await.unwrap()];
    assert!(
        told[0].contains("updated") && told[0].contains(r#""n":1000"#),
        "{told:?}"
    );
    assert!(told[1].contains("tools/list_changed"), "{told:?}");
    shared.say(updated(1001));
    assert!(
        hears.recv().await.unwrap().contains(r#""n":1001"#),
        "each once"
    );
    stop.cancel();
    let _ = listening.await;
    assert_eq!(
        format!("{:?}", house.gateway.watches.missed),
        format!("{:?}", Missed::default())
    );
}
