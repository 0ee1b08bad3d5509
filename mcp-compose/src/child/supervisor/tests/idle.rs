//! Sessions that nobody needs.

use super::*;
use crate::child::instance::{InFlight, LogWish, Questions};
use crate::observe::figures::Operation;

const LIMIT: Duration = Duration::from_secs(60);

fn call(instance: &Arc<Instance>) -> crate::child::instance::Active {
    instance.enter(InFlight {
        client: 1,
        questions: Questions::of(instance),
        outlet: Arc::new(NoOutlet),
        wish: LogWish::Nothing,
        operation: Operation::CallTool,
        name: None,
        since: tokio::time::Instant::now(),
    })
}

fn idle() -> House {
    let options = ChildOptions {
        idle_stop: Some(LIMIT),
        ..options(Restart::Always)
    };
    House::of(Fake::default(), options)
}

#[tokio::test(start_paused = true)]
async fn a31_a_session_that_is_long_unused_is_stopped_and_started_by_the_next_call() {
    let house = idle();
    let first = house.until_ready().await;
    sleep(LIMIT / 2).await;
    assert!(first.is_alive());
    sleep(LIMIT).await;
    assert!(matches!(house.child().phase(), Phase::Asleep));
    assert_eq!(house.fake.open_sessions(), 0);
    // It is known what it has to offer, and looking at that starts nothing.
    assert_eq!(house.child().listing().of(Kind::Resources).len(), 1);
    house.gateway.settled(LIMIT).await;
    sleep(10 * LIMIT).await;
    assert_eq!(house.fake.opens(), 1);
    let second = house.child().instance().await.expect("it is started");
    assert!(second.is_alive());
    // To be put to sleep is no failure.
    assert!(house.child().record().failure.is_none());
}

#[tokio::test(start_paused = true)]
async fn a31_a_session_in_use_is_not_stopped() {
    let house = idle();
    let instance = house.until_ready().await;
    let running = call(&instance);
    sleep(3 * LIMIT).await;
    assert!(instance.is_alive());
    drop(running);
    // Short calls that end between two looks are seen as well.
    for _ in 0..10 {
        sleep(LIMIT * 2 / 3).await;
        assert!(instance.is_alive());
        drop(call(&instance));
    }
    sleep(2 * LIMIT).await;
    assert!(!instance.is_alive());
}

#[tokio::test(start_paused = true)]
async fn only_lazy_children_are_stopped_where_nothing_is_said() {
    let lazy = ChildOptions {
        lazy: true,
        ..options(Restart::Always)
    };
    let (lazy, other) = (
        House::of(Fake::default(), lazy),
        House::new(Restart::Always, false),
    );
    lazy.child().want();
    let (first, second) = (lazy.until_ready().await, other.until_ready().await);
    sleep(Duration::from_secs(29 * 60)).await;
    assert!(first.is_alive());
    sleep(Duration::from_secs(24 * 3600)).await;
    assert!(!first.is_alive() && second.is_alive());
}
