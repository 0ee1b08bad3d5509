//! A client: whoever connects to us, and how to reach it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use super::principal::Principal;
use super::view::View;
use crate::child::asks::Told;
use crate::child::instance::LogWish;
use crate::server::LogLevel;
pub(crate) use crate::wire::peer::Outlet;
use crate::wire::peer::{Peer, lock};
use crate::wire::version::Era;
use crate::wire::{FastMap, Message, Raw};

/// How long a client that calls without having said that it is ready is not asked.
const READY_GRACE: Duration = Duration::from_secs(5);

/// What a client said in `initialize`.
#[derive(Debug, Clone)]
pub(crate) struct Handshake {
    /// The version that was agreed.
    pub(crate) version: &'static str,
    /// Its name and version, raw.
    pub(crate) info: Option<Raw>,
    /// What it can be asked for, raw.
    pub(crate) capabilities: Option<Raw>,
}

/// A connected client, or the sender of one stateless request.
#[derive(Debug)]
pub(crate) struct Client {
    /// Unique within the process.
    pub(crate) id: u64,
    /// Where what belongs to no request goes; `None` for a stateless request.
    push: Option<Arc<dyn Outlet>>,
    principal: Principal,
    /// What of the composition it sees.
    view: Arc<View>,
    /// How it can be asked; never set for a stateless request.
    peer: OnceLock<Weak<Peer>>,
    handshake: OnceLock<Handshake>,
    /// Fires when the client has said that it is ready.
    initialized: CancellationToken,
    /// What children of either era are told of it, by child.
    told: Mutex<FastMap<(u64, Era), Told>>,
    /// Index of the least severe level in [`LogLevel::ALL`] that was asked for, and one; 0 while none was.
    log_level: AtomicU8,
}

impl Client {
    pub(crate) fn new(
        id: u64,
        push: Option<Arc<dyn Outlet>>,
        principal: Principal,
        view: Arc<View>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            push,
            principal,
            view,
            peer: OnceLock::new(),
            handshake: OnceLock::new(),
            initialized: CancellationToken::new(),
            told: Mutex::default(),
            log_level: AtomicU8::new(0),
        })
    }

    /// Whom it acts for.
    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// What of the composition it sees.
    pub(crate) fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// Notes the peer that questions to the client are sent by. The first one stays.
    pub(crate) fn bind(&self, peer: &Arc<Peer>) {
        let _ = self.peer.set(Arc::downgrade(peer));
    }

    /// The peer that questions to the client are sent by. `None` for a stateless request, where
    /// nobody can be asked, and for a connection that is gone.
    pub(crate) fn peer(&self) -> Option<Arc<Peer>> {
        self.peer.get()?.upgrade()
    }

    /// The client has sent `notifications/initialized`.
    pub(crate) fn set_initialized(&self) {
        self.initialized.cancel();
    }

    /// Waits until the client may be asked: until its `notifications/initialized`. One that calls
    /// without it is asked after a while, rather than never.
    pub(crate) async fn ready(&self) {
        let _ = tokio::time::timeout(READY_GRACE, self.initialized.cancelled()).await;
    }

    /// The connection that this client is, unless it is the sender of one stateless request.
    pub(crate) fn connection(&self) -> Option<u64> {
        self.push.as_ref().map(|_| self.id)
    }

    /// What a child is told of a client of the legacy era; `make` finds it out the first time.
    pub(crate) fn told(&self, child: u64, era: Era, make: impl FnOnce() -> Told) -> Told {
        lock(&self.told)
            .entry((child, era))
            .or_insert_with(make)
            .clone()
    }

    /// Which log messages the connection wants.
    pub(crate) fn log_wish(&self) -> LogWish {
        self.log_level().map_or(LogWish::Everything, LogWish::From)
    }

    /// The version of the connection, once `initialize` has succeeded.
    pub(crate) fn legacy_version(&self) -> Option<&'static str> {
        self.handshake.get().map(|handshake| handshake.version)
    }

    pub(crate) fn handshake(&self) -> Option<&Handshake> {
        self.handshake.get()
    }

    /// Notes what `initialize` agreed; false if that was done before.
    pub(crate) fn greet(&self, handshake: Handshake) -> bool {
        self.handshake.set(handshake).is_ok()
    }

    /// Where what belongs to no request goes.
    pub(crate) fn outlet(&self) -> Option<Arc<dyn Outlet>> {
        self.push.clone()
    }

    /// Sends what belongs to no request.
    pub(crate) fn push(&self, message: Message) {
        if let Some(push) = &self.push
            && push.send(message).is_err()
        {
            tracing::debug!(
                client = self.id,
                "a message was dropped: the client is gone or reads too slowly"
            );
        }
    }

    pub(crate) fn set_log_level(&self, level: LogLevel) {
        let at = LogLevel::ALL
            .iter()
            .position(|known| *known == level)
            .unwrap_or(0);
        self.log_level.store(at as u8 + 1, Ordering::Relaxed);
    }

    /// The least severe level that the connection asked for.
    pub(crate) fn log_level(&self) -> Option<LogLevel> {
        let at = self.log_level.load(Ordering::Relaxed).checked_sub(1)?;
        LogLevel::ALL.get(usize::from(at)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Settings;
    use crate::gateway::view::Views;

    #[tokio::test]
    async fn a_client_is_asked_once_it_has_said_that_it_is_ready() {
        let views = Views::new(&Settings::default());
        let view = Arc::clone(views.whole());
        let client = Client::new(1, None, Principal::anonymous(), view);
        let mut ready = std::pin::pin!(client.ready());
        assert!(futures_util::poll!(ready.as_mut()).is_pending());
        client.set_initialized();
        ready.await;
        assert!(futures_util::poll!(std::pin::pin!(client.ready())).is_ready());
        assert!(client.peer().is_none(), "one that was never bound");
    }
}
