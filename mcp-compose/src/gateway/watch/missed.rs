//! What a `subscriptions/listen` could not take because its client reads too slowly: kept, the latest of each, and told
//! as soon as there is room. A client that lags learns late of a change, but learns of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use super::{Gateway, Listen, MAX_SUBSCRIPTIONS};
use crate::wire::peer::{LinkError, lock};
use crate::wire::{Object, Raw};

/// How long a client that lags is left alone.
const AGAIN: Duration = Duration::from_secs(1);

/// By `subscriptions/listen`: the method, the exposed URI if it is about one, and the params without `_meta`.
#[derive(Debug, Default)]
pub(super) struct Missed(Mutex<HashMap<u64, Changes>>);

type Changes = BTreeMap<(&'static str, String), Raw>;

impl Missed {
    /// The listening has ended.
    pub(super) fn forget(&self, listen: u64) {
        lock(&self.0).remove(&listen);
    }
}

impl Gateway {
    /// Tells a listening client of a change, now or later. `uri`: what it is about.
    pub(super) fn deliver(
        &self,
        id: u64,
        listen: &Listen,
        method: &'static str,
        uri: &str,
        params: Object<'_>,
    ) {
        let later = params.clone();
        if listen.send(method, params) != Err(LinkError::Full) {
            return;
        }
        {
            let mut missed = lock(&self.watches.missed.0);
            let waits = missed.get_mut(&id);
            let begun = waits.is_some();
            let changes = match waits {
                Some(changes) => changes,
                None => missed.entry(id).or_default(),
            };
            if changes.len() < MAX_SUBSCRIPTIONS {
                changes.insert((method, uri.to_owned()), later.to_raw());
            }
            if begun {
                return;
            }
        }
        let gateway = self.own();
        self.tasks.spawn(async move {
            loop {
                tokio::time::sleep(AGAIN).await;
                match gateway.upgrade() {
                    Some(gateway) if gateway.catch_up(id) => {}
                    _ => return,
                }
            }
        });
    }

    /// Tells what was missed, as far as there is room. Whether some is left.
    fn catch_up(&self, id: u64) -> bool {
        let listens = lock(&self.watches.listens);
        let mut missed = lock(&self.watches.missed.0);
        let Some(changes) = missed.get_mut(&id) else {
            return false;
        };
        if let Some(listen) = listens.get(&id).filter(|_| !self.stopping.is_cancelled()) {
            while let Some(((method, _), params)) = changes.first_key_value() {
                let params = Object::parse(params.as_str()).unwrap_or_default();
                if listen.send(method, params) == Err(LinkError::Full) {
                    return true;
                }
                changes.pop_first();
            }
        }
        missed.remove(&id);
        false
    }
}
