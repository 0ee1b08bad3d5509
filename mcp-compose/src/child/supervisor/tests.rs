//! Whether a child that is down is started again.

use crate::child::fake::Fake;
use crate::compose::{ChildOptions, Composition, Restart};
use crate::gateway::Gateway;

use super::*;

/// A composition of one child, which lives until this is dropped.
struct House {
    fake: Fake,
    gateway: Arc<Gateway>,
}

impl House {
    fn new(restart: Restart, refuses: bool) -> Self {
        let fake = Fake::default();
        fake.refuse(refuses);
        let mut composition = Composition::builder().build();
        composition.children.push(ChildSpec {
            namespace: None,
            source: ChildSource::Fake(fake.clone()),
            options: ChildOptions {
                restart,
                era: ChildEra::Legacy,
                ..ChildOptions::default()
            },
            mount: Arc::default(),
        });
        let gateway = Gateway::start(composition, Handle::current());
        Self { fake, gateway }
    }

    async fn until(&self, done: impl FnMut(&Phase) -> bool) -> Phase {
        let children = self.gateway.children();
        let mut phase = children[0].phase.subscribe();
        phase.wait_for(done).await.expect("the child lives").clone()
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

#[tokio::test]
async fn a_start_is_tried_so_many_times_in_a_row() {
    let house = House::new(Restart::AtMost(2), true);
    let reason = house.until_stopped().await;
    assert!(reason.ends_with("; it is not started again"), "{reason}");
    assert_eq!(house.fake.sessions().len(), 3);
}

#[tokio::test]
async fn a_child_that_died_stays_down_where_that_is_wanted() {
    let house = House::new(Restart::Never, false);
    house.until(|phase| matches!(phase, Phase::Ready)).await;
    house.fake.sessions()[0].die();
    assert_eq!(
        house.until_stopped().await,
        "it fell over; it is not started again"
    );
    assert_eq!(house.fake.sessions().len(), 1);
    let why = house.gateway.children()[0]
        .instance()
        .await
        .expect_err("it is down");
    assert!(why.retry_after.is_none());
}

#[tokio::test]
async fn a_restart_that_was_asked_for_is_made_in_any_case() {
    let house = House::new(Restart::Never, false);
    house.until(|phase| matches!(phase, Phase::Ready)).await;
    let first = house.gateway.children()[0].running().expect("it runs");
    first.stopping().cancel();
    house.fake.until(|sessions| sessions.len() == 2).await;
    house.until(|phase| matches!(phase, Phase::Ready)).await;
}
