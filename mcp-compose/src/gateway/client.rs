//! A client: whoever connects to us, and how to reach it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use crate::child::instance::LogWish;
use crate::server::LogLevel;
pub(crate) use crate::wire::peer::Outlet;
use crate::wire::{Message, Raw};

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
    handshake: OnceLock<Handshake>,
    /// Index of the least severe level in [`LogLevel::ALL`] that was asked for, and one; 0 while none was.
    log_level: AtomicU8,
}

impl Client {
    pub(crate) fn new(id: u64, push: Option<Arc<dyn Outlet>>) -> Arc<Self> {
        Arc::new(Self {
            id,
            push,
            handshake: OnceLock::new(),
            log_level: AtomicU8::new(0),
        })
    }

    /// The connection that this client is, unless it is the sender of one stateless request.
    pub(crate) fn connection(&self) -> Option<u64> {
        self.push.as_ref().map(|_| self.id)
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
