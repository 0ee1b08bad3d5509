//! Sessions that leave calls unanswered.

use super::*;

/// Longer than a sign of life may take.
const LONG: Duration = Duration::from_secs(20);

fn miss(instance: &Instance, times: usize) {
    for _ in 0..times {
        instance.missed();
    }
}

#[tokio::test(start_paused = true)]
async fn a15_a_session_that_answers_neither_calls_nor_a_ping_is_replaced() {
    let house = House::new(Restart::Always, false);
    let first = house.until_ready().await;
    house.fake.mute(true);
    let call = first
        .peer()
        .request("tools/call", |_| None, RequestRoute::default());
    miss(&first, 2);
    sleep(LONG).await;
    assert!(first.is_alive());
    assert!(house.fake.sessions()[0].requests("ping").is_empty());
    miss(&first, 1);
    house
        .fake
        .until(|sessions| !sessions[0].requests("ping").is_empty())
        .await;
    house.fake.mute(false);
    let failed = call.outcome().await.unwrap_err();
    let crate::wire::peer::Failure::Lost(lost) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!(lost.cause, Cause::Timeout);
    house.fake.until(|sessions| sessions.len() == 2).await;
    let second = house.until_ready().await;
    assert!(!first.is_alive() && second.is_alive());
}

#[tokio::test(start_paused = true)]
async fn d12_a_session_that_answers_a_ping_is_left_alone() {
    let house = House::new(Restart::Always, false);
    let instance = house.until_ready().await;
    for _ in 0..3 {
        miss(&instance, 3);
        sleep(LONG).await;
    }
    assert_eq!(house.fake.sessions()[0].requests("ping").len(), 3);
    assert!(instance.is_alive());
    assert_eq!(house.fake.opens(), 1);
}

#[tokio::test(start_paused = true)]
async fn d12_a_session_is_left_alone_while_it_works_on_another_call_or_asks_somebody() {
    let house = House::new(Restart::Always, false);
    let instance = house.until_ready().await;
    let session = &house.fake.sessions()[0];
    house.fake.mute(true);
    // It is suspected, and before the ping is late another call makes progress.
    miss(&instance, 3);
    house
        .fake
        .until(|sessions| sessions[0].requests("ping").len() == 1)
        .await;
    instance.heard();
    sleep(LONG).await;
    assert!(instance.is_alive());
    // While its question is open it is not asked at all.
    let question = crate::child::fake::question(1, "sampling/createMessage");
    let crate::wire::Message::Request(question) = question else {
        unreachable!()
    };
    let open = instance.peer().begin(&question.id).unwrap();
    miss(&instance, 3);
    sleep(LONG).await;
    assert_eq!(session.requests("ping").len(), 1);
    assert!(instance.is_alive());
    drop(open);
    miss(&instance, 3);
    instance.peer().closed().await;
}

#[tokio::test(start_paused = true)]
async fn a15_a_modern_session_is_asked_in_its_own_way() {
    let options = ChildOptions::default();
    let house = House::of(Fake::default().modern(), options);
    let first = house.until_ready().await;
    let asked = house.fake.sessions()[0].requests("server/discover").len();
    house.fake.mute(true);
    miss(&first, 3);
    first.peer().closed().await;
    let session = &house.fake.sessions()[0];
    assert_eq!(session.requests("server/discover").len(), asked + 1);
    assert!(session.requests("ping").is_empty());
}
