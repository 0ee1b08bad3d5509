//! How long a method may run.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep};

/// What is left of the time of a run. The clock stands while the caller is asked something: people take their time.
pub(super) struct Deadline {
    left: Duration,
    armed: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            left: limit,
            armed: None,
        }
    }

    /// Ready once the time is up.
    pub(super) fn poll(&mut self, asking: bool, context: &mut Context<'_>) -> Poll<()> {
        if asking {
            if let Some(armed) = self.armed.take() {
                self.left = armed.deadline().saturating_duration_since(Instant::now());
            }
            return Poll::Pending;
        }
        let left = self.left;
        let armed = self.armed.get_or_insert_with(|| Box::pin(sleep(left)));
        armed.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn the_clock_stands_while_the_caller_is_asked() {
        let mut deadline = Deadline::new(Duration::ZERO);
        poll_fn(|context| {
            assert!(deadline.poll(true, context).is_pending());
            Poll::Ready(())
        })
        .await;
        poll_fn(|context| deadline.poll(false, context)).await;
    }
}
