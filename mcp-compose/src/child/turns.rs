//! How many children of a composition may be starting at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Sessions that may be starting at once, of all children together: a hundred that died in one moment
/// would take the machine from all others.
const STARTS: usize = 8;
/// A start that takes longer gives its turn to the next: a child that hangs holds up no other.
const TURN: Duration = Duration::from_secs(3);

/// The turns of a composition, given in the order in which they were asked for.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(STARTS)))
    }
}

impl Turns {
    /// Waits for a turn, and starts something then.
    pub(super) async fn take<T>(&self, start: impl Future<Output = T>) -> T {
        // Never closed.
        let turn = self.0.acquire().await;
        let mut start = Box::pin(start);
        if let Ok(started) = timeout(TURN, &mut start).await {
            return started;
        }
        drop(turn);
        start.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a28_no_more_than_eight_start_at_once_and_first_come_first_served() {
        let (turns, now, most) = (Turns::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let order = std::sync::Mutex::new(Vec::new());
        let began = Instant::now();
        join_all((0..100).map(|number| {
            let (turns, now, most, order) = (&turns, &now, &most, &order);
            turns.take(async move {
                order.lock().unwrap().push(number);
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                sleep(Duration::from_secs(1)).await;
                now.fetch_sub(1, Ordering::SeqCst);
            })
        }))
        .await;
        assert_eq!(most.into_inner(), STARTS);
        assert_eq!(order.into_inner().unwrap(), (0..100).collect::<Vec<_>>());
        assert_eq!(began.elapsed().as_secs(), 13);
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_gives_its_turn_away() {
        let turns = Turns::default();
        for _ in 0..STARTS {
            let turns = turns.clone();
            tokio::spawn(async move { turns.take(std::future::pending::<()>()).await });
        }
        tokio::task::yield_now().await;
        let began = Instant::now();
        turns.take(async {}).await;
        assert_eq!(began.elapsed(), TURN);
    }
}
