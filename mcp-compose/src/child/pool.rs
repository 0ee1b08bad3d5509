//! Sessions that a child has with one client alone, for children that keep something for each.

use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;

use super::asks::{self, Told};
use super::instance::Instance;
use super::supervisor::{Child, Unavailable, stop};
use crate::compose::{ChildSource, Isolation};
use crate::wire::FastMap;
use crate::wire::peer::lock;

/// Who a session can belong to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// A connection.
    Client(u64),
    /// Whoever stateless requests are made for.
    Principal(Arc<str>),
}

impl Holder {
    /// A text that no other holder has.
    pub(crate) fn name(&self) -> Arc<str> {
        match self {
            Self::Client(id) => format!("client {id}").into(),
            Self::Principal(name) => Arc::clone(name),
        }
    }
}

/// What a call needs of the session that it is made on.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Who the call is made for.
    pub(crate) holder: Holder,
    /// What the child may ask while it serves the call.
    pub(crate) told: Told,
    /// No other call may use the session meanwhile, so that every question is this call's.
    pub(crate) alone: bool,
}

/// The right to make a call on a session, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    instance: Arc<Instance>,
}

impl Lease {
    /// The call has not come to its end: what the child still says about it must not reach another.
    pub(crate) fn taint(&self) {}
}

impl std::ops::Deref for Lease {
    type Target = Arc<Instance>;

    fn deref(&self) -> &Arc<Instance> {
        &self.instance
    }
}

/// The sessions of single clients, by client. A cell is filled once its session is ready.
#[derive(Debug, Default)]
pub(super) struct PrivateSessions(Mutex<FastMap<u64, Arc<OnceCell<Arc<Instance>>>>>);

impl Child {
    /// The running session that serves `client`: its own or, where all share one, that.
    pub(crate) fn running_for(&self, client: Option<u64>) -> Option<Arc<Instance>> {
        let Some(client) = client.filter(|_| self.is_per_client()) else {
            return self.running();
        };
        let instance = lock(&self.private.0).get(&client)?.get().cloned();
        instance.filter(|instance| instance.is_alive())
    }

    /// As [`Child::running_for`], and starts the session where it is not running.
    pub(crate) async fn instance_for(
        self: &Arc<Self>,
        client: Option<u64>,
    ) -> Result<Arc<Instance>, Unavailable> {
        let Some(client) = client.filter(|_| self.is_per_client()) else {
            return self.instance().await;
        };
        let cell = {
            let mut sessions = lock(&self.private.0);
            let cell = sessions.entry(client).or_default();
            if cell.get().is_some_and(|instance| !instance.is_alive()) {
                *cell = Arc::default();
            }
            Arc::clone(cell)
        };
        let instance = cell.get_or_try_init(|| self.start_for(client)).await?;
        Ok(Arc::clone(instance))
    }

    /// The session to make a call on, if that can be told without waiting.
    pub(crate) fn lease_now(&self, wanted: &Wanted) -> Option<Lease> {
        let instance = self.running_for(of(&wanted.holder))?;
        Some(Lease { instance })
    }

    /// As [`Child::lease_now`]; starts a session, or waits for one, where that must be.
    pub(crate) async fn lease(self: &Arc<Self>, wanted: &Wanted) -> Result<Lease, Unavailable> {
        let instance = self.instance_for(of(&wanted.holder)).await?;
        Ok(Lease { instance })
    }

    /// The running sessions of a connection.
    pub(crate) fn held(&self, client: u64) -> Vec<Arc<Instance>> {
        self.running_for(Some(client)).into_iter().collect()
    }

    /// The client is gone, and its session with it.
    pub(crate) fn release(&self, client: u64) {
        let cell = lock(&self.private.0).remove(&client);
        if let Some(instance) = cell.as_ref().and_then(|cell| cell.get()) {
            instance.stopping().cancel();
        }
    }

    fn is_per_client(&self) -> bool {
        let separable = matches!(
            self.spec.source,
            ChildSource::Stdio(_) | ChildSource::Http(_)
        );
        separable && self.spec.options.isolation == Isolation::PerClient
    }

    async fn start_for(self: &Arc<Self>, client: u64) -> Result<Arc<Instance>, Unavailable> {
        let told = asks::shared(&self.spec.options);
        let greeted = self.greet(Some(Holder::Client(client)), told).await;
        let (instance, starting) = greeted.map_err(|why| Unavailable {
            reason: why.into(),
            retry_after: None,
        })?;
        if !lock(&self.private.0).contains_key(&client) {
            // It left meanwhile; dropping what was started ends it.
            return Err(Unavailable {
                reason: "the client has left".into(),
                retry_after: None,
            });
        }
        let process = starting.succeed();
        let ending = self.ending.clone();
        let live = Arc::clone(&instance);
        self.tasks.spawn(async move {
            tokio::select! {
                () = live.peer().closed() => {}
                () = live.stopping().cancelled() => {}
                () = ending.cancelled() => {}
            }
            stop(&live, process).await;
        });
        Ok(instance)
    }
}

fn of(holder: &Holder) -> Option<u64> {
    match holder {
        Holder::Client(client) => Some(*client),
        Holder::Principal(_) => None,
    }
}
