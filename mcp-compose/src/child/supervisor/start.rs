//! How a session is opened and greeted; whatever fails, nothing of it is left running.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Child;
use crate::child::handler::ChildHandler;
use crate::child::handshake::{Introduction, handshake};
use crate::child::instance::{Instance, Opened};
use crate::child::last_words::with_last_words;
use crate::child::not_started::NotStarted;
use crate::child::stdio::Process;
use crate::child::{http, local, session, stdio};
use crate::compose::{ChildEra, ChildSource};
use crate::wire::peer::{Handler, Peer, lock};
use crate::wire::version::Era;

impl Child {
    /// Whom the one session is opened for: all clients, or the only one.
    pub(super) fn introduction(&self) -> Introduction {
        let audience = self.common.audience.upgrade();
        let sole = audience.filter(|_| self.is_separable());
        match sole.and_then(|audience| audience.sole(self)) {
            Some(client) => Introduction::Awaited(client),
            None => Introduction::All(self.plain.clone()),
        }
    }

    /// Opens a session, for all clients or for one, and greets, when it is the child's turn.
    pub(in crate::child) async fn greet(
        self: &Arc<Self>,
        introduction: Introduction,
    ) -> Result<(Arc<Instance>, Starting), NotStarted> {
        if self.is_local() {
            return self.greet_now(introduction).await;
        }
        self.common.turns.take(self.greet_now(introduction)).await
    }

    async fn greet_now(
        self: &Arc<Self>,
        mut introduction: Introduction,
    ) -> Result<(Arc<Instance>, Starting), NotStarted> {
        let bound = self.spec.options.init_timeout;
        let for_call = matches!(introduction, Introduction::One(_));
        let handler = ChildHandler::new(Arc::downgrade(self));
        let mut opened = self.open(Arc::clone(&handler) as Arc<dyn Handler>).await?;
        let starting = Starting {
            process: opened.process.take(),
            peer: Arc::clone(&opened.peer),
            armed: true,
        };
        let profile = match opened.greeted {
            Some(profile) => profile,
            None => {
                match handshake(
                    &opened.peer,
                    self.era(),
                    bound,
                    &mut introduction,
                    &self.plain,
                )
                .await
                {
                    Ok(profile) => profile,
                    Err(error) => {
                        // A child that answers an unknown question by ending is asked the old way
                        // next time.
                        if self.spec.options.era == ChildEra::Auto && opened.peer.ended().is_some()
                        {
                            *lock(&self.era) = Some(Era::Legacy);
                        }
                        return Err(self.explain(&starting, error).await);
                    }
                }
            }
        };
        let (owner, told) = match introduction {
            Introduction::All(told) => {
                *lock(&self.era) = Some(profile.era);
                (None, told)
            }
            Introduction::One(client) => {
                let tried = client.era == Era::Legacy && client.told != self.plain;
                if tried && profile.era == Era::Modern {
                    self.modern_only.store(true, Ordering::Release);
                }
                if for_call || profile.era == Era::Legacy {
                    (Some(client.holder), client.told)
                } else {
                    // What is not told at the handshake serves all alike.
                    (None, self.plain.clone())
                }
            }
            Introduction::Awaited(_) => (None, self.plain.clone()),
        };
        let mut instance = Instance::new(Arc::clone(&opened.peer), profile, owner, told);
        if for_call {
            instance.await_call();
        }
        let instance = Arc::new(instance);
        handler.ready(&instance);
        Ok((instance, starting))
    }

    async fn open(self: &Arc<Self>, handler: Arc<dyn Handler>) -> Result<Opened, NotStarted> {
        let max_message = self.spec.options.max_message;
        match &self.spec.source {
            ChildSource::Stdio(spec) => stdio::open(spec, &self.label, max_message, handler).await,
            ChildSource::Http(spec) => {
                // One set of connections for all sessions of the child.
                let config = self
                    .http
                    .get_or_init(|| http::HttpConfig::of(&self.label, spec, &self.spec.options));
                Ok(Opened {
                    peer: http::open(config.clone(), handler),
                    process: None,
                    greeted: None,
                })
            }
            ChildSource::Local(server) => {
                Ok(local::open(server, self.common.runtime.clone(), handler))
            }
            ChildSource::Session(session) => {
                let spec = lock(session).take().ok_or(
                    "the session has ended; it was opened elsewhere and cannot be opened again here",
                )?;
                Ok(session::open(spec, handler))
            }
            #[cfg(any(feature = "rmcp", test))]
            ChildSource::Piped(piped) => crate::child::piped::open(
                piped,
                &self.label,
                max_message,
                &self.common.runtime,
                &self.common.tasks,
                handler,
            ),
            #[cfg(test)]
            ChildSource::Fake(fake) => fake.open(handler),
        }
    }

    fn era(&self) -> ChildEra {
        match (self.spec.options.era, *lock(&self.era)) {
            (ChildEra::Auto, Some(Era::Legacy)) => ChildEra::Legacy,
            (era, _) => era,
        }
    }

    /// Stops what was started and adds what the process said last.
    async fn explain(&self, starting: &Starting, why: NotStarted) -> NotStarted {
        let stderr = match &starting.process {
            Some(process) => {
                process.stop().await;
                process.stderr()
            }
            None => Vec::new(),
        };
        let why = with_last_words(&self.spec, why, &stderr);
        match &self.spec.source {
            ChildSource::Stdio(spec) => why.or_mismatch(spec).await,
            _ => why,
        }
    }
}

/// Ends a session, and the process under it.
pub(in crate::child) async fn stop(instance: &Instance, process: Option<&Process>) {
    match process {
        Some(process) => process.stop().await,
        None => instance.peer().end("it was stopped"),
    }
}

/// A half-started session: dropping it stops what runs.
pub(in crate::child) struct Starting {
    process: Option<Process>,
    peer: Arc<Peer>,
    armed: bool,
}

impl Starting {
    /// The start has succeeded: nothing is stopped any more.
    pub(in crate::child) fn succeed(mut self) -> Option<Process> {
        self.armed = false;
        self.process.take()
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        match &self.process {
            _ if !self.armed => {}
            Some(process) => process.begin_stop(),
            None => self.peer.end("it was given up"),
        }
    }
}
