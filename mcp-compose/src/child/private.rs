//! Sessions that a child has with one client alone, for children that keep something for each.

use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;

use super::instance::Instance;
use super::supervisor::{Child, Unavailable, stop};
use crate::compose::{ChildSource, Isolation};
use crate::wire::FastMap;
use crate::wire::peer::lock;

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
        let greeted = self.greet(Some(client)).await;
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
