//! The life of a child, by a clock that goes as fast as nothing else happens.

use tokio::time::sleep;

use super::*;
use crate::child::fake::{Fake, FakeSession};
use crate::compose::{ChildEra, ChildOptions, Composition, Restart};
use crate::gateway::Gateway;
use crate::gateway::client::Principal;
use crate::wire::peer::{LinkError, Outlet, RequestRoute};
use crate::wire::{ErrorObject, Id, Message, Raw};

mod health;
mod idle;
mod parked;

/// A composition of one child, which lives until this is dropped.
struct House {
    fake: Fake,
    gateway: Arc<Gateway>,
}

fn options(restart: Restart) -> ChildOptions {
    ChildOptions {
        restart,
        era: ChildEra::Legacy,
        ..ChildOptions::default()
    }
}

fn spec(fake: &Fake, options: ChildOptions) -> ChildSpec {
    ChildSpec {
        namespace: None,
        source: ChildSource::Fake(fake.clone()),
        options,
        mount: Arc::default(),
    }
}

impl House {
    fn new(restart: Restart, refuses: bool) -> Self {
        let fake = Fake::default();
        fake.refuse(refuses);
        Self::of(fake, options(restart))
    }

    fn of(fake: Fake, options: ChildOptions) -> Self {
        let mut composition = Composition::builder().build();
        composition.children.push(spec(&fake, options));
        let gateway = Gateway::start(composition, Handle::current());
        Self { fake, gateway }
    }

    fn child(&self) -> Arc<Child> {
        Arc::clone(&self.gateway.children()[0])
    }

    async fn until(&self, done: impl FnMut(&Phase) -> bool) -> Phase {
        let mut phase = self.child().phase.subscribe();
        phase.wait_for(done).await.expect("the child lives").clone()
    }

    /// A read of a client, which the fake child never answers.
    fn read(&self) -> tokio::task::JoinHandle<Result<Raw, ErrorObject>> {
        const READ: &str = r#"{"uri":"fake://a","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}"#;
        let request = Request {
            id: Id::number(1),
            method: "resources/read".into(),
            params: Some(Raw::from_static(READ)),
        };
        let gateway = Arc::clone(&self.gateway);
        tokio::spawn(async move {
            let client = gateway.stateless(Principal::anonymous());
            let outlet: Arc<dyn Outlet> = Arc::new(NoOutlet);
            let never = CancellationToken::new();
            gateway.serve(&client, &request, &outlet, &never).await
        })
    }

    async fn until_ready(&self) -> Arc<Instance> {
        self.until(|phase| matches!(phase, Phase::Ready)).await;
        self.child().running().expect("it runs")
    }

    async fn until_parked(&self) -> String {
        match self
            .until(|phase| matches!(phase, Phase::Parked { .. }))
            .await
        {
            Phase::Parked { reason, .. } => reason.to_string(),
            other => panic!("{other:?}"),
        }
    }

