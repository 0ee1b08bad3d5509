//! How the process is told to stop, and how urgently.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// What calls in flight still get once the process has been told to stop a second time.
const HURRY: Duration = Duration::from_secs(5);

/// The word to stop. SIGTERM or Ctrl-C: calls in flight may end. A second SIGTERM: they have five seconds. A second
/// Ctrl-C: now.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    told: CancellationToken,
    hurry: CancellationToken,
    now: CancellationToken,
    hurry_for: Duration,
}

impl Default for Stop {
    /// Nobody says it.
    fn default() -> Self {
        Self {
            told: CancellationToken::new(),
            hurry: CancellationToken::new(),
            now: CancellationToken::new(),
            hurry_for: HURRY,
        }
    }
}

/// A signal that asks for the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Terminate,
    Interrupt,
}

impl Stop {
    /// Listens to the signals of the process from now on, in a task of the current runtime.
    pub(super) fn on_signals() -> Self {
        let stop = Self::default();
        let listener = stop.clone();
        tokio::spawn(async move {
            let Some(mut signals) = Signals::new() else {
                return;
            };
            loop {
                let signal = signals.next().await;
                listener.hear(signal);
            }
        });
        stop
    }

    /// As if the process had been told to stop.
    #[cfg(test)]
    pub(super) fn tell(&self) {
        self.hear(Signal::Terminate);
    }

    fn hear(&self, signal: Signal) {
        if !self.told.is_cancelled() {
            tracing::info!("told to stop: calls in flight may end");
            self.told.cancel();
        } else if signal == Signal::Interrupt {
            self.now.cancel();
        } else {
            tracing::info!(
                "told to stop again: calls in flight have {:?}",
                self.hurry_for
            );
            self.hurry.cancel();
        }
    }

    /// Waits for the first word.
    pub(super) async fn told(&self) {
        self.told.cancelled().await;
    }

    /// Waits for the word that leaves no time.
    pub(super) async fn now(&self) {
        self.now.cancelled().await;
    }

    /// Waits for `work`, at most for `grace`, and for less if the process is told to stop again. Whether the work was
    /// done in time.
    pub(super) async fn within(&self, grace: Duration, work: impl Future<Output = ()>) -> bool {
        let mut work = pin!(work);
        let hurried = async {
            self.hurry.cancelled().await;
            tokio::time::sleep(self.hurry_for).await;
        };
        tokio::select! {
            biased;
            () = &mut work => true,
            () = self.now() => false,
            () = hurried => false,
            () = tokio::time::sleep(grace) => false,
        }
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let heard = |kind| {
            signal(kind)
                .inspect_err(|error| tracing::warn!(%error, "signals cannot be heard"))
                .ok()
        };
        Some(Self {
            terminate: heard(SignalKind::terminate())?,
            interrupt: heard(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    /// What never ends by itself.
    async fn endless(stop: &Stop, grace: Duration) -> bool {
        stop.within(grace, std::future::pending()).await
    }

    #[tokio::test]
    async fn each_word_leaves_less_time() {
        let stop = Stop {
            hurry_for: Duration::from_millis(1),
            ..Stop::default()
        };
        stop.hear(Signal::Interrupt);
        stop.told().await;
        assert!(!endless(&stop, Duration::from_millis(1)).await);
        let mut patient = pin!(endless(&stop, LONG));
        assert!(futures_util::poll!(patient.as_mut()).is_pending());

        stop.hear(Signal::Terminate);
        assert!(!patient.await, "the hour is not waited for");
        assert!(
            stop.within(Duration::ZERO, async {}).await,
            "what is done is done"
        );
    }

    #[tokio::test]
    async fn only_a_second_interrupt_leaves_no_time() {
        let stop = Stop::default();
        for _ in 0..3 {
            stop.tell();
        }
        assert!(futures_util::poll!(pin!(stop.now())).is_pending());
        let mut hurried = pin!(endless(&stop, LONG));
        assert!(futures_util::poll!(hurried.as_mut()).is_pending());
        stop.hear(Signal::Interrupt);
        stop.now().await;
        assert!(!hurried.await);
    }
}
