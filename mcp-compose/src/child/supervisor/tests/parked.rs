//! Children that do not stay up.

use super::*;

/// Long enough for every pause in a row.
const LONG: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a02_a_child_that_does_not_start_is_parked_and_calls_fail_at_once() {
    let house = House::new(Restart::Always, true);
    let reason = house.until_parked().await;
    assert_eq!(house.fake.opens(), 5);
    assert!(
        reason.contains("not today; ")
            && reason.contains("; it is parked after 5 failures in a row"),
        "{reason}"
    );
    let asked = Instant::now();
    let why = house.child().instance().await.expect_err("it is parked");
    assert_eq!(asked.elapsed(), Duration::ZERO);
    assert_eq!(why.cause, Cause::StartFailed);
    assert!(why.retry_after.unwrap() <= Duration::from_secs(60));
    // A minute later it is tried once more, and so on.
    sleep(Duration::from_secs(61)).await;
    assert_eq!(house.fake.opens(), 6);
    house.fake.refuse(false);
    house.until_ready().await;
}

#[tokio::test(start_paused = true)]
async fn a01_what_cannot_be_started_is_not_tried_again_at_once() {
    let fake = Fake::default();
    fake.miss(true);
    let house = House::of(fake, options(Restart::Always));
    let reason = house.until_parked().await;
    assert!(
        reason.starts_with("it was not found; it is parked: "),
        "{reason}"
    );
    sleep(LONG).await;
    assert_eq!(house.fake.opens(), 1);
    // A call so soon after the last try causes none.
    assert!(house.child().instance().await.is_err());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(house.fake.opens(), 1);
    // A later one does, for the sake of the next.
    house.fake.miss(false);
    sleep(Duration::from_secs(20)).await;
    assert!(house.child().instance().await.is_err());
    house.until_ready().await;
    assert_eq!(house.fake.opens(), 2);
}

#[tokio::test(start_paused = true)]
async fn d10_a_child_that_comes_to_list_its_own_parent_is_left_alone_until_that_is_mended() {
    let house = House::new(Restart::Always, false);
    house.until_ready().await;
    let listed = || house.child().listing().of(Kind::Resources).len();
    assert_eq!(listed(), 1);
    house
        .fake
        .through(Some(house.child().common.identity.clone()));
    house.child().lists_changed(ALL_KINDS);
    let reason = house.until_parked().await;
    assert!(
        reason.starts_with("it is this composition itself, or has it among its children; take one")
            && reason.contains("; it is parked: "),
        "{reason}"
    );
    assert_eq!((listed(), house.fake.open_sessions()), (0, 0));
    let why = house.child().instance().await.expect_err("it is parked");
    assert_eq!(why.cause, Cause::Cycle);

    sleep(Duration::from_secs(61)).await;
    assert_eq!(house.fake.opens(), 2);
    house.until_parked().await;
    house.fake.through(None);
    house.until_ready().await;
    assert_eq!((listed(), house.fake.opens()), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn sessions_that_end_early_park_a_child_and_one_of_a_minute_begins_anew() {
    let house = House::new(Restart::Always, false);
    let die = async |after: u64| {
        house.until_ready().await;
        sleep(Duration::from_secs(after)).await;
        let sessions = house.fake.sessions();
        sessions.last().unwrap().die();
        house.until(|phase| !matches!(phase, Phase::Ready)).await
    };
    for _ in 0..4 {
        assert!(matches!(die(50).await, Phase::Down { .. }));
    }
    assert!(matches!(die(60).await, Phase::Down { .. }));
    for _ in 0..3 {
        assert!(matches!(die(1).await, Phase::Down { .. }));
    }
    assert!(matches!(die(1).await, Phase::Parked { .. }));
    // It has run before.
    let why = house.child().instance().await.expect_err("it is parked");
    assert_eq!(why.cause, Cause::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_parked_child_is_started_at_once_where_somebody_asks_for_it() {
    let house = House::new(Restart::Always, true);
    house.until_parked().await;
    house.fake.refuse(false);
    let asked = Instant::now();
    house.child().restart();
    house.until_ready().await;
    assert_eq!(asked.elapsed(), Duration::ZERO);
    // What was before does not count.
    house.fake.sessions().last().unwrap().die();
    house
        .until(|phase| matches!(phase, Phase::Down { .. }))
        .await;
}

#[tokio::test(start_paused = true)]
async fn since_when_a_child_is_parked_is_told_over_tries_that_fail() {
    let house = House::new(Restart::Always, true);
    house.until_parked().await;
    sleep(Duration::from_secs(150)).await;
    assert_eq!(house.fake.opens(), 7);
    let since = house.child().record().since;
    assert_eq!(since.elapsed().as_secs(), 150);
}

#[tokio::test(start_paused = true)]
async fn p09_a_hundred_children_that_crash_at_every_start_are_started_rarely() {
    let fakes: Vec<_> = (0..100).map(|_| Fake::default()).collect();
    let mut composition = Composition::builder().build();
    for fake in &fakes {
        fake.refuse(true);
        composition
            .children
            .push(spec(fake, options(Restart::Always)));
    }
    let gateway = Gateway::start(composition, Handle::current());
    sleep(LONG).await;
    assert!(fakes.iter().all(|fake| fake.opens() == 5));
    // Ten minutes, in which each of them is called all the time.
    let mut latest = vec![(5, Instant::now() - Duration::from_secs(60)); fakes.len()];
    for _ in 0..600 {
        sleep(Duration::from_secs(1)).await;
        for ((fake, child), (opens, last)) in
            fakes.iter().zip(gateway.children().iter()).zip(&mut latest)
        {
            assert!(child.instance().await.is_err());
            if fake.opens() > *opens {
                assert_eq!(fake.opens(), *opens + 1);
                assert!(last.elapsed() >= Duration::from_secs(29), "{last:?}");
                (*opens, *last) = (fake.opens(), Instant::now());
            }
        }
    }
    let most = fakes.iter().map(Fake::opens).max().unwrap();
    assert!(most <= 5 + 600 / 30, "{most}");
}