    async fn until_stopped(&self) -> String {
        match self
            .until(|phase| matches!(phase, Phase::Stopped { .. }))
            .await
        {
            Phase::Stopped { reason } => reason.to_string(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_is_tried_so_many_times_in_a_row() {
    let house = House::new(Restart::AtMost(2), true);
    let reason = house.until_stopped().await;
    assert!(reason.ends_with("; it is not started again"), "{reason}");
    assert_eq!(house.fake.opens(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_died_stays_down_where_that_is_wanted() {
    let house = House::new(Restart::Never, false);
    house.until_ready().await;
    house.fake.sessions()[0].die();
    assert_eq!(
        house.until_stopped().await,
        "it fell over; it is not started again"
    );
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(house.fake.opens(), 1);
    let why = house.child().instance().await.expect_err("it is down");
    assert!(why.retry_after.is_none());
    // Unless somebody asks for it.
    house.child().restart();
    house.until_ready().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_was_asked_for_is_made_in_any_case() {
    let house = House::new(Restart::Never, false);
    house.until_ready().await;
    house.child().restart();
    house.fake.until(|sessions| sessions.len() == 2).await;
    house.until_ready().await;
    assert_eq!(house.fake.open_sessions(), 1);
}

#[tokio::test(start_paused = true)]
async fn a04_a_child_of_no_version_is_asked_twice_for_each_start_and_no_more() {
    let fake = Fake::default();
    fake.refuse(true);
    let house = House::of(fake, ChildOptions::default());
    house.until_parked().await;
    let sessions = house.fake.sessions();
    assert_eq!(sessions.len(), 5);
    for session in sessions {
        let asked = |method| session.requests(method).len();
        assert_eq!(asked("server/discover") + asked("initialize"), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a03_a_child_that_says_nothing_is_given_up_at_its_bound() {
    let fake = Fake::default();
    fake.mute(true);
    let house = House::of(fake, options(Restart::Never));
    let began = Instant::now();
    let reason = house.until_stopped().await;
    assert_eq!(began.elapsed().as_secs(), 30);
    assert!(
        reason.starts_with("it did not answer within 30 s"),
        "{reason}"
    );
    assert_eq!(house.fake.open_sessions(), 0);
}

#[tokio::test(start_paused = true)]
async fn a30_a_call_waits_over_several_tries_for_the_next_session() {
    let house = House::new(Restart::Always, false);
    house.until_ready().await;
    house.fake.refuse(true);
    house.fake.sessions()[0].die();
    let child = house.child();
    let waiting = tokio::spawn(async move { child.instance().await });
    house.fake.until(|sessions| sessions.len() == 4).await;
    house.fake.refuse(false);
    let instance = waiting.await.unwrap().expect("the next session");
    assert!(instance.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a30_a_call_waits_no_longer_than_it_may_take() {
    let fake = Fake::default();
    fake.mute(true);
    let timeout = Duration::from_secs(7);
    let options = ChildOptions {
        timeout,
        ..options(Restart::Always)
    };
    let house = House::of(fake, options);
    let began = Instant::now();
    let why = house.child().instance_for_call().await.unwrap_err();
    assert_eq!(began.elapsed(), timeout);
    assert_eq!(why.cause, Cause::StartFailed);
    assert!(why.reason.contains("within 7 s"), "{}", why.reason);
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_a_life() {
    let house = House::new(Restart::Always, false);
    house.until_ready().await;
    house.fake.sessions()[0].die();
    house.fake.until(|sessions| sessions.len() == 2).await;
    house.until_ready().await;
    sleep(Duration::from_secs(5)).await;
    let record = house.child().record();
    assert_eq!(record.sessions, 2);
    assert_eq!(
        record.failure.expect("it ended").to_string(),
        "it fell over"
    );
    assert_eq!(record.since.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn t39_a_child_that_announces_changes_all_the_time_is_asked_once_a_second() {
    let house = House::new(Restart::Always, false);
    house.until_ready().await;
    let listed = |sessions: &[FakeSession]| sessions[0].requests("resources/list").len();
    let before = listed(&house.fake.sessions());
    for _ in 0..10_000 {
        house.child().lists_changed(ALL_KINDS);
        sleep(Duration::from_millis(1)).await;
    }
    sleep(Duration::from_secs(2)).await;
    let asked = listed(&house.fake.sessions()) - before;
    assert!((9..=11).contains(&asked), "{asked}");
}

#[derive(Debug)]
struct NoOutlet;

impl Outlet for NoOutlet {
    fn send(&self, _message: Message) -> Result<(), LinkError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a30_what_a_call_waited_for_its_child_is_part_of_its_own_time() {
    let options = ChildOptions {
        init_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(10),
        ..options(Restart::Always)
    };
    let house = House::of(Fake::default(), options);
    house.until_ready().await;
    house.fake.mute(true);
    house.fake.sessions()[0].die();
    let (reading, began) = (house.read(), Instant::now());
    // The start after the one that hangs succeeds, and has the call.
    house.fake.until(|sessions| sessions.len() == 2).await;
    house
        .until(|phase| matches!(phase, Phase::Down { .. }))
        .await;
    house.fake.mute(false);
    let read = |session: &FakeSession| session.requests("resources/read").len();
    house
        .fake
        .until(|sessions| sessions.get(2).is_some_and(|session| read(session) == 1))
        .await;
    let error = reading.await.unwrap().expect_err("it is never answered");
    assert!(error.message().contains("no answer within"), "{error:?}");
    let took = began.elapsed();
    assert!(took.as_secs() == 10, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn d12_a_call_is_given_a_moment_where_this_process_itself_stood_still() {
    let house = House::new(Restart::Always, false);
    let instance = house.until_ready().await;
    let reading = house.read();
    let read = |session: &FakeSession| session.requests("resources/read").len();
    house.fake.until(|sessions| read(&sessions[0]) == 1).await;
    let began = Instant::now();
    // As after SIGSTOP and SIGCONT: the deadline is long over when it is looked at first.
    tokio::time::advance(Duration::from_secs(600)).await;
    assert!(!reading.is_finished());
    let error = reading.await.unwrap().expect_err("it is never answered");
    assert!(error.message().contains("no answer within"), "{error:?}");
    assert_eq!(began.elapsed().as_secs(), 605);
    assert!(instance.is_alive());
}
