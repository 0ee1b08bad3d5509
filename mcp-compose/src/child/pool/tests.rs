//! Sessions of single clients, against a child without a transport.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::task::TaskTracker;

use super::*;
use crate::child::asks;
use crate::child::circle::Identity;
use crate::child::fake::{Fake, FakeSession, question};
use crate::child::handshake::Introduced;
use crate::child::instance::{Handed, InFlight, LogWish, Questions};
use crate::child::supervisor::{Audience, Child, Common};
use crate::child::turns::Turns;
use crate::compose::{ChildEra, ChildOptions, ChildSource, ChildSpec, Isolation};
use crate::wire::peer::{LinkError, Outlet, Peer};
use crate::wire::version::Era;
use crate::wire::{Message, Notification, Request};

/// Hears all of a child, and answers no question.
struct Ear {
    sole: Option<watch::Receiver<Option<Introduced>>>,
    refused: mpsc::UnboundedSender<String>,
    told: mpsc::UnboundedSender<(Option<Holder>, String)>,
    started: AtomicUsize,
    watched: AtomicBool,
}

impl Audience for Ear {
    fn changed(&self, _child: &Arc<Child>) {}

    fn started(&self, _child: &Arc<Child>, _instance: &Arc<Instance>) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    fn told(&self, _: &Arc<Child>, instance: Option<&Arc<Instance>>, said: Notification) {
        let owner = instance.and_then(|instance| instance.owner().cloned());
        let _ = self.told.send((owner, said.method.to_string()));
    }

    fn asked(&self, _: &Arc<Child>, instance: Option<&Arc<Instance>>, _: &Arc<Peer>, q: Request) {
        let handed = match instance {
            Some(instance) => instance.hand(q),
            None => Handed::Nobody(q),
        };
        if let Handed::Nobody(question) = handed {
            let _ = self.refused.send(question.id.as_str().to_owned());
        }
    }

    fn sole(&self, _child: &Child) -> Option<watch::Receiver<Option<Introduced>>> {
        self.sole.clone()
    }

