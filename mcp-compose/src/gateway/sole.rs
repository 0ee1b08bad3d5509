//! A composition that serves one client only: its children's sessions are that client's, and are told
//! what it can be asked.

use std::sync::{Mutex, OnceLock};

use tokio::sync::watch;

use super::Gateway;
use super::client::Client;
use crate::child::asks;
use crate::child::handshake::Introduced;
use crate::child::pool::Holder;
use crate::child::supervisor::Child;
use crate::compose::ChildOptions;
use crate::wire::Raw;
use crate::wire::peer::lock;
use crate::wire::version::Era;

type Waiting = (ChildOptions, watch::Sender<Option<Introduced>>);

/// The only client, once it has introduced itself.
#[derive(Debug, Default)]
pub(super) struct Sole {
    client: OnceLock<Introduction>,
    waiting: Mutex<Vec<Waiting>>,
}

#[derive(Debug)]
struct Introduction {
    holder: Holder,
    era: Era,
    capabilities: Option<Raw>,
}

impl Introduction {
    fn to(&self, options: &ChildOptions) -> Introduced {
        let declared = self.capabilities.as_ref().map(Raw::as_str);
        Introduced {
            holder: self.holder.clone(),
            told: asks::told(declared, self.era, Era::Legacy, options),
            era: self.era,
        }
    }
}

impl Gateway {
    /// Whether a connection is one of the legacy era, whose client can be asked at any time.
    pub(super) fn has_session(&self, client: &Client) -> bool {
        let sole = self.sole.as_ref().and_then(|sole| sole.client.get());
        let greeting = sole.is_some_and(|sole| {
            sole.era == Era::Legacy
                && client.connection().map(Holder::Client).as_ref() == Some(&sole.holder)
        });
        greeting || client.legacy_version().is_some()
    }

    /// Who the only client is, where there can be no second one.
    pub(super) fn sole_client(&self, child: &Child) -> Option<watch::Receiver<Option<Introduced>>> {
        let sole = self.sole.as_ref()?;
        let options = &child.spec.options;
        let mut waiting = lock(&sole.waiting);
        let known = sole.client.get().map(|client| client.to(options));
        let is_known = known.is_some();
        let (sender, receiver) = watch::channel(known);
        if !is_known {
            waiting.push((options.clone(), sender));
        }
        Some(receiver)
    }

    /// A client has said who it is and what it can be asked.
    pub(super) fn introduce(&self, client: &Client, era: Era, capabilities: Option<&str>) {
        let (Some(sole), Some(id)) = (&self.sole, client.connection()) else {
            return;
        };
        if sole.client.get().is_some() {
            return;
        }
        let mut waiting = lock(&sole.waiting);
        let introduction = sole.client.get_or_init(|| Introduction {
            holder: Holder::Client(id),
            era,
            capabilities: capabilities.map(|said| Raw::from_json(said.to_owned())),
        });
        for (options, sender) in waiting.drain(..) {
            sender.send_replace(Some(introduction.to(&options)));
        }
    }
}
