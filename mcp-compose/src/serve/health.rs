//! Whether a running composition lives, has started, and is ready: for whoever watches the process.

use std::time::Duration;

use http::StatusCode;

use crate::child::supervisor::{Child, Phase};
use crate::gateway::Gateway;

/// How long the relay may take to show that it runs.
const ALIVE: Duration = Duration::from_secs(2);

/// When a composition is ready, as `/readyz` tells it.
///
/// A child that nobody has needed yet counts as one that can be called: a call starts it. A composition without children
/// is ready. One that is [draining](crate::Running::drain) never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ReadyWhen {
    /// At least one child can be called. The default: children that are down cost their own tools and nobody else's, so
    /// that taking the whole out of service would help nobody.
    #[default]
    Any,
    /// Every child can be called that is not declared `optional`.
    Required,
    /// Every child can be called.
    All,
}

/// A question that probes ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Does it run at all? If not, it is to be started anew.
    Live,
    /// May it be sent work?
    Ready,
    /// Has every child started, or failed to, at least once?
    Startup,
}

impl Probe {
    /// What is asked for by a path.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        match path {
            "/livez" => Some(Self::Live),
            "/readyz" => Some(Self::Ready),
            "/startupz" => Some(Self::Startup),
            _ => None,
        }
    }
}

/// An answer to a probe: a status, and a word that says as much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) well: bool,
    pub(crate) word: &'static str,
}

impl Health {
    const fn well(word: &'static str) -> Self {
        Self { well: true, word }
    }

    const fn not(word: &'static str) -> Self {
        Self { well: false, word }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self.well {
            true => StatusCode::OK,
            false => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Whether a call of the child would be made now.
pub(crate) fn can_be_called(child: &Child) -> bool {
    matches!(child.phase(), Phase::Ready | Phase::Idle | Phase::Asleep)
}

fn has_started(child: &Child) -> bool {
    let record = child.record();
    !matches!(child.phase(), Phase::Starting) || record.sessions > 0 || record.failure.is_some()
}

impl Gateway {
    /// Answers a probe, from any thread.
    pub(crate) async fn health(&self, probe: Probe) -> Health {
        match probe {
            Probe::Live => {
                let runs = self.relay().spawn(async {});
                match tokio::time::timeout(ALIVE, runs).await {
                    Ok(Ok(())) => Health::well("live"),
                    _ => Health::not("the relay does not answer"),
                }
            }
            probe => self.answer(probe),
        }
    }

    /// Answers a probe from what is known.
    pub(crate) fn answer(&self, probe: Probe) -> Health {
        match probe {
            Probe::Live => Health::well("live"),
            Probe::Ready => self.readiness(),
            Probe::Startup => match self.children().iter().all(|child| has_started(child)) {
                true => Health::well("started"),
                false => Health::not("starting"),
            },
        }
    }

    fn readiness(&self) -> Health {
        if self.draining().is_cancelled() {
            return Health::not("draining");
        }
        let children = self.served_children();
        let mut callable = children.iter().map(|child| can_be_called(child));
        let ready = match self.ready_when() {
            ReadyWhen::Any => children.is_empty() || callable.any(|it| it),
            ReadyWhen::All => callable.all(|it| it),
            ReadyWhen::Required => {
                let mut required = children.iter().filter(|child| !child.spec.options.optional);
                required.all(|child| can_be_called(child))
            }
        };
        match ready {
            true => Health::well("ready"),
            false => Health::not("not ready"),
        }
    }
}

impl crate::Composition {
    /// When `/readyz` says that the composition is ready. Default: [`ReadyWhen::Any`].
    ///
    /// ```
    /// use mcp_compose::{ReadyWhen, compose};
    ///
    /// let composition = compose! { database: stdio("db-server") }.ready_when(ReadyWhen::Required);
    /// # drop(composition);
    /// ```
    pub fn ready_when(mut self, when: ReadyWhen) -> Self {
        self.settings.ready = when;
        self
    }
}