    fn is_watched(&self, _: &Child, instance: &Instance) -> bool {
        instance.owner().is_none() && self.watched.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct NoOutlet;

impl Outlet for NoOutlet {
    fn send(&self, _message: Message) -> Result<(), LinkError> {
        Ok(())
    }
}

/// A running child and what is heard of it.
struct Rig {
    child: Arc<Child>,
    fake: Fake,
    ear: Arc<Ear>,
    refused: mpsc::UnboundedReceiver<String>,
    told: mpsc::UnboundedReceiver<(Option<Holder>, String)>,
}

impl Rig {
    fn new(fake: Fake, options: ChildOptions) -> Self {
        Self::with(fake, options, None)
    }

    fn with(
        fake: Fake,
        options: ChildOptions,
        sole: Option<watch::Receiver<Option<Introduced>>>,
    ) -> Self {
        let (refused, refusals) = mpsc::unbounded_channel();
        let (told, tellings) = mpsc::unbounded_channel();
        let ear = Arc::new(Ear {
            sole,
            refused,
            told,
            started: AtomicUsize::new(0),
            watched: AtomicBool::new(false),
        });
        let spec = ChildSpec {
            namespace: None,
            source: ChildSource::Fake(fake.clone()),
            options,
            mount: Arc::default(),
        };
        let audience: Weak<dyn Audience> = Arc::downgrade(&(Arc::clone(&ear) as Arc<dyn Audience>));
        let common = Common {
            runtime: Handle::current(),
            audience,
            tasks: TaskTracker::new(),
            turns: Turns::default(),
            identity: Identity::new(),
        };
        let child = Child::new(1, spec.label(), spec, common);
        tokio::spawn(Arc::clone(&child).supervise());
        Self {
            child,
            fake,
            ear,
            refused: refusals,
            told: tellings,
        }
    }

    /// The child's end of a lease's session.
    fn session(&self, lease: &Lease) -> FakeSession {
        let mut sessions = self.fake.sessions().into_iter();
        sessions
            .find(|session| session.is_of(lease.peer()))
            .unwrap()
    }

    /// A session that a call was made on, and which is free again.
    async fn used(&self, wanted: &Wanted) -> Arc<Instance> {
        Arc::clone(&*self.lease(wanted).await)
    }

    async fn lease(&self, wanted: &Wanted) -> Lease {
        self.child.lease(wanted).await.unwrap()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.child.end();
    }
}

fn told(declared: &str) -> Told {
    let options = ChildOptions::default();
    asks::told(Some(declared), Era::Legacy, Era::Legacy, &options)
}

const SAMPLING: &str = r#"{"sampling":{}}"#;
const FORMS: &str = r#"{"elicitation":{"form":{}}}"#;

fn client(id: u64, declared: &str) -> Wanted {
    Wanted {
        holder: Holder::Client(id),
        told: told(declared),
        alone: false,
        era: Era::Legacy,
    }
}

fn introduced(wanted: &Wanted) -> Introduced {
    Introduced {
        holder: wanted.holder.clone(),
        told: wanted.told.clone(),
        era: wanted.era,
    }
}

fn principal(name: &str) -> Wanted {
    Wanted {
        holder: Holder::Principal(name.into()),
        told: told(SAMPLING),
        alone: true,
        era: Era::Modern,
    }
}

fn enter(lease: &Lease) -> (crate::child::instance::Active, Arc<Questions>) {
    let questions = Arc::new(Questions::default());
    let active = lease.enter(InFlight {
        client: 1,
        questions: Arc::clone(&questions),
        outlet: Arc::new(NoOutlet),
        wish: LogWish::Everything,
    });
    (active, questions)
}

fn max(max_instances: usize) -> ChildOptions {
    ChildOptions {
        max_instances,
        timeout: Duration::from_millis(50),
        ..ChildOptions::default()
    }
}

#[tokio::test]
async fn each_client_has_a_session_that_was_told_exactly_what_it_can_be_asked() {
    let rig = Rig::new(Fake::default(), ChildOptions::default());
    let one = rig.lease(&client(1, SAMPLING)).await;
    let two = rig.lease(&client(2, FORMS)).await;
    let nobody = rig.lease(&client(3, "{}")).await;
    let declared = |lease: &Lease| rig.session(lease).told().unwrap();
    assert_eq!(declared(&one), SAMPLING);
    assert_eq!(declared(&two), FORMS);
    assert_eq!(declared(&nobody), "{}");
    assert_eq!(one.owner(), Some(&Holder::Client(1)));
    assert_eq!(two.owner(), Some(&Holder::Client(2)));
    assert_eq!(nobody.owner(), None);
    // The same client again, and once with something else to ask it for.
    let again = rig.lease(&client(1, SAMPLING)).await;
    assert!(Arc::ptr_eq(&one, &again));
    let other = rig.lease(&client(1, FORMS)).await;
    assert!(!Arc::ptr_eq(&one, &other));
    assert_eq!(declared(&other), FORMS);
    // All that ask nobody share one, and none of the others is ever among them.
    let shared = rig.lease(&principal_without("a")).await;
    assert!(Arc::ptr_eq(&nobody, &shared));
    assert_eq!(rig.ear.started.load(Ordering::Relaxed), 4);
}

fn principal_without(name: &str) -> Wanted {
    Wanted {
        told: told("{}"),
        alone: false,
        ..principal(name)
    }
}

#[tokio::test]
async fn isolation_decides_who_has_a_session_of_its_own() {
    let of = |isolation| ChildOptions {
        isolation,
        ..ChildOptions::default()
    };
    let shared = Rig::new(Fake::default(), of(Isolation::Shared));
    let one = shared.lease(&client(1, SAMPLING)).await;
    let two = shared.lease(&client(2, FORMS)).await;
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!(shared.session(&one).told().unwrap(), "{}");

    let single = Rig::new(Fake::default(), of(Isolation::PerClient));
    let one = single.lease(&client(1, "{}")).await;
    let two = single.lease(&client(2, "{}")).await;
    assert!(!Arc::ptr_eq(&one, &two));

    let modern = Rig::new(Fake::default().modern(), of(Isolation::Auto));
    let one = modern.lease(&client(1, SAMPLING)).await;
    let two = modern.lease(&principal("a")).await;
    assert!(Arc::ptr_eq(&one, &two) && one.owner().is_none());
}

#[tokio::test]
async fn a_child_of_both_eras_speaks_that_of_a_client_that_it_can_ask() {
    let rig = Rig::new(Fake::default().dual(), ChildOptions::default());
    let plain = rig.lease(&client(1, "{}")).await;
    assert_eq!(plain.profile().era, Era::Modern);
    assert!(plain.owner().is_none());
    let legacy = rig.lease(&client(2, SAMPLING)).await;
    assert_eq!(legacy.profile().era, Era::Legacy);
    assert_eq!(rig.session(&legacy).told().unwrap(), SAMPLING);
    let modern = rig.lease(&principal("a")).await;
    assert!(Arc::ptr_eq(&modern, &plain));

    let options = ChildOptions {
        era: ChildEra::Modern,
        ..ChildOptions::default()
    };
    let set = Rig::new(Fake::default().dual(), options);
    let legacy = set.lease(&client(1, SAMPLING)).await;
    assert_eq!(legacy.profile().era, Era::Modern);
}

#[tokio::test]
async fn a_session_leased_alone_has_one_call_at_a_time() {
    let rig = Rig::new(Fake::default(), ChildOptions::default());
    let first = rig.lease(&principal("a")).await;
    let second = rig.lease(&principal("a")).await;
    assert!(!Arc::ptr_eq(&first, &second));
    let session = Arc::clone(&first);
    drop(first);
    let third = rig.child.lease_now(&principal("a")).unwrap();
    assert!(Arc::ptr_eq(&session, &third));
    assert!(rig.child.lease_now(&principal("a")).is_none());
    assert!(rig.child.lease_now(&principal("b")).is_none());
}

#[tokio::test]
async fn a_call_waits_a_moment_for_its_clients_session_rather_than_start_another() {
    let rig = Rig::new(Fake::default(), ChildOptions::default());
    let first = rig.lease(&principal("a")).await;
    let session = Arc::clone(&first);
    let (wanted, child) = (principal("a"), Arc::clone(&rig.child));
    let waiting = tokio::spawn(async move { child.lease(&wanted).await });
    // It waits by now: nothing else can run here before.
    tokio::task::yield_now().await;
    drop(first);
    let second = waiting.await.unwrap().unwrap();
    assert!(Arc::ptr_eq(&session, &second));
    assert_eq!(rig.ear.started.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn calls_of_one_client_that_come_together_start_one_session() {
    let rig = Rig::new(Fake::default(), ChildOptions::default());
    rig.child.settled().await;
    let wanted = client(1, SAMPLING);
    let all = futures_util::future::join_all((0..8).map(|_| rig.lease(&wanted))).await;
    assert!(all.iter().all(|lease| Arc::ptr_eq(lease, &all[0])));
    assert_eq!(rig.ear.started.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn the_session_that_was_unused_longest_makes_room() {
    let rig = Rig::new(Fake::default(), max(2));
    let a = rig.used(&client(1, SAMPLING)).await;
    let b = rig.lease(&client(2, SAMPLING)).await;
    let c = rig.lease(&client(3, SAMPLING)).await;
    a.peer().closed().await;
    assert!(b.is_alive() && c.is_alive());
    // Both are in use: the fourth client is told so.
    let refused = rig.child.lease(&client(4, SAMPLING)).await.unwrap_err();
    assert!(
        refused.reason.contains("all 2 sessions"),
        "{}",
        refused.reason
    );
    // As soon as one is free it makes room.
    let (wanted, child) = (client(5, SAMPLING), Arc::clone(&rig.child));
    let waiting = tokio::spawn(async move { child.lease(&wanted).await });
    tokio::task::yield_now().await;
    let gone = Arc::clone(&b);
    drop(b);
    let d = waiting.await.unwrap().unwrap();
    gone.peer().closed().await;
    assert_eq!(d.owner(), Some(&Holder::Client(5)));
    assert!(c.is_alive());
}

#[tokio::test]
async fn whoever_stops_waiting_leaves_nothing_behind() {
    let rig = Rig::new(Fake::default(), max(1));
    let held = rig.lease(&principal("a")).await;
    let wanted = principal("b");
    let waiting = Box::pin(rig.child.lease(&wanted));
    assert!(futures_util::poll!(waiting).is_pending());
    drop(held);
    // Nobody has taken the place that has become free.
    let next = rig.child.lease_now(&principal("a"));
    assert!(next.is_some());
    drop(next);
    rig.lease(&principal("c")).await;
}

#[tokio::test]
async fn a_session_that_is_unused_for_long_is_stopped() {
    let options = ChildOptions {
        idle_after: Duration::from_millis(20),
        ..ChildOptions::default()
    };
    let rig = Rig::new(Fake::default(), options);
    let used = rig.lease(&client(1, SAMPLING)).await;
    let watched = rig.used(&client(2, SAMPLING)).await;
    watched.watch("fake://a");
    for _ in 0..2 {
        let unused = rig.used(&client(3, SAMPLING)).await;
        unused.peer().closed().await;
    }
    assert!(used.is_alive() && watched.is_alive());
    let freed = Arc::clone(&used);
    drop(used);
    freed.peer().closed().await;
    watched.unwatch("fake://a");
    watched.peer().closed().await;
    assert!(rig.child.held(1).is_empty() && rig.child.held(2).is_empty());
    // The one that all share stays.
    assert!(rig.child.running().is_some());
}

#[tokio::test(start_paused = true)]
async fn a31_the_shared_session_is_kept_while_something_is_watched_there() {
    let options = ChildOptions {
        idle_stop: Some(Duration::from_secs(1)),
        ..ChildOptions::default()
    };
    let rig = Rig::new(Fake::default(), options);
    let shared = rig.used(&client(1, "{}")).await;
    rig.ear.watched.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(shared.is_alive());
    rig.ear.watched.store(false, Ordering::Relaxed);
    shared.peer().closed().await;
    // A call that comes now is made at the next one.
    assert!(rig.used(&client(1, "{}")).await.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a15_a_session_of_one_client_that_answers_nothing_is_given_up() {
    let rig = Rig::new(Fake::default(), ChildOptions::default());
    let (own, shared) = (
        rig.used(&client(1, SAMPLING)).await,
        rig.used(&client(2, "{}")).await,
    );
    rig.fake.mute(true);
    for _ in 0..3 {
        own.missed();
    }
    own.peer().closed().await;
    assert!(shared.is_alive());
    rig.fake.mute(false);
    let next = rig.lease(&client(1, SAMPLING)).await;
    assert!(next.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a_restart_ends_the_sessions_of_single_clients_as_well() {
    let rig = Rig::new(Fake::default(), ChildOptions::default());
    let (own, shared) = (
        rig.used(&client(1, SAMPLING)).await,
        rig.used(&client(2, "{}")).await,
    );
    rig.child.restart();
    own.peer().closed().await;
    shared.peer().closed().await;
    assert!(rig.used(&client(1, SAMPLING)).await.is_alive());
    assert!(rig.used(&client(2, "{}")).await.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a30_no_session_of_a_single_client_is_started_of_a_parked_child() {
    let fake = Fake::default();
    fake.miss(true);
    let rig = Rig::new(fake, ChildOptions::default());
    rig.child.settled().await;
    let why = rig.child.lease(&client(1, SAMPLING)).await.unwrap_err();
    assert!(why.reason.contains("parked"), "{}", why.reason);
    assert_eq!(rig.fake.opens(), 1);
}

#[tokio::test]
async fn a_session_of_which_a_call_was_given_up_serves_no_stateless_call_again() {
    let rig = Rig::new(Fake::default(), ChildOptions::default());
    let lease = rig.lease(&principal("a")).await;
    let session = Arc::clone(&lease);
    lease.taint();
    assert!(session.is_alive(), "it ends with its last use");
    drop(lease);
    assert!(rig.child.lease_now(&principal("a")).is_none());
    session.peer().closed().await;

    let lease = rig.lease(&client(1, SAMPLING)).await;
    lease.taint();
    let session = Arc::clone(&lease);
    drop(lease);
    let again = rig.child.lease_now(&client(1, SAMPLING)).unwrap();
    assert!(Arc::ptr_eq(&session, &again));
}

#[tokio::test]
async fn the_sessions_of_a_client_end_when_it_leaves() {
    let rig = Rig::new(Fake::default(), ChildOptions::default());
    let one = rig.used(&client(1, SAMPLING)).await;
    let other = rig.used(&client(1, FORMS)).await;
    let stays = rig.lease(&client(2, SAMPLING)).await;
    assert_eq!(rig.child.held(1).len(), 2);
    rig.child.release(1);
    one.peer().closed().await;
    other.peer().closed().await;
    assert!(rig.child.held(1).is_empty());
    assert!(stays.is_alive());
    rig.child.end();
    stays.peer().closed().await;
}

#[tokio::test]
async fn a_client_that_leaves_while_its_session_starts_leaves_nothing_behind() {
    let rig = Rig::new(Fake::default(), ChildOptions::default());
    rig.child.settled().await;
    let wanted = client(1, SAMPLING);
    let mut waiting = Box::pin(rig.child.lease(&wanted));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    rig.child.release(1);
    let refused = waiting.await.unwrap_err();
    assert!(refused.reason.contains("left"), "{}", refused.reason);
    assert!(rig.child.held(1).is_empty());
    assert_eq!(rig.fake.open_sessions(), 1);
}

#[tokio::test]
async fn a_start_that_fails_is_reported_and_tried_again_by_the_next_call() {
    let rig = Rig::new(Fake::default(), max(1));
    rig.child.settled().await;
    rig.fake.refuse(true);
    let refused = rig.child.lease(&client(1, SAMPLING)).await.unwrap_err();
    assert!(refused.reason.contains("not today"), "{}", refused.reason);
    rig.fake.refuse(false);
    let lease = rig.lease(&client(1, SAMPLING)).await;
    rig.session(&lease).die();
    let next = rig.lease(&client(1, SAMPLING)).await;
    assert!(next.is_alive() && !Arc::ptr_eq(&lease, &next));
}

#[tokio::test]
async fn a_question_before_the_first_call_waits_for_it() {
    let fake = Fake::default();
    let mut rig = Rig::new(fake.clone(), ChildOptions::default());
    rig.child.settled().await;
    fake.once_greeted(question(7, "roots/list"));
    let lease = rig.lease(&client(1, r#"{"roots":{}}"#)).await;
    let (active, questions) = enter(&lease);
    assert_eq!(questions.next().await.id.as_str(), "7");
    // From now on what no call can have caused is nobody's.
    drop(active);
    rig.session(&lease).say(question(8, "roots/list"));
    assert_eq!(rig.refused.recv().await.unwrap(), "8");
    // Nor is what the one asks that all share.
    let shared = rig.lease(&client(2, "{}")).await;
    let _active = enter(&shared);
    rig.session(&shared).say(question(9, "roots/list"));
    assert_eq!(rig.refused.recv().await.unwrap(), "9");
}

#[tokio::test]
async fn a_question_goes_to_the_latest_call_and_outlives_it() {
    let mut rig = Rig::new(Fake::default(), ChildOptions::default());
    let lease = rig.lease(&client(1, SAMPLING)).await;
    let (earlier, first) = enter(&lease);
    let (later, second) = enter(&lease);
    let session = rig.session(&lease);
    session.say(question(1, "sampling/createMessage"));
    assert_eq!(second.next().await.id.as_str(), "1");
    // Nobody has looked at this one when its call ends: the other call may have caused it.
    session.say(question(2, "sampling/createMessage"));
    drop(later);
    assert_eq!(first.next().await.id.as_str(), "2");
    // The last call has ended: it has come between calls.
    session.say(question(3, "sampling/createMessage"));
    drop(earlier);
    assert_eq!(rig.refused.recv().await.unwrap(), "3");
}

#[tokio::test]
async fn what_a_session_says_is_known_to_be_its_owners_from_the_first_moment_on() {
    let fake = Fake::default();
    let mut rig = Rig::new(fake.clone(), ChildOptions::default());
    rig.child.settled().await;
    let said = "notifications/elicitation/complete";
    fake.once_greeted(crate::child::fake::notification(said, "{}"));
    let lease = rig.lease(&client(1, FORMS)).await;
    let (owner, method) = rig.told.recv().await.unwrap();
    assert_eq!((owner.as_ref(), &*method), (lease.owner(), said));
}

#[tokio::test]
async fn the_one_session_is_the_only_clients_once_it_has_said_who_it_is() {
    let (introduce, sole) = watch::channel(None);
    let options = ChildOptions {
        init_timeout: Duration::from_millis(50),
        ..ChildOptions::default()
    };
    let rig = Rig::with(Fake::default(), options, Some(sole));
    let opened = |sessions: &[FakeSession]| !sessions.is_empty();
    rig.fake.until(opened).await;
    // The child's own time does not run while the client is silent.
    let silent = tokio::time::timeout(Duration::from_millis(150), rig.child.settled()).await;
    assert!(silent.is_err());
    assert!(rig.fake.sessions()[0].told().is_none());
    assert!(
        rig.fake.sessions()[0]
            .requests("server/discover")
            .is_empty()
    );
    let only = client(1, SAMPLING);
    introduce.send_replace(Some(introduced(&only)));
    let lease = rig.lease(&only).await;
    assert_eq!(lease.owner(), Some(&only.holder));
    assert_eq!(rig.session(&lease).told().unwrap(), SAMPLING);
    assert_eq!(rig.fake.sessions().len(), 1);
    assert_eq!(rig.child.held(1).len(), 1);
    // Started again, it is told the same.
    rig.session(&lease).die();
    let again = loop {
        match rig.child.lease(&only).await {
            Ok(lease) if lease.is_alive() => break lease,
            _ => tokio::task::yield_now().await,
        }
    };
    assert_eq!(rig.session(&again).told().unwrap(), SAMPLING);
    // A request of that client that can be asked less is not served by it.
    let less = rig.lease(&client(1, "{}")).await;
    assert!(!Arc::ptr_eq(&again, &less));
    assert_eq!(rig.session(&less).told().unwrap(), "{}");
}

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Who uses which session now, by the address of the session.
type Users = Arc<Mutex<HashMap<usize, Vec<u64>>>>;

#[tokio::test]
async fn in_no_schedule_has_a_session_two_callers_or_another_holder() {
    for seed in 1..=40 {
        let options = ChildOptions {
            idle_after: Duration::from_millis(1 + seed % 3),
            max_instances: 1 + (seed as usize % 4),
            ..ChildOptions::default()
        };
        let rig = Rig::new(Fake::default(), options);
        let users = Users::default();
        let calls = (0..24_u64).map(|call| {
            let mut dice = Dice(seed * 7919 + call * 104_729 + 1);
            let (child, users, fake) =
                (Arc::clone(&rig.child), Arc::clone(&users), rig.fake.clone());
            async move {
                for _ in 0..6 {
                    let wanted = match dice.roll(6) {
                        0..=2 => principal(["a", "b"][dice.roll(2) as usize]),
                        at @ 3..=4 => client(at, SAMPLING),
                        _ => client(5, "{}"),
                    };
                    let leasing = child.lease(&wanted);
                    tokio::pin!(leasing);
                    let leased = match futures_util::poll!(&mut leasing) {
                        Poll::Ready(leased) => leased,
                        Poll::Pending if dice.roll(5) == 0 => continue,
                        Poll::Pending => leasing.await,
                    };
                    // All may be in use, or the session may have gone with its client.
                    let Ok(lease) = leased else { continue };
                    let alone = wanted.alone;
                    let session = Arc::as_ptr(&lease) as usize;
                    match lease.owner() {
                        None => assert_eq!(wanted.told, told("{}")),
                        Some(owner) => assert_eq!(*owner, wanted.holder),
                    }
                    assert_eq!(*lease.told(), wanted.told);
                    let entered = lock(&users).entry(session).or_default().len();
                    assert!(!alone || entered == 0, "seed {seed}: two calls");
                    lock(&users).entry(session).or_default().push(call);
                    for _ in 0..dice.roll(12) {
                        tokio::task::yield_now().await;
                    }
                    match dice.roll(12) {
                        0 => lease.taint(),
                        1 => child.release(dice.roll(6)),
                        2 if lease.owner().is_some() => {
                            let all = fake.sessions();
                            let own = all.iter().find(|one| one.is_of(lease.peer()));
                            own.unwrap().die();
                        }
                        _ => {}
                    }
                    lock(&users)
                        .get_mut(&session)
                        .unwrap()
                        .retain(|one| *one != call);
                    drop(lease);
                }
            }
        });
        futures_util::future::join_all(calls).await;
        // What is unused ends, and nothing of it stays.
        loop {
            let mut changes = std::pin::pin!(rig.child.pool.changes());
            changes.as_mut().enable();
            let empty = {
                let state = lock(&rig.child.pool.state);
                state.members.is_empty() && state.starts.is_empty()
            };
            if empty {
                break;
            }
            changes.await;
        }
        rig.fake.until(|_| rig.fake.open_sessions() == 1).await;
    }
}
